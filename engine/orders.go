package engine

import (
	"bytes"
	"cmp"
	"slices"

	"orrery/churn/timing"
	"orrery/models"
	"orrery/models/people"
	"orrery/recommend/baskets"
	"orrery/recommend/demand"
	"orrery/recommend/frame"
)

// orderHash returns the key of an event's order. A purchase without an order id is an order of its own.
func (e *Engine) orderHash(shop uint32, ev *models.Event) uint64 {
	if len(ev.Order) == 0 {
		return e.m.People.HashOfEvent(ev.IDHash())
	}
	return e.m.People.HashOf(shop, ev.Order)
}

// purchase takes an order, or what a page says was one.
// originalOrder is the prop in which a credit note with a number of its own names the order that it is for.
const originalOrder = "original_order"

// refundHash returns the key of the order that a refund says it is of.
func (e *Engine) refundHash(shop uint32, ev *models.Event) uint64 {
	if bytes.Contains(ev.Props, []byte(originalOrder)) {
		if id, _, ok := models.Member(ev.Props, originalOrder).Text(nil); ok && len(id) > 0 && !models.IsUnset(id) {
			return e.m.People.HashOf(shop, models.CanonicalID(id))
		}
	}
	return e.orderHash(shop, ev)
}

func (e *Engine) purchase(shop, v, contact uint32, ev *models.Event) {
	if !ev.Confirmed() && !e.pageOrder(v, contact, ev) {
		e.claim(shop, v, ev)
		return
	}
	e.m.People.Confirm(shop, v)
	e.buy(e.orderHash(shop, ev), shop, v, contact, ev, nil)
}

// buy takes an order by its key. f is the fact that it comes from, nil for an event.
func (e *Engine) buy(key uint64, shop, v, contact uint32, ev *models.Event, f *models.Fact) {
	order := people.Order{
		Hash: key, ID: ev.Order, Contact: contact, Time: ev.Time, Browser: len(ev.Visitor) > 0, Page: !ev.Confirmed(), Revised: ev.Revised(),
		Value: ev.Amount(), Currency: e.ledger.Currency(ev.Currency),
	}
	e.basket.Take(e.m.Catalogue, shop, ev, f, e.StreamTime(), &order, func(it *models.Item) uint32 { return e.item(shop, ev, it) })
	if value, conflict := e.m.People.Part(&order); conflict {
		e.ledger.Conflict(order.Currency, value)
	}
	viewed, money, fresh := e.m.People.Purchase(v, &order)
	if !fresh {
		if again, was := e.m.People.Retaken(); again != 0 {
			e.book(money)
			e.customers.Redated(shop, again, was)
			e.customers.Reconcile(shop, again)
		}
		return
	}
	e.book(money)
	e.customers.Reconcile(shop, e.m.People.OrderOf(order.Hash))
	e.customers.Noted(shop)
	e.mails.Answer(shop, cmp.Or(contact, e.m.People.ContactOf(v)), ev.Time, timing.VisitWithin)
	e.teach(shop, v, ev, &order)
	e.baskets.Viewed(viewed)
	if order.Hash == key { // else pages have told of the other one as well
		e.claims.Confirmed(key, e.m.People.OrderOf(key))
	}
}

// teach lets models learn from an order, and count it for the contact whose it is, or for its browser.
func (e *Engine) teach(shop, v uint32, ev *models.Event, order *people.Order) {
	owner := frame.VisitorOwner(v)
	if contact := e.m.People.OrderContact(e.m.People.OrderOf(order.Hash)); contact != 0 {
		owner = frame.ContactOwner(contact)
	}
	visitor := frame.VisitorKey(e.m.People.Key(v))
	e.bought = e.bought[:0]
	for _, l := range order.Lines {
		main := e.m.Catalogue.Main(l.Item)
		if !e.m.Catalogue.HasGroups() || !slices.Contains(e.bought, main) {
			e.bought = append(e.bought, main)
		}
	}
	e.baskets.Take(&baskets.Order{Shop: shop, Owner: owner, Hash: ev.IDHash(), Time: ev.Time, Products: e.bought})
	for _, item := range e.bought {
		e.demand.Add(demand.Interaction{Kinds: demand.Bought, Item: item, Key: visitor, Scope: e.m.Catalogue.Innermost(item), Time: ev.Time})
		e.intents.Ordered(shop, item)
	}
}

// bestsellers appends what a shop sells best, which rankers of baskets fill up with. It is the one place where a model of persons asks
// what all visitors do in the middle of an event: the ranker learns from what it would have shown at that moment, so it waits for the
// interactions before the order. That is one order in eight.
func (e *Engine) bestsellers(list []uint32, shop uint32, t models.Time) []uint32 {
	e.demand.Flush()
	e.ranked = e.m.Popular.Bestsellers(e.ranked[:0], e.m.Catalogue.Scope(shop, nil), t)
	for _, r := range e.ranked {
		list = append(list, r.Product)
	}
	return list
}

// book takes what an order or a refund has done to the money.
func (e *Engine) book(money []people.Change) {
	e.ledger.Book(money)
	e.ledger.Over(e.m.People.Apart())
}

func (e *Engine) refund(shop, contact uint32, ev *models.Event) {
	for i := range ev.Items {
		e.item(shop, ev, &ev.Items[i])
	}
	hash := e.m.People.OrderMeant(e.refundHash(shop, ev), contact)
	e.book(e.m.People.Refund(hash, ev.Amount(), e.ledger.Currency(ev.Currency), contact))
	e.customers.Reconcile(shop, e.m.People.OrderOf(hash))
	e.customers.Noted(shop)
}

func (e *Engine) cancel(shop, contact uint32, ev *models.Event) {
	hash := e.m.People.OrderMeant(e.orderHash(shop, ev), contact)
	e.book(e.m.People.Cancel(hash))
	e.customers.Reconcile(shop, e.m.People.OrderOf(hash))
	e.customers.Noted(shop)
}
