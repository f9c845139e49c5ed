package claims

import (
	"orrery/models"
	"orrery/models/people"
)

// Loans is the claims with what follows from them for people: the orders that visitors are lent. One goroutine uses it.
type Loans struct {
	*Book
	people *people.People
	now    func() models.Time  // the stream's time
	count  func([]people.Pair) // counts products viewed before orders
}

// NewLoans returns loans of nothing. now returns the stream's time, count takes products that were viewed before orders.
func NewLoans(p *people.People, now func() models.Time, count func([]people.Pair)) *Loans {
	return &Loans{Book: New(), people: p, now: now, count: count}
}

// Claim takes a purchase that a page has told of. It makes no order, no lines and no products.
func (l *Loans) Claim(c Claim) {
	if kept := l.Add(c, l.now()); kept != nil {
		if order := l.people.OrderOf(c.Order); order != 0 && l.people.Sale(order).Known {
			l.confirm(kept, order)
		}
	}
}

// Confirmed lets claims know that their order has come.
func (l *Loans) Confirmed(key uint64, order uint32) {
	for _, c := range l.Of(key, l.now()) {
		l.confirm(c, order)
	}
}

func (l *Loans) confirm(c *Claim, order uint32) {
	if c.Number != 0 {
		return
	}
	l.Confirm(c, order)
	if !l.lends(c, order) {
		return
	}
	others := l.lent(c.Order, nil)
	if !l.Lend(c) {
		return
	}
	if v := l.people.FindKey(c.Visitor); v != 0 {
		l.count(l.people.JoinLent(order, v, others))
	}
}

// lends tells whether a claim's visitor is taken for whoever placed its order: the order names no browser, the page no other
// contact, and the two lie close together.
func (l *Loans) lends(c *Claim, order uint32) bool {
	sale := l.people.Sale(order)
	apart := sale.Time - c.Time
	return apart <= Lends && apart >= -Lends && sale.Named && !sale.Browser &&
		(c.Contact == 0 || c.Contact == l.people.ContactHash(sale.Contact))
}

// lent returns the visitors that an order is lent to, but one.
func (l *Loans) lent(key uint64, but *Claim) (list []uint32) {
	for _, c := range l.Of(key, l.now()) {
		if c.Lent && c != but {
			if v := l.people.FindKey(c.Visitor); v != 0 {
				list = append(list, v)
			}
		}
	}
	return list
}

// View counts a view that visitor v is about to make for the orders that v was lent and that come after it.
func (l *Loans) View(v, item uint32, t models.Time) {
	if !l.Lending() { // nearly always
		return
	}
	for _, c := range l.LentTo(l.people.Key(v)) {
		if l.people.ViewLent(c.Number, v, item, t, l.lent(c.Order, c)) {
			l.count([]people.Pair{{Viewed: item, Order: c.Number}})
		}
	}
}

// Without leaves out of pairs that come true by a login, or by a view of visitor viewing, what views of visitors that the order
// is lent to have been counted for.
func (l *Loans) Without(pairs []people.Pair, viewing uint32) []people.Pair {
	if !l.Lending() {
		return pairs
	}
	kept := pairs[:0]
	for _, pair := range pairs {
		counted := false
		for _, v := range l.lent(l.people.HashOfOrder(pair.Order), nil) {
			counted = counted || v != viewing && l.people.ViewedBefore(v, pair.Viewed, pair.Order)
		}
		if !counted {
			kept = append(kept, pair)
		}
	}
	return kept
}

// Bought returns when a visitor has placed the newest of the orders that it was lent, between two moments, both
// included, 0 where there is none.
func (l *Loans) Bought(v uint32, from, to models.Time) (at models.Time) {
	if !l.Lending() {
		return 0
	}
	for _, c := range l.LentTo(l.people.Key(v)) {
		if t := l.people.OrderTime(c.Number); t >= from && t <= to {
			at = max(at, t)
		}
	}
	return at
}

// BoughtItem tells whether a product is of the orders that Bought looks at.
func (l *Loans) BoughtItem(v, item uint32, from, to models.Time) (yes bool) {
	if !l.Lending() {
		return false
	}
	for _, c := range l.LentTo(l.people.Key(v)) {
		if t := l.people.OrderTime(c.Number); t >= from && t <= to {
			l.people.Bought(c.Number, func(line uint32) { yes = yes || l.people.Main(line) == item })
		}
	}
	return yes
}
