package people

import "orrery/models"

// Purchases returns how many orders count of the person behind a visitor: of who is on it now, else its own. Any
// goroutine may call it.
func (p *People) Purchases(v uint32) uint32 {
	if c := p.current(v); c != 0 {
		return uint32(p.contacts.Load(p.cword(c, cOrders)))
	}
	return p.live(v)
}

// NewestPurchase returns when a visitor, or its newest contact by name, last bought between two moments, both included,
// 0 where they did not. An order that was cancelled since was a purchase all the same. Any goroutine may call it.
func (p *People) NewestPurchase(v uint32, from, to models.Time) models.Time {
	at := p.newestWithin(visitorOwner(v), from, to)
	if c := p.contact(v); c != 0 {
		at = max(at, p.newestWithin(contactOwner(c), from, to))
	}
	return at
}

// lookBack is how many orders of an owner, the newest, are asked whether they lie between two moments.
const lookBack = 128

func (p *People) newestWithin(who owner, from, to models.Time) models.Time {
	order := p.newestOrder(who)
	for n := 0; order != 0 && n < lookBack; n, order = n+1, p.orders.older(order) {
		switch t := p.orders.time(order); {
		case t < from:
			return 0
		case t <= to:
			return t
		}
	}
	return 0
}

// Sessions returns how many sessions a visitor has had, the running one included, up to 65,535. Any goroutine may call it.
func (p *People) Sessions(v uint32) uint32 {
	return uint32(p.visitors.Load(p.word(v, vCount)) / oneSession & 0xffff)
}

// LastBehaviour returns the second of a visitor's newest behaviour, 0 before the first. Any goroutine may call it.
func (p *People) LastBehaviour(v uint32) uint32 { return uint32(p.visitors.Load(p.word(v, vActive))) }

// SessionGap returns the silence that ends a session.
func (p *People) SessionGap() models.Time { return p.cfg.SessionGap }

// EachVisitor calls f with the visitors of a person.
func (r *Reader) EachVisitor(who Person, f func(v uint32)) {
	for _, m := range r.visitors(who) {
		f(m.ID)
	}
}

// BoughtWithin tells whether a visitor, or its newest contact by name, bought a product by its main item between two moments, both included.
// Any goroutine may call it.
func (p *People) BoughtWithin(v, item uint32, from, to models.Time) bool {
	if p.boughtWithin(visitorOwner(v), item, from, to) {
		return true
	}
	c := p.contact(v)
	return c != 0 && p.boughtWithin(contactOwner(c), item, from, to)
}

func (p *People) boughtWithin(who owner, item uint32, from, to models.Time) (yes bool) {
	order := p.newestOrder(who)
	for n := 0; order != 0 && n < lookBack && p.orders.time(order) >= from; n, order = n+1, p.orders.older(order) {
		if p.orders.time(order) <= to {
			p.orders.each(order, func(l Line) { yes = yes || p.Main(l.Item) == item })
		}
	}
	return yes
}
