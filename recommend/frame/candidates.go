package frame

import (
	"math"
	"slices"

	"orrery/models/catalogue"
)

// candidate is a product on its way into a frame.
type candidate struct {
	item  uint32
	score float32 // orders the candidates of one step
	from  uint32  // product of the person that led here, 0 where none did
	count float32 // evidence
	stat  float32 // the recipe's statistic
}

// candidates collects the best n of one step. It looks at the score first and at the filters only for what would get
// in, so that a filter costs next to nothing, and yet no slot is lost to one.
type candidates struct {
	best    []candidate // descending
	room    int
	exclude []uint32 // not these: asked about, excluded, in the frame already
	groups  []uint32 // and no variant of these
	apart   bool     // variants of one product are products of their own: what lies in a cart
	shop    uint32   // whose products these are: the session index knows those of all shops
	shelf   *catalogue.Catalogue
	gate    *gate // of a frame that the shop has set, else nil
}

func (c *candidates) reset(room int) { c.best, c.room = c.best[:0], room }

// least is what a candidate has to score more than to be taken.
func (c *candidates) least() float32 {
	if len(c.best) < c.room {
		return -1
	}
	if c.room == 0 {
		return math.MaxFloat32
	}
	return c.best[c.room-1].score
}

// offer takes a candidate if it is good enough and allowed. Of equal scores the one offered first stays ahead.
func (c *candidates) offer(x candidate) {
	if len(c.best) == c.room && (c.room == 0 || x.score <= c.best[c.room-1].score) {
		return
	}
	if x.item = c.shown(x.item); x.item == 0 || c.shelf.HasGroups() && c.variant(x) {
		return
	}
	if len(c.best) < c.room {
		c.best = append(c.best, x)
	}
	i := len(c.best) - 1
	for ; i > 0 && c.best[i-1].score < x.score; i-- {
		c.best[i] = c.best[i-1]
	}
	c.best[i] = x
}

// variant tells whether a better variant of a product is among the candidates, and takes out a worse one.
func (c *candidates) variant(x candidate) bool {
	group := c.shelf.Group(x.item)
	if group == 0 || c.apart {
		return false
	}
	for i := range c.best {
		if c.shelf.Group(c.best[i].item) == group {
			if c.best[i].score >= x.score {
				return true
			}
			c.best = slices.Delete(c.best, i, i+1)
			return false
		}
	}
	return false
}

// holds tells whether a product is among the candidates.
func (c *candidates) holds(item uint32) bool {
	for i := range c.best {
		if c.best[i].item == item {
			return true
		}
	}
	return false
}

func (c *candidates) allowed(item uint32) bool { return c.shown(item) != 0 }

// shown returns the item that is shown for one: itself, or a variant of it; 0 where none may be.
func (c *candidates) shown(item uint32) uint32 {
	if c.gate != nil {
		return c.gated(item)
	}
	for _, e := range c.exclude {
		if e == item {
			return 0
		}
	}
	if !c.shelf.HasGroups() {
		if c.shelf.Allowed(c.shop, item) {
			return item
		}
		return 0
	}
	if len(c.groups) > 0 && slices.Contains(c.groups, c.shelf.Group(item)) {
		return 0
	}
	x := c.shelf.Offered(c.shop, item)
	if c.apart && x != item && c.shelf.Main(item) != item { // what lies in the cart is this variant
		return 0
	}
	return x
}

// gated is shown for a frame that the shop has set: a variant passes its conditions too.
func (c *candidates) gated(item uint32) uint32 {
	group := c.shelf.Group(item)
	main := group != 0 && c.shelf.Main(item) == item
	offered := c.shelf.Offered(c.shop, item)
	if main && offered == 0 {
		if c.gate.trace != nil {
			c.gate.trace.note(item, dropUnavailable)
		}
		return 0
	}
	if !main || offered == item {
		why := c.gate.passes(c, item)
		if c.gate.trace != nil {
			c.gate.trace.note(item, why)
		}
		if why == "" {
			return item
		}
		if group == 0 || c.apart || slices.Contains(c.exclude, item) {
			return 0
		}
	}
	if offered != 0 && c.gate.passes(c, offered) == "" {
		return offered
	}
	found := uint32(0)
	c.shelf.EachVariant(group, func(other uint32) bool {
		if c.shelf.Offered(c.shop, other) == other && c.gate.passes(c, other) == "" {
			found = other
		}
		return found == 0
	})
	return found
}

// sums adds up candidates that several products lead to.
type sums struct {
	slots []uint32 // position in list + 1, by hash of the item
	list  []candidate
	top   []float32 // largest contribution, whose evidence is kept
}

const sumSlots = 1 << 13

// add sums c into its item. The evidence kept is that of the largest contribution.
func (s *sums) add(c candidate) {
	if s.slots == nil {
		s.slots = make([]uint32, sumSlots)
	}
	i := c.item * 0x9e3779b1 >> (32 - 13)
	for ; s.slots[i] != 0; i = (i + 1) % sumSlots {
		at := s.slots[i] - 1
		if s.list[at].item != c.item {
			continue
		}
		total := s.list[at].score + c.score
		if c.score > s.top[at] {
			s.top[at], s.list[at] = c.score, c
		}
		s.list[at].score = total
		return
	}
	if len(s.list) == sumSlots/2 {
		return // bounded: sources times list length stay far below this
	}
	s.list, s.top = append(s.list, c), append(s.top, c.score)
	s.slots[i] = uint32(len(s.list))
}

// drain offers all sums and empties the table.
func (s *sums) drain(to *candidates) {
	for _, c := range s.list {
		to.offer(c)
	}
	if len(s.list) > 0 {
		clear(s.slots)
	}
	s.list, s.top = s.list[:0], s.top[:0]
}
