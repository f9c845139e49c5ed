package facts

import (
	"bytes"

	"orrery/models"
	"orrery/models/catalogue"
	"orrery/models/people"
)

// Basket reads what an order says: its products, each once, what was true of each when it was bought, and the order's terms. It holds
// scratch, for the goroutine that applies; what it returns lives until the next order.
type Basket struct {
	lines  []people.Line
	bought []people.Bought
	text   []byte
}

// said is what an order says of one of its lines.
type said struct {
	paid, discount          people.Stated
	coupon, brand, category []byte
}

// Take fills in lines and terms of an order of a shop, with the stream at now. item gives the number of a product, 0 for one that is
// none. f is the fact that the event was made of, or nil.
func (b *Basket) Take(c *catalogue.Catalogue, shop uint32, ev *models.Event, f *models.Fact, now models.Time, order *people.Order, item func(it *models.Item) uint32) {
	b.lines, b.bought, b.text = b.lines[:0], b.bought[:0], b.text[:0]
	for i := range ev.Items {
		it := &ev.Items[i]
		number := item(it)
		if number == 0 {
			continue
		}
		place := b.line(number)
		b.lines[place].Quantity += uint32(it.Quantity)
		s := said{}
		if f != nil {
			s = saidBefore(&f.Lines[i])
		} else {
			s = b.saidOf(it)
		}
		b.add(place, c, shop, &s, ev, now)
	}
	order.Lines, order.Bought = b.lines, b.bought
	if f != nil {
		order.Terms = people.Terms{Coupon: []byte(f.Coupon), Discount: stated(f.Discount), Shipping: stated(f.Shipping), Tax: stated(f.Tax)}
	} else {
		order.Terms = b.terms(ev)
	}
	if f == nil && len(ev.Visitor) == 0 && len(ev.Contact) == 0 { // of somebody who was erased: a coupon may lead to them
		order.Coupon = nil
		for i := range b.bought {
			b.bought[i].Coupon = nil
		}
	}
}

// line returns the place of a product's line, which is empty where it is a new one.
func (b *Basket) line(item uint32) int {
	for k := range b.lines {
		if b.lines[k].Item == item {
			return k
		}
	}
	b.lines = append(b.lines, people.Line{Item: item})
	b.bought = append(b.bought, people.Bought{})
	return len(b.lines) - 1
}

// add adds a line of an order to those of the same product before it: amounts add up, of names the first counts.
func (b *Basket) add(place int, c *catalogue.Catalogue, shop uint32, s *said, ev *models.Event, now models.Time) {
	l := &b.bought[place]
	l.Paid, l.Discount = l.Paid.Plus(s.paid), l.Discount.Plus(s.discount)
	if len(l.Coupon) == 0 {
		l.Coupon = s.coupon
	}
	if len(s.brand) > 0 || len(s.category) > 0 {
		brand, category := c.Named(shop, s.brand, s.category, ev, now)
		if l.Brand == 0 {
			l.Brand = brand
		}
		if l.Category == 0 {
			l.Category = category
		}
	}
}

// saidOf reads a line of an event. A price is what one piece was sold for, a discount what was taken off one piece before.
func (b *Basket) saidOf(it *models.Item) (s said) {
	pieces := models.Money(it.Quantity) * models.Micros
	if it.HasPrice {
		s.paid = people.State(models.AmountOf(it.Price, pieces))
	}
	s.category = it.Category
	if len(it.Props) == 0 {
		return s
	}
	models.Members(it.Props, func(name []byte, v models.Value) bool {
		switch string(name) {
		case "discount":
			s.discount = 0
			if m, ok := v.Money(); ok {
				s.discount = people.State(models.AmountOf(max(m, -m), pieces))
			}
		case "coupon":
			s.coupon = b.texts(v)
		case "brand", "item_brand":
			s.brand = b.texts(v)
		}
		return true
	})
	return s
}

// terms reads what an event says of its order.
func (b *Basket) terms(ev *models.Event) (t people.Terms) {
	if len(ev.Props) == 0 {
		return t
	}
	models.Members(ev.Props, func(name []byte, v models.Value) bool {
		switch string(name) {
		case "coupon":
			t.Coupon = b.texts(v)
		case "discount":
			t.Discount = amount(v)
		case "shipping":
			t.Shipping = amount(v)
		case "tax":
			t.Tax = amount(v)
		}
		return true
	})
	return t
}

// amount reads an amount. Some shops write what is taken off below 0.
func amount(v models.Value) people.Stated {
	m, ok := v.Money()
	if !ok {
		return 0
	}
	return people.State(max(m, -m))
}

// texts reads a text, or a list of them, which are then separated by commas.
func (b *Basket) texts(v models.Value) (text []byte) {
	if len(v) == 0 || v[0] != '[' {
		var ok bool
		if text, b.text, ok = v.Text(b.text); !ok || models.IsUnset(text) {
			return nil
		}
		return bytes.TrimSpace(text)
	}
	models.Elements(v, func(v models.Value) bool {
		if one := b.texts(v); len(one) > 0 {
			if len(text) > 0 {
				text = append(text, ',')
			}
			text = append(text, one...)
		}
		return true
	})
	return text
}

// saidBefore reads a line of an export.
func saidBefore(l *models.FactLine) said {
	return said{paid: stated(l.Paid), discount: stated(l.Discount), coupon: []byte(l.Coupon), brand: []byte(l.Brand), category: []byte(l.Category)}
}

func stated(a *models.Amount) people.Stated {
	if a == nil {
		return 0
	}
	return people.State(models.Money(*a))
}

func amountOf(s people.Stated) *models.Amount {
	m, ok := s.Money()
	if !ok {
		return nil
	}
	a := models.Amount(m)
	return &a
}

// tellLines tells the lines of an order, as they were bought.
func (s *State) tellLines(o *people.OrderFacts) (lines []models.FactLine) {
	for i, l := range o.Lines {
		b := &o.Bought[i]
		lines = append(lines, models.FactLine{
			Product: string(s.Catalogue.ID(l.Item)), Quantity: l.Quantity, Paid: amountOf(b.Paid), Discount: amountOf(b.Discount),
			Coupon: string(b.Coupon), Brand: s.brand(b.Brand), Category: s.category(b.Category),
		})
	}
	return lines
}

func (s *State) brand(number uint32) string {
	if number == 0 {
		return ""
	}
	return string(s.Catalogue.BrandName(number))
}

func (s *State) category(number uint32) string {
	if number == 0 {
		return ""
	}
	return string(s.Catalogue.CategoryName(number))
}
