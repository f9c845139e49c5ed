package people

import (
	"sync/atomic"

	"orrery/models"
)

func store(words []uint64, i int, v uint64) { atomic.StoreUint64(&words[i], v) }

// Pair says that the buyer of an order had viewed a product before it, by the number of the order.
type Pair struct {
	Viewed uint32
	Order  uint32
}

// covers tells whether views over [first, last] count as before an order at second s.
func (p *People) covers(e Entry, s uint32) bool {
	return e.Aux <= s && uint64(s) <= uint64(e.Last)+uint64(p.window)
}

// coveredBy tells whether one of the visitors has viewed item before an order at second s.
func (p *People) coveredBy(visitors []uint32, item, s uint32) bool {
	for _, m := range visitors {
		l := p.lists.open(p.visitors.Load(p.word(m, vViews)))
		if i := l.find(item); i >= 0 && p.covers(l.at(i), s) {
			return true
		}
	}
	return false
}

// joinViews adds a pair for every product that visitor m has viewed before the order, unless the pair is there already
// or one of the visitors in counted has viewed it before the order as well.
func (p *People) joinViews(m, order uint32, counted []uint32) {
	s := p.orders.time(order).Seconds()
	l := p.lists.open(p.visitors.Load(p.word(m, vViews)))
next:
	for i := range l.n {
		e := l.at(i)
		if !p.covers(e, s) || p.coveredBy(counted, e.ID, s) {
			continue
		}
		for _, q := range p.pairs {
			if q.Viewed == e.ID && q.Order == order {
				continue next
			}
		}
		p.pairs = append(p.pairs, Pair{Viewed: e.ID, Order: order})
	}
}

// joinWidth is how many orders back of one visitor a late view or a login is joined with.
const joinWidth = 16

// View takes a product view of visitor v at moment t. It tells whether this is the product's first view in the running
// session, then with the other products of the session, to pair it with; and the orders that this view comes before
// though it is applied after them. Both slices live until the next call.
func (p *People) View(v, item uint32, t models.Time) (first bool, session []uint32, before []Pair) {
	s := t.Seconds()
	p.paired, p.pairs = p.paired[:0], p.pairs[:0]
	start := uint32(p.visitors.Load(p.word(v, vActive)) >> 32)
	at := p.word(v, vViews)
	l := p.lists.open(p.visitors.Load(at))
	i := l.find(item)
	first = s >= start && (i < 0 || l.at(i).Last < start)
	if first {
		for k := range l.n {
			if e := l.at(k); e.Last >= start && k != i {
				p.paired = append(p.paired, e.ID)
			}
		}
	}
	p.joinOrders(v, item, s)

	freed := uint64(0)
	if i < 0 {
		freed = l.add(Entry{ID: item, Last: s, Aux: s}, p.cfg.History)
	} else {
		e := l.at(i)
		if s > e.Last && s-e.Last > p.window {
			e.Aux = s // the interval has a gap: a new one begins
		}
		e.Aux, e.Last = min(e.Aux, s), max(e.Last, s)
		l.set(i, e)
	}
	p.store(&p.visitors, at, &l, freed)
	return first, p.paired, p.pairs
}

// joinOrders finds the orders at or after second s that item has not been counted as viewed before.
func (p *People) joinOrders(v, item, s uint32) {
	if c := p.contact(v); c != 0 {
		if p.contacts.Load(p.cword(c, cNewest)) < uint64(s) {
			return
		}
	} else if uint32(p.visitors.Load(p.word(v, vOrders))) == 0 {
		return
	}
	members := p.group(v)
	for _, m := range members {
		p.eachOrder(m, func(order uint32) {
			at := p.orders.time(order).Seconds()
			if s <= at && uint64(at) <= uint64(s)+uint64(p.window) && !p.coveredBy(members, item, at) {
				p.pairs = append(p.pairs, Pair{Viewed: item, Order: order})
			}
		})
	}
}

// eachOrder visits the newest orders of a visitor, as they were applied.
func (p *People) eachOrder(v uint32, f func(order uint32)) {
	order := uint32(p.visitors.Load(p.word(v, vOrders)) >> 32)
	for n := 0; order != 0 && n < joinWidth; n++ {
		f(order)
		order = uint32(p.orders.heads.Load(p.orders.word(order, oOwner)))
	}
}

// Bought calls f with the products and the time of an order.
func (p *People) Bought(order uint32, f func(item uint32, t models.Time)) {
	t := p.orders.time(order)
	p.orders.each(order, func(item uint32) { f(item, t) })
}

// OrderTime returns when an order was placed.
func (p *People) OrderTime(order uint32) models.Time { return p.orders.time(order) }
