package engine

import (
	"cmp"

	"orrery/churn"
	"orrery/churn/btyd"
	"orrery/churn/rfm"
	"orrery/models"
	"orrery/models/people"
)

// customer returns what purchases say about a contact, nil for who has not bought.
func (e *Engine) customer(b *book, contact uint32, now models.Time) *models.Customer {
	number, ok := e.customers.lookUp(contact)
	if !ok {
		return nil
	}
	today := churn.DayOf(now)
	s, ok := b.base.Score(number, today)
	if !ok {
		return nil
	}
	c := &models.Customer{
		First: timeOf(s.First), Last: timeOf(s.Last), Days: s.Days, Orders: s.Orders, Spent: s.Spent,
		Currency: e.ledger.code(b.currency()), Gap: s.Gap,
		Age:        int32(max(today, s.Last) - s.Last),
		Score:      [3]uint8{s.RFM.R, s.RFM.F, s.RFM.M},
		Percentile: [3]float64{s.Percentiles.R, s.Percentiles.F, s.Percentiles.M},
		Segment:    s.Settled.String(),
		Gate:       s.Gate, BaseN: s.BaseN, Buy7: s.Buy7, Buy28: s.Buy28,
	}
	if s.Gate == "" {
		c.Band, c.Alive, c.Year, c.Order, c.Value = bandOf(s.Alive), s.Alive, s.Year, s.Order, s.Value
		c.Next, c.Late = s.Next, s.Late
	}
	return c
}

func timeOf(day btyd.Day) models.Time { return models.Time(day) * models.Day }

// RFM returns the customer base of a shop by recency, frequency and money, and false where nobody has bought.
func (e *Engine) RFM(shop []byte, now models.Time) (r models.RFM, ok bool) {
	number := e.findShop(shop)
	b := e.customers.shops.Find(number)
	if b == nil || number == 0 {
		return r, false
	}
	table, today := b.base.RFM(), churn.DayOf(now)
	r = models.RFM{
		Shop: string(e.shops.Name(number)), Day: timeOf(today), Customers: table.Customers(),
		Currency: e.ledger.code(b.currency()), Foreign: b.sums.Load(sumForeign), Grid: b.base.Grid(),
	}
	edges, fixed := table.Edges(), e.customers.rules
	for i := range edges.Last {
		r.Recency[i] = int32(max(0, int(today)-int(edges.Last[i])))
		r.Frequency[i], r.Monetary[i] = edges.Orders[i], edges.Spent[i]
		if fixed.Recency != nil {
			r.Recency[i] = int32(fixed.Recency[rfm.Levels-2-i])
		}
		if fixed.Frequency != nil {
			r.Frequency[i] = fixed.Frequency[i]
		}
		if fixed.Monetary != nil {
			r.Monetary[i] = fixed.Monetary[i].Float()
		}
	}
	for i := range r.Segments {
		for k := range r.Segments[i] {
			r.Segments[i][k] = rfm.Scores{R: uint8(i + 1), F: uint8(k + 1)}.Segment().String()
		}
	}
	return r, true
}

// EachContact calls f with the contacts of a shop, from the one of a number on, and of their profiles what is forecast of
// them (Customer, Outlook without reasons, Mail), until f returns false. It returns the number to go on from, 0 after the
// last.
func (e *Engine) EachContact(shop []byte, from uint32, now models.Time, f func(id []byte, p *models.Profile) bool) (next uint32) {
	number := e.findShop(shop)
	if number == 0 {
		return 0
	}
	b, r := e.customers.shops.Find(number), e.m.People.Reader()
	for contact := max(from, 1); contact <= e.m.People.LastContact(); contact++ {
		id, its := e.m.People.ContactID(contact)
		if its != number || len(id) == 0 { // the latter is about to be added
			continue
		}
		p := models.Profile{Mail: e.mails.Best(number, contact, e.customers.segment(number, contact, now), now)}
		if b != nil {
			p.Customer = e.customer(b, contact, now)
		}
		who := people.Person{Contact: contact}
		session := 0.0
		r.EachVisitor(who, func(v uint32) {
			if chance, ok := e.intents.Shown(number, v, now); ok {
				session = max(session, chance)
			}
		})
		p.Outlook = e.horizon.of(r, number, who, session, now, false)
		if !f(id, &p) {
			return contact + 1
		}
	}
	return 0
}

// CustomerChanges returns up to most changes of customers that have not been told, oldest first, and the number to hand to
// ChangesTold once they are safe elsewhere. One goroutine calls both.
func (e *Engine) CustomerChanges(most int) (list []models.CustomerChange, next uint64) {
	pending, next := e.customers.changes.pending(most)
	for i := range pending {
		c := &pending[i]
		c.contact = cmp.Or(e.m.People.MergedInto(c.contact), c.contact)
		id, shop := e.m.People.ContactID(c.contact)
		if len(id) == 0 {
			continue // erased
		}
		list = append(list, models.CustomerChange{
			Shop: e.shops.Name(shop), Contact: id, Number: c.contact, At: models.Time(c.second) * models.Second,
			Segment: rfm.Segment(c.segment).String(), SegmentBefore: rfm.Segment(c.segmentBefore).String(),
			Forecast: c.band != noBand, Alive: c.alive, Band: c.band, BandBefore: c.bandBefore,
		})
	}
	return list, next
}

// ContactNumber returns the number of a contact in CustomerChange, 0 for one that is not known.
func (e *Engine) ContactNumber(shop, contact []byte) uint32 {
	number := e.findShop(shop)
	if number == 0 {
		return 0
	}
	return e.m.People.FindContact(number, contact)
}

// ChangesTold says that all changes below a number have been passed on.
func (e *Engine) ChangesTold(next uint64) { e.customers.changes.Acknowledge(next) }

// ChangesLost returns how many changes were lost because nobody passed them on in time.
func (e *Engine) ChangesLost() uint64 { return e.customers.changes.Lost() }

// CustomerMark is a place among the customers of all shops; the zero CustomerMark is before the first.
type CustomerMark struct{ shop, number uint32 }

// Customers returns up to most customers of all shops from a mark on, each as a change that says what holds at a moment
// and changes nothing, and the mark to go on from; more is false after the last.
func (e *Engine) Customers(from CustomerMark, most int, now models.Time) (list []models.CustomerChange, next CustomerMark, more bool) {
	books := e.customers.shops.All()
	for next = from; int(next.shop) < len(books); next = (CustomerMark{next.shop + 1, 0}) {
		b := books[next.shop]
		for b != nil && uint64(next.number) < b.contacts.Len() {
			if len(list) == most {
				return list, next, true
			}
			if ch, ok := e.state(b, next.number, now); ok {
				list = append(list, ch)
			}
			next.number++
		}
	}
	return list, next, false
}

// state returns what holds for a customer, and false for who has none left of all orders.
func (e *Engine) state(b *book, number uint32, now models.Time) (ch models.CustomerChange, ok bool) {
	segment, alive, ok := b.base.State(number, churn.DayOf(now))
	if !ok {
		return ch, false
	}
	ch = models.CustomerChange{At: now, Segment: segment.String(), SegmentBefore: segment.String()}
	ch.Number = uint32(b.contacts.Load(uint64(number)))
	id, shop := e.m.People.ContactID(ch.Number)
	ch.Contact, ch.Shop = id, e.shops.Name(shop)
	if alive >= 0 {
		ch.Forecast, ch.Alive, ch.Band = true, alive, bandOf(alive)
		ch.BandBefore = ch.Band
	}
	return ch, true
}
