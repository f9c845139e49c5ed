package churn

import (
	"math"
	"slices"

	"orrery/churn/btyd"
	"orrery/churn/rfm"
	"orrery/models"
)

// An entry of a list is a day << 16 | the orders of that day; a list of somebody with one day is not kept.

func (c *Customers) entry(r *record, i uint32) (day btyd.Day, orders uint16) {
	v := uint32(c.lists.Load(r.list+uint64(i/2)) >> (32 * (i % 2)))
	return btyd.Day(v >> 16), uint16(v)
}

// dayOrders is an entry, decoded.
type dayOrders struct {
	day    btyd.Day
	orders uint16
}

// entries returns a contact's list; it lives until the next call.
func (c *Customers) entries(r *record) []dayOrders {
	out := c.scratch[:0]
	if r.count == 0 && r.key.Days == 1 {
		return append(out, dayOrders{r.key.First, uint16(min(r.orders, math.MaxUint16))})
	}
	for i := range r.count {
		d, n := c.entry(r, i)
		out = append(out, dayOrders{d, n})
	}
	return out
}

// Purchase notes an order of contact on a day. Orders may come in any order.
func (c *Customers) Purchase(contact uint32, day btyd.Day, amount models.Money) {
	r, list := c.find(contact)
	before := r
	list = r.buy(list, day, amount)
	c.commit(contact, &before, &r, list)
}

// buy adds an order.
func (r *record) buy(list []dayOrders, day btyd.Day, amount models.Money) []dayOrders {
	at, known := place(list, day)
	r.orders++
	r.spent = r.spent.Plus(amount)
	switch {
	case known:
		list[at].orders = uint16(min(uint32(list[at].orders)+1, math.MaxUint16))
		if day == r.key.First {
			r.first = r.first.Plus(amount)
		}
	default:
		list = r.insert(list, at, day)
		if day == r.key.First {
			r.first = amount
		}
	}
	return list
}

// Refund takes money of an order on a day back; whole says that with it the order is gone. A day whose last order is gone
// is no purchase day any more.
func (c *Customers) Refund(contact uint32, day btyd.Day, amount models.Money, whole bool) {
	r, list := c.find(contact)
	if r.key.Days == 0 {
		return
	}
	before := r
	list = r.giveBack(list, day, amount, whole)
	c.commit(contact, &before, &r, list)
}

// giveBack takes money of an order off, and the order where it is gone.
func (r *record) giveBack(list []dayOrders, day btyd.Day, amount models.Money, whole bool) []dayOrders {
	at, known := place(list, day)
	r.spent = max(0, r.spent.Plus(-amount))
	if day == r.key.First {
		r.first = r.first.Plus(-amount)
	}
	if whole && r.orders > 0 {
		r.orders--
		if known {
			if list[at].orders--; list[at].orders == 0 {
				list = r.remove(list, at)
			}
		}
	}
	return list
}

// Move notes that an order was placed on another day than was told. To all who watch it is one change.
func (c *Customers) Move(contact uint32, from, to btyd.Day, amount models.Money) {
	r, list := c.find(contact)
	if r.key.Days == 0 || from == to {
		return
	}
	before := r
	list = r.giveBack(list, from, amount, true)
	list = r.buy(list, to, amount)
	c.commit(contact, &before, &r, list)
}

// find returns a contact, and its days.
func (c *Customers) find(contact uint32) (r record, list []dayOrders) {
	c.words.Grow((uint64(contact) + 1) * stride)
	r = c.load(contact)
	return r, c.entries(&r)
}

// place returns where a day stands in a list, or would.
func place(list []dayOrders, day btyd.Day) (at int, known bool) {
	for at < len(list) && list[at].day < day {
		at++
	}
	return at, at < len(list) && list[at].day == day
}

