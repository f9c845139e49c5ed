package engine

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"orrery/models"
	"orrery/models/people"
)

// ErrFact says that a line is no fact that this build knows, or does not fit to the others.
var ErrFact = errors.New("it is no fact that can be taken")

// TakeFact takes a fact that EachFact has told, before the first event. Facts come in the order of an export; one that is
// known already changes nothing. It learns from them as it would from the events: bestsellers and what is bought together are
// those of all orders.
func (e *Engine) TakeFact(f *models.Fact) error {
	switch f.Fact {
	case models.FactExport:
		if f.Format < 1 || f.Format > models.FactFormat {
			return fmt.Errorf("format: this build reads 1 to %d, not %d: %w", models.FactFormat, f.Format, ErrFact)
		}
		return nil
	case models.FactTotals:
		return e.takeTotals(f)
	}
	shop := e.shop([]byte(f.Shop))
	if shop == 0 {
		return fmt.Errorf("shop: there are more shops than --shops.max: %w", ErrFact)
	}
	e.resettle()
	shops := e.ledger.Shops()
	shops.Begin(e.m.People, e.m.Catalogue.Items())
	shops.At(shop)
	e.demand.At(shop)
	defer func() { shops.Take(e.m.People, e.m.Catalogue.Items()) }()
	e.demand.Begin(1)
	defer e.demand.End()
	switch f.Fact {
	case models.FactProduct:
		return e.takeProduct(shop, f)
	case models.FactFeed:
		e.m.Catalogue.Feed(shop, &models.Event{Kind: models.FeedTaken, Time: f.Time, Props: fmt.Appendf(nil, `"mode":"full","products":%d`, f.Products)})
		return nil
	case models.FactContact:
		return e.takeContact(shop, f)
	case models.FactLogin, models.FactLogout:
		return e.takeLogin(shop, f)
	case models.FactOrder:
		return e.takeOrder(shop, f)
	case models.FactNote:
		return e.takeNote(shop, f)
	case models.FactErased:
		return e.takeErased(shop, f)
	}
	return fmt.Errorf("fact: this build does not know %q: %w", f.Fact, ErrFact)
}

func missing(field string) error { return fmt.Errorf("%s: it is missing: %w", field, ErrFact) }

func (e *Engine) takeProduct(shop uint32, f *models.Fact) error {
	if f.Product == "" {
		return missing("product")
	}
	var props []byte
	text := func(name, value string) {
		if value != "" {
			props = models.AppendString(append(models.AppendString(append(props, ','), name), ':'), value)
		}
	}
	text("url", f.URL)
	text("image", f.Image)
	text("brand", f.Brand)
	if f.Sale > 0 {
		text("sale_price", models.Money(f.Sale).String())
	}
	if f.SoldOut {
		text("availability", "out of stock")
	} else {
		text("availability", "in stock")
	}
	if n := len(f.Attributes); n > 2 {
		props = append(append(props, ','), f.Attributes[1:n-1]...)
	}
	if f.Stock != nil {
		props = strconv.AppendInt(append(props, `,"stock":`...), *f.Stock, 10)
	}
	moment := func(name string, t models.Time) {
		if t != 0 {
			props = append(models.AppendTime(append(models.AppendString(append(props, ','), name), ':', '"'), t), '"')
		}
	}
	moment("sale_from", f.SaleFrom)
	moment("sale_until", f.SaleUntil)
	ev := &models.Event{Kind: models.ProductUpsert, Time: f.Time, Currency: []byte(f.Currency), Items: []models.Item{{
		ID: models.CanonicalID([]byte(f.Product)), Name: []byte(f.Title), Category: []byte(f.Category), Price: models.Money(f.Price), HasPrice: f.Price > 0,
		Quantity: 1, Props: props[1:],
	}}}
	item := e.m.Catalogue.Item(shop, ev.Items[0].ID)
	if !f.Listed && !f.Removed && f.Time == 0 { // no feed has ever listed it
		e.mention(shop, item, ev, &ev.Items[0])
		return nil
	}
	e.follow(shop, item, e.m.Catalogue.Apply(shop, item, ev))
	if !f.Listed {
		ev.Kind = models.ProductRemove
		e.follow(shop, item, e.m.Catalogue.Apply(shop, item, ev))
	}
	return nil
}

func (e *Engine) takeContact(shop uint32, f *models.Fact) error {
	if f.Contact == "" {
		return missing("contact")
	}
	var attributes []byte
	if n := len(f.Attributes); n > 2 {
		attributes = f.Attributes[1 : n-1]
	}
	p, id := e.m.People, contactOf(f)
	if f.Lead {
		p.Lead(shop, id, attributes, f.Time)
		return nil
	}
	known := p.FindContact(shop, id) != 0
	c := p.Contact(shop, id)
	if e.spellings.Spell(c, known, f.Contact, string(id)) {
		p.NoteMerged()
	}
	p.Identify(c, attributes, f.Time)
	return nil
}

