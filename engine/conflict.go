package engine

import (
	"orrery/models"
	"orrery/models/people"
)

// Two purchases with one order id are one order that was told twice: by the page, a webhook, an import. But where both
// the contact and the value are others a shop has given an id twice (two systems, a counter that began anew), and to
// drop the second would lose it. It is an order of its own then, under an id that its contact is part of.

// part gives an order that is in conflict with one of its id an id of its own.
func (e *Engine) part(order *people.Order) {
	p := e.m.People
	number := p.OrderOf(order.Hash)
	if number == 0 || !p.Conflicts(number, order) {
		return
	}
	later, first := order.Value, p.Sale(number)
	if first.Time > order.Time { // whichever came first
		later = first.Gross
	}
	own := e.conflictHash(order.Hash, order.Contact)
	if known := p.OrderOf(own); known == 0 || !p.Sale(known).Known {
		p.NoteConflict()
		e.ledger.Conflict(order.Currency, later)
	}
	order.Hash = own
}

func (e *Engine) conflictHash(hash uint64, contact uint32) uint64 {
	return max(hash^e.m.People.ContactHash(contact)*0x9fb21c651e98df25, 1)
}

// orderMeant returns the key of the order that a refund or a cancellation is about: of two with its id that of its contact.
func (e *Engine) orderMeant(shop, contact uint32, ev *models.Event) uint64 {
	hash := e.orderHash(shop, ev)
	if contact == 0 {
		return hash
	}
	if own := e.conflictHash(hash, contact); e.m.People.OrderOf(own) != 0 {
		return own
	}
	return hash
}
