package engine

import (
	"orrery/churn/base"
	"orrery/models"
	"orrery/models/people"
)

// EachContact calls f with the contacts of a shop, from the one of a number on, and of their profiles the attributes and what is forecast of
// them (Customer, Outlook without reasons, Mail), until f returns false. It returns the number to go on from, 0 after the
// last.
func (e *Engine) EachContact(shop []byte, from uint32, now models.Time, f func(id []byte, p *models.Profile) bool) (next uint32) {
	number := e.findShop(shop)
	if number == 0 {
		return 0
	}
	r := e.m.People.Reader()
	for contact := max(from, 1); contact <= e.m.People.LastContact(); contact++ {
		id, its := e.m.People.ContactID(contact)
		if its != number || len(id) == 0 { // the latter is about to be added
			continue
		}
		p := models.Profile{
			Attributes: e.described(contact),
			Mail:       e.mails.Best(number, contact, e.customers.Segment(number, contact, now), now),
			Customer:   e.customers.Customer(number, contact, now),
		}
		who := people.Person{Contact: contact}
		session := 0.0
		r.EachVisitor(who, func(v uint32) {
			if chance, ok := e.intents.Shown(number, v, now); ok {
				session = max(session, chance)
			}
		})
		p.Outlook = e.outlook.Of(r, number, who, session, now, false)
		if !f(id, &p) {
			return contact + 1
		}
	}
	return 0
}

// described returns what is known of a contact as a JSON object, nil where nothing is.
func (e *Engine) described(contact uint32) []byte {
	if _, _, attributes, _, _ := e.m.People.Described(contact); len(attributes) > 0 {
		return append(append(append(make([]byte, 0, len(attributes)+2), '{'), attributes...), '}')
	}
	return nil
}

// ContactNumber returns the number of a contact in CustomerChange, 0 for one that is not known.
func (e *Engine) ContactNumber(shop, contact []byte) uint32 {
	number := e.findShop(shop)
	if number == 0 {
		return 0
	}
	return e.m.People.FindContact(number, contact)
}

// ChangesAcknowledged says that all changes below a number have been passed on.
func (e *Engine) ChangesAcknowledged(next uint64) { e.customers.Acknowledge(next) }

// ChangesLost returns how many changes were lost because nobody passed them on in time.
func (e *Engine) ChangesLost() uint64 { return e.customers.Lost() }

// RFM returns the customer base of a shop by recency, frequency and money, and false where nobody has bought.
func (e *Engine) RFM(shop []byte, now models.Time) (models.RFM, bool) {
	return e.customers.RFM(e.findShop(shop), now)
}

// CustomerChanges returns up to most changes of customers that have not been told, oldest first, and the number to hand to
// ChangesAcknowledged once they are safe elsewhere. One goroutine calls both.
func (e *Engine) CustomerChanges(most int) (list []models.CustomerChange, next uint64) {
	return e.customers.Pending(most)
}

// Customers returns up to most customers of all shops from a mark on, each as a change that says what holds at a moment
// and changes nothing, and the mark to go on from; more is false after the last.
func (e *Engine) Customers(from base.Mark, most int, now models.Time) (list []models.CustomerChange, next base.Mark, more bool) {
	return e.customers.From(from, most, now)
}

// CustomerBases returns the shops in which a known contact has bought.
func (e *Engine) CustomerBases() []base.Base { return e.customers.Bases() }

// CustomerModels returns what forecasts of a shop's customers are made of, and false where nobody has bought
// and no session has been looked into.
func (e *Engine) CustomerModels(shop []byte) (out models.CustomerModels, ok bool) {
	number := e.findShop(shop)
	if out, ok = e.customers.Models(number); !ok {
		out = models.CustomerModels{}
	}
	if number != 0 {
		if quality, sessions := e.intents.Quality(number); sessions {
			if !ok {
				out.Shop, out.Gate = string(e.shops.Name(number)), "no known contact has bought"
			}
			out.Intent, ok = &quality, true
		}
	}
	if q, known := e.outlook.Quality(number); known {
		out.Outlook = q[:]
	}
	if q, known := e.intents.ProductQuality(number); known {
		out.Product = &q
	}
	if q := e.category.Quality(number); q.Outcomes > 0 {
		out.Shelf = &q
	}
	return out, ok
}
