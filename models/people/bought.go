package people

import (
	"math/bits"

	"orrery/models"
)

// Behind the lines of an order lies what it says of them and of itself: a word for each term that it states, then a column of a word a
// line for each thing that it states of any of them. The flags in its head say which are there. So an order that states nothing
// takes nothing, and one that states all takes 32 B and 32 B a line, beside the names of its coupons.

// Stated is an amount that may not be said: 0 where it is not, else one more than the amount.
type Stated uint64

// State returns an amount that is said, 0 for one below it.
func State(m models.Money) Stated { return Stated(max(m, 0)) + 1 }

// Money returns the amount, and false where none is said.
func (s Stated) Money() (m models.Money, said bool) { return models.Money(max(s, 1) - 1), s != 0 }

// Plus adds amounts: what is not said adds nothing.
func (s Stated) Plus(other Stated) Stated {
	if s == 0 || other == 0 {
		return max(s, other)
	}
	m, _ := s.Money()
	n, _ := other.Money()
	return State(m.Plus(n))
}

// Bought is what was true of a line when it was bought. Refunds change nothing of it.
type Bought struct {
	Paid     Stated // for all of its pieces
	Discount Stated // that was taken off before, of all of its pieces
	Brand    uint32 // that the order names, the catalogue's number; 0 where it names none
	Category uint32 // likewise
	Coupon   []byte // shared
}

// Terms is what an order says of itself beside its value.
type Terms struct {
	Coupon   []byte // shared; several are separated by commas
	Discount Stated // of the whole order
	Shipping Stated
	Tax      Stated
}

// Flags of an order that say what lies behind its lines.
const (
	termCoupon = 1 << (16 + iota)
	termDiscount
	termShipping
	termTax
	columnPaid
	columnDiscount
	columnKind // brand<<32 | category
	columnCoupon

	termFlags   = termCoupon | termDiscount | termShipping | termTax
	columnFlags = columnPaid | columnDiscount | columnKind | columnCoupon
)

// maxBought bounds the lines of an order of which more is kept than product and pieces: an order is one block of memory.
const maxBought = 750

// behind returns where in the lines the word of a term or the column of a flag lies, with its length: 0 where there is none.
func behind(meta, place, flag uint64) (at uint64, n int) {
	if meta&flag == 0 {
		return 0, 0
	}
	lines := int(place & 0xffff)
	at = place>>16 + uint64(lines) + uint64(bits.OnesCount64(meta&termFlags&(flag-1)))
	if flag&termFlags != 0 {
		return at, 1
	}
	n = min(lines, maxBought)
	return at + uint64(n*bits.OnesCount64(meta&columnFlags&(flag-1))), n
}

// keep stores the lines of an order with what it says, and returns their place and flags.
func (p *People) keep(order *Order) (place, flags uint64) {
	lines := order.Lines[:min(len(order.Lines), maxLines)]
	bought := order.Bought[:min(len(order.Bought), len(lines), maxBought)]
	flags = flagsOf(&order.Terms, bought)
	columns := bits.OnesCount64(flags&termFlags) + bits.OnesCount64(flags&columnFlags)*min(len(lines), maxBought)
	if len(lines)+columns == 0 {
		return 0, 0
	}
	o := &p.orders
	at := o.lines.Alloc(len(lines) + columns)
	place = at<<16 | uint64(len(lines))
	for i, l := range lines {
		o.lines.Set(at+uint64(i), uint64(l.Item)<<32|uint64(l.Quantity))
	}
	p.keepTerms(place, flags, order)
	for i := range bought {
		p.keepBought(place, flags, uint64(i), &bought[i], order.Page)
	}
	return place, flags
}

func flagsOf(t *Terms, bought []Bought) (flags uint64) {
	add := func(flag uint64, said bool) {
		if said {
			flags |= flag
		}
	}
	add(termCoupon, len(t.Coupon) > 0)
	add(termDiscount, t.Discount != 0)
	add(termShipping, t.Shipping != 0)
	add(termTax, t.Tax != 0)
	for i := range bought {
		b := &bought[i]
		add(columnPaid, b.Paid != 0)
		add(columnDiscount, b.Discount != 0)
		add(columnKind, b.Brand|b.Category != 0)
		add(columnCoupon, len(b.Coupon) > 0)
	}
	return flags
}

