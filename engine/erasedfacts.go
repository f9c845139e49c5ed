package engine

import (
	"fmt"

	"orrery/models"
	"orrery/models/erased"
	"orrery/models/facts"
	"orrery/models/people"
)

// EachErased calls f with who was erased and has not come back, as facts. Any goroutine may call it.
func (e *Engine) EachErased(f func(*models.Fact)) {
	e.erased.Each(func(shop uint32, visitor bool, m erased.Mark, t models.Time) {
		fact := &models.Fact{Fact: models.FactErased, Shop: string(e.shops.Name(shop)), Time: t}
		if mark := (models.Mark{m.Lo, m.Hi, uint64(m.Bits)}); visitor {
			fact.VisitorMark = &mark
		} else {
			fact.ContactMark = &mark
		}
		f(fact)
	})
}

func (e *Engine) takeErased(shop uint32, f *models.Fact) error {
	mark, visitor := f.ContactMark, false
	if mark == nil {
		mark, visitor = f.VisitorMark, true
	}
	switch {
	case mark != nil:
		e.erased.Put(shop, visitor, erased.Mark{Lo: mark[0], Hi: mark[1], Bits: uint32(mark[2])}, f.Time)
	case f.Erased != 0: // of exports from before there were marks
		e.erased.Add(e.who(shop, uint64(f.Erased), false), f.Time)
	case f.Visitor != 0:
		e.erased.Add(e.who(shop, uint64(f.Visitor), true), f.Time)
	default:
		return fmt.Errorf("contact_mark: it is missing: %w", facts.ErrFact)
	}
	return nil
}

// ScrubFact takes out of a fact that was told before, with keys of this engine's seed, who was erased since: an order becomes nobody's.
// It reports false for a fact that is about nothing else. Any goroutine may call it.
func (e *Engine) ScrubFact(f *models.Fact) (stays bool) {
	shop := e.findShop([]byte(f.Shop))
	if shop == 0 {
		return true
	}
	contact := f.Contact != "" && e.WasErased([]byte(f.Shop), []byte(f.Contact), nil)
	visitor := false
	if f.Visitor != 0 && f.Fact != models.FactErased {
		_, visitor = e.erased.Find(e.who(shop, uint64(f.Visitor), true))
	}
	if !contact && !visitor {
		return true
	}
	if f.Fact != models.FactOrder {
		return false
	}
	if f.Contact != "" && !contact { // the order is the contact's, without the browser
		f.Visitor = 0
		return true
	}
	p := e.m.People
	switch {
	case f.Key != 0:
	case f.Again:
		f.Key = models.Key(people.ConflictKey(p.HashOf(shop, []byte(f.Order)), p.HashOf(shop, facts.ContactOf(f))))
	default:
		f.Key = models.Key(p.HashOf(shop, []byte(f.Order)))
	}
	f.Order, f.Contact, f.Again, f.Coupon = "", "", false, ""
	for i := range f.Lines {
		f.Lines[i].Coupon = "" // it may be the customer's own
	}
	f.Visitor = models.Key(people.KeyIn(shop, p.NobodyKey(uint64(f.Key))))
	return true
}

// ContactData returns all that is known of a contact, and false for one never named. Any goroutine may call it.
func (e *Engine) ContactData(shop, contact []byte, now models.Time) (d models.ContactData, ok bool) {
	if d.Profile, ok = e.Contact(shop, contact, now); !ok {
		return d, false
	}
	number := e.findShop(shop)
	d.Shop = string(e.shops.Name(number))
	c := e.m.People.FindContact(number, contact)
	if c == 0 {
		return d, true
	}
	e.m.People.Reader().EachVisitor(people.Person{Contact: c}, func(v uint32) {
		e.m.People.EachLogin(v, func(who, second uint32) {
			if who == c {
				d.Logins = append(d.Logins, models.LoginTouch{Visitor: people.KeyIn(number, e.m.People.Key(v)), At: models.Time(second) * models.Second})
			}
		})
	})
	d.Mails = e.mails.Of(c)
	keys := map[uint64]bool{e.m.People.HashOf(number, models.CanonicalContact(contact)): true}
	e.m.People.Reader().EachVisitor(people.Person{Contact: c}, func(v uint32) { keys[e.m.People.Key(v)] = true })
	for _, claim := range e.claims.Told(number, func(key uint64) bool { return keys[key] }) {
		d.Claims = append(d.Claims, models.ClaimTouch{
			Order: people.KeyIn(number, claim.Order), Visitor: people.KeyIn(number, claim.Visitor), At: claim.Time, Known: claim.Number != 0,
		})
	}
	return d, true
}
