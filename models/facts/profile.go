package facts

import (
	"orrery/models"
	"orrery/models/people"
)

// Profile returns what the facts say of a person. Any goroutine may call it, with a reader of its own.
func (s *State) Profile(r *people.Reader, who people.Person) models.Profile {
	f := r.Facts(who)
	p := models.Profile{
		Contact: string(f.ContactID), Visitors: f.Visitors, FirstSeen: f.FirstSeen, LastSeen: f.LastSeen,
		Sessions: f.Sessions, Events: f.Events, Bot: f.Bot, Spent: map[string]models.Money{},
	}
	if len(f.Attributes) > 0 {
		p.Attributes = append(append([]byte{'{'}, f.Attributes...), '}')
	}
	for _, t := range r.Viewed(who) {
		p.Viewed = append(p.Viewed, s.touch(t.ID, models.Time(t.Last)*models.Second, 1))
	}
	for _, t := range r.Cart(who) {
		p.Cart = append(p.Cart, s.touch(t.ID, models.Time(t.Last)*models.Second, int32(t.Aux)))
	}
	s.recount(&p, f.Orders)
	return p
}

// recount fills in the orders of a person, and what they come to.
func (s *State) recount(p *models.Profile, orders []people.OrderFacts) {
	for _, o := range orders {
		order := models.OrderTouch{
			Order: string(o.ID), At: o.Time, Value: o.Value - o.Refunded, Currency: s.Totals.Code(o.Currency), Cancelled: o.Cancelled,
		}
		order.Coupon, order.Discount, order.Shipping, order.Tax = string(o.Coupon), moneyOf(o.Discount), moneyOf(o.Shipping), moneyOf(o.Tax)
		for i, l := range o.Lines {
			b := &o.Bought[i]
			order.Items = append(order.Items, models.LineTouch{
				ItemTouch: s.touch(l.Item, o.Time, int32(l.Quantity)), Paid: moneyOf(b.Paid), Discount: moneyOf(b.Discount),
				Coupon: string(b.Coupon), Brand: s.brand(b.Brand), Category: s.category(b.Category),
			})
		}
		p.Orders = append(p.Orders, order)
		if !o.Cancelled {
			p.OrderCount++
			p.Spent[order.Currency] = p.Spent[order.Currency].Plus(order.Value)
		}
	}
}

func moneyOf(s people.Stated) *models.Money {
	m, ok := s.Money()
	if !ok {
		return nil
	}
	return &m
}

func (s *State) touch(item uint32, at models.Time, quantity int32) models.ItemTouch {
	return models.ItemTouch{ID: s.Catalogue.ID(item), At: at, Quantity: quantity}
}

// Data fills in the logins of a contact of a shop.
func (s *State) Data(d *models.ContactData, shop, contact uint32) {
	s.People.Reader().EachVisitor(people.Person{Contact: contact}, func(v uint32) {
		s.People.EachLogin(v, func(who, second uint32) {
			if who == contact {
				d.Logins = append(d.Logins, models.LoginTouch{Visitor: people.KeyIn(shop, s.People.Key(v)), At: models.Time(second) * models.Second})
			}
		})
	})
}

// Keys returns what a contact and its browsers are known by.
func (s *State) Keys(contact uint32) map[uint64]bool {
	keys := map[uint64]bool{s.People.ContactHash(contact): true}
	s.People.Reader().EachVisitor(people.Person{Contact: contact}, func(v uint32) { keys[s.People.Key(v)] = true })
	return keys
}
