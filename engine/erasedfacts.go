package engine

import (
	"orrery/models"
	"orrery/models/people"
)

// EachErased calls f with who was erased and has not come back, as facts. Any goroutine may call it.
func (e *Engine) EachErased(f func(*models.Fact)) {
	state := e.facts()
	state.EachErased(f)
}

// ScrubFact takes out of a fact that was told before who was erased since: see facts.State. Any goroutine may call it.
func (e *Engine) ScrubFact(f *models.Fact) (stays bool) {
	state := e.facts()
	return state.Scrub(f)
}

// ContactData returns all that is known of a contact, and false for one never named. Any goroutine may call it.
func (e *Engine) ContactData(shop, contact []byte, now models.Time) (d models.ContactData, ok bool) {
	if d.Profile, ok = e.Contact(shop, contact, now); !ok {
		return d, false
	}
	number, state := e.findShop(shop), e.facts()
	d.Shop = string(e.shops.Name(number))
	if c := e.m.People.FindContact(number, contact); c != 0 {
		state.Data(&d, number, c)
		d.Mails = e.mails.Of(c)
		keys := state.Keys(c)
		for _, claim := range e.claims.Told(number, func(key uint64) bool { return keys[key] }) {
			d.Claims = append(d.Claims, models.ClaimTouch{
				Order: people.KeyIn(number, claim.Order), Visitor: people.KeyIn(number, claim.Visitor), At: claim.Time, Known: claim.Number != 0,
			})
		}
	}
	return d, true
}
