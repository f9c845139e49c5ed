package engine

import (
	"io"
	"maps"
	"slices"

	"orrery/models"
	"orrery/models/people"
)

// Facts are what no log gives back once its records have expired: products, contacts with what is known of them, logins, orders
// with their lines and what was refunded. EachFact tells them and TakeFact takes them, over any number of versions, from one
// engine to another. Whoever adds to the state what shops cannot say again adds it here.

// lasting are the sections of snapshots that facts are read from, and the names in them.
var lasting = []string{"shops", "ledger", "apart", "catalogue", "people", "strangers", "customers", "time"}

// RestoreFacts is Restore of what EachFact reads; of other sections nothing is read.
func (e *Engine) RestoreFacts(name string, version uint16, r io.Reader) error {
	if !slices.Contains(lasting, name) {
		return nil
	}
	return e.Restore(name, version, r)
}

// EachFact calls f with all facts, in the order that TakeFact wants, until f returns an error. Nothing may be applied meanwhile;
// of a snapshot RestoreFacts is enough. seed is what keys are made with: whoever takes the facts has to have it, see Seed. f must not keep what it gets.
func (e *Engine) EachFact(build string, seed uint64, f func(*models.Fact) error) error {
	out := &telling{e: e, f: f}
	out.tell(&models.Fact{Fact: models.FactExport, Format: models.FactFormat, Build: build, Seed: models.Key(seed), Time: e.StreamTime()})
	out.products()
	out.contacts()
	out.logins()
	out.orders()
	t := e.m.People.Totals()
	totals := &models.Fact{
		Fact: models.FactTotals, Time: e.StreamTime(), Contacts: t.Contacts, Orders: t.Orders, Buyers: t.Buyers,
		Refunds: t.Refunds, Cancels: t.Cancels, Repeats: t.Repeats, Revenue: map[string]models.Amount{},
	}
	for currency, sum := range e.revenue() {
		totals.Revenue[currency] = models.Amount(sum)
	}
	out.tell(totals)
	return out.err
}

func (e *Engine) revenue() map[string]models.Money {
	var s models.Stats
	e.ledger.Report(&s)
	return s.Revenue
}

// telling is an export under way. The first error sticks.
type telling struct {
	e   *Engine
	f   func(*models.Fact) error
	err error
}

func (t *telling) tell(fact *models.Fact) {
	if t.err == nil {
		t.err = t.f(fact)
	}
}

func (t *telling) shop(number uint32) string { return string(t.e.shops.Name(number)) }

func (t *telling) products() {
	c := t.e.m.Catalogue
	for item := uint32(1); int(item) <= c.Items() && t.err == nil; item++ {
		var p models.Product
		c.Product(item, &p)
		if !p.Listed && len(p.Title) == 0 && len(p.Category) == 0 && p.Price == 0 {
			continue
		}
		t.tell(&models.Fact{
			Fact: models.FactProduct, Shop: t.shop(c.Shop(item)), Time: p.Added, Product: string(p.ID), Title: string(p.Title),
			URL: string(p.URL), Image: string(p.Image), Brand: string(p.Brand), Category: string(p.Category),
			Price: models.Amount(p.Price), Sale: models.Amount(p.Sale), Currency: string(p.Currency), Listed: p.Listed, SoldOut: !p.InStock,
		})
	}
}

func (t *telling) contacts() {
	p := t.e.m.People
	for c := uint32(1); c <= p.LastContact() && t.err == nil; c++ {
		shop, id, attributes, at, lead := p.Described(c)
		if len(id) == 0 {
			continue
		}
		fact := &models.Fact{Fact: models.FactContact, Shop: t.shop(shop), Time: at, Contact: string(id), Lead: lead}
		if len(attributes) > 0 {
			fact.Attributes = append(append([]byte{'{'}, attributes...), '}')
		}
		t.tell(fact)
	}
}

func (t *telling) logins() {
	p := t.e.m.People
	for v := uint32(1); v <= p.LastVisitor() && t.err == nil; v++ {
		if p.StandsIn(v) {
			continue
		}
		shop := uint32(0) // a logout does not say it, and may be older than all logins
		p.EachLogin(v, func(contact, _ uint32) {
			if contact != 0 {
				_, shop = p.ContactID(contact)
			}
		})
		if shop == 0 {
			continue
		}
		p.EachLogin(v, func(contact, second uint32) {
			fact := &models.Fact{Fact: models.FactLogin, Time: models.Time(second) * models.Second}
			if contact != 0 {
				id, _ := p.ContactID(contact)
				fact.Contact = string(id)
			} else {
				fact.Fact = models.FactLogout
			}
			fact.Shop, fact.Visitor = t.shop(shop), models.Key(people.KeyIn(shop, p.Key(v)))
			t.tell(fact)
		})
	}
}

func (t *telling) orders() {
	p := t.e.m.People
	for order := uint32(1); order <= p.LastOrder() && t.err == nil; order++ {
		sale := p.Sale(order)
		if !sale.Known {
			continue
		}
		key, o := p.OrderKey(order)
		shop := t.shopOf(key, &o, &sale)
		fact := &models.Fact{
			Fact: models.FactOrder, Shop: t.shop(shop), Time: o.Time, Order: string(o.ID), Value: models.Amount(o.Value),
			Refunded: models.Amount(sale.Given), Currency: t.e.ledger.Code(o.Currency), Cancelled: o.Cancelled,
		}
		if o.Currency == 0 {
			fact.Currency = ""
		}
		if len(o.ID) == 0 {
			fact.Key = models.Key(key)
		}
		fact.Again = len(o.ID) > 0 && key != p.HashOf(shop, o.ID)
		if sale.Named {
			id, _ := p.ContactID(sale.Contact)
			fact.Contact = string(id)
		} else {
			fact.Visitor = models.Key(people.KeyIn(shop, p.Key(sale.Visitor)))
		}
		for _, l := range o.Lines {
			fact.Lines = append(fact.Lines, models.FactLine{Product: string(t.e.m.Catalogue.ID(l.Item)), Quantity: l.Quantity})
		}
		t.tell(fact)
	}
}

// shopOf returns the shop of an order: that of its contact, or of its id, or of its products.
func (t *telling) shopOf(key uint64, o *people.OrderFacts, sale *people.Sale) uint32 {
	p := t.e.m.People
	if sale.Contact != 0 {
		_, shop := p.ContactID(sale.Contact)
		return shop
	}
	if len(o.ID) > 0 {
		return p.ShopOf(key, o.ID)
	}
	if len(o.Lines) > 0 {
		return t.e.m.Catalogue.Shop(o.Lines[0].Item)
	}
	if contact := p.ContactOf(sale.Visitor); contact != 0 {
		_, shop := p.ContactID(contact)
		return shop
	}
	return max(1, t.e.findShop(nil))
}

// codes returns the currencies of a map in the order of their names.
func codes[M any](revenue map[string]M) []string { return slices.Sorted(maps.Keys(revenue)) }
