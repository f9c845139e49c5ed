package people

import (
	"bytes"

	"orrery/models"
	"orrery/models/slab"
)

// Contact returns the number of a contact, a new one where it is unknown.
func (p *People) Contact(shop uint32, id []byte) uint32 {
	c, fresh := p.byID.Add(HashOf(shop, id))
	if fresh {
		p.contacts.Set(p.cword(c, cText), uint64(p.text.Append(id)))
		p.contacts.Set(p.cword(c, cShop), uint64(shop))
		p.bump(cntContacts, 1)
	}
	return c
}

// Identify keeps what is known of a contact, a JSON member list; the newest by event time wins.
func (p *People) Identify(c uint32, attributes []byte, t models.Time) {
	if uint64(t) < p.contacts.Load(p.cword(c, cAttrAt)) || len(attributes) == 0 || len(attributes) > slab.MaxText {
		return
	}
	p.contacts.Set(p.cword(c, cAttrAt), uint64(t))
	if old := slab.Ref(p.contacts.Load(p.cword(c, cAttr))); !bytes.Equal(p.text.Get(old), attributes) {
		p.contacts.Set(p.cword(c, cAttr), uint64(p.text.Append(attributes)))
	}
}

// Link tells that visitor v is contact c since moment t. It returns the (viewed before, order) pairs that come true
// because the two are one person: views on one device before orders on another. They live until the next call.
//
// A visitor that turns up as somebody else (a shared device) belongs to the newer one from then on; what has been
// counted stays counted.
func (p *People) Link(v, c uint32, t models.Time) []Pair {
	p.pairs = p.pairs[:0]
	old := p.contact(v)
	if old == c {
		return nil
	}
	own := uint32(p.visitors.Load(p.word(v, vOrders)))
	if old != 0 {
		if !p.unlink(v, old, t) {
			return nil
		}
	}
	members := p.membersOf(c)
	self := [1]uint32{v}
	p.eachOrder(v, func(order uint32) {
		for _, m := range members {
			p.joinViews(m, order, self[:])
		}
	})
	for _, m := range members {
		p.eachOrder(m, func(order uint32) { p.joinViews(v, order, members) })
	}
	p.link(v, c, own, t)
	return p.pairs
}

// link makes v a member of c. own is the number of v's orders.
func (p *People) link(v, c, own uint32, t models.Time) {
	word := p.visitors.Load(p.word(v, vContact))
	p.visitors.Set(p.word(v, vContact), uint64(c)<<32|word&0xffffffff)
	at := p.cword(c, cMembers)
	l := p.lists.open(p.contacts.Load(at))
	freed := l.add(Entry{ID: v, Last: t.Seconds()}, p.cfg.Members)
	p.store(&p.contacts, at, &l, freed)
	if own == 0 {
		return
	}
	n := p.contacts.Load(p.cword(c, cOrders))
	if n > 0 {
		p.bump(cntBuyers, -1) // two buyers turn out to be one
	}
	p.contacts.Set(p.cword(c, cOrders), n+uint64(own))
	newest := p.contacts.Load(p.cword(c, cNewest))
	p.eachOrder(v, func(order uint32) { newest = max(newest, uint64(p.orders.time(order).Seconds())) })
	p.contacts.Set(p.cword(c, cNewest), newest)
}

// unlink takes v out of contact c, unless v was linked to it after moment t: the newest login wins.
func (p *People) unlink(v, c uint32, t models.Time) bool {
	at := p.cword(c, cMembers)
	l := p.lists.open(p.contacts.Load(at))
	i := l.find(v)
	if i >= 0 && l.at(i).Last > t.Seconds() {
		return false
	}
	if i >= 0 {
		l.remove(i)
		p.store(&p.contacts, at, &l, 0)
	}
	own := uint64(uint32(p.visitors.Load(p.word(v, vOrders))))
	n := p.contacts.Load(p.cword(c, cOrders)) - own
	p.contacts.Set(p.cword(c, cOrders), n)
	if own > 0 && n > 0 {
		p.bump(cntBuyers, 1)
	}
	return true
}
