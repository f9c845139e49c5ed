package people

import (
	"cmp"
	"slices"

	"orrery/models/slab"
)

// Who is erased leaves nothing here that leads to them: no id, no attribute, no login, no view, no cart. Their orders stay with their
// money and their products, as those of somebody of whom nothing else is known: a visitor whose key is made of the oldest
// of these orders, so that nobody who knows the person finds it. An order loses its own id and its coupons as well; the hash of it stays, or neither a
// refund nor a copy of it would be known for what it is.
//
// What they have been counted in stays: visitors, sessions, orders and buyers are how many there have been.

// nobodySeed sets the keys of visitors that stand for nobody apart.
const nobodySeed = 0x27d4eb2f165667c5

// Nobody returns the number of the visitor that an order of somebody who is not to be known is put down to, by the order's key.
func (p *People) Nobody(order uint64) uint32 {
	v, fresh := p.number(p.NobodyKey(order))
	if fresh {
		p.visitors.Set(p.word(v, vCount), flagProxy)
	}
	return v
}

// NobodyKey returns the key of Nobody. Any goroutine may call it.
func (p *People) NobodyKey(order uint64) uint64 { return max(p.seed.Mix(order^nobodySeed), 1) }

// Erasing is what there is to erase of a person.
type Erasing struct {
	Contact  uint32
	Lead     uint32
	Visitors []uint32 // that nobody else has logged in on
	Shared   []uint32 // that others have logged in on as well: they stay, but for what was this person's
	Orders   []uint32
}

// OfContact collects what there is of a contact of a shop by its key, see HashOf.
func (p *People) OfContact(key uint64) (e Erasing) {
	e.Contact, e.Lead = p.byID.Find(key), p.byID.Find(key^leadSeed)
	for _, v := range [...]uint32{p.byHash.Find(key ^ proxySeed), p.byHash.Find(key ^ strangerSeed)} {
		if v != 0 {
			e.Visitors = append(e.Visitors, v)
		}
	}
	if e.Contact == 0 {
		return e
	}
	p.eachBrowser(e.Contact, func(v uint32) {
		switch {
		case slices.Contains(e.Visitors, v):
		case p.only(v, e.Contact):
			e.Visitors = append(e.Visitors, v)
		default:
			e.Shared = append(e.Shared, v)
		}
	})
	for order := p.newestOrder(contactOwner(e.Contact)); order != 0; order = p.orders.older(order) {
		e.Orders = append(e.Orders, order)
	}
	p.eachAttributed(e.Contact, 1<<31-1, func(order uint32) { e.Orders = append(e.Orders, order) })
	for _, v := range e.Visitors {
		e.Orders = p.unclaimed(e.Orders, v)
	}
	return e
}

// OfVisitor collects what there is of a visitor by its key. An order that is a contact's by a login on it is not among its own.
func (p *People) OfVisitor(key uint64) (e Erasing) {
	if v := p.byHash.Find(key); v != 0 {
		e.Visitors = []uint32{v}
		e.Orders = p.unclaimed(nil, v)
	}
	return e
}

// unclaimed appends the orders of a visitor that are no contact's.
func (p *People) unclaimed(dst []uint32, v uint32) []uint32 {
	for order := p.newestOrder(visitorOwner(v)); order != 0; order = p.orders.older(order) {
		if c, _ := p.attributedTo(order); c == 0 && !slices.Contains(dst, order) {
			dst = append(dst, order)
		}
	}
	return dst
}

// eachBrowser calls f with all visitors that a contact has logged in on, once each. Where more did than are kept of a contact all
// visitors are looked at: 10 ns each.
func (p *People) eachBrowser(c uint32, f func(v uint32)) {
	members := p.lists.read(nil, &p.contacts, p.cword(c, cMembers))
	known := 0
	for _, m := range members {
		if p.visitors.Load(p.word(m.ID, vCount))&flagProxy == 0 {
			known++
		}
	}
	if known >= p.browsers(c) && len(members) < p.cfg.Members {
		for _, m := range members {
			f(m.ID)
		}
		return
	}
	for v := uint32(1); v <= p.LastVisitor(); v++ {
		if p.visitors.Load(p.word(v, vContact)) != 0 && p.hasContact(v, c) {
			f(v)
		}
	}
}

func (p *People) hasContact(v, c uint32) bool {
	p.relations = p.contactsOf(p.relations[:0], v)
	return slices.Contains(p.relations, c) || p.loggedIn(v, func(other uint32) bool { return other == c })
}

// only tells whether nobody but a contact has logged in on a visitor.
func (p *People) only(v, c uint32) bool {
	p.relations = p.contactsOf(p.relations[:0], v)
	other := func(x uint32) bool { return x != c && x != nobody }
	return !slices.ContainsFunc(p.relations, other) && !p.loggedIn(v, other)
}

func (p *People) loggedIn(v uint32, is func(c uint32) bool) bool {
	for place, _ := p.logins.head(v); place != 0; place = p.logins.next(place) {
		if c, _ := p.logins.at(place); is(c) {
			return true
		}
	}
	return false
}

