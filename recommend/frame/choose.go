package frame

import (
	"cmp"
	"slices"

	"orrery/models"
	"orrery/models/settings"
)

// choose moves what a step has found into slots, room of them at most: by score and rules, under the first so many limits.
func (a *Answerer) choose(o *own, step, room, limits int) {
	if len(a.c.best) == 0 {
		return
	}
	top := a.c.best[0].score
	if !o.ranks {
		for _, c := range a.c.best {
			a.tell(c.item, scaled(c, top).score)
		}
		for _, c := range a.c.best[:min(room, len(a.c.best))] {
			a.put(slot{scaled(c, top), step})
		}
		return
	}
	a.weigh(o, top)
	for i := range a.governed.weights {
		a.tell(a.governed.weights[i].item, a.governed.weights[i].score)
	}
	for range room {
		i := a.pick(o, limits)
		if i < 0 {
			return
		}
		w := &a.governed.weights[i]
		w.taken = true
		c := w.candidate
		c.score = min(c.score, 1)
		a.put(slot{c, step})
	}
}

// scaled returns a candidate with its score as a part of the step's best.
func scaled(c candidate, top float32) candidate {
	if top > 0 {
		c.score = max(0, c.score/top)
	} else {
		c.score = 1
	}
	return c
}

// put fills the next slot.
func (a *Answerer) put(s slot) {
	a.without(s.item)
	g := &a.governed
	for i := range g.layout {
		if g.layout[i] == 0 {
			g.layout[i] = s.item
			break
		}
	}
	a.slots = append(a.slots, s)
}

// weigh scales the candidates of a step, multiplies by the rules, and orders them anew: what is buried last.
func (a *Answerer) weigh(o *own, top float32) {
	g := &a.governed
	g.weights = g.weights[:0]
	for _, c := range a.c.best {
		w := weight{candidate: scaled(c, top)}
		var told *models.ScoreTrace
		if g.gate.trace != nil {
			told = &models.ScoreTrace{Before: w.score}
		}
		factor, buried := a.factor(o, c.item, told)
		w.score, w.buried = w.score*factor, buried
		if told != nil {
			told.After, told.Buried = w.score, buried
			g.gate.trace.weighed(c.item, *told)
		}
		g.weights = append(g.weights, w)
	}
	if len(o.rules) == 0 {
		return
	}
	slices.SortStableFunc(g.weights, func(x, y weight) int {
		if x.buried != y.buried {
			if x.buried {
				return 1
			}
			return -1
		}
		return cmp.Compare(y.score, x.score)
	})
	best := g.weights[0].score
	for i := range g.weights {
		best = max(best, g.weights[i].score)
	}
	if best > 0 {
		for i := range g.weights {
			g.weights[i].score /= best
		}
	}
}

// pick returns the place of the candidate for the next slot, -1 where there is none.
func (a *Answerer) pick(o *own, limits int) int {
	g := &a.governed
	place := slices.Index(g.layout, 0)
	best, value := -1, float32(0)
	for i := range g.weights {
		w := &g.weights[i]
		if w.taken || !a.c.again(w.item) {
			continue
		}
		if best >= 0 && w.buried && !g.weights[best].buried {
			break
		}
		if a.crowded(o.limits[:limits], place, w.item) {
			g.skipped = true
			continue
		}
		if o.diversity == 0 {
			return i
		}
		if v := (1-o.diversity)*w.score - o.diversity*a.likeness(w.item); best < 0 || v > value {
			best, value = i, v
		}
	}
	return best
}

// again tells whether a candidate is still to be had: a variant of it may have been chosen meanwhile.
func (c *candidates) again(item uint32) bool {
	if slices.Contains(c.exclude, item) {
		return false
	}
	return c.apart || len(c.groups) == 0 || !slices.Contains(c.groups, c.shelf.Group(item))
}

