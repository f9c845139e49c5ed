package people

import (
	"orrery/models"
	"orrery/models/slab"
)

// Sale is an order as the models of customers see it.
type Sale struct {
	Visitor  uint32 // that placed it; 0 where it names a contact
	Contact  uint32 // whose it is, see OrderContact, or 0
	Named    bool   // it names the contact
	Time     models.Time
	Value    models.Money // less refunds in its currency
	Gross    models.Money // as it was placed
	Given    models.Money // refunded so far, in its currency
	Noted    models.Money // taken off by credit notes; Sale does not say it
	Currency uint32
	Known    bool // the order itself has come, not only a refund or a cancellation of it
	Browser  bool // it names a browser
	Live     bool // and is not cancelled
}

// OrderOf returns the number of an order, or 0 where nothing has named it.
func (p *People) OrderOf(hash uint64) uint32 { return p.orders.byHash.Find(hash) }

// OrdersWithin returns how many orders of a contact that name it, or where it is 0 of a visitor that name nobody, were placed
// between two moments, both included, up to most, as far as the newest few tell.
func (p *People) OrdersWithin(v, contact uint32, from, to models.Time, most int) (n int) {
	who := visitorOwner(v)
	if contact != 0 {
		who = contactOwner(contact)
	}
	order := p.newestOrder(who)
	for i := 0; order != 0 && i < lookBack && n < most && p.orders.time(order) >= from; i, order = i+1, p.orders.older(order) {
		if p.orders.time(order) <= to {
			n++
		}
	}
	return n
}

// Sale returns an order by its number. Any goroutine may call it.
func (p *People) Sale(order uint32) Sale {
	o := &p.orders
	meta := o.get(order, oMeta)
	s := Sale{
		Time: o.time(order), Given: models.Money(o.get(order, oRefund)), Currency: uint32(meta >> 32),
		Known: meta&orderAwaited == 0, Browser: meta&orderOfBrowser != 0, Live: meta&(orderAwaited|orderCancelled) == 0,
	}
	s.Gross = models.Money(o.get(order, oValue))
	s.Value = max(0, s.Gross-s.Given)
	s.Contact = p.OrderContact(order)
	if who := p.ownerOf(order); who&ofContact == 0 {
		s.Visitor = uint32(who)
	} else {
		s.Named = true
	}
	return s
}

// Conflicts tells whether an order is another one than the known one of its id: of another contact, and with another value.
func (p *People) Conflicts(known uint32, order *Order) bool {
	who := p.ownerOf(known)
	return order.Contact != 0 && who&ofContact != 0 && uint32(who) != order.Contact && !order.Page && !p.orders.flag(known, orderAwaited|orderPageOnly) &&
		models.Money(p.orders.get(known, oValue)) != order.Value && (order.Revised == 0 || p.RevisedAt(known) == 0) // one platform tells of both
}

// NoteConflict counts an order under an id that another one has.
func (p *People) NoteConflict() { p.bump(cntConflicts, 1) }

// EachOrder calls f with the numbers of the newest orders of visitor v that name no contact, n at most, the newest first.
func (p *People) EachOrder(v uint32, n int, f func(order uint32)) {
	for order := p.newestOrder(visitorOwner(v)); order != 0 && n > 0; n-- {
		f(order)
		order = p.orders.older(order)
	}
}

// ContactHash returns the hash that a contact is known by. Any goroutine may call it.
func (p *People) ContactHash(c uint32) uint64 { return p.contacts.Load(p.cword(c, cHash)) }

// ContactID returns a contact's id as sent, shared, and its shop, 0 for a lead; no id where another one has it, see MergedInto. Any goroutine may call it.
func (p *People) ContactID(c uint32) (id []byte, shop uint32) {
	if p.contacts.Load(p.cword(c, cShop))&flagLead != 0 {
		return nil, 0
	}
	return p.text.Get(slab.Ref(p.contacts.Load(p.cword(c, cText)))), uint32(p.contacts.Load(p.cword(c, cShop)))
}

// ContactOf returns who is on a visitor now as far as is known, or 0. Any goroutine may call it.
func (p *People) ContactOf(v uint32) uint32 { return p.current(v) }

// LastContact returns the largest number of a contact; all from 1 to it are in use, some by leads, some by nobody any more
// (see MergedInto). Any goroutine may call it.
func (p *People) LastContact() uint32 {
	return uint32(p.contacts.Len()/contactWords) - 1
}
