package people

// What an event may cost is bounded: joins walk the orders and the visitors of a person, and somebody may make either as many
// as he likes. So a view, a login and an order each have a number of steps for their joins, of about a nanosecond; few need a
// tenth of it. What an event needs beyond comes out of a reserve that the others fill: the late login of somebody who has
// bought a lot may take half a millisecond, a thousand such in a row may not. The pairs left out are those with the oldest
// orders, and events that were cut short are counted.
const (
	joinSteps    = 6144
	reserveSteps = 1 << 19

	placeSteps = 64 // to go to an order, a contact or a visitor's list: they lie anywhere in memory
	lineSteps  = 32 // to count a product viewed before one bought

	// orderPairs is how many viewed products an order is paired with at most; History where that is more.
	orderPairs = 128
)

// begin is called before the joins of an event.
func (p *People) begin() {
	p.short = false
	p.left = joinSteps + reserveSteps - int(p.counts.Load(cntOwed))
	p.given = p.left
}

// end is called after them: what they have taken beyond an event's own steps is owed to the reserve.
func (p *People) end() {
	if owed := uint64(max(0, reserveSteps-p.left)); owed != p.counts.Load(cntOwed) {
		p.counts.Set(cntOwed, owed)
	}
}

// spend takes steps, and reports false where there are none left. The last ones may be more than were left.
func (p *People) spend(steps int) bool {
	if p.left < 0 {
		p.cut()
		return false
	}
	p.left -= steps
	return true
}

// cut counts an event whose joins end early, once.
func (p *People) cut() {
	if !p.short {
		p.short = true
		p.bump(cntCut, 1)
	}
}

// products is a set of products, and when each was viewed: scratch of one event, which forgets all at once.
type products struct {
	slots []productSlot
	round uint32
	n     int
	spans []span
}

type productSlot struct {
	item, round uint32
	spans       uint32 // of the list: the newest one's place + 1
}

type span struct {
	Entry
	next uint32
}

func (s *products) clear() {
	if s.slots == nil {
		s.slots = make([]productSlot, 256)
	}
	s.n, s.spans = 0, s.spans[:0]
	if s.round++; s.round == 0 {
		clear(s.slots)
		s.round = 1
	}
}

// slot returns the slot of an item, which is its own or free.
func (s *products) slot(item uint32) *productSlot {
	mask := uint32(len(s.slots) - 1)
	for i := item * 0x9e3779b1 >> 16; ; i++ {
		if x := &s.slots[i&mask]; x.round != s.round || x.item == item {
			return x
		}
	}
}

// add puts an item in, and reports whether it was not there.
func (s *products) add(item uint32) bool {
	x := s.slot(item)
	if x.round == s.round {
		return false
	}
	*x = productSlot{item: item, round: s.round}
	if s.n++; 2*s.n > len(s.slots) {
		s.grow()
	}
	return true
}

func (s *products) grow() {
	old := s.slots
	s.slots = make([]productSlot, 2*len(old))
	for _, x := range old {
		if x.round == s.round {
			*s.slot(x.item) = x
		}
	}
}

// note keeps when an item of the set was viewed.
func (s *products) note(e Entry) {
	if x := s.slot(e.ID); x.round == s.round {
		s.spans = append(s.spans, span{e, x.spans})
		x.spans = uint32(len(s.spans))
	}
}

// covered tells whether an item of the set was viewed before an order at second t.
func (s *products) covered(p *People, item, t uint32) bool {
	for at := s.slot(item).spans; at != 0; at = s.spans[at-1].next {
		if p.covers(s.spans[at-1].Entry, t) {
			return true
		}
	}
	return false
}
