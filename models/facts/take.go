package facts

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"orrery/models"
	"orrery/models/catalogue"
	"orrery/models/people"
)

// ErrFact says that a line is no fact that this build knows, or does not fit to the others.
var ErrFact = errors.New("it is no fact that can be taken")

// Hooks are what follows from facts in models that know none.
type Hooks interface {
	Follow(shop, item uint32, effect catalogue.Effect)
	Mention(shop, item uint32, ev *models.Event, it *models.Item)
	LoggedIn(shop, visitor uint32, viewed []people.Pair) // or out
	Buy(key uint64, shop, visitor, contact uint32, ev *models.Event, f *models.Fact)
	Book(money []people.Change)
	Reconcile(shop, order uint32)
	Set(shop uint32, ev *models.Event)
	Noted(shop uint32)  // something that was noted has changed
	Pass(t models.Time) // the stream has come to a moment
	Done()              // all facts are taken
}

// Import takes facts into a state.
type Import struct {
	State
	Hooks
	spellings Spellings
}

// Take takes a fact of a shop that State.Each has told. Facts come in the order of an export; one that is known already changes
// nothing.
func (e *Import) Take(shop uint32, f *models.Fact) error {
	switch f.Fact {
	case models.FactProduct:
		return e.takeProduct(shop, f)
	case models.FactFeed:
		e.Catalogue.Feed(shop, &models.Event{Kind: models.FeedTaken, Time: f.Time, Props: fmt.Appendf(nil, `"mode":"full","products":%d`, f.Products)})
		return nil
	case models.FactContact:
		return e.takeContact(shop, f)
	case models.FactLogin, models.FactLogout:
		return e.takeLogin(shop, f)
	case models.FactOrder:
		return e.takeOrder(shop, f)
	case models.FactSetting:
		return e.takeSetting(shop, f)
	case models.FactErased:
		return e.takeErased(shop, f)
	case models.FactNote:
		return e.takeNote(shop, f)
	}
	return fmt.Errorf("fact: this build does not know %q: %w", f.Fact, ErrFact)
}

// Head takes the first line of an export.
func Head(f *models.Fact) error {
	if f.Format < 1 || f.Format > models.FactFormat {
		return fmt.Errorf("format: this build reads 1 to %d, not %d: %w", models.FactFormat, f.Format, ErrFact)
	}
	return nil
}

func missing(field string) error { return fmt.Errorf("%s: it is missing: %w", field, ErrFact) }

func (e *Import) takeProduct(shop uint32, f *models.Fact) error {
	if f.Product == "" {
		return missing("product")
	}
	ev := productEvent(f)
	item := e.Catalogue.Item(shop, ev.Items[0].ID)
	if !f.Listed && !f.Removed && f.Time == 0 { // no feed has ever listed it
		e.Mention(shop, item, ev, &ev.Items[0])
		return nil
	}
	e.Follow(shop, item, e.Catalogue.Apply(shop, item, ev))
	if !f.Listed {
		ev.Kind = models.ProductRemove
		e.Follow(shop, item, e.Catalogue.Apply(shop, item, ev))
	}
	return nil
}

// productEvent returns the event that says what a fact says of a product.
func productEvent(f *models.Fact) *models.Event {
	var props []byte
	text := func(name, value string) {
		if value != "" {
			props = models.AppendString(append(models.AppendString(append(props, ','), name), ':'), value)
		}
	}
	text("url", f.URL)
	text("image", f.Image)
	text("brand", f.Brand)
	text("item_group_id", f.Group)
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
	return &models.Event{Kind: models.ProductUpsert, Time: f.Time, Currency: []byte(f.Currency), Items: []models.Item{{
		ID: models.CanonicalID([]byte(f.Product)), Name: []byte(f.Title), Category: []byte(f.Category), Price: models.Money(f.Price), HasPrice: f.Price > 0,
		Quantity: 1, Props: props[1:],
	}}}
}

