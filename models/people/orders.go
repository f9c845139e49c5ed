package people

import (
	"orrery/models"
	"orrery/models/intern"
	"orrery/models/slab"
)

// orders is every order taken: a head of fixed size, and its lines. The orders of one owner are chained from the newest
// to the oldest by event time.
type orders struct {
	heads  slab.Words
	byHash *intern.Hashes
	lines  slab.Words // item<<32 | quantity, and behind those of an order what it says of them: see keep
}

// The words of an order's head.
const (
	oHash   = iota // key
	oTime          // ms
	oValue         // micros
	oRefund        // micros refunded so far, in the order's currency
	oOwner         // owner's number<<32 | the owner's next older order
	oLines         // offset of the lines<<16 | how many
	oMeta          // currency<<32 | flags
	oText          // id as sent
	headWords
)

// Flags of an order.
const (
	orderCancelled = 1 << 0
	orderAwaited   = 1 << 1 // only a refund or a cancellation has named it so far
	orderOfContact = 1 << 2 // its owner is a contact
	orderOfBrowser = 1 << 3 // it names a browser
	orderNote      = 1 << 4 // it is a credit note of a contact: see notes.go
)

// maxLines bounds the lines kept of one order; past it they count for products and money, but the order's own memory
// of them ends here.
const maxLines = 1000

// Line is a product of an order.
type Line struct {
	Item     uint32
	Quantity uint32
}

// Order is what a purchase says.
type Order struct {
	Hash     uint64 // HashOf the order id
	ID       []byte
	Contact  uint32 // that it names, or 0
	Browser  bool   // it names a browser, not only a contact
	Page     bool   // a page has told of it, not the shop's server
	Time     models.Time
	Revised  models.Time // of which moment the rest is, 0 where that is not said
	Value    models.Money
	Currency uint32
	Lines    []Line   // distinct products
	Bought   []Bought // of the lines, in their order; nil where nothing is known
	Terms
}

// Change is money that comes in, or goes out where it is negative.
type Change struct {
	Currency uint32
	Amount   models.Money
}

// owner is whose an order is: a visitor's number, or a contact's with the bit ofContact.
type owner uint64

const ofContact owner = 1 << 32

func visitorOwner(v uint32) owner { return owner(v) }
func contactOwner(c uint32) owner { return ofContact | owner(c) }

func set(words []uint64, i int, v uint64) { slab.Store(&words[i], v) }

func (o *orders) get(order uint32, w uint64) uint64 {
	return o.heads.Load(uint64(order)*headWords + w)
}

func (o *orders) set(order uint32, w, v uint64) { o.heads.Set(uint64(order)*headWords+w, v) }

func (o *orders) time(order uint32) models.Time { return models.Time(o.get(order, oTime)) }

// older returns the owner's next older order, or 0.
func (o *orders) older(order uint32) uint32 { return uint32(o.get(order, oOwner)) }

func (o *orders) flag(order uint32, flag uint64) bool { return o.get(order, oMeta)&flag != 0 }

// worth returns what an order adds to the turnover.
func (o *orders) worth(order uint32) Change {
	meta := o.get(order, oMeta)
	c := Change{Currency: uint32(meta >> 32)}
	if meta&orderCancelled == 0 {
		c.Amount = models.Money(o.get(order, oValue) - o.get(order, oRefund))
	}
	if c.Amount < 0 && meta&orderAwaited == 0 { // a refund takes what is left: see excess
		c.Amount = 0
	}
	return c
}

// excess returns what was refunded of an order beyond its value. Of one that has not come yet nothing is known to be.
func (o *orders) excess(order uint32) Change {
	meta := o.get(order, oMeta)
	c := Change{Currency: uint32(meta >> 32)}
	if meta&(orderCancelled|orderAwaited) == 0 {
		c.Amount = max(0, models.Money(o.get(order, oRefund)-o.get(order, oValue)))
	}
	return c
}

// exceeded notes what has become of an order's excess.
func (p *People) exceeded(order uint32, before Change) {
	after := p.orders.excess(order)
	if before.Amount == after.Amount {
		return
	}
	p.apart = append(p.apart, Change{before.Currency, -before.Amount}, after)
	switch {
	case before.Amount == 0:
		p.bump(cntOverRefunds, 1)
	case after.Amount == 0:
		p.bump(cntOverRefunds, -1)
	}
}

