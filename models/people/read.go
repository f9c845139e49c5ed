package people

import (
	"cmp"
	"slices"

	"orrery/models"
)

// Reader reads the state beside the writer, without locks. It holds scratch, so that a steady stream of requests
// allocates nothing: one goroutine uses it at a time.
type Reader struct {
	p       *People
	members []Entry
	entries []Entry
	raw     []Entry // operations of a cart
}

// Reader returns a new reader.
func (p *People) Reader() *Reader { return &Reader{p: p} }

// Person is whom a request is about: a contact, a visitor, or both. Zeros are unknown.
type Person struct {
	Visitor uint32
	Contact uint32
}

// Find returns the person behind a visitor id and a contact id, either of which may be empty. A visitor that a contact
// has logged in on is that contact. Any goroutine may call it.
func (p *People) Find(shop uint32, visitor, contact []byte) Person {
	var who Person
	if len(visitor) > 0 {
		who.Visitor = p.FindVisitor(shop, visitor)
	}
	if len(contact) > 0 {
		who.Contact = p.FindContact(shop, contact)
	}
	if who.Contact == 0 && who.Visitor != 0 {
		who.Contact = p.current(who.Visitor)
	}
	return who
}

// visitors returns the visitors of a person: those whose newest contact it is.
func (r *Reader) visitors(who Person) []Entry {
	r.members = r.members[:0]
	if who.Contact != 0 {
		r.members = r.p.lists.read(r.members, &r.p.contacts, r.p.cword(who.Contact, cMembers))
		r.members = slices.DeleteFunc(r.members, func(e Entry) bool { return r.p.current(e.ID) != who.Contact })
	}
	if who.Visitor != 0 && !slices.ContainsFunc(r.members, func(e Entry) bool { return e.ID == who.Visitor }) {
		r.members = append(r.members, Entry{ID: who.Visitor})
	}
	return r.members
}

// browsers returns the visitors that a person was ever on, as far as they are remembered.
func (r *Reader) browsers(who Person) []Entry {
	r.members = r.members[:0]
	if who.Contact != 0 {
		r.members = r.p.lists.read(r.members, &r.p.contacts, r.p.cword(who.Contact, cMembers))
	}
	if who.Visitor != 0 && !slices.ContainsFunc(r.members, func(e Entry) bool { return e.ID == who.Visitor }) {
		r.members = append(r.members, Entry{ID: who.Visitor})
	}
	return r.members
}

// mine tells whether what names nobody on a visitor at a second is a person's. Of a shared visitor that nobody is on, or on which
// nobody is told from another, it is what came since the newest login or logout.
func (p *People) mine(who Person, v, second uint32) bool {
	if !p.shared(v) {
		return true
	}
	if p.logins.owner(v, second) != who.Contact {
		return false
	}
	return who.Contact != 0 || second >= p.logins.since(v)
}

// Viewed returns the products that a person has viewed, the newest first, each once: ID the product, Last the newest
// view. It lives until the next call.
func (r *Reader) Viewed(who Person) []Entry {
	r.entries = r.entries[:0]
	for _, m := range r.browsers(who) {
		from := len(r.entries)
		r.entries = r.p.lists.read(r.entries, &r.p.visitors, r.p.word(m.ID, vViews))
		if r.p.shared(m.ID) {
			r.entries = r.p.keepViews(who, m.ID, r.entries, from)
		}
	}
	return r.newestFirst()
}

// keepViews keeps of a shared visitor's views those that are a person's: whose newest view is, or whose first.
func (p *People) keepViews(who Person, v uint32, entries []Entry, from int) []Entry {
	kept := entries[:from]
	for _, e := range entries[from:] {
		if !p.mine(who, v, e.Last) {
			if e.Last = e.Aux; !p.mine(who, v, e.Last) {
				continue
			}
		}
		kept = append(kept, e)
	}
	return kept
}

// Nameless appends the visitors of whom a person has the orders that were nobody's when they came: those before the first login.
func (r *Reader) Nameless(dst []uint32, who Person) []uint32 {
	for _, m := range r.browsers(who) {
		if r.p.newestOrder(visitorOwner(m.ID)) != 0 && r.p.OwnerAt(m.ID, 0) == who.Contact {
			dst = append(dst, m.ID)
		}
	}
	return dst
}

// Others appends the products that others looked at or put into the cart on a browser that a person shares with them.
func (r *Reader) Others(dst []uint32, who Person) []uint32 {
	p := r.p
	for _, m := range r.browsers(who) {
		if !p.shared(m.ID) {
			continue
		}
		r.raw = p.lists.read(r.raw[:0], &p.visitors, p.word(m.ID, vViews))
		for _, e := range r.raw {
			if !p.mine(who, m.ID, e.Last) && !p.mine(who, m.ID, e.Aux) {
				dst = append(dst, e.ID)
			}
		}
		r.raw = p.lists.read(r.raw[:0], &p.visitors, p.word(m.ID, vCart))
		for _, e := range r.raw {
			if !p.mine(who, m.ID, e.Last) {
				dst = append(dst, e.ID)
			}
		}
	}
	return dst
}

