package people

import "orrery/models"

// An order that names no browser may be lent one: who a page says has placed it (see package claims). Its views count for the
// order like those of the owner's visitors, and it counts for nothing else: neither the order nor its products are the
// visitor's to see.

// JoinLent returns the pairs that come true when an order is lent to visitor v: views of v before it that neither the owner's
// visitors have nor others that it is lent to. They live until the next call.
func (p *People) JoinLent(order, v uint32, others []uint32) []Pair {
	p.pairs = p.pairs[:0]
	p.begin()
	defer p.end()
	p.viewers = append(p.viewersOf(p.viewers[:0], p.ownerOf(order)), others...)
	if counted := len(p.viewers); !contains(p.viewers, v) {
		p.viewers = append(p.viewers, v)
		p.joinViews(order, p.viewers, counted, orderPairs)
	}
	return p.pairs
}

// ViewLent tells whether a view that visitor v is about to make comes before an order that it was lent, and is the first of the
// product: of an order's own visitors View sees to it.
func (p *People) ViewLent(order, v, item uint32, t models.Time, others []uint32) bool {
	s, at := t.Seconds(), p.orders.time(order).Seconds()
	if at < s || uint64(at) > uint64(s)+uint64(p.window) {
		return false
	}
	p.viewers = p.viewersOf(p.viewers[:0], p.ownerOf(order))
	if contains(p.viewers, v) {
		return false
	}
	p.viewers = append(append(p.viewers, others...), v)
	return !p.viewed(item, at)
}

// ViewedBefore tells whether a visitor has viewed a product before an order.
func (p *People) ViewedBefore(v, item, order uint32) bool {
	p.viewers = append(p.viewers[:0], v)
	return p.viewed(item, p.orders.time(order).Seconds())
}

// viewed tells whether one of the viewers has viewed a product before an order at second s.
func (p *People) viewed(item, s uint32) bool {
	p.begin()
	defer p.end()
	p.spans = p.spansOf(p.spans[:0], p.viewers, item)
	return p.covered(p.spans, s)
}

// HashOfOrder returns the hash that an order is known by.
func (p *People) HashOfOrder(order uint32) uint64 { return p.orders.get(order, oHash) }
