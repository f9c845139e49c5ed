package engine

import (
	"orrery/models"
	"orrery/models/people"
	"orrery/recommend/frame"
)

// An erasure takes a person out of all models that know persons: people, customer bases, mails, running sessions, what buys again,
// claims, social proof's views. What remains of them is in no model by a name: pairs of products, steps of sessions, sums and
// weights that were learned of what they did among others. SECURITY.md lists it, and TestErasedLeavesNothing holds it to that.

// erase takes an erasure.
func (e *Engine) erase(shop uint32, ev *models.Event) {
	if ev.Trust != models.Trusted {
		return // no page says this
	}
	e.erased.count(erTotal)
	if len(ev.Contact) > 0 {
		key := e.keyOf(shop, ev.Contact)
		found := e.m.People.OfContact(key)
		e.erased.add(shop, key, ev.Time)
		e.eraseAll(shop, key, &found, ev.Time)
	}
	if len(ev.Visitor) > 0 {
		key := e.keyOf(shop, ev.Visitor)
		found := e.m.People.OfVisitor(key)
		e.erased.addVisitor(shop, key, ev.Time)
		e.eraseAll(shop, 0, &found, ev.Time)
	}
}

// keyOf returns the key of whom an erasure names.
func (e *Engine) keyOf(shop uint32, id []byte) uint64 {
	if hash, ok := models.HashedID(id); ok {
		return people.KeyOf(shop, hash)
	}
	return e.m.People.HashOf(shop, id)
}

// eraseAll erases what there is of a person.
func (e *Engine) eraseAll(shop uint32, contact uint64, found *people.Erasing, t models.Time) {
	p := e.m.People
	keys := map[uint64]bool{contact: contact != 0}
	for _, v := range found.Visitors {
		key := p.Key(v)
		keys[key] = true
		if !p.StandsIn(v) {
			e.erased.addVisitor(shop, key, t)
		}
		e.forgetViews(v, frame.VisitorKey(key))
		for _, forget := range e.forgets {
			forget(v)
		}
		e.m.Rebuy.Forget(frame.VisitorOwner(v))
		if a := e.arrivals.Find(shop); a != nil {
			a.forget(func(name []byte) bool { return p.HashOf(shop, name) == key })
		}
	}
	for _, v := range found.Shared {
		if p.ContactOf(v) == found.Contact { // whose session this is
			for _, forget := range e.forgets {
				forget(v)
			}
		}
	}
	p.Erase(shop, found)
	for _, order := range found.Orders {
		e.customers.Settle(shop, order)
	}
	e.claims.Forget(func(key uint64) bool { return keys[key] })
	if c := found.Contact; c != 0 {
		e.m.Rebuy.Forget(frame.ContactOwner(c))
		e.mails.Forget(c)
		e.customers.Forget(c)
	}
	for _, v := range found.Visitors {
		if !e.outlook.Holds(v) {
			p.Free(v)
		}
	}
	for i := range e.ahead { // their numbers are nobody's
		e.ahead[i].visitor = 0
	}
}

// withhold returns what is left of an event that may name somebody who was erased: of a visitor who was, what its contact did; of a
// contact, the order, which is nobody's then; nil where nothing is left. a is what lookAhead has found of it.
func (e *Engine) withhold(shop uint32, ev *models.Event, a *ahead) (*models.Event, *ahead) {
	contact, visitor := uint64(0), uint64(0)
	at, hasContact := models.Time(0), false
	if len(ev.Contact) > 0 {
		contact = e.m.People.HashOf(shop, ev.Contact)
		at, hasContact = e.erased.find(contact)
	}
	hasVisitor := false
	if len(ev.Visitor) > 0 {
		visitor = e.m.People.HashOf(shop, ev.Visitor) ^ visitorErased
		_, hasVisitor = e.erased.find(visitor)
	}
	if !hasContact && !hasVisitor {
		return ev, a
	}
	if contact != 0 && ev.Returns(at) {
		e.erased.lift(contact)
		e.erased.lift(visitor)
		return ev, a
	}
	rest, found := &e.withheld.event, &e.withheld.ahead
	*rest, *found = *ev, *a
	if hasContact { // the visitor's events would be those of whoever else has logged in on it
		e.erased.count(erContacts)
		rest.Contact = nil
	} else {
		e.erased.count(erVisitors)
	}
	rest.Visitor, found.visitor, found.visitorHash = nil, 0, 0
	if len(rest.Contact) == 0 && rest.Kind.Topic() != models.Transactions {
		return nil, nil
	}
	return rest, found
}

// nobodys takes an event about an order that names nobody any more, and reports false for any other event.
func (e *Engine) nobodys(shop uint32, ev *models.Event) bool {
	if len(ev.Visitor) > 0 || len(ev.Contact) > 0 {
		return false
	}
	switch {
	case ev.Kind == models.Refund:
		e.refund(shop, 0, ev)
	case ev.Kind == models.Cancel:
		e.cancel(shop, 0, ev)
	case ev.Confirmed():
		key := e.orderHash(shop, ev)
		ev.Order = nil // its key says enough
		e.buy(key, shop, e.m.People.Nobody(key), 0, ev)
	}
	return true
}

// withheld is what withhold returns.
type withheld struct {
	event models.Event
	ahead ahead
}

// ErasureOf appends the name by which an erasure names an id: see models.AppendHashedID. Any goroutine may call it.
func (e *Engine) ErasureOf(dst, id []byte) []byte {
	return models.AppendHashedID(dst, e.m.People.Hashed(id))
}

// Erasures returns how many erasures there have been. Any goroutine may call it.
func (e *Engine) Erasures() uint64 { return e.erased.total(erTotal) }

// WasErased tells whether a contact or a visitor of a shop was erased and has not come back. Any goroutine may call it.
func (e *Engine) WasErased(shop, contact, visitor []byte) bool {
	number := e.findShop(shop)
	if number == 0 || !e.erased.any() {
		return false
	}
	yes := false
	if len(contact) > 0 {
		_, yes = e.erased.find(e.m.People.HashOf(number, models.CanonicalContact(contact)))
	}
	if len(visitor) > 0 && !yes {
		_, yes = e.erased.find(e.m.People.HashOf(number, models.CanonicalID(visitor)) ^ visitorErased)
	}
	return yes
}

// KeysOf returns the hashes that an id may stand for in the state, by what they are: for whoever looks whether it is gone. Any goroutine may call it.
func (e *Engine) KeysOf(shop, id []byte) map[string]uint64 {
	keys := map[string]uint64{"hash": e.m.People.Hashed(id)}
	if number := e.findShop(shop); number != 0 {
		for what, key := range e.m.People.KeysOf(number, id) {
			keys[what] = key
		}
	}
	return keys
}

// Nobody names the browser that an order of somebody who was erased is put down to in a log that is rewritten, by the order's key.
func (e *Engine) Nobody(shop []byte, ev *models.Event) string {
	key := e.m.People.NobodyKey(e.orderHash(e.findShop(shop), ev))
	return string(models.AppendHash(nil, key))
}