func (e *Import) takeContact(shop uint32, f *models.Fact) error {
	if f.Contact == "" {
		return missing("contact")
	}
	var attributes []byte
	if n := len(f.Attributes); n > 2 {
		attributes = f.Attributes[1 : n-1]
	}
	p, id := e.People, ContactOf(f)
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

func (e *Import) takeLogin(shop uint32, f *models.Fact) error {
	switch {
	case f.Contact == "" && f.Fact == models.FactLogin:
		return missing("contact")
	case f.Visitor == 0:
		return missing("visitor")
	case f.Time <= 0:
		return missing("time")
	}
	p := e.People
	v, _ := p.Keyed(people.KeyIn(shop, uint64(f.Visitor)))
	if f.Fact == models.FactLogout {
		p.Logout(v, f.Time)
		e.LoggedIn(shop, v, nil)
		return nil
	}
	c := p.Contact(shop, ContactOf(f))
	for _, t := range []models.Time{f.Time, max(f.Time, f.Newest)} {
		e.LoggedIn(shop, v, p.Link(v, c, t))
	}
	return nil
}

func (e *Import) takeOrder(shop uint32, f *models.Fact) error {
	p, key := e.People, uint64(f.Key)
	switch {
	case f.Order == "" && key == 0:
		return missing("order")
	case f.Contact == "" && (f.Visitor == 0 || f.Again):
		return missing("visitor")
	case f.Again:
		key = p.PartedHash(p.HashOf(shop, []byte(f.Order)), p.Contact(shop, ContactOf(f)))
	case f.Order != "":
		key = p.HashOf(shop, []byte(f.Order))
	}
	if order := p.OrderOf(key); order != 0 && p.Sale(order).Known {
		return nil
	}
	v, c := uint32(0), uint32(0)
	if f.Contact != "" {
		c = p.Contact(shop, ContactOf(f))
		v = p.Member(c)
	}
	switch {
	case f.Visitor != 0:
		v, _ = p.Keyed(people.KeyIn(shop, uint64(f.Visitor)))
	case v == 0:
		v = p.Proxy(shop, ContactOf(f))
	}
	ev := &models.Event{
		Kind: models.Purchase, Time: f.Time, Order: []byte(f.Order), Value: models.Money(f.Value), HasValue: true, Currency: []byte(f.Currency),
	}
	if f.Revised != 0 {
		ev.Props = append(models.AppendTime([]byte(`"`+models.RevisedAt+`":"`), f.Revised), '"')
	}
	for _, l := range f.Lines {
		ev.Items = append(ev.Items, models.Item{ID: models.CanonicalID([]byte(l.Product)), Quantity: int32(l.Quantity)})
	}
	e.Pass(f.Time)
	e.Buy(key, shop, v, c, ev, f)
	if f.Refunded != 0 {
		e.Book(p.Refund(key, models.Money(f.Refunded), e.Totals.Currency(ev.Currency), 0))
	}
	if f.Cancelled {
		e.Book(p.Cancel(key))
	}
	e.Reconcile(shop, p.OrderOf(key))
	return nil
}

func (e *Import) takeNote(shop uint32, f *models.Fact) error {
	switch {
	case f.Contact == "":
		return missing("contact")
	case f.Key == 0:
		return missing("key")
	}
	p, key := e.People, uint64(f.Key)
	if p.OrderOf(key) != 0 { // it is known
		return nil
	}
	currency := uint32(0)
	if f.Currency != "" {
		currency = e.Totals.Currency([]byte(f.Currency))
	}
	e.Book(p.Refund(key, models.Money(f.Refunded), currency, p.Contact(shop, ContactOf(f))))
	e.Noted(shop)
	if f.Cancelled {
		e.Book(p.Cancel(key))
		e.Noted(shop)
	}
	return nil
}

// End takes the last line of an export: it checks that nothing is missing, and takes what no single fact says: refunds in other currencies than their orders'.
func (e *Import) End(f *models.Fact) error {
	t := e.People.Totals()
	if t.Contacts+e.spellings.Merged() != f.Contacts || t.Orders != f.Orders {
		return fmt.Errorf("contacts, orders: the lines before have made %d and %d, not %d and %d: lines are missing, or something was there before: %w",
			t.Contacts+e.spellings.Merged(), t.Orders, f.Contacts, f.Orders, ErrFact)
	}
	have := e.Totals.Revenue()
	for _, code := range codes(f.Revenue) {
		if by := models.Money(f.Revenue[code]) - have[code]; by != 0 {
			e.Totals.Book([]people.Change{{Currency: e.Totals.Currency([]byte(code)), Amount: by}})
		}
	}
	e.People.Recount(f.Refunds, f.Cancels, f.Repeats)
	e.Pass(f.Time)
	e.Done()
	return nil
}

// codes returns the currencies of a map in the order of their names.
func codes[M any](revenue map[string]M) []string { return slices.Sorted(maps.Keys(revenue)) }

// ContactOf returns the contact that a fact is about, in the one form of its id.
func ContactOf(f *models.Fact) []byte {
	if one := models.CanonicalContact([]byte(f.Contact)); len(one) > 0 {
		return one
	}
	return []byte(f.Contact)
}