// Erase erases what OfContact or OfVisitor has collected of somebody in a shop. Numbers of visitors are nobody's until Free.
func (p *People) Erase(shop uint32, e *Erasing) {
	nobodys := uint32(0)
	if len(e.Orders) > 0 {
		oldest := slices.MinFunc(e.Orders, func(a, b uint32) int {
			return cmp.Or(cmp.Compare(p.orders.time(a), p.orders.time(b)), cmp.Compare(p.orders.get(a, oHash), p.orders.get(b, oHash)))
		})
		nobodys = p.Nobody(p.orders.get(oldest, oHash))
	}
	for _, order := range e.Orders {
		p.disown(order, visitorOwner(nobodys))
	}
	for _, v := range e.Shared {
		p.unshare(v, e.Contact)
	}
	for _, v := range e.Visitors {
		p.eraseVisitor(shop, v)
	}
	if e.Lead != 0 {
		p.eraseLead(e.Lead, e.Contact != 0)
	}
	if e.Contact != 0 {
		p.eraseContact(e.Contact)
		p.bump(cntContacts, -1)
	}
	p.bump(cntErased, 1)
}

// disown takes an order away from whoever has it, and its id with it where it becomes a visitor's.
func (p *People) disown(order uint32, to owner) {
	live := !p.orders.flag(order, orderCancelled|orderAwaited)
	if live {
		p.credit(order, -1)
	}
	if c, _ := p.attributedTo(order); c != 0 {
		p.unchain(order)
	}
	p.unchainOwned(order)
	flags := p.orders.get(order, oMeta) &^ (orderOfContact | orderOfBrowser)
	if to&ofContact != 0 {
		flags |= orderOfContact
	} else {
		p.text.Wipe(slab.Ref(p.orders.get(order, oText)))
		p.orders.set(order, oText, 0)
		p.dropCoupons(order)
	}
	p.orders.set(order, oMeta, flags)
	p.orders.set(order, oOwner, uint64(uint32(to))<<32)
	p.chain(to, order)
	if live {
		p.credit(order, 1)
	}
}

// unchainOwned takes an order out of the chain of its owner.
func (p *People) unchainOwned(order uint32) {
	who := p.ownerOf(order)
	delete(p.trails, who)
	next := p.orders.older(order)
	words, at := p.ordersOf(who)
	if first := uint32(words.Load(at) >> 32); first == order {
		words.Set(at, uint64(next)<<32|words.Load(at)&0xffffffff)
		return
	}
	for o := p.newestOrder(who); o != 0; o = p.orders.older(o) {
		if p.orders.older(o) == order {
			p.orders.set(o, oOwner, p.orders.get(o, oOwner)&^0xffffffff|uint64(next))
			return
		}
	}
}

// eraseVisitor erases a visitor: orders that are still its own are those of a contact by a login, and name it from now on.
func (p *People) eraseVisitor(shop, v uint32) {
	for order := p.newestOrder(visitorOwner(v)); order != 0; order = p.newestOrder(visitorOwner(v)) {
		c, _ := p.attributedTo(order)
		p.disown(order, contactOwner(c))
	}
	p.relations = p.contactsOf(p.relations[:0], v)
	for _, c := range slices.Clone(p.relations) {
		p.unlink(v, c)
	}
	if bursting(p.visitors.Load(p.word(v, vCount))) || p.visitors.Load(p.word(v, vCount))&flagBot != 0 {
		p.bump(cntBots, -1)
	}
	if p.shared(v) {
		p.dropFormer(v)
	}
	p.logins.clear(v)
	p.Confirm(shop, v)
	p.byHash.Delete(v)
	for _, w := range [2]uint64{vViews, vCart} {
		list := p.visitors.Load(p.word(v, w))
		p.visitors.Set(p.word(v, w), 0)
		p.lists.wipe(list)
	}
	for w := uint64(vSeen); w < visitorWords; w++ {
		p.visitors.Set(p.word(v, w), 0)
	}
}

// unlink takes a visitor off the list of a contact.
func (p *People) unlink(v, c uint32) {
	at := p.cword(c, cMembers)
	l := p.lists.open(p.contacts.Load(at))
	if i := l.find(v); i >= 0 {
		l.remove(i)
		p.store(&p.contacts, at, &l, 0)
	}
	if n := p.browsers(c); n > 0 && p.visitors.Load(p.word(v, vCount))&flagProxy == 0 {
		p.firsts.Set(uint64(c), p.firsts.Load(uint64(c))-1<<32)
	}
}

func (p *People) dropFormer(v uint32) {
	at := p.formerOf(v)
	list := p.former.records.Load(at)
	p.former.records.Set(at, 0)
	p.lists.wipe(list)
	p.former.byVisitor.Delete(uint32(at / formerWords))
}