// Apart returns what the newest purchase, refund or cancellation has changed about refunds beyond an order's value. The
// changes live until the next one.
func (p *People) Apart() []Change { return p.apart }

// each calls f with the products of an order.
func (o *orders) each(order uint32, f func(Line)) {
	place := o.get(order, oLines)
	n := int(place & 0xffff)
	if n == 0 {
		return
	}
	for _, line := range o.lines.Block(place>>16, n) {
		f(Line{Item: uint32(line >> 32), Quantity: uint32(line)})
	}
}

// Purchase takes an order of visitor v. It reports false where the order is known already: then nothing changes, unless Retaken says so. The
// pairs are all (viewed before, order) of it, each viewed product once; the changes are what it does to the turnover.
// Both live until the next call.
func (p *People) Purchase(v uint32, order *Order) (viewed []Pair, changes []Change, fresh bool) {
	p.pairs, p.changes, p.apart, p.noted, p.retaken = p.pairs[:0], p.changes[:0], p.apart[:0], p.noted[:0], 0
	o := &p.orders
	number, fresh := o.byHash.Add(order.Hash)
	if !fresh && !o.flag(number, orderAwaited) {
		p.retold(number, v, order)
		return nil, p.changes, false
	}
	p.take(number, v, order)
	if order.Page {
		o.set(number, oMeta, o.get(number, oMeta)|orderPaged|orderPageOnly)
	}
	p.revise(number, order.Revised)
	p.exceeded(number, Change{})
	p.begin()
	p.joinOrder(number, v)
	p.end()
	return p.pairs, p.changes, true
}

// take fills in the head of an order that is new, or has been awaited.
func (p *People) take(number, v uint32, order *Order) {
	o := &p.orders
	p.unnote(number)
	before, refund := o.worth(number), o.get(number, oRefund)
	if before.Currency != order.Currency && before.Currency != 0 { // refunded in another currency: no business of the order's
		p.changes = append(p.changes, Change{before.Currency, -models.Money(refund)})
		refund = 0
	}
	flags := o.get(number, oMeta) & orderCancelled
	who, holder := visitorOwner(v), v
	if order.Contact != 0 {
		who, holder, flags = contactOwner(order.Contact), order.Contact, flags|orderOfContact
	}
	if order.Browser {
		flags |= orderOfBrowser
	}
	place, said := p.keep(order)
	head := o.heads.Edit(uint64(number)*headWords, headWords)
	set(head, oTime, uint64(order.Time))
	set(head, oValue, uint64(order.Value))
	set(head, oRefund, refund)
	set(head, oOwner, uint64(holder)<<32)
	set(head, oLines, place)
	set(head, oText, uint64(p.text.Append(order.ID)))
	set(head, oMeta, uint64(order.Currency)<<32|flags|said)
	p.changes = append(p.changes, Change{before.Currency, -before.Amount}, o.worth(number))
	p.chain(who, number)
	p.assign(number)
	if flags&orderCancelled == 0 {
		p.credit(number, 1)
	}
}

// chain puts an order among its owner's.
func (p *People) chain(who owner, number uint32) {
	o := &p.orders
	t := o.time(number)
	after, next := p.chainBehind(who, number, t)
	o.set(number, oOwner, o.get(number, oOwner)|uint64(next))
	if after != 0 {
		o.set(after, oOwner, o.get(after, oOwner)&^0xffffffff|uint64(number))
		return
	}
	words, at := p.ordersOf(who)
	words.Set(at, uint64(number)<<32|words.Load(at)&0xffffffff)
	if who&ofContact != 0 {
		p.raise(uint32(who), t.Seconds())
		return
	}
	p.relations = p.contactsOf(p.relations[:0], uint32(who))
	for _, c := range p.relations {
		p.raise(c, t.Seconds())
	}
}

// raise notes an order that views of the visitors of c may come before.
func (p *People) raise(c, s uint32) {
	if at := p.cword(c, cNewest); uint64(s) > p.contacts.Load(at) {
		p.contacts.Set(at, uint64(s))
	}
}

