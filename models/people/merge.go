package people

import (
	"bytes"
	"cmp"
	"slices"

	"orrery/models"
)

// A state of version 10 knows contacts by their ids as they were sent, and nobody asks for those any more: see
// models.CanonicalContact. Its contacts get the one form of their ids, and those who have the same become one person. What
// follows from orders and logins is worked out behind it: see rebuild.
//
// The number of a contact that another one has taken in stays its own, since other models may know it, but nobody's id leads
// there: its record has no key and no text, and cAttrAt says who has it.

// canonize gives the contacts of a state of version 10 their ids' one form, in the order of their numbers: the first of several
// spellings has the others, unless one is spelled in that form itself.
func (p *People) canonize() {
	into := map[uint32]uint32{} // contact: who it is now
	for c := uint32(1); c <= p.LastContact(); c++ {
		shop, id, _, _, lead := p.Described(c)
		one := models.CanonicalContact(id)
		if lead || len(one) == 0 || bytes.Equal(one, id) {
			continue
		}
		p.rekeyProxy(p.HashOf(shop, id)^proxySeed, p.HashOf(shop, one)^proxySeed)
		key := p.HashOf(shop, one)
		if into[c] = p.byID.Find(key); into[c] != 0 {
			p.merge(c, into[c])
			continue
		}
		into[c] = c
		p.byID.Delete(c)
		p.byID.Reuse(key, c)
		p.contacts.Set(p.cword(c, cText), uint64(p.text.Append(one)))
	}
	if len(into) > 0 {
		p.relist(into)
	}
}

// rekeyProxy lets the visitor that stands for a contact stand for it under its new id, where none does. Of two both stay the
// contact's.
func (p *People) rekeyProxy(was, is uint64) {
	if v := p.byHash.Find(was); v != 0 && p.byHash.Find(is) == 0 {
		p.byHash.Delete(v)
		p.byHash.Reuse(is, v)
	}
}

// merge lets contact c have all that is another one's.
func (p *People) merge(other, c uint32) {
	at := p.cword(other, 0)
	if p.fresh = p.attributesOf(p.fresh[:0], other); len(p.fresh) > 0 {
		p.identify(c)
	}
	p.attributes.Set(uint64(other), nil)
	p.mergeMembers(other, c)
	p.mergeOrders(other, c)
	p.raise(c, uint32(p.contacts.Load(at+cNewest)))
	p.byID.Delete(other)
	for _, w := range [...]uint64{cText, cMembers, cNewest, cOrders} {
		p.contacts.Set(at+w, 0)
	}
	p.contacts.Set(at+cAttrAt, uint64(c))
	p.bump(cntContacts, -1)
	p.NoteMerged()
}

// NoteMerged counts a contact that another one has taken in, since their ids have one form.
func (p *People) NoteMerged() { p.bump(cntMerged, 1) }

// mergeMembers adds the visitors of another contact to those of c, each with its first login.
func (p *People) mergeMembers(other, c uint32) {
	from := p.contacts.Load(p.cword(other, cMembers))
	at := p.cword(c, cMembers)
	for _, e := range p.lists.read(nil, &p.contacts, p.cword(other, cMembers)) {
		l := p.lists.open(p.contacts.Load(at))
		if i := l.find(e.ID); i >= 0 {
			l.set(i, Entry{ID: e.ID, Last: min(e.Last, l.at(i).Last)})
			continue
		}
		freed := l.add(e, p.cfg.Members)
		p.store(&p.contacts, at, &l, freed)
	}
	p.lists.release(from)
}

// mergeOrders chains the orders that name another contact with those of c.
func (p *People) mergeOrders(other, c uint32) {
	var all []uint32
	for _, who := range [...]uint32{other, c} {
		for order := p.newestOrder(contactOwner(who)); order != 0; order = p.orders.older(order) {
			all = append(all, order)
		}
	}
	slices.SortFunc(all, func(a, b uint32) int {
		return cmp.Or(cmp.Compare(p.orders.time(b), p.orders.time(a)), cmp.Compare(b, a))
	})
	next := uint32(0)
	for _, order := range slices.Backward(all) {
		p.orders.set(order, oOwner, uint64(c)<<32|uint64(next))
		next = order
	}
	p.contacts.Set(p.cword(c, cOrders), uint64(next)<<32)
}

// relist says of every visitor who its contacts are now, each once, the newest first.
func (p *People) relist(into map[uint32]uint32) {
	var list []Entry
	for v := uint32(1); v <= p.LastVisitor(); v++ {
		word := p.visitors.Load(p.word(v, vContact))
		if word == 0 {
			continue
		}
		list = append(list[:0], Entry{ID: uint32(word >> 32), Last: uint32(word)})
		if p.shared(v) {
			list = p.lists.read(list, &p.former.records, p.formerOf(v))
		}
		if slices.ContainsFunc(list, func(e Entry) bool { return into[e.ID] != 0 }) {
			p.putContacts(v, p.oneEach(list, into))
		}
	}
}

// oneEach names contacts by who they are now, each once with its newest login, the newest first.
func (p *People) oneEach(list []Entry, into map[uint32]uint32) []Entry {
	for i := range list {
		if is := into[list[i].ID]; is != 0 {
			list[i].ID = is
		}
	}
	slices.SortFunc(list, func(a, b Entry) int {
		switch {
		case a.ID == b.ID:
			return cmp.Compare(b.Last, a.Last)
		case p.newer(a.ID, a.Last, b.ID, b.Last):
			return -1
		}
		return 1
	})
	kept := list[:0]
	for _, e := range list {
		if !slices.ContainsFunc(kept, func(k Entry) bool { return k.ID == e.ID }) {
			kept = append(kept, e)
		}
	}
	return kept
}

// putContacts makes the contacts of a visitor those of a list, which is no longer than it was.
func (p *People) putContacts(v uint32, list []Entry) {
	p.adopt(v, list[0].ID, list[0].Last)
	if !p.shared(v) {
		return
	}
	at := p.formerOf(v)
	l := p.lists.open(p.former.records.Load(at))
	l.n = len(list) - 1
	for i, e := range list[1:] {
		l.set(i, e)
	}
	p.store(&p.former.records, at, &l, 0)
	if l.n == 0 {
		p.visitors.Set(p.word(v, vCount), p.visitors.Load(p.word(v, vCount))&^flagShared)
	}
}

// MergedInto returns the contact that has taken in another one, 0 for who is somebody. Any goroutine may call it.
func (p *People) MergedInto(c uint32) uint32 {
	if c == 0 || p.ContactHash(c) != 0 {
		return 0
	}
	return uint32(p.contacts.Load(p.cword(c, cAttrAt)))
}