func (e *Engine) takeLogin(shop uint32, f *models.Fact) error {
	switch {
	case f.Contact == "" && f.Fact == models.FactLogin:
		return missing("contact")
	case f.Visitor == 0:
		return missing("visitor")
	case f.Time <= 0:
		return missing("time")
	}
	p := e.m.People
	v, _ := p.Keyed(people.KeyIn(shop, uint64(f.Visitor)))
	if f.Fact == models.FactLogout {
		p.Logout(v, f.Time)
		e.customers.Moved(shop, v)
		return nil
	}
	c := p.Contact(shop, contactOf(f))
	for _, t := range []models.Time{f.Time, max(f.Time, f.Newest)} {
		e.baskets.Viewed(p.Link(v, c, t))
		e.customers.Moved(shop, v)
	}
	return nil
}

func (e *Engine) takeOrder(shop uint32, f *models.Fact) error {
	p, key := e.m.People, uint64(f.Key)
	switch {
	case f.Order == "" && key == 0:
		return missing("order")
	case f.Contact == "" && (f.Visitor == 0 || f.Again):
		return missing("visitor")
	case f.Again:
		key = p.PartedHash(p.HashOf(shop, []byte(f.Order)), p.Contact(shop, contactOf(f)))
	case f.Order != "":
		key = p.HashOf(shop, []byte(f.Order))
	}
	if order := p.OrderOf(key); order != 0 && p.Sale(order).Known {
		return nil
	}
	v, c := uint32(0), uint32(0)
	if f.Contact != "" {
		c = p.Contact(shop, contactOf(f))
		v = p.Member(c)
	}
	switch {
	case f.Visitor != 0:
		v, _ = p.Keyed(people.KeyIn(shop, uint64(f.Visitor)))
	case v == 0:
		v = p.Proxy(shop, contactOf(f))
	}
	ev := &models.Event{
		Kind: models.Purchase, Time: f.Time, Order: []byte(f.Order), Value: models.Money(f.Value), HasValue: true, Currency: []byte(f.Currency),
	}
	for _, l := range f.Lines {
		ev.Items = append(ev.Items, models.Item{ID: models.CanonicalID([]byte(l.Product)), Quantity: int32(l.Quantity)})
	}
	e.now.Store(max(e.now.Load(), int64(f.Time)))
	e.buy(key, shop, v, c, ev)
	if f.Refunded != 0 {
		e.book(p.Refund(key, models.Money(f.Refunded), e.ledger.Currency(ev.Currency), 0))
	}
	if f.Cancelled {
		e.book(p.Cancel(key))
	}
	e.customers.Settle(shop, p.OrderOf(key))
	return nil
}

func (e *Engine) takeNote(shop uint32, f *models.Fact) error {
	switch {
	case f.Contact == "":
		return missing("contact")
	case f.Key == 0:
		return missing("key")
	}
	p, key := e.m.People, uint64(f.Key)
	if p.OrderOf(key) != 0 { // it is known
		return nil
	}
	currency := uint32(0)
	if f.Currency != "" {
		currency = e.ledger.Currency([]byte(f.Currency))
	}
	e.book(p.Refund(key, models.Money(f.Refunded), currency, p.Contact(shop, contactOf(f))))
	e.customers.Noted(shop)
	if f.Cancelled {
		e.book(p.Cancel(key))
		e.customers.Noted(shop)
	}
	return nil
}

// takeTotals checks that nothing is missing, and takes what no single fact says: refunds in other currencies than their orders'.
func (e *Engine) takeTotals(f *models.Fact) error {
	t := e.m.People.Totals()
	if t.Contacts+e.spellings.Merged() != f.Contacts || t.Orders != f.Orders {
		return fmt.Errorf("contacts, orders: the lines before have made %d and %d, not %d and %d: lines are missing, or something was there before: %w",
			t.Contacts+e.spellings.Merged(), t.Orders, f.Contacts, f.Orders, ErrFact)
	}
	shops := e.ledger.Shops()
	shops.Begin(e.m.People, e.m.Catalogue.Items())
	if shops.At(0); e.shops.Len() == 1 { // else it is not known whose it is
		shops.At(1)
	}
	defer func() { shops.Take(e.m.People, e.m.Catalogue.Items()) }()
	have := e.ledger.Revenue()
	for _, code := range codes(f.Revenue) {
		if by := models.Money(f.Revenue[code]) - have[code]; by != 0 {
			e.ledger.Book([]people.Change{{Currency: e.ledger.Currency([]byte(code)), Amount: by}})
		}
	}
	e.m.People.Recount(f.Refunds, f.Cancels, f.Repeats)
	e.now.Store(max(e.now.Load(), int64(f.Time)))
	if e.customers.Dawns(e.StreamTime()) {
		e.customers.Dawn(e.StreamTime())
	}
	return nil
}

// codes returns the currencies of a map in the order of their names.
func codes[M any](revenue map[string]M) []string { return slices.Sorted(maps.Keys(revenue)) }

// contactOf returns the contact that a fact is about, in the one form of its id.
func contactOf(f *models.Fact) []byte {
	if one := models.CanonicalContact([]byte(f.Contact)); len(one) > 0 {
		return one
	}
	return []byte(f.Contact)
}
