package people

import "orrery/models"

// cartRoom is how many products of a cart are kept.
const cartRoom = 64

// AddToCart puts quantity more of item into the cart of visitor v.
func (p *People) AddToCart(v, item, quantity uint32, t models.Time) {
	s := t.Seconds()
	at := p.word(v, vCart)
	l := p.lists.open(p.visitors.Load(at))
	freed := uint64(0)
	if i := l.find(item); i >= 0 {
		e := l.at(i)
		if e.Last < p.newestOrder(v) {
			e.Aux = 0 // what lay there before has been bought
		}
		e.Aux, e.Last = min(e.Aux+quantity, 1<<20), max(e.Last, s)
		l.set(i, e)
	} else {
		freed = l.add(Entry{ID: item, Last: s, Aux: quantity}, cartRoom)
	}
	p.store(&p.visitors, at, &l, freed)
}

// RemoveFromCart takes quantity of item out of the cart of visitor v, all of it where no more is there.
func (p *People) RemoveFromCart(v, item, quantity uint32, t models.Time) {
	at := p.word(v, vCart)
	l := p.lists.open(p.visitors.Load(at))
	i := l.find(item)
	if i < 0 {
		return
	}
	e := l.at(i)
	if e.Aux <= quantity {
		l.remove(i)
	} else {
		e.Aux, e.Last = e.Aux-quantity, max(e.Last, t.Seconds())
		l.set(i, e)
	}
	p.store(&p.visitors, at, &l, 0)
}

// newestOrder returns the moment of the newest order of the person that v belongs to, in seconds.
func (p *People) newestOrder(v uint32) uint32 {
	if c := p.contact(v); c != 0 {
		return uint32(p.contacts.Load(p.cword(c, cNewest)))
	}
	newest := uint32(0)
	order := uint32(p.visitors.Load(p.word(v, vOrders)) >> 32)
	for n := 0; order != 0 && n < joinWidth; n++ {
		newest = max(newest, p.orders.time(order).Seconds())
		order = uint32(p.orders.heads.Load(p.orders.word(order, oOwner)))
	}
	return newest
}
