package people

import (
	"cmp"
	"slices"

	"orrery/models"
	"orrery/models/slab"
)

// Reader reads the state beside the writer, without locks. It holds scratch, so that a steady stream of requests
// allocates nothing: one goroutine uses it at a time.
type Reader struct {
	p       *People
	members []Entry
	entries []Entry
}

// Reader returns a new reader.
func (p *People) Reader() *Reader { return &Reader{p: p} }

// Person is whom a request is about: a contact, a visitor, or both. Zeros are unknown.
type Person struct {
	Visitor uint32
	Contact uint32
}

// Find returns the person behind a visitor id and a contact id, either of which may be empty. A visitor that is linked
// to a contact is that contact.
func (p *People) Find(shop uint32, visitor, contact []byte) Person {
	var who Person
	if len(visitor) > 0 {
		who.Visitor = p.FindVisitor(shop, visitor)
	}
	if len(contact) > 0 {
		who.Contact = p.FindContact(shop, contact)
	}
	if who.Contact == 0 && who.Visitor != 0 {
		who.Contact = p.contact(who.Visitor)
	}
	return who
}

// visitors returns all visitors of a person.
func (r *Reader) visitors(who Person) []Entry {
	r.members = r.members[:0]
	if who.Contact != 0 {
		r.members = r.p.lists.read(r.members, &r.p.contacts, r.p.cword(who.Contact, cMembers))
	}
	if who.Visitor != 0 && !slices.ContainsFunc(r.members, func(e Entry) bool { return e.ID == who.Visitor }) {
		r.members = append(r.members, Entry{ID: who.Visitor})
	}
	return r.members
}

// Viewed returns the products that a person has viewed, the newest first, each once: ID the product, Last the newest
// view. It lives until the next call.
func (r *Reader) Viewed(who Person) []Entry { return r.merge(who, vViews) }

// Cart returns what lies in the cart: what was put there after the person's newest order, newest first; Aux is the
// quantity. It lives until the next call.
func (r *Reader) Cart(who Person) []Entry {
	newest := uint32(0)
	if who.Contact != 0 {
		newest = uint32(r.p.contacts.Load(r.p.cword(who.Contact, cNewest)))
	} else if who.Visitor != 0 {
		newest = r.p.newestOrder(who.Visitor)
	}
	entries := r.merge(who, vCart)
	return slices.DeleteFunc(entries, func(e Entry) bool { return e.Last <= newest })
}

func (r *Reader) merge(who Person, word uint64) []Entry {
	r.entries = r.entries[:0]
	for _, m := range r.visitors(who) {
		r.entries = r.p.lists.read(r.entries, &r.p.visitors, r.p.word(m.ID, word))
	}
	slices.SortFunc(r.entries, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(b.Last, a.Last), cmp.Compare(a.ID, b.ID))
	})
	seen := r.entries[:0]
	for _, e := range r.entries {
		if !slices.ContainsFunc(seen, func(s Entry) bool { return s.ID == e.ID }) {
			seen = append(seen, e)
		}
	}
	r.entries = seen
	return seen
}

// SessionStart returns when the running session of a visitor began, in seconds, or 0 where the visitor is unknown or
// silent for longer than a session lasts.
func (p *People) SessionStart(visitor uint32, now models.Time) uint32 {
	if visitor == 0 {
		return 0
	}
	active := p.visitors.Load(p.word(visitor, vActive))
	if now.Seconds() > uint32(active)+p.gap {
		return 0
	}
	return uint32(active >> 32)
}

// Bought calls f with every product of the person's newest orders (joinWidth a visitor), newest order first a visitor.
func (r *Reader) Bought(who Person, f func(item uint32, at models.Time)) {
	for _, m := range r.visitors(who) {
		r.p.eachOrder(m.ID, func(order uint32) {
			if r.p.orders.heads.Load(r.p.orders.word(order, oMeta))&orderCancelled == 0 {
				r.p.Bought(order, f)
			}
		})
	}
}

// Facts is what the state knows of a person beside the lists.
type Facts struct {
	FirstSeen, LastSeen models.Time
	Events, Sessions    uint64
	Visitors            int
	Bot                 bool
	Attributes          []byte // a JSON member list; shared
	ContactID           []byte // shared
	Orders              []OrderFacts
}

// OrderFacts is one order of a person.
type OrderFacts struct {
	ID        []byte
	Time      models.Time
	Value     models.Money
	Refunded  models.Money
	Currency  uint32
	Cancelled bool
	Lines     []Line
}

// Facts collects what is known of a person, all orders included, newest first. It allocates: it is for profiles, not for frames.
func (r *Reader) Facts(who Person) Facts {
	p := r.p
	var f Facts
	if who.Contact != 0 {
		f.ContactID = p.text.Get(slab.Ref(p.contacts.Load(p.cword(who.Contact, cText))))
		f.Attributes = p.text.Get(slab.Ref(p.contacts.Load(p.cword(who.Contact, cAttr))))
	}
	for _, m := range r.visitors(who) {
		seen := p.visitors.Load(p.word(m.ID, vSeen))
		first, last := models.Time(seen>>32)*models.Second, models.Time(uint32(seen))*models.Second
		if first != 0 && (f.FirstSeen == 0 || first < f.FirstSeen) {
			f.FirstSeen = first
		}
		f.LastSeen = max(f.LastSeen, last)
		count := p.visitors.Load(p.word(m.ID, vCount))
		f.Events += count >> 32
		f.Sessions += count >> 8 & 0xffffff
		f.Bot = f.Bot || count&flagBot != 0
		if count&flagProxy == 0 {
			f.Visitors++
		}
		for order := uint32(p.visitors.Load(p.word(m.ID, vOrders)) >> 32); order != 0; {
			f.Orders = append(f.Orders, p.orderFacts(order))
			order = uint32(p.orders.heads.Load(p.orders.word(order, oOwner)))
		}
	}
	slices.SortFunc(f.Orders, func(a, b OrderFacts) int { return cmp.Compare(b.Time, a.Time) })
	return f
}

func (p *People) orderFacts(order uint32) OrderFacts {
	o := &p.orders
	at := func(w uint64) uint64 { return o.heads.Load(o.word(order, w)) }
	f := OrderFacts{
		ID:        p.text.Get(slab.Ref(at(oText))),
		Time:      models.Time(at(oTime)),
		Value:     models.Money(at(oValue)),
		Refunded:  models.Money(at(oRefund)),
		Currency:  uint32(at(oMeta) >> 32),
		Cancelled: at(oMeta)&orderCancelled != 0,
	}
	if place := at(oLines); place != 0 {
		for _, line := range o.lines.Block(place>>16, int(place&0xffff)) {
			f.Lines = append(f.Lines, Line{Item: uint32(line >> 32), Quantity: uint32(line)})
		}
	}
	return f
}
