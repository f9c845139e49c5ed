package base

import (
	"cmp"

	"orrery/churn"
	"orrery/churn/btyd"
	"orrery/churn/rfm"
	"orrery/models"
)

// Customer returns what purchases say about a contact, nil for one who has not bought. Any goroutine may call it.
func (c *Customers) Customer(shop, contact uint32, now models.Time) *models.Customer {
	b := c.shops.Find(shop)
	number, ok := c.lookUp(contact)
	if b == nil || !ok {
		return nil
	}
	today := churn.DayOf(now)
	s, ok := b.base.Score(number, today)
	if !ok {
		return nil
	}
	out := &models.Customer{
		First: timeOf(s.First), Last: timeOf(s.Last), Days: s.Days, Orders: s.Orders, Spent: s.Spent,
		Currency: c.names.Currency(b.currency()), Gap: s.Gap,
		Age:        int32(max(today, s.Last) - s.Last),
		Score:      [3]uint8{s.RFM.R, s.RFM.F, s.RFM.M},
		Percentile: [3]float64{s.Percentiles.R, s.Percentiles.F, s.Percentiles.M},
		Segment:    s.RFM.Segment().String(),
		Gate:       s.Gate, BaseN: s.BaseN, Buy7: s.Buy7, Buy28: s.Buy28,
	}
	if s.Gate == "" {
		out.Band, out.Alive, out.Year, out.Order, out.Value = bandOf(s.Alive), s.Alive, s.Year, s.Order, s.Value
		out.Next, out.Late = s.Next, s.Late
	}
	return out
}

func timeOf(day btyd.Day) models.Time { return models.Time(day) * models.Day }

// young is how many days after its first order a shop's customers can be told apart by how long ago they bought.
const young = 90

// RFM returns the customer base of a shop by recency, frequency and money, and false where nobody has bought.
func (c *Customers) RFM(shop uint32, now models.Time) (r models.RFM, ok bool) {
	b := c.shops.Find(shop)
	if b == nil || shop == 0 {
		return r, false
	}
	table, today := b.base.RFM(), churn.DayOf(now)
	r = models.RFM{
		Shop: string(c.names.Shop(shop)), Day: timeOf(today),
		Currency: c.names.Currency(b.currency()), Foreign: b.sums.Load(sumForeign),
	}
	grid, first := b.base.Grid(today)
	r.Grid, r.Young = grid, int(today)-int(first) < young
	for i := range r.Grid {
		for _, n := range r.Grid[i] {
			r.Customers += n
		}
	}
	edges, fixed := table.Edges(), c.rules
	for i := range edges.Last {
		if r.Recency[i] = -1; edges.Last[i] > 0 {
			r.Recency[i] = int32(max(rfm.Fresh, int(today)-int(edges.Last[i])))
		} else if i == rfm.Levels-2 && int(today)-int(table.Newest()) <= rfm.Fresh {
			r.Recency[i] = rfm.Fresh
		}
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

// Pending returns up to most changes of customers that are not acknowledged, oldest first, and the number to acknowledge them by.
func (c *Customers) Pending(most int) (list []models.CustomerChange, next uint64) {
	pending, next := c.changes.pending(most)
	for i := range pending {
		ch := &pending[i]
		ch.contact = cmp.Or(c.people.MergedInto(ch.contact), ch.contact)
		id, shop := c.people.ContactID(ch.contact)
		if len(id) == 0 {
			continue // erased
		}
		list = append(list, models.CustomerChange{
			Shop: c.names.Shop(shop), Contact: id, Number: ch.contact, At: models.Time(ch.second) * models.Second,
			Segment: rfm.Segment(ch.segment).String(), SegmentBefore: rfm.Segment(ch.segmentBefore).String(),
			Forecast: ch.band != noBand, Alive: ch.alive, Band: ch.band, BandBefore: ch.bandBefore,
		})
	}
	return list, next
}

// Acknowledge says that all changes below a number have been published.
func (c *Customers) Acknowledge(next uint64) { c.changes.Acknowledge(next) }

// Forget forgets the changes of a contact.
func (c *Customers) Forget(contact uint32) { c.changes.forget(contact) }

// Lost returns how many changes were lost because nobody published them in time.
func (c *Customers) Lost() uint64 { return c.changes.Lost() }

// Mark is a place among the customers of all shops; the zero CustomerMark is before the first.
type Mark struct{ shop, number uint32 }

// From returns up to most customers of all shops from a mark on, each as a change that says what holds at a moment
// and changes nothing, and the mark to go on from; more is false after the last.
func (c *Customers) From(from Mark, most int, now models.Time) (list []models.CustomerChange, next Mark, more bool) {
	books := c.shops.All()
	for next = from; int(next.shop) < len(books); next = (Mark{next.shop + 1, 0}) {
		b := books[next.shop]
		for b != nil && uint64(next.number) < b.contacts.Len() {
			if len(list) == most {
				return list, next, true
			}
			if ch, ok := c.state(b, next.number, now); ok {
				list = append(list, ch)
			}
			next.number++
		}
	}
	return list, next, false
}

// state returns what holds for a customer, and false for who has none left of all orders.
func (c *Customers) state(b *book, number uint32, now models.Time) (ch models.CustomerChange, ok bool) {
	segment, alive, ok := b.base.State(number, churn.DayOf(now))
	if !ok {
		return ch, false
	}
	ch = models.CustomerChange{At: now, Segment: segment.String(), SegmentBefore: segment.String()}
	ch.Number = uint32(b.contacts.Load(uint64(number)))
	id, shop := c.people.ContactID(ch.Number)
	ch.Contact, ch.Shop = id, c.names.Shop(shop)
	if alive >= 0 {
		ch.Forecast, ch.Alive, ch.Band = true, alive, bandOf(alive)
		ch.BandBefore = ch.Band
	}
	return ch, true
}
