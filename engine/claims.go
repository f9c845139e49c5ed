package engine

import (
	"orrery/models"
	"orrery/models/claims"
)

// What a page says was bought is a claim: see package claims. Setting PageOrders takes it for an order, of a shop whose server
// never tells: then whoever makes orders up moves what is bought and earned, and who guesses the id of an order takes its place.
// So what one visitor can do is bounded.
const (
	maxPageOrder  = 1e7 * models.Micros // the value of an order
	maxPageOrders = 10                  // of a visitor and day
)

// pageOrder tells whether a purchase that a page has told of counts as an order.
func (e *Engine) pageOrder(v, contact uint32, ev *models.Event) bool {
	if !e.cfg.PageOrders || ev.Stale || ev.Amount() > maxPageOrder {
		return false
	}
	from := ev.Time / models.Day * models.Day
	return e.m.People.OrdersWithin(v, contact, from, from+models.Day-1, maxPageOrders) < maxPageOrders
}

// claim takes a purchase that a page has told of.
func (e *Engine) claim(shop, v uint32, ev *models.Event) {
	c := claims.Claim{Order: e.orderHash(shop, ev), Visitor: e.m.People.Key(v), Time: ev.Time, Shop: shop}
	if len(ev.Contact) > 0 {
		c.Contact = e.m.People.HashOf(shop, ev.Contact)
	}
	e.claims.Claim(c)
}
