package frame

import (
	"slices"

	"github.com/cespare/xxhash/v2"

	"orrery/models"
	"orrery/models/catalogue"
	"orrery/models/people"
	"orrery/recommend/neighbours"
	"orrery/recommend/next"
	"orrery/recommend/popular"
	"orrery/recommend/rebuy"
	"orrery/recommend/recent"
	"orrery/recommend/similar"
	"orrery/recommend/social"
	"orrery/recommend/together"
)

// Models is what recipes read.
type Models struct {
	Catalogue *catalogue.Catalogue
	People    *people.People
	Viewed    *neighbours.Lists // viewed together
	Bought    *neighbours.Lists // bought together
	After     *neighbours.Lists // bought after viewing
	Popular   *popular.Counts
	Social    *social.Proof
	Similar   *similar.Index
	Next      *next.Live
	Together  *together.Ranker
	Rebuy     *rebuy.History
	Recent    *recent.Table // frames answered lately; see NewRecent
}

// Answerer answers one request at a time; it holds the scratch that makes answering free of allocations.
type Answerer struct {
	m      *Models
	frames map[string]*Frame
	reader *people.Reader

	q          *models.FrameQuery
	shop       uint32
	who        people.Person
	self       uint32   // hash of the asking visitor, for social proof
	products   []uint32 // asked about, by their main items
	asked      []uint32 // and as they were named
	session    []uint32
	near       []neighbours.Neighbour
	bounds     []float32 // of near
	high       []int     // places of the highest bounds
	ranked     []popular.Ranked
	scratch    *next.Scratch // made by the first request that needs it: a megabyte
	likely     []next.Item
	allow      func(item uint32) bool // c.allowed, made once
	alike      similar.Query
	product    models.Product      // that alike is asked about
	offerAlike func(similar.Alike) // a.offerSimilar, made once
	offerNext  func(uint32) bool   // a.inOrder, made once
	offerSale  func(uint32) bool   // a.onSale, made once
	position   int                 // of the product that inOrder has offered last
	c          candidates
	n          int      // slots wanted
	cut        bool     // the request was late: see models.FrameQuery
	slots      []slot   // filled
	items      []uint32 // in the slots
	mains      []uint32 // and their main items
	ahead      uint64   // see fill
	kept       []uint64
	sums       sums
	baskets    baskets
	governed   governed
	rules      uint64 // hash of what allows products, beside what always does; 0: nothing
}

// NewAnswerer returns an answerer over the models for a set of checked frames.
func NewAnswerer(m *Models, frames map[string]Frame) *Answerer {
	a := &Answerer{m: m, reader: m.People.Reader(), c: candidates{shelf: m.Catalogue}}
	a.allow, a.offerAlike = a.c.allowed, a.offerSimilar
	a.offerNext, a.offerSale = a.inOrder, a.onSale
	a.governed.noteBought = a.withholdBought
	named := make(map[string]*Frame, len(frames))
	for name, f := range frames {
		f.name, f.hash = name, xxhash.Sum64String(name)
		named[name] = &f
	}
	a.frames = named
	return a
}

// Answer fills into with the frame that q asks for. shop is the number of the query's shop, 0 where nothing is known
// of it: then the answer is empty. set is what the shop has set, nil where it has set nothing. An unknown frame is models.ErrUnknownFrame.
func (a *Answerer) Answer(q *models.FrameQuery, shop uint32, set *Set, into *models.Frame) error {
	f := a.frame(q.Frame, set)
	if f == nil {
		return models.ErrUnknownFrame
	}
	a.answer(f, q, shop, into)
	return nil
}

// answer is Answer of a frame.
func (a *Answerer) answer(f *Frame, q *models.FrameQuery, shop uint32, into *models.Frame) {
	into.Name, into.Items, into.Truncated, into.Settings, into.Relaxed, into.Reason = f.name, into.Items[:0], false, 0, 0, ""
	if shop == 0 {
		return
	}
	a.ask(q, shop)
	n := q.N
	if n <= 0 {
		n = f.N
	}
	if n <= 0 {
		n = DefaultSlots
	}
	n = min(n, MaxSlots)
	a.n, a.slots, a.cut = n, a.slots[:0], false
	if f.own != nil {
		into.Settings = f.own.version
	}
	if f.own != nil && !f.own.plain {
		into.Reason = a.govern(f, into)
	} else if key := a.question(f); key == 0 {
		a.find(f)
	} else if !a.again(f, key) {
		steps, stamp := a.find(f)
		a.keep(f, key, steps, stamp)
	}
	a.fill(f, into)
	into.Truncated = a.cut
}

// frame returns the frame of a name: the shop's own, else the one that all have, nil where there is none.
func (a *Answerer) frame(name []byte, set *Set) *Frame {
	if set != nil {
		if f := set.frames[string(name)]; f != nil {
			return f
		}
	}
	return a.frames[string(name)]
}

// find fills a.slots by the steps of a frame. It returns how many steps that took, and a hash of the lists that those of
// them read that can be read again: taken before they were, so that whatever is counted meanwhile shows.
func (a *Answerer) find(f *Frame) (steps int, stamp uint64) {
	for i, step := range f.Steps {
		if room := a.n - len(a.slots); room > 0 {
			if i > 0 && a.q.DeadlineExceeded != nil && a.q.DeadlineExceeded() {
				a.cut = true
				break
			}
			stamp = a.stamp(stamp, step)
			a.c.reset(room)
			a.collect(step)
			a.take(i)
			steps = i + 1
		}
	}
	return steps, stamp
}

