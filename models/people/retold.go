package people

import "orrery/models"

// An order that is told again is one order: of two purchases with its id the one that was placed first counts, whichever came first; of one
// that a page has told of (where pages' orders count) and one of the shop's server the server's. So the outcome does not depend on the order of
// arrival. What was learned of the one that came first stays learned: its products, and what was viewed before it.

const (
	orderPaged    = 1 << 8 // a page has told of it
	orderPageOnly = 1 << 9 // and nobody else
)

// retold takes another purchase of an order that is known. Retaken tells whether the order has become what this one says.
func (p *People) retold(number, v uint32, order *Order) {
	o := &p.orders
	flags := o.get(number, oMeta)
	switch {
	case order.Page && flags&orderPageOnly == 0 && flags&orderPaged == 0: // the page's word for what the shop has said
		o.set(number, oMeta, flags|orderPaged)
		return
	case !order.Page && flags&orderPageOnly != 0: // the shop's for what a page has said
		p.retake(number, v, order, orderPaged)
		p.revise(number, order.Revised)
		return
	}
	p.bump(cntRepeats, 1)
	if !order.Page && (order.Revised != 0 || p.RevisedAt(number) != 0) {
		p.revised(number, v, order, flags&orderPaged)
		return
	}
	if !order.Page && p.placedBefore(number, order) {
		p.retake(number, v, order, flags&orderPaged)
	}
}

// placedBefore tells whether a purchase was placed before the known one of its id: of two at the same moment the one of less value is
// taken for it, so that it is the same one whichever comes first.
func (p *People) placedBefore(number uint32, order *Order) bool {
	if t := p.orders.time(number); order.Time != t {
		return order.Time < t
	}
	return order.Value < models.Money(p.orders.get(number, oValue))
}

// retake makes a known order what another purchase says. What was refunded of it, or cancelled, stays so.
func (p *People) retake(number, v uint32, order *Order, flags uint64) {
	o := &p.orders
	p.retaken, p.retakenAt = number, o.time(number)
	excess := o.excess(number)
	if !o.flag(number, orderCancelled) {
		p.credit(number, -1)
	}
	if c, _ := p.attributedTo(number); c != 0 {
		p.unchain(number)
	}
	p.unchainOwned(number)
	p.dropCoupons(number)
	o.set(number, oMeta, o.get(number, oMeta)&^(termFlags|columnFlags)) // before its place changes: see block
	p.take(number, v, order)
	o.set(number, oMeta, o.get(number, oMeta)|flags)
	p.exceeded(number, excess)
}

// Retaken returns the order that the newest purchase has made another of what was known of it, 0 where it has not, and when it was placed
// as far as had been known.
func (p *People) Retaken() (order uint32, was models.Time) { return p.retaken, p.retakenAt }
