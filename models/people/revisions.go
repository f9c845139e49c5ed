package people

import (
	"bytes"
	"io"

	"orrery/models"
	"orrery/models/slab"
)

// An order goes on changing after it was placed: pieces are added, an address becomes known. What a platform tells of an order says of
// which moment it is (models.RevisedAt), and of several states the newest counts, in whatever order they come: its value, its
// products, its contact. It was placed at the earliest of the moments that are told. A purchase that does not say of which moment it is
// counts as the first state.

// Revisions is of which moment what is known of each order is: a word an order, as far as the newest one that says so.
type Revisions struct{ at slab.Words }

// Bytes returns the memory held.
func (r *Revisions) Bytes() uint64 { return r.at.Bytes() }

// Freeze returns the moments of this moment for a snapshot.
func (r *Revisions) Freeze() *slab.Parts { return slab.Join(r.at.Freeze()) }

// ReadFrom replaces the moments by what Freeze wrote.
func (r *Revisions) ReadFrom(src io.Reader) (int64, error) { return slab.ReadAll(src, &r.at) }

// Revisions returns the moments of orders, a section of snapshots.
func (p *People) Revisions() *Revisions { return &p.revisions }

// RevisedAt returns of which moment what is known of an order is, 0 where nobody has said. Any goroutine may call it.
func (p *People) RevisedAt(order uint32) models.Time {
	if uint64(order) >= p.revisions.at.Len() {
		return 0
	}
	return models.Time(p.revisions.at.Load(uint64(order)))
}

func (p *People) revise(number uint32, at models.Time) {
	if at == 0 && p.RevisedAt(number) == 0 {
		return
	}
	p.revisions.at.Grow(uint64(number) + 1)
	p.revisions.at.Set(uint64(number), uint64(at))
}

// revised takes another purchase of a known order, of the shop's own word, where one of them says of which moment it is.
func (p *People) revised(number, v uint32, order *Order, flags uint64) {
	placed, known := p.orders.time(number), p.RevisedAt(number)
	newer := order.Revised > known || order.Revised == known && order.Value < models.Money(p.orders.get(number, oValue))
	switch {
	case newer:
		order.Time = min(order.Time, placed)
		if !p.says(number, v, order) {
			p.retake(number, v, order, flags)
		}
		p.revise(number, order.Revised)
	case order.Time < placed:
		who, same := p.ownerOf(number), p.orderFacts(number)
		earlier := Order{Hash: order.Hash, ID: same.ID, Time: order.Time, Value: same.Value, Currency: same.Currency, Lines: same.Lines, Bought: same.Bought, Terms: same.Terms, Browser: p.orders.flag(number, orderOfBrowser)}
		if who&ofContact != 0 {
			earlier.Contact = uint32(who)
		} else {
			v = uint32(who)
		}
		p.retake(number, v, &earlier, flags)
	}
}

// says tells whether an order is known to be what a purchase says: most changes are of tags and parcels.
func (p *People) says(number, v uint32, order *Order) bool {
	o, who := &p.orders, visitorOwner(v)
	if order.Contact != 0 {
		who = contactOwner(order.Contact)
	}
	if p.ownerOf(number) != who || o.time(number) != order.Time || models.Money(o.get(number, oValue)) != order.Value ||
		uint32(o.get(number, oMeta)>>32) != order.Currency || o.flag(number, orderOfBrowser) != order.Browser {
		return false
	}
	t := p.Terms(number)
	i, same := 0, t.Discount == order.Discount && t.Shipping == order.Shipping && t.Tax == order.Tax && bytes.Equal(t.Coupon, order.Coupon)
	p.EachLine(number, func(l Line, b Bought) {
		same = same && i < len(order.Lines) && l == order.Lines[i]
		if same && i < min(len(order.Bought), maxBought) {
			said := &order.Bought[i]
			same = b.Paid == said.Paid && b.Discount == said.Discount && b.Brand == said.Brand && b.Category == said.Category && bytes.Equal(b.Coupon, said.Coupon)
		}
		i++
	})
	return same && i == min(len(order.Lines), maxLines)
}