// unshare takes a contact off a visitor that others have logged in on: what was viewed and put into the cart while it was the contact's,
// and its logins.
func (p *People) unshare(v, c uint32) {
	for _, w := range [2]uint64{vViews, vCart} {
		at := p.word(v, w)
		l := p.lists.open(p.visitors.Load(at))
		kept := 0
		for i := range l.n { // in their order: that of a cart says what lies in it
			e := l.at(i)
			mine := p.logins.owner(v, e.Last) == c
			if first := w == vViews && p.logins.owner(v, e.Aux) == c; w == vViews && first != mine { // an interval of both
				if mine {
					e.Last = e.Aux
				} else {
					e.Aux = e.Last
				}
				mine = false
			}
			if !mine {
				l.set(kept, e)
				kept++
			}
		}
		for i := kept; i < l.n; i++ {
			l.set(i, Entry{})
		}
		l.n = kept
		p.store(&p.visitors, at, &l, 0)
	}
	_, _, sessions, _ := p.logins.span(v, c)
	at := p.word(v, vCount)
	had := p.visitors.Load(at)
	p.visitors.Set(at, had-min(sessions, had/oneSession&0xffff)*oneSession)
	p.logins.without(v, c)
	p.relate(v, c)
	p.EachMoved(v, p.reassign)
}

// relate says who the contacts of a visitor are without one of them.
func (p *People) relate(v, c uint32) {
	contacts := []Entry{}
	if word := p.visitors.Load(p.word(v, vContact)); word != 0 {
		contacts = append(contacts, Entry{ID: uint32(word >> 32), Last: uint32(word)})
	}
	if p.shared(v) {
		contacts = p.lists.read(contacts, &p.former.records, p.formerOf(v))
	}
	contacts = slices.DeleteFunc(contacts, func(e Entry) bool { return e.ID == c })
	if len(contacts) == 0 { // more than formerRoom others
		p.EachLogin(v, func(other, second uint32) {
			if other != 0 {
				contacts = append(contacts[:0], Entry{ID: other, Last: second})
			}
		})
	}
	slices.SortFunc(contacts, func(a, b Entry) int {
		if p.newer(a.ID, a.Last, b.ID, b.Last) {
			return -1
		}
		return 1
	})
	newest := contacts[0].ID
	p.putContacts(v, contacts)
	if p.loggedIn(v, func(x uint32) bool { return x != newest }) { // a logout is a login of another as well
		p.share(v)
	}
}

func (p *People) eraseLead(lead uint32, known bool) {
	p.bump(cntLeadsKept, -1)
	if !known {
		p.bump(cntLeads, -1)
	}
	p.bump(cntLeadTexts, -int64(min(uint64(len(p.attributes.Get(uint64(lead)))), p.counts.Load(cntLeadTexts))))
	p.eraseContact(lead)
}

func (p *People) eraseContact(c uint32) {
	p.text.Wipe(slab.Ref(p.contacts.Load(p.cword(c, cText))))
	p.attributes.Wipe(uint64(c))
	list := p.contacts.Load(p.cword(c, cMembers))
	p.byID.Delete(c)
	for w := uint64(cText); w < contactWords; w++ {
		p.contacts.Set(p.cword(c, w), 0)
	}
	p.lists.wipe(list)
	if uint64(c) < p.firsts.Len() {
		p.firsts.Set(uint64(c), 0)
	}
	for p.HasNotes(c) { // they are refunds of the shop from now on
		p.unnote(uint32(p.notes.Load(uint64(c))))
	}
	delete(p.trails, contactOwner(c))
}

// wipe gives a place back without what was in it. The owner's handle must point elsewhere already.
func (m *rings) wipe(place uint64) {
	if place == 0 {
		return
	}
	offset, class, _ := handleAt(place)
	for i := range size(class) {
		m.words.Set(offset+uint64(i), 0)
	}
	m.release(place)
}

// clear forgets the logins on a visitor, and what they were.
func (l *logins) clear(v uint32) {
	for place, _ := l.head(v); place != 0; {
		next := l.next(place)
		l.more.Set(2*place, 0)
		l.more.Set(2*place+1, 0)
		place = next
	}
	l.forget(v)
}

// without forgets the logins of a contact on a visitor. Logouts stay: nothing becomes another's that was nobody's.
func (l *logins) without(v, contact uint32) {
	first, n := l.head(v)
	for behind, place := uint64(0), first; place != 0; {
		c, _ := l.at(place)
		next := l.next(place)
		if c == contact {
			n--
			l.link(v, behind, next, n)
			if behind != 0 {
				word := l.heads.Load(uint64(v))
				l.heads.Set(uint64(v), uint64(n)<<32|word&0xffffffff)
			}
			l.more.Set(2*place, 0)
			l.more.Set(2*place+1, 0)
		} else {
			behind = place
		}
		place = next
	}
}

// KeyOf returns the key of an id in a shop by the hash that an erasure names it by: see KeyIn.
func KeyOf(shop uint32, hash uint64) uint64 { return max(KeyIn(shop, hash), 1) }

// Hashed returns the hash that an erasure names an id by.
func (p *People) Hashed(id []byte) uint64 { return p.seed.Hash(id) }

// KeysOf returns what an id of a shop may be known by, as what.
func (p *People) KeysOf(shop uint32, id []byte) map[string]uint64 {
	key := p.HashOf(shop, id)
	return map[string]uint64{"key": key, "key of its stand-in": key ^ proxySeed, "key of its stranger": key ^ strangerSeed, "key of its lead": key ^ leadSeed}
}
