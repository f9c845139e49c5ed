package people

import "orrery/models"

// Two purchases with one order id are one order that was told twice: by the page, a webhook, an import. But where both
// the contact and the value are others a shop has given an id twice (two systems, a counter that began anew), and to
// drop the second would lose it. It is an order of its own then, under an id that its contact is part of.

// Part gives an order that is in conflict with one of its id an id of its own. It returns the value of the later of the two, and true
// for a conflict that nobody has noted so far.
func (p *People) Part(order *Order) (value models.Money, fresh bool) {
	number := p.OrderOf(order.Hash)
	if number == 0 || !p.Conflicts(number, order) {
		return 0, false
	}
	value = order.Value
	first := p.Sale(number)
	if first.Time > order.Time { // whichever came first
		value = first.Gross
	}
	order.Hash = p.PartedHash(order.Hash, order.Contact)
	if known := p.OrderOf(order.Hash); known != 0 && p.Sale(known).Known {
		return 0, false
	}
	p.NoteConflict()
	return value, true
}

// PartedHash returns the hash of the order of a contact whose id is another order's as well.
func (p *People) PartedHash(hash uint64, contact uint32) uint64 {
	return ConflictKey(hash, p.ContactHash(contact))
}

// ConflictKey is PartedHash by a contact's key.
func ConflictKey(hash, contact uint64) uint64 { return max(hash^contact*0x9fb21c651e98df25, 1) }

// OrderMeant returns the hash of the order that a refund or a cancellation is about: of two with its id that of its contact.
func (p *People) OrderMeant(hash uint64, contact uint32) uint64 {
	if contact == 0 {
		return hash
	}
	if own := p.PartedHash(hash, contact); p.OrderOf(own) != 0 {
		return own
	}
	return hash
}
