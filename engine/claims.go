package engine

import (
	"orrery/models"
	"orrery/models/people"
	"orrery/recommend/claims"
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

// claim takes a purchase that a page has told of. It makes no order, no lines and no products.
func (e *Engine) claim(shop, v uint32, ev *models.Event) {
	c := claims.Claim{Order: e.orderHash(shop, ev), Visitor: e.m.People.Key(v), Time: ev.Time, Shop: shop}
	if len(ev.Contact) > 0 {
		c.Contact = e.m.People.HashOf(shop, ev.Contact)
	}
	if kept := e.claims.Add(c, e.StreamTime()); kept != nil {
		if order := e.m.People.OrderOf(c.Order); order != 0 && e.m.People.Sale(order).Known {
			e.confirm(kept, order)
		}
	}
}

// confirmed lets claims know that their order has come.
func (e *Engine) confirmed(key uint64, order uint32) {
	for _, c := range e.claims.Of(key, e.StreamTime()) {
		e.confirm(c, order)
	}
}

func (e *Engine) confirm(c *claims.Claim, order uint32) {
	if c.Number != 0 {
		return
	}
	e.claims.Confirm(c, order)
	if !e.lends(c, order) {
		return
	}
	others := e.lent(c.Order, nil)
	if !e.claims.Lend(c) {
		return
	}
	if v := e.m.People.FindKey(c.Visitor); v != 0 {
		e.afterViewing(e.m.People.JoinLent(order, v, others))
	}
}

// lends tells whether a claim's visitor is taken for whoever placed its order: the order names no browser, the page no other
// contact, and the two lie close together.
func (e *Engine) lends(c *claims.Claim, order uint32) bool {
	sale := e.m.People.Sale(order)
	apart := sale.Time - c.Time
	return apart <= claims.Lends && apart >= -claims.Lends && sale.Named && !sale.Browser &&
		(c.Contact == 0 || c.Contact == e.m.People.ContactHash(sale.Contact))
}

// lent returns the visitors that an order is lent to, but one.
func (e *Engine) lent(key uint64, but *claims.Claim) (list []uint32) {
	for _, c := range e.claims.Of(key, e.StreamTime()) {
		if c.Lent && c != but {
			if v := e.m.People.FindKey(c.Visitor); v != 0 {
				list = append(list, v)
			}
		}
	}
	return list
}

// viewLent counts a view that visitor v is about to make for the orders that v was lent and that come after it.
func (e *Engine) viewLent(v, item uint32, t models.Time) {
	for _, c := range e.claims.LentTo(e.m.People.Key(v)) {
		if e.m.People.ViewLent(c.Number, v, item, t, e.lent(c.Order, c)) {
			e.afterViewing([]people.Pair{{Viewed: item, Order: c.Number}})
		}
	}
}

// unlent leaves out of pairs that come true by a login, or by a view of visitor viewing, what views of visitors that the order
// is lent to have been counted for.
func (e *Engine) unlent(pairs []people.Pair, viewing uint32) []people.Pair {
	if !e.claims.Lending() {
		return pairs
	}
	kept := pairs[:0]
	for _, pair := range pairs {
		counted := false
		for _, v := range e.lent(e.m.People.HashOfOrder(pair.Order), nil) {
			counted = counted || v != viewing && e.m.People.ViewedBefore(v, pair.Viewed, pair.Order)
		}
		if !counted {
			kept = append(kept, pair)
		}
	}
	return kept
}

// boughtLent returns when a visitor has placed the newest of the orders that it was lent, between two moments, both
// included, 0 where there is none. For the writer.
func (e *Engine) boughtLent(v uint32, from, to models.Time) (at models.Time) {
	if !e.claims.Lending() {
		return 0
	}
	for _, c := range e.claims.LentTo(e.m.People.Key(v)) {
		if t := e.m.People.OrderTime(c.Number); t >= from && t <= to {
			at = max(at, t)
		}
	}
	return at
}

// boughtItemLent tells whether a product is of the orders that boughtLent looks at.
func (e *Engine) boughtItemLent(v, item uint32, from, to models.Time) (yes bool) {
	if !e.claims.Lending() {
		return false
	}
	for _, c := range e.claims.LentTo(e.m.People.Key(v)) {
		if t := e.m.People.OrderTime(c.Number); t >= from && t <= to {
			e.m.People.Bought(c.Number, func(line uint32) { yes = yes || line == item })
		}
	}
	return yes
}
