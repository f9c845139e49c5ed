// Package facts tells and takes what no log gives back once its records have expired: products, contacts with what is known of them, logins,
// orders with their lines and what was refunded. State tells, Import takes, over any number of versions, from one engine to another. Each
// is a pass over the facts.
package facts

import (
	"encoding/json"
	"orrery/models"
	"orrery/models/catalogue"
	"orrery/models/erased"
	"orrery/models/intern"
	"orrery/models/people"
	"orrery/models/settings"
	"orrery/models/totals"
)

// State is the models that facts are read from.
type State struct {
	Shops     *intern.Strings
	Catalogue *catalogue.Catalogue
	People    *people.People
	Totals    *totals.Totals
	Time      models.Time // of the newest event
	Erased    *erased.List
	Settings  *settings.Store
}

// Each calls f with all facts, in the order in which they are taken, until f returns an error. Nothing may be applied meanwhile. f must
// not keep what it gets.
func (s *State) Each(build string, seed uint64, f func(*models.Fact) error) error {
	out := &telling{State: s, f: f}
	out.tell(&models.Fact{Fact: models.FactExport, Format: models.FactFormat, Build: build, Seed: models.Key(seed), Time: s.Time})
	out.products()
	out.feeds()
	out.contacts()
	out.logins()
	out.orders()
	s.EachErased(out.tell)
	s.EachSetting(out.tell)
	t := s.People.Totals()
	totals := &models.Fact{
		Fact: models.FactTotals, Time: s.Time, Contacts: t.Contacts, Orders: t.Orders, Buyers: t.Buyers,
		Refunds: t.Refunds, Cancels: t.Cancels, Repeats: t.Repeats, Revenue: map[string]models.Amount{},
	}
	for currency, sum := range s.Totals.Revenue() {
		totals.Revenue[currency] = models.Amount(sum)
	}
	out.tell(totals)
	return out.err
}

// telling is an export under way. The first error sticks.
type telling struct {
	*State
	f   func(*models.Fact) error
	err error

	first, at uint32 // the number to begin with, where that is not 1, and that of the fact that is told
}

func (t *telling) tell(fact *models.Fact) {
	if t.err == nil {
		t.err = t.f(fact)
	}
}

func (t *telling) shop(number uint32) string { return string(t.Shops.Name(number)) }

func (t *telling) products() {
	c := t.Catalogue
	for item := max(t.first, 1); int(item) <= c.Items() && t.err == nil; item++ {
		t.at = item
		var p models.Product
		c.Whole(item, &p)
		if !p.Listed && !p.Removed && len(p.Title) == 0 && len(p.Category) == 0 && p.Price == 0 {
			continue
		}
		var attributes json.RawMessage
		if len(p.Attributes) > 0 {
			attributes = append(append([]byte{'{'}, p.Attributes...), '}')
		}
		var pieces *int64
		if p.HasPieces {
			pieces = &p.Pieces
		}
		t.tell(&models.Fact{
			Attributes: attributes, Stock: pieces, Removed: p.Removed, Group: string(c.GroupName(item)),
			Fact: models.FactProduct, Shop: t.shop(c.Shop(item)), Time: p.Added, Product: string(p.ID), Title: string(p.Title),
			URL: string(p.URL), Image: string(p.Image), Brand: string(p.Brand), Category: string(p.Category),
			Price: models.Amount(p.Price), Sale: models.Amount(p.Offer), SaleFrom: p.From, SaleUntil: p.Until, Currency: string(p.Currency), Listed: p.Listed, SoldOut: !p.InStock,
		})
	}
}

// feeds tells which shops have sent a full feed: what is not in one is hidden.
func (t *telling) feeds() {
	for shop := uint32(1); int(shop) <= t.Shops.Len(); shop++ {
		if at, products := t.Catalogue.Full(shop); at != 0 {
			t.tell(&models.Fact{Fact: models.FactFeed, Shop: t.shop(shop), Time: at, Products: products})
		}
	}
}

func (t *telling) contacts() {
	p := t.People
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
	p := t.People
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
	p := t.People
	for order := max(t.first, 1); order <= p.LastOrder() && t.err == nil; order++ {
		t.at = order
		sale := p.Sale(order)
		if !sale.Known {
			t.note(order, &sale)
			continue
		}
		key, o := p.OrderKey(order)
		shop := t.shopOf(key, &o, &sale)
		fact := &models.Fact{
			Fact: models.FactOrder, Shop: t.shop(shop), Time: o.Time, Order: string(o.ID), Value: models.Amount(o.Value),
			Revised: p.RevisedAt(order), Refunded: models.Amount(sale.Given), Currency: t.Totals.Code(o.Currency), Cancelled: o.Cancelled,
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
		fact.Lines = t.tellLines(&o)
		fact.Coupon, fact.Discount, fact.Shipping, fact.Tax = string(o.Coupon), amountOf(o.Discount), amountOf(o.Shipping), amountOf(o.Tax)
		t.tell(fact)
	}
}

// note tells of a credit note, if it is one.
func (t *telling) note(order uint32, sale *people.Sale) {
	p := t.People
	contact := p.NoteOf(order)
	if contact == 0 {
		return
	}
	key, o := p.OrderKey(order)
	id, shop := p.ContactID(contact)
	fact := &models.Fact{
		Fact: models.FactNote, Shop: t.shop(shop), Key: models.Key(key), Contact: string(id), Refunded: models.Amount(sale.Given), Cancelled: o.Cancelled,
	}
	if sale.Currency != 0 {
		fact.Currency = t.Totals.Code(sale.Currency)
	}
	t.tell(fact)
}

// shopOf returns the shop of an order: that of its contact, or of its id, or of its products.
func (t *telling) shopOf(key uint64, o *people.OrderFacts, sale *people.Sale) uint32 {
	p := t.People
	if sale.Contact != 0 {
		_, shop := p.ContactID(sale.Contact)
		return shop
	}
	if len(o.ID) > 0 {
		return p.ShopOf(key, o.ID)
	}
	if len(o.Lines) > 0 {
		return t.Catalogue.Shop(o.Lines[0].Item)
	}
	if contact := p.ContactOf(sale.Visitor); contact != 0 {
		_, shop := p.ContactID(contact)
		return shop
	}
	return max(1, t.Shops.Find(0, []byte(models.DefaultShop)))
}