// ask resolves the names of a query.
func (a *Answerer) ask(q *models.FrameQuery, shop uint32) {
	a.q, a.shop, a.c.shop = q, shop, shop
	a.who = a.m.People.Find(shop, q.Visitor, q.Contact)
	a.self = 0
	if len(q.Visitor) > 0 {
		a.self = VisitorKey(a.m.People.HashOf(shop, q.Visitor))
	}
	a.products, a.asked, a.c.exclude, a.c.groups = a.products[:0], a.asked[:0], a.c.exclude[:0], a.c.groups[:0]
	for _, id := range q.Products {
		item := a.m.Catalogue.Find(shop, id)
		if main := a.m.Catalogue.Main(item); item != 0 && !slices.Contains(a.products, main) {
			a.products, a.asked = append(a.products, main), append(a.asked, item)
			a.exclude(item)
		}
	}
	for _, id := range q.Exclude {
		if item := a.m.Catalogue.Find(shop, id); item != 0 {
			a.exclude(item)
		}
	}
	if len(a.products) == 0 && len(q.Category) == 0 { // what is shown to a person, and not to a page: no presents are given away
		from := len(a.c.exclude)
		a.c.exclude = a.reader.Others(a.c.exclude, a.who)
		for _, item := range a.c.exclude[from:] {
			a.leaveOut(item)
		}
	}
}

// exclude leaves a product and its variants out.
func (a *Answerer) exclude(item uint32) {
	a.c.exclude = append(a.c.exclude, item)
	a.leaveOut(item)
}

// main returns the main items of products, each once.
func (a *Answerer) main(items []uint32) []uint32 {
	if !a.m.Catalogue.HasGroups() {
		return items
	}
	kept := items[:0]
	for _, item := range items {
		if main := a.m.Catalogue.Main(item); !slices.Contains(kept, main) {
			kept = append(kept, main)
		}
	}
	return kept
}

// named returns the product asked about of a main item, as it was named; else the item itself.
func (a *Answerer) named(main uint32) uint32 {
	if i := slices.Index(a.products, main); i >= 0 {
		return a.asked[i]
	}
	return main
}

// leaveOut leaves the variants of a product out of what comes after.
func (a *Answerer) leaveOut(item uint32) {
	if group := a.m.Catalogue.Group(item); group != 0 {
		a.c.groups = append(a.c.groups, group)
	}
}

// VisitorKey returns the 32 bits of a visitor's hash that social proof knows the visitor by; never 0.
func VisitorKey(hash uint64) uint32 { return max(uint32(hash>>32), 1) }

// ContactOwner returns the number that a contact's purchases are known by in Rebuy, VisitorOwner that of a visitor whose
// orders name no contact.
func ContactOwner(contact uint32) uint32 { return contact * 2 }

// VisitorOwner is described at ContactOwner.
func VisitorOwner(visitor uint32) uint32 { return visitor*2 + 1 }

// slot is a place of a frame that a step has filled.
type slot struct {
	candidate // its score scaled to the best of the step, which is 1
	step      int
}

// take moves the candidates of a step into slots.
func (a *Answerer) take(step int) {
	for _, c := range a.c.best {
		a.c.exclude = append(a.c.exclude, c.item)
		a.leaveOut(c.item)
		if top := a.c.best[0].score; top > 0 {
			c.score = max(0, c.score/top)
		} else {
			c.score = 1
		}
		a.slots = append(a.slots, slot{c, step})
	}
}

// fill writes the slots into the frame. What a frame's reader was given before is written over in place. What it needs of
// the products is read ahead: a frame's time is spent on waiting for memory.
func (a *Answerer) fill(f *Frame, into *models.Frame) {
	a.items, a.mains = a.items[:0], a.mains[:0]
	for i := range a.slots {
		a.items = append(a.items, a.slots[i].item)
		a.mains = append(a.mains, a.m.Catalogue.Main(a.slots[i].item))
	}
	a.ahead = a.m.Social.PrefetchProducts(a.mains) | a.m.Catalogue.PrefetchProducts(a.items)
	touches := a.reader.Touches(a.who.Visitor)
	from, fromID := uint32(0), []byte(nil)
	for i := range a.slots {
		s := &a.slots[i]
		if len(into.Items) == cap(into.Items) {
			into.Items = append(into.Items, models.FrameItem{})
		}
		into.Items = into.Items[:i+1]
		it := &into.Items[i]
		it.Item, it.Score, it.Recipe, it.Step = s.item, s.score, recipeOf(f, s.step), s.step
		if s.from != from {
			from, fromID = s.from, nil
			if from != 0 {
				fromID = a.m.Catalogue.ID(a.named(from))
			}
		}
		it.Evidence = models.Evidence{ID: fromID, Count: s.count, Score: s.stat}
		self := a.self
		if a.m.Catalogue.Group(s.item) == 0 && !touches.May(s.item) { // of a variant another one may have been viewed
			self = 0
		}
		it.Social = a.m.Social.Of(a.mains[i], self, a.q.Now)
		if a.q.Brief {
			it.Product = models.Product{Item: s.item}
			it.Product.ID, it.Product.JSON = a.m.Catalogue.Slot(s.item)
		} else {
			a.m.Catalogue.Product(s.item, &it.Product)
		}
	}
}

// recipeOf returns what filled the slots of a step.
func recipeOf(f *Frame, step int) string {
	if step == stepPinned {
		return "pinned"
	}
	return string(f.Steps[step].Recipe)
}
