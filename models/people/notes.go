package people

import "orrery/models"

// A credit note is a refund with a number of its own: no order has it, but it names the contact whose money goes back. It is kept
// where its order would be, as one that is awaited, and chained to the contact until an order of that number comes: then it is a
// refund of that. Whoever sums up what a contact has spent takes the notes off: see EachNote.

// maxNotes bounds the credit notes of one contact that are taken off; those past it are refunds of the shop alone.
const maxNotes = 1024

// note puts an awaited order among the credit notes of contact c. Of several contacts the one of the smaller hash has it, so
// that their order does not matter.
func (p *People) note(number, c uint32) {
	o := &p.orders
	if was := p.NoteOf(number); was != 0 {
		p.noted = append(p.noted, was)
		if c == 0 || was == c || p.rank(was) < p.rank(c) {
			return
		}
		p.unnote(number)
	}
	if c == 0 || !o.flag(number, orderAwaited) {
		return
	}
	p.notes.Grow(uint64(c) + 1)
	word := p.notes.Load(uint64(c))
	if word>>32 >= maxNotes {
		return
	}
	o.set(number, oOwner, uint64(c)<<32|uint64(uint32(word)))
	o.set(number, oMeta, o.get(number, oMeta)|orderNote|orderOfContact)
	p.notes.Set(uint64(c), (word>>32+1)<<32|uint64(number))
	p.noted = append(p.noted, c)
}

// unnote takes an awaited order out of the credit notes of its contact.
func (p *People) unnote(number uint32) {
	o := &p.orders
	if !o.flag(number, orderNote) {
		return
	}
	c := uint32(p.ownerOf(number))
	word, next := p.notes.Load(uint64(c)), uint64(o.older(number))
	if uint32(word) == number {
		p.notes.Set(uint64(c), (word>>32-1)<<32|next)
	} else {
		before := uint32(word)
		for o.older(before) != number {
			before = o.older(before)
		}
		o.set(before, oOwner, o.get(before, oOwner)&^0xffffffff|next)
		p.notes.Set(uint64(c), word-1<<32)
	}
	o.set(number, oOwner, 0)
	o.set(number, oMeta, o.get(number, oMeta)&^(orderNote|orderOfContact))
	p.noted = append(p.noted, c)
}

// EachNote calls f with the credit notes of a contact. currency is 0 where the note does not say. Any goroutine may call it.
func (p *People) EachNote(c uint32, f func(amount models.Money, currency uint32)) {
	if uint64(c) >= p.notes.Len() {
		return
	}
	for number, n := uint32(p.notes.Load(uint64(c))), 0; number != 0 && n < maxNotes && p.orders.flag(number, orderNote); n++ {
		if meta := p.orders.get(number, oMeta); meta&orderCancelled == 0 {
			f(models.Money(p.orders.get(number, oRefund)), uint32(meta>>32))
		}
		number = p.orders.older(number)
	}
}

// HasNotes tells whether a contact has credit notes.
func (p *People) HasNotes(c uint32) bool {
	return uint64(c) < p.notes.Len() && p.notes.Load(uint64(c)) != 0
}

// Noted returns the contacts whose credit notes the newest purchase, refund or cancellation has changed. They live until the
// next one.
func (p *People) Noted() []uint32 { return p.noted }

// NoteOf returns the contact that a credit note names, 0 where an order is none.
func (p *People) NoteOf(order uint32) (contact uint32) {
	if order == 0 || !p.orders.flag(order, orderNote) {
		return 0
	}
	return uint32(p.ownerOf(order))
}

// Named calls f with the newest orders that name a contact, n at most, the newest first.
func (p *People) Named(c uint32, n int, f func(order uint32)) {
	for order := p.newestOrder(contactOwner(c)); order != 0 && n > 0; n-- {
		f(order)
		order = p.orders.older(order)
	}
}
