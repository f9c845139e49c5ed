package people

import (
	"orrery/models"
	"orrery/models/intern"
	"orrery/models/slab"
)

// orders is every order taken: a head of fixed size, and its lines. An order is kept for good, since a refund or a
// cancellation may name it at any time, and since the same order must never count twice.
type orders struct {
	heads  slab.Words
	byHash *intern.Hashes
	lines  slab.Words // item<<32 | quantity
}

// The words of an order's head.
const (
	oHash   = iota // key
	oTime          // ms
	oValue         // micros
	oRefund        // micros refunded so far
	oOwner         // visitor<<32 | the visitor's order before this one
	oLines         // offset of the lines<<16 | how many
	oMeta          // currency<<32 | flags
	oText          // id as sent
	headWords
)

const orderCancelled = 1

// maxLines bounds the lines kept of one order; past it they count for products and money, but the order's own memory
// of them ends here.
const maxLines = models.MaxItems

// Line is a product of an order.
type Line struct {
	Item     uint32
	Quantity uint32
}

// Order is what a purchase says.
type Order struct {
	Hash     uint64 // HashOf the order id
	ID       []byte
	Time     models.Time
	Value    models.Money
	Currency uint32
	Lines    []Line // distinct products
}

func (o *orders) word(order uint32, w uint64) uint64 { return uint64(order)*headWords + w }

func (o *orders) time(order uint32) models.Time {
	return models.Time(o.heads.Load(o.word(order, oTime)))
}

func (o *orders) each(order uint32, f func(item uint32)) {
	place := o.heads.Load(o.word(order, oLines))
	n := int(place & 0xffff)
	if n == 0 {
		return
	}
	for _, line := range o.lines.Block(place>>16, n) {
		f(uint32(line >> 32))
	}
}

// take stores a new order of visitor v, whose newest order so far is prev, and returns its number.
func (o *orders) take(order *Order, v, prev uint32, id slab.Ref) (number uint32, fresh bool) {
	number, fresh = o.byHash.Add(order.Hash)
	if !fresh {
		return number, false
	}
	lines := order.Lines[:min(len(order.Lines), maxLines)]
	place := uint64(0)
	if len(lines) > 0 {
		at := o.lines.Alloc(len(lines))
		for i, l := range lines {
			o.lines.Set(at+uint64(i), uint64(l.Item)<<32|uint64(l.Quantity))
		}
		place = at<<16 | uint64(len(lines))
	}
	head := o.heads.Edit(o.word(number, 0), headWords)
	store(head, oTime, uint64(order.Time))
	store(head, oValue, uint64(order.Value))
	store(head, oOwner, uint64(v)<<32|uint64(prev))
	store(head, oLines, place)
	store(head, oMeta, uint64(order.Currency)<<32)
	store(head, oText, uint64(id))
	return number, true
}

// Purchase takes an order of visitor v. It reports false where the order is known already: then nothing changes. The
// pairs are all (viewed before, order) of it, each viewed product once.
func (p *People) Purchase(v uint32, order *Order) (viewed []Pair, fresh bool) {
	newest := p.visitors.Load(p.word(v, vOrders))
	number, fresh := p.orders.take(order, v, uint32(newest>>32), p.orderText(order))
	if !fresh {
		p.bump(cntRepeats, 1)
		return nil, false
	}
	p.visitors.Set(p.word(v, vOrders), uint64(number)<<32|uint64(uint32(newest)+1))
	p.bump(cntOrders, 1)
	first := uint32(newest) == 0
	if c := p.contact(v); c != 0 {
		n := p.contacts.Load(p.cword(c, cOrders))
		first = n == 0
		p.contacts.Set(p.cword(c, cOrders), n+1)
		p.contacts.Set(p.cword(c, cNewest), max(p.contacts.Load(p.cword(c, cNewest)), uint64(order.Time.Seconds())))
	}
	if first {
		p.bump(cntBuyers, 1)
	}
	p.pairs = p.pairs[:0]
	for _, m := range p.group(v) {
		p.joinViews(m, number, nil)
	}
	return p.pairs, true
}

func (p *People) orderText(order *Order) slab.Ref {
	if p.orders.byHash.Find(order.Hash) != 0 {
		return 0
	}
	return p.text.Append(order.ID)
}

// Refund gives back amount of a known order, or of an unknown one: then only the totals know of it. It returns the
// visitor of the order, or 0.
func (p *People) Refund(hash uint64, amount models.Money) (owner uint32) {
	p.bump(cntRefunds, 1)
	number := p.orders.byHash.Find(hash)
	if number == 0 {
		return 0
	}
	o := &p.orders
	o.heads.Set(o.word(number, oRefund), o.heads.Load(o.word(number, oRefund))+uint64(amount))
	return uint32(o.heads.Load(o.word(number, oOwner)) >> 32)
}

// Cancel takes back a known order as a whole, once. It returns what is left of its value after refunds and its
// currency, and false where the order is unknown or cancelled already.
func (p *People) Cancel(hash uint64) (left models.Money, currency uint32, ok bool) {
	p.bump(cntCancels, 1)
	number := p.orders.byHash.Find(hash)
	if number == 0 {
		return 0, 0, false
	}
	o := &p.orders
	meta := o.heads.Load(o.word(number, oMeta))
	if meta&orderCancelled != 0 {
		return 0, 0, false
	}
	o.heads.Set(o.word(number, oMeta), meta|orderCancelled)
	p.bump(cntOrders, -1)
	return models.Money(o.heads.Load(o.word(number, oValue)) - o.heads.Load(o.word(number, oRefund))), uint32(meta >> 32), true
}