// Touches is which products a visitor may have viewed, put into a cart or bought.
type Touches struct {
	entries []Entry
	all     bool // any product: the visitor has done more than is remembered, or has bought
}

// Touches returns what visitor v (0: unknown) may have touched. It lives until the reader's next call.
func (r *Reader) Touches(v uint32) Touches {
	if v == 0 {
		return Touches{}
	}
	p := r.p
	c := p.contact(v)
	if p.shared(v) || p.newestOrder(visitorOwner(v)) != 0 || c != 0 && (p.newestOrder(contactOwner(c)) != 0 || p.newestAttributed(c) != 0) {
		return Touches{all: true}
	}
	views, cart := p.word(v, vViews), p.word(v, vCart)
	if _, class, _ := handleAt(p.visitors.Load(views)); minRoom<<class >= p.cfg.History {
		return Touches{all: true} // something may have made room
	}
	if _, _, n := handleAt(p.visitors.Load(cart)); n == cartRoom {
		return Touches{all: true}
	}
	r.raw = p.lists.read(p.lists.read(r.raw[:0], &p.visitors, views), &p.visitors, cart)
	return Touches{entries: r.raw}
}

// May tells whether the visitor may have touched an item. False is certain.
func (t *Touches) May(item uint32) bool {
	if t.all {
		return true
	}
	for i := range t.entries {
		if t.entries[i].ID == item {
			return true
		}
	}
	return false
}

// Cart returns what lies in the cart, all devices together, newest first: what was put there after the person's newest
// order. Aux is the quantity. It lives until the next call.
func (r *Reader) Cart(who Person) []Entry {
	r.entries = r.entries[:0]
	members := r.browsers(who)
	cutoff := uint32(0)
	if who.Contact != 0 {
		cutoff = r.p.newestAt(contactOwner(who.Contact))
		if order := r.p.newestAttributed(who.Contact); order != 0 {
			cutoff = max(cutoff, r.p.orders.time(order).Seconds())
		}
	}
	for _, m := range members {
		if order := r.p.newestOrder(visitorOwner(m.ID)); order != 0 && r.p.OrderContact(order) == who.Contact {
			cutoff = max(cutoff, r.p.orders.time(order).Seconds())
		}
	}
	for _, m := range members {
		r.raw = r.p.lists.read(r.raw[:0], &r.p.visitors, r.p.word(m.ID, vCart))
		if r.p.shared(m.ID) {
			r.raw = slices.DeleteFunc(r.raw, func(e Entry) bool { return !r.p.mine(who, m.ID, e.Last) })
		}
		if len(r.raw) > 0 {
			r.entries = r.p.laid(r.entries, r.raw, cutoff)
		}
	}
	return r.newestFirst()
}

// newestAt returns the second of an owner's newest order, or 0.
func (p *People) newestAt(who owner) uint32 {
	order := p.newestOrder(who)
	if order == 0 {
		return 0
	}
	return p.orders.time(order).Seconds()
}

// newestFirst sorts the entries and keeps the newest of each product.
func (r *Reader) newestFirst() []Entry {
	slices.SortFunc(r.entries, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(b.Last, a.Last), cmp.Compare(a.ID, b.ID), cmp.Compare(b.Aux, a.Aux))
	})
	kept := r.entries[:0]
	for _, e := range r.entries {
		if !slices.ContainsFunc(kept, func(k Entry) bool { return k.ID == e.ID }) {
			kept = append(kept, e)
		}
	}
	r.entries = kept
	return kept
}

// readOrders is how many orders of one owner Bought looks back.
const readOrders = 16

// Bought calls f with every product of the person's newest orders that are not cancelled, the contact's own first, the
// newest order first of each owner.
func (r *Reader) Bought(who Person, f func(item uint32, at models.Time)) {
	r.eachOrder(who, readOrders, func(order uint32) {
		if o := &r.p.orders; !o.flag(order, orderCancelled) {
			t := o.time(order)
			o.each(order, func(l Line) { f(l.Item, t) })
		}
	})
}

// eachOrder calls f with the orders of a person, at most n of each owner.
func (r *Reader) eachOrder(who Person, n int, f func(order uint32)) {
	walk := func(order uint32) {
		for i := 0; order != 0 && i < n; i++ {
			f(order)
			order = r.p.orders.older(order)
		}
	}
	if who.Contact != 0 {
		walk(r.p.newestOrder(contactOwner(who.Contact)))
		r.p.eachAttributed(who.Contact, n, f)
		return
	}
	order := r.p.newestOrder(visitorOwner(who.Visitor))
	for i := 0; who.Visitor != 0 && order != 0 && i < n; i++ {
		if r.p.OrderContact(order) == 0 {
			f(order)
		}
		order = r.p.orders.older(order)
	}
}