func (p *People) keepTerms(place, flags uint64, order *Order) {
	put := func(flag, word uint64) {
		if at, n := behind(flags, place, flag); n > 0 {
			p.orders.lines.Set(at, word)
		}
	}
	put(termCoupon, uint64(p.coupon(order.Coupon, true)))
	put(termDiscount, uint64(order.Discount))
	put(termShipping, uint64(order.Shipping))
	put(termTax, uint64(order.Tax))
}

func (p *People) keepBought(place, flags, i uint64, b *Bought, page bool) {
	put := func(flag, word uint64) {
		if at, n := behind(flags, place, flag); n > 0 {
			p.orders.lines.Set(at+i, word)
		}
	}
	put(columnPaid, uint64(b.Paid))
	put(columnDiscount, uint64(b.Discount))
	put(columnKind, uint64(b.Brand)<<32|uint64(b.Category))
	put(columnCoupon, uint64(p.coupon(b.Coupon, !page)))
}

// block returns the flags of an order and the place of its lines, which belong together: an order that is told again moves, and then has
// no flags of what lies behind its lines while its place changes, see retake.
func (o *orders) block(order uint32) (meta, place uint64) {
	for {
		meta, place = o.get(order, oMeta), o.get(order, oLines)
		if o.get(order, oMeta) == meta {
			return meta, place
		}
	}
}

// Terms returns what an order says of itself. Any goroutine may call it.
func (p *People) Terms(order uint32) (t Terms) {
	o := &p.orders
	meta, place := o.block(order)
	if meta&termFlags == 0 {
		return t
	}
	get := func(flag uint64) uint64 {
		if at, n := behind(meta, place, flag); n > 0 {
			return o.lines.Load(at)
		}
		return 0
	}
	return Terms{
		Coupon: p.couponText(get(termCoupon)), Discount: Stated(get(termDiscount)),
		Shipping: Stated(get(termShipping)), Tax: Stated(get(termTax)),
	}
}

// EachLine calls f with the lines of an order and what was true of each when it was bought, for whoever asks what somebody has bought:
// profiles, exports, segments, attribution. Of a brand or category that the order does not name the catalogue knows what is now; what it
// knew then depends on which topic was read first. It allocates nothing. Any goroutine may call it.
func (p *People) EachLine(order uint32, f func(l Line, b Bought)) {
	o := &p.orders
	meta, place := o.block(order)
	paid, _ := behind(meta, place, columnPaid)
	discount, _ := behind(meta, place, columnDiscount)
	kind, _ := behind(meta, place, columnKind)
	coupon, _ := behind(meta, place, columnCoupon)
	get := func(column, flag, i uint64) uint64 {
		if meta&flag == 0 || i >= maxBought {
			return 0
		}
		return o.lines.Load(column + i)
	}
	i := uint64(0)
	o.each(order, func(l Line) {
		k := get(kind, columnKind, i)
		f(l, Bought{
			Paid: Stated(get(paid, columnPaid, i)), Discount: Stated(get(discount, columnDiscount, i)),
			Brand: uint32(k >> 32), Category: uint32(k), Coupon: p.couponText(get(coupon, columnCoupon, i)),
		})
		i++
	})
}

// dropCoupons takes the coupons out of an order: one that a shop gives to a single customer leads to them.
func (p *People) dropCoupons(order uint32) {
	o := &p.orders
	meta, place := o.get(order, oMeta), o.get(order, oLines)
	for _, flag := range [2]uint64{termCoupon, columnCoupon} {
		at, n := behind(meta, place, flag)
		for i := range uint64(n) {
			p.unuse(o.lines.Load(at + i))
			o.lines.Set(at+i, 0)
		}
	}
}
