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
		if order := p.newestOrder(contactOwner(who.Contact)); order != 0 {
			s.LastPurchase = p.orders.time(order)
		}
	}
	for _, m := range r.visitors(who) {
		seen, count := uint32(p.visitors.Load(p.word(m.ID, vSeen))>>32), p.visitors.Load(p.word(m.ID, vCount))
		if seen != 0 && (s.FirstSeen == 0 || seen < s.FirstSeen) {
			s.FirstSeen = seen
		}
		s.LastBehaviour = max(s.LastBehaviour, p.LastBehaviour(m.ID))
		s.Events += count / oneEvent
		s.Sessions += count / oneSession & 0xffff
		if order := p.newestOrder(visitorOwner(m.ID)); order != 0 {
			s.LastPurchase = max(s.LastPurchase, p.orders.time(order))
		}
		if who.Contact == 0 {
			s.Orders += uint64(p.live(m.ID))
		}
	}
	s.CartLines, s.Remembered = len(r.Cart(who)), len(r.Viewed(who))
	return s
}
