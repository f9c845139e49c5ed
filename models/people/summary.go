package people

import "orrery/models"

// Summary is what the state knows of a person in a few numbers.
type Summary struct {
	FirstSeen, LastBehaviour uint32 // seconds
	Events, Sessions         uint64
	Orders                   uint64 // that count
	LastPurchase             models.Time
	CartLines                int
	Remembered               int // products viewed, as far as they are remembered
}

// Summary collects the numbers of a person. It does not allocate once its scratch has grown.
func (r *Reader) Summary(who Person) (s Summary) {
	p := r.p
	if who.Contact != 0 {
		s.Orders = p.contacts.Load(p.cword(who.Contact, cOrders)) & 0xffffffff
		for _, order := range [2]uint32{p.newestOrder(contactOwner(who.Contact)), p.newestAttributed(who.Contact)} {
			if order != 0 {
				s.LastPurchase = max(s.LastPurchase, p.orders.time(order))
			}
		}
	}
	for _, m := range r.browsers(who) {
		span, events, sessions := p.tallyOf(m.ID, who.Contact)
		seen := uint32(span >> 32)
		if seen != 0 && (s.FirstSeen == 0 || seen < s.FirstSeen) {
			s.FirstSeen = seen
		}
		if who.Contact == 0 || p.current(m.ID) == who.Contact {
			s.LastBehaviour = max(s.LastBehaviour, p.LastBehaviour(m.ID))
		}
		s.Events += events
		s.Sessions += sessions
		if order := p.newestOrder(visitorOwner(m.ID)); order != 0 && p.OrderContact(order) == who.Contact {
			s.LastPurchase = max(s.LastPurchase, p.orders.time(order))
		}
		if who.Contact == 0 {
			s.Orders += uint64(p.live(m.ID))
		}
	}
	s.CartLines, s.Remembered = len(r.Cart(who)), len(r.Viewed(who))
	return s
}
