package frame

import (
	"math/bits"

	"orrery/models"
)

// The order in which a frame that a shop has set comes about: what may be shown at all (the shop's own, listed, in stock), what the request
// and the frame exclude (page, cart, bought, viewed), conditions of frame and step, comparison with the page; then, of what a step has found,
// score, boosts, bury, limits and diversity; then pins; then the number and the minimum. What is filtered is filtered while candidates are
// collected. Nothing is filled up at random.

// pool is how many candidates of a step are kept for rules, limits and diversity to choose from.
const pool = 256

// The reasons for which a frame that is set has no items.
const (
	tooFew = "too_few"
	noPage = "no_page_product"
)

// scratch of frames that are set.
type governed struct {
	gate       gate
	since      models.Time
	rests      []bool   // rules that do not hold at the moment
	active     []uint64 // conditions of those that do
	layout     []uint32 // products by slot, 0 where it is empty
	pinned     []slot
	places     []int  // of pinned
	left       []bool // steps that are left out
	used       []int  // slots by step
	weights    []weight
	slots      []slot
	skipped    bool
	noteBought func(item uint32, at models.Time) // a.withholdBought, made once
}

// weight is what became of a candidate's score.
type weight struct {
	candidate
	buried bool
	taken  bool
}

// govern fills a.slots by a definition. It returns why there are none.
func (a *Answerer) govern(f *Frame, into *models.Frame) (reason string) {
	o, g := f.own, &a.governed
	page := uint32(0)
	if len(a.products) > 0 {
		page = a.m.Catalogue.Told(a.asked[0])
	}
	g.gate.open(o, a.m.Catalogue, page)
	a.c.gate = &g.gate
	defer func() { a.c.gate = nil }()
	if o.matches && page == 0 {
		return noPage
	}
	a.withhold(o)
	a.wake(o, page)
	a.pins(o)
	g.left, g.used = zeros(g.left, len(f.Steps)), zeros(g.used, len(f.Steps))
	limits := len(o.limits)
	for pass := 0; ; pass++ {
		g.skipped = false
		a.chain(f, limits, pass)
		if a.cut || !g.skipped || len(a.slots) == a.n || limits == 0 {
			break
		}
		limits--
	}
	into.Relaxed = len(o.limits) - limits
	a.pinIn()
	if len(a.slots) < o.minimum {
		a.slots = a.slots[:0]
		return tooFew
	}
	return ""
}

func zeros[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	s = s[:n]
	clear(s)
	return s
}

// chain has the steps of a frame fill what is empty, under the first so many limits. The first pass decides which steps are left out.
func (a *Answerer) chain(f *Frame, limits, pass int) {
	o, g := f.own, &a.governed
	for i, step := range f.Steps {
		room := a.n - len(a.slots)
		if n := o.steps[i].number; n > 0 {
			room = min(room, n-g.used[i])
		}
		if room <= 0 || g.left[i] {
			continue
		}
		if i > 0 && a.q.DeadlineExceeded != nil && a.q.DeadlineExceeded() {
			a.cut = true
			return
		}
		g.gate.step = o.steps[i].where
		keep := room
		if o.ranks {
			keep = max(room, pool)
		}
		keep = max(keep, o.steps[i].minimum)
		a.c.reset(keep)
		g.gate.trace.begin(step.Recipe, limits)
		a.rules = f.hash + uint64(i) + 1
		a.collect(step)
		a.rules = 0
		found, before := len(a.c.best), len(a.slots)
		if g.left[i] = pass == 0 && found < o.steps[i].minimum; !g.left[i] {
			a.choose(o, i, room, limits)
		}
		g.used[i] += len(a.slots) - before
		g.gate.trace.end(found, len(a.slots)-before, g.left[i])
	}
	g.gate.step = 0
}

// withhold excludes what the person has in the cart, has bought or has viewed, as the definition says: variants as well.
func (a *Answerer) withhold(o *own) {
	x := &o.exclude
	if x.Cart {
		for _, e := range a.reader.Cart(a.who) {
			a.without(e.ID)
		}
	}
	if x.ViewedDays > 0 {
		since := (a.q.Now - models.Time(x.ViewedDays)*models.Day).Seconds()
		for _, e := range a.reader.Viewed(a.who) {
			if e.Last >= since {
				a.without(e.ID)
			}
		}
	}
	if x.BoughtDays > 0 {
		a.governed.since = a.q.Now - models.Time(x.BoughtDays)*models.Day
		a.reader.Bought(a.who, a.governed.noteBought)
	}
}

func (a *Answerer) withholdBought(item uint32, at models.Time) {
	if at >= a.governed.since {
		a.without(item)
	}
}

func (a *Answerer) without(item uint32) {
	a.c.exclude = append(a.c.exclude, item)
	a.leaveOut(item)
}

// wake finds out which rules hold at the moment, on this page.
func (a *Answerer) wake(o *own, page uint32) {
	g := &a.governed
	g.active = append(g.active[:0], o.always...)
	if len(o.sometimes) == 0 {
		return
	}
	g.rests = zeros(g.rests, len(o.rules))
	local := o.clock.Local(a.q.Now)
	for _, i := range o.sometimes {
		r := &o.rules[i]
		if g.rests[i] = !r.hours.Hold(local) || r.page != 0 && (page == 0 || !o.bits.test(page, r.page-1)); !g.rests[i] {
			g.active[(r.where-1)/64] |= 1 << ((r.where - 1) % 64)
		}
	}
}

// factor returns what the rules make of a product's score.
func (a *Answerer) factor(o *own, item uint32, trace *models.ScoreTrace) (factor float32, buried bool) {
	g := &a.governed
	factor = 1
	if len(o.rules) == 0 {
		return factor, false
	}
	row := o.bits.row(item)
	for w, active := range g.active {
		for hit := row[w] & active; hit != 0; hit &= hit - 1 {
			for _, i := range o.of[w*64+bits.TrailingZeros64(hit)+1] {
				if len(o.sometimes) > 0 && g.rests[i] {
					continue
				}
				r := &o.rules[i]
				if r.boost == 0 {
					buried = true
				} else {
					factor *= r.boost
				}
				if trace != nil {
					trace.Rules = append(trace.Rules, models.RuleTrace{Rule: ruleName(r, i), Factor: r.boost})
				}
			}
		}
	}
	return factor, buried
}

// Permit returns those items, found for nobody in particular, that a frame may show to whoever asks: what was kept goes through the same gates.
// The second result is false where there is no such frame.
func (a *Answerer) Permit(q *models.FrameQuery, shop uint32, set *Set, items []models.FrameItem) ([]models.FrameItem, bool) {
	f := a.frame(q.Frame, set)
	if f == nil {
		return nil, false
	}
	a.ask(q, shop)
	g := &a.governed.gate
	if f.own != nil && !f.own.plain {
		page := uint32(0)
		if len(a.products) > 0 {
			page = a.m.Catalogue.Told(a.asked[0])
		}
		g.open(f.own, a.m.Catalogue, page)
		a.c.gate = g
		a.withhold(f.own)
		defer func() { a.c.gate = nil }()
	}
	kept := items[:0]
	for i := range items {
		if item := a.m.Catalogue.Find(shop, items[i].Product.ID); item != 0 && a.c.allowed(item) {
			kept = append(kept, items[i])
			a.without(item)
		}
	}
	if f.own != nil && len(kept) < f.own.minimum {
		kept = kept[:0]
	}
	return kept, true
}
