package engine

import (
	"orrery/models"
	"orrery/models/erased"
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
	e.erased.Count(erased.Total)
	if hash, ok := e.erased.Open(ev.Contact, e.m.People.Hashed); ok && len(ev.Contact) > 0 {
		found := e.m.People.OfContact(people.KeyOf(shop, hash))
		e.erased.Add(e.who(shop, hash, false), ev.Time)
		e.eraseAll(shop, people.KeyOf(shop, hash), &found, ev.Time)
	}
	if hash, ok := e.erased.Open(ev.Visitor, e.m.People.Hashed); ok && len(ev.Visitor) > 0 {
		found := e.m.People.OfVisitor(people.KeyOf(shop, hash))
		e.erased.Add(e.who(shop, hash, true), ev.Time)
		e.silence.Erase(people.KeyOf(shop, hash))
		e.eraseAll(shop, 0, &found, ev.Time)
	}
}

// admitErasure refuses an erasure that was written for another log: it would name somebody else.
func (e *Engine) admitErasure(ev *models.Event) *models.Invalid {
	for field, id := range map[string][]byte{"contact": ev.Contact, "visitor": ev.Visitor} {
		if _, ok := e.erased.Open(id, e.m.People.Hashed); !ok {
			return &models.Invalid{Field: field, Code: models.OtherLog, Reason: field +
				" was named with the key of another log: write the erasure anew, by DELETE /v1/contacts/{id} of this one"}
		}
	}
	return nil
}

// who is somebody of a shop, by the hash of the id.
func (e *Engine) who(shop uint32, hash uint64, visitor bool) *erased.Who {
	return &erased.Who{Shop: shop, Name: e.shops.Name(shop), Hash: hash, Visitor: visitor}
}

// wasErased tells whether, and when, somebody of a shop was erased, by an id in its canonical form.
func (e *Engine) wasErased(shop uint32, id []byte, visitor bool) (t models.Time, yes bool) {
	w := erased.Who{Shop: shop, Name: e.shops.Name(shop), Hash: e.m.People.Hashed(id), Visitor: visitor}
	return e.erased.Find(&w)
}

// eraseAll erases what there is of a person.
func (e *Engine) eraseAll(shop uint32, contact uint64, found *people.Erasing, t models.Time) {
	p := e.m.People
	keys := map[uint64]bool{contact: contact != 0}
	for _, v := range found.Visitors {
		key := p.Key(v)
		keys[key] = true
		if !p.StandsIn(v) {
			e.erased.Add(e.who(shop, people.KeyIn(shop, key), true), t)
		}
		e.forgetViews(v, frame.VisitorKey(key))
		for _, forget := range e.forgets {
			forget(v)
		}
		e.m.Rebuy.Forget(frame.VisitorOwner(v))
		if a := e.arrivals.Find(shop); a != nil {
			a.Forget(func(name []byte) bool { return p.HashOf(shop, name) == key })
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
		e.customers.Reconcile(shop, order)
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
	for i := range e.prefetched { // their numbers are nobody's
		e.prefetched[i].visitor = 0
	}
}

// withhold returns what is left of an event that may name somebody who was erased: of a visitor who was, what its contact did; of a
// contact, the order, which is nobody's then; nil where nothing is left. a is what prefetch has found of it.
func (e *Engine) withhold(shop uint32, ev *models.Event, a *prefetched) (*models.Event, *prefetched) {
	at, hasContact, hasVisitor := models.Time(0), false, false
	if len(ev.Contact) > 0 {
		at, hasContact = e.wasErased(shop, ev.Contact, false)
	}
	if len(ev.Visitor) > 0 {
		_, hasVisitor = e.wasErased(shop, ev.Visitor, true)
	}
	if !hasContact && !hasVisitor {
		return ev, a
	}
	if len(ev.Contact) > 0 && ev.Returns(at) {
		e.erased.Lift(e.who(shop, e.m.People.Hashed(ev.Contact), false))
		e.erased.Lift(e.who(shop, e.m.People.Hashed(ev.Visitor), true))
		return ev, a
	}
	rest, found := &e.withheld.event, &e.withheld.ahead
	*rest, *found = *ev, *a
	if hasContact { // the visitor's events would be those of whoever else has logged in on it
		e.erased.Count(erased.Contacts)
		rest.Contact = nil
	} else {
		e.erased.Count(erased.Visitors)
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
		e.buy(key, shop, e.m.People.Nobody(key), 0, ev, nil)
	}
	return true
}

// withheld is what withhold returns.
type withheld struct {
	event models.Event
	ahead prefetched
}

// ErasureOf appends the name by which an erasure names an id: see package erased. Any goroutine may call it.
func (e *Engine) ErasureOf(dst, id []byte) []byte {
	return e.erased.AppendName(dst, e.m.People.Hashed(id))
}

// Erasures returns how many erasures there have been. Any goroutine may call it.
func (e *Engine) Erasures() uint64 { return e.erased.Sum(erased.Total) }

// WasErased tells whether a contact or a visitor of a shop was erased and has not come back. Any goroutine may call it.
func (e *Engine) WasErased(shop, contact, visitor []byte) bool {
	number := e.findShop(shop)
	if number == 0 || !e.erased.Any() {
		return false
	}
	yes := false
	if len(contact) > 0 {
		_, yes = e.wasErased(number, models.CanonicalContact(contact), false)
	}
	if len(visitor) > 0 && !yes {
		_, yes = e.wasErased(number, models.CanonicalID(visitor), true)
	}
	return yes
}

// KeysOf returns the hashes that an id may stand for in the state, by what they are: for whoever looks whether it is gone. Any goroutine may call it.
func (e *Engine) KeysOf(shop, id []byte) map[string]uint64 {
	keys := map[string]uint64{"hash": e.m.People.Hashed(id)}
	if sealed, ok := models.SealedID(e.ErasureOf(nil, id)); ok {
		keys["name in an erasure"] = sealed[0]
	}
	if number := e.findShop(shop); number != 0 {
		keys["mark among the erased"] = e.erased.MarkOf(e.who(number, keys["hash"], false)).Lo
		keys["mark among erased browsers"] = e.erased.MarkOf(e.who(number, keys["hash"], true)).Lo
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

// Tells returns what an identify of the shop's own tells of its contact. Any goroutine may call it.
func (e *Engine) Tells(shop []byte, ev *models.Event) models.Told {
	number := e.findShop(shop)
	if number == 0 {
		return models.ToldNew
	}
	if e.erased.Any() {
		if at, yes := e.wasErased(number, ev.Contact, false); yes && !ev.Returns(at) {
			return models.ToldErased
		}
	}
	switch c := e.m.People.FindContact(number, ev.Contact); {
	case c == 0:
		return models.ToldNew
	case e.m.People.News(c, ev.Props, ev.Time):
		return models.ToldMore
	}
	return models.ToldKnown
}