// crowded tells whether a product in a slot would break a limit: in some run of neighbouring slots there would be too many of its kind.
func (a *Answerer) crowded(limits []settings.Limit, place int, item uint32) bool {
	layout := a.governed.layout
	for i := range limits {
		l := &limits[i]
		value := a.valueOf(l.Of, item)
		if value == 0 {
			continue
		}
		span := l.Within
		if span == 0 || span > len(layout) {
			span = len(layout)
		}
		for from := max(0, place-span+1); from <= place && from+span <= len(layout); from++ {
			n := 1
			for _, other := range layout[from : from+span] {
				if other != 0 && a.valueOf(l.Of, other) == value {
					n++
				}
			}
			if n > l.Most {
				return true
			}
		}
	}
	return false
}

func (a *Answerer) valueOf(what string, item uint32) uint32 {
	if what == "brand" {
		return a.m.Catalogue.Brand(item)
	}
	return a.m.Catalogue.Category(item)
}

// likeness is how like a product is to the one in the frame that it is most like, 0 to 1: by category and brand.
func (a *Answerer) likeness(item uint32) (most float32) {
	shelf := a.m.Catalogue
	category, brand := shelf.Category(item), shelf.Brand(item)
	for _, other := range a.governed.layout {
		if other == 0 {
			continue
		}
		like := float32(0)
		switch of := shelf.Category(other); {
		case category == 0 || of == 0:
		case category == of:
			like = .6
		case shelf.Parent(category) != 0 && shelf.Parent(category) == shelf.Parent(of) && len(shelf.CategoryName(shelf.Parent(of))) > 0:
			like = .3
		}
		if brand != 0 && brand == shelf.Brand(other) {
			like += .4
		}
		most = max(most, like)
	}
	return most
}

// pins finds the products that are pinned, which leave all other slots. One that may not be shown leaves its slot to the next pin of it, or
// to the chain.
func (a *Answerer) pins(o *own) {
	g := &a.governed
	g.layout, g.pinned, g.places = zeros(g.layout, a.n), g.pinned[:0], g.places[:0]
	local := o.clock.Local(a.q.Now)
	for i := range o.pins {
		p := &o.pins[i]
		if p.slot > a.n {
			g.gate.trace.unpinned(p.slot, "the frame has fewer slots")
			continue
		}
		if g.layout[p.slot-1] != 0 {
			g.gate.trace.unpinned(p.slot, "another pin holds the slot")
			continue
		}
		if !p.hours.Hold(local) {
			g.gate.trace.unpinned(p.slot, "it does not hold at this time")
			continue
		}
		item := a.pinnable(p)
		if item == 0 {
			g.gate.trace.unpinned(p.slot, "no such product may be shown here")
			continue
		}
		g.layout[p.slot-1] = item
		a.without(item)
		g.pinned, g.places = append(g.pinned, slot{candidate{item: item, score: 1}, stepPinned}), append(g.places, p.slot-1)
	}
	a.n -= len(g.pinned)
}

// stepPinned stands for the step of slots that a pin fills.
const stepPinned = -1

// pinnable returns the product of a pin, 0 where none may be shown.
func (a *Answerer) pinnable(p *pin) uint32 {
	if p.where == 0 {
		item := a.m.Catalogue.Find(a.shop, p.product)
		if item == 0 || a.governed.gate.passes(&a.c, item) != "" {
			return 0
		}
		return item
	}
	a.governed.gate.step = p.where
	defer func() { a.governed.gate.step = 0 }()
	a.c.reset(1)
	for _, recipe := range [...]Recipe{Bestsellers, MostViewed, New} {
		if a.collect(Step{Recipe: recipe}); len(a.c.best) > 0 {
			return a.c.best[0].item
		}
	}
	return 0
}

// pinIn puts the pinned products into their slots; where there is less before them, they move up.
func (a *Answerer) pinIn() {
	g := &a.governed
	if len(g.pinned) == 0 {
		return
	}
	a.n += len(g.pinned)
	g.slots = append(g.slots[:0], a.slots...)
	a.slots = a.slots[:0]
	for place, pinned, rest := 0, 0, 0; place < a.n; place++ {
		switch {
		case pinned < len(g.pinned) && (g.places[pinned] == place || rest == len(g.slots)):
			a.slots = append(a.slots, g.pinned[pinned])
			pinned++
		case rest < len(g.slots):
			a.slots = append(a.slots, g.slots[rest])
			rest++
		}
	}
}