// insert adds a day. One before all that a full list still holds counts, but cannot be compared with those forgotten.
func (r *record) insert(list []dayOrders, at int, day btyd.Day) []dayOrders {
	if r.key.Days == 0 {
		r.key = btyd.Key{Days: 1, First: day, Last: day}
		return append(list, dayOrders{day, 1})
	}
	r.key.Days++
	r.key.First, r.key.Last = min(r.key.First, day), max(r.key.Last, day)
	list = append(list, dayOrders{})
	copy(list[at+1:], list[at:])
	list[at] = dayOrders{day, 1}
	if len(list) > MaxDays {
		list = list[1:]
	}
	return list
}

// remove takes a day out.
func (r *record) remove(list []dayOrders, at int) []dayOrders {
	day := list[at].day
	list = append(list[:at], list[at+1:]...)
	switch r.key.Days--; {
	case r.key.Days == 0 || len(list) == 0:
		r.key, r.first = btyd.Key{}, 0
	default:
		r.key.Last = list[len(list)-1].day
		if day == r.key.First {
			r.key.First, r.first = list[0].day, 0 // what was spent on the new first day alone is not known
		}
	}
	return list
}

// commit stores a changed contact, and moves it in all that counts customers.
func (c *Customers) commit(contact uint32, before, r *record, list []dayOrders) {
	if len(list) < 2 {
		list = nil
	}
	r.count, r.gap = uint32(len(list)), median(list)
	if need := r.count; need > r.size {
		size := max(4, r.size)
		for size < need {
			size *= 2
		}
		r.list, r.size = c.lists.Alloc(int(size/2)), size
	}
	if r.key.Days == 0 {
		r.orders, r.spent = 0, 0
	}
	c.counts.Move(before.key, r.key)
	c.count(before, r)
	r.scores = rfm.Scores{}
	if r.key.Days > 0 {
		r.scores = c.settle(before.scores, r, max(c.watch.day, r.key.Last))
	}
	c.content.Add(r.stamp() - before.stamp())
	c.store(contact, r, func() { c.write(r, list) })
	c.watch.changed(c, contact, before, r)
}

// median returns the median gap between days, 0 where there is none.
func median(list []dayOrders) float64 {
	if len(list) < 2 {
		return 0
	}
	var buf [MaxDays]btyd.Day
	gaps := buf[:0]
	for i := 1; i < len(list); i++ {
		gaps = append(gaps, list[i].day-list[i-1].day)
	}
	slices.Sort(gaps)
	n := len(gaps)
	return (float64(gaps[(n-1)/2]) + float64(gaps[n/2])) / 2
}

func (c *Customers) write(r *record, list []dayOrders) {
	for i := 0; i < len(list); i += 2 {
		v := uint64(list[i].day)<<16 | uint64(list[i].orders)
		if i+1 < len(list) {
			v |= (uint64(list[i+1].day)<<16 | uint64(list[i+1].orders)) << 32
		}
		c.lists.Set(r.list+uint64(i/2), v)
	}
}

// count moves the contact in the table of recency, frequency and money.
func (c *Customers) count(before, r *record) {
	if before.key.Days > 0 {
		c.table.Remove(before.values())
	} else if r.key.Days > 0 {
		c.buyers.Add(1)
	}
	if r.key.Days > 0 {
		c.table.Insert(r.values())
	} else if before.key.Days > 0 {
		c.buyers.Add(^uint32(0))
	}
}

// settle returns the scores of a contact with hysteresis: by the edges of the newest dawn, so that who buys when during a day
// changes nobody else's; by those of the moment before the first dawn.
func (c *Customers) settle(old rfm.Scores, r *record, day btyd.Day) rfm.Scores {
	if c.cuts.None() {
		return c.rules.Settle(c.table, old, r.values(), day)
	}
	return c.rules.SettleBy(&c.cuts, old, r.values(), day)
}

func (r *record) values() rfm.Values {
	return rfm.Values{Last: r.key.Last, Orders: r.orders, Spent: r.spent}
}