// ordersOf returns the word that an owner's chain of orders begins in.
func (p *People) ordersOf(who owner) (*slab.Words, uint64) {
	if who&ofContact != 0 {
		return &p.contacts, p.cword(uint32(who), cOrders)
	}
	return &p.visitors, p.word(uint32(who), vOrders)
}

// newestOrder returns the newest order of an owner by event time, or 0. Any goroutine may call it.
func (p *People) newestOrder(who owner) uint32 {
	words, at := p.ordersOf(who)
	return uint32(words.Load(at) >> 32)
}

// live returns how many orders of a visitor count that are nobody's.
func (p *People) live(v uint32) uint32 { return uint32(p.visitors.Load(p.word(v, vOrders))) }

// count adds to the orders of a contact. A contact is a buyer while it has one.
func (p *People) count(c uint32, by int64) {
	at := p.cword(c, cOrders)
	before := p.contacts.Load(at)
	after := before + uint64(by)
	p.contacts.Set(at, after)
	switch {
	case uint32(before) == 0 && uint32(after) > 0:
		p.bump(cntBuyers, 1)
	case uint32(before) > 0 && uint32(after) == 0:
		p.bump(cntBuyers, -1)
	}
}

// Refund gives back amount of an order, at most what is left of its value: see Apart. Where the order is not known yet, the refund waits for it. currency is 0 where
// the refund does not say: then it is the order's. A refund in another currency than the order's stands by itself, whatever
// becomes of the order; of refunds in several currencies that come before the order, the first one's is taken for the
// order's. contact is the one that it names, or 0: while no order is known, it is a credit note of it. The changes live until the next call.
func (p *People) Refund(hash uint64, amount models.Money, currency, contact uint32) []Change {
	p.bump(cntRefunds, 1)
	p.changes, p.apart, p.noted = p.changes[:0], p.apart[:0], p.noted[:0]
	o := &p.orders
	number := p.await(hash)
	before, excess := o.worth(number), o.excess(number)
	if before.Currency == 0 && currency != 0 && o.flag(number, orderAwaited) {
		o.set(number, oMeta, uint64(currency)<<32|o.get(number, oMeta)) // the order will say the same
	}
	if currency != 0 && currency != o.worth(number).Currency {
		return append(p.changes, Change{currency, -amount}) // no business of the order's
	}
	o.set(number, oRefund, uint64(models.Money(o.get(number, oRefund)).Plus(amount)))
	p.note(number, contact)
	p.exceeded(number, excess)
	return append(p.changes, Change{before.Currency, -before.Amount}, o.worth(number))
}

// Cancel takes back an order as a whole, with what has been refunded of it and will be; once. Where the order is not
// known yet, it will count as cancelled. The changes live until the next call.
func (p *People) Cancel(hash uint64) []Change {
	p.bump(cntCancels, 1)
	p.changes, p.apart, p.noted = p.changes[:0], p.apart[:0], p.noted[:0]
	o := &p.orders
	number := p.await(hash)
	meta := o.get(number, oMeta)
	if meta&orderCancelled != 0 {
		return nil
	}
	before, excess := o.worth(number), o.excess(number)
	o.set(number, oMeta, meta|orderCancelled)
	p.exceeded(number, excess)
	if meta&orderAwaited == 0 {
		p.credit(number, -1)
	}
	if c := p.NoteOf(number); c != 0 {
		p.noted = append(p.noted, c)
	}
	return append(p.changes, Change{before.Currency, -before.Amount})
}

// await returns the number of an order, known or not.
func (p *People) await(hash uint64) uint32 {
	number, fresh := p.orders.byHash.Add(hash)
	if fresh {
		p.orders.set(number, oMeta, orderAwaited)
	}
	return number
}

func (p *People) ownerOf(order uint32) owner {
	holder := owner(p.orders.get(order, oOwner) >> 32)
	if p.orders.flag(order, orderOfContact) {
		holder |= ofContact
	}
	return holder
}

// Bought calls f with the products of an order. Any goroutine may call it.
func (p *People) Bought(order uint32, f func(item uint32)) {
	p.orders.each(order, func(l Line) { f(l.Item) })
}

// OrderTime returns when an order was placed. Any goroutine may call it.
func (p *People) OrderTime(order uint32) models.Time { return p.orders.time(order) }
