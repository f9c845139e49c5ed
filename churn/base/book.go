package base

import (
	"orrery/churn"
	"orrery/churn/rfm"
	"orrery/models"
	"orrery/models/slab"
)

// book is the customer base of one shop: churn.Customers by numbers of its own, since only who has bought takes memory.
type book struct {
	shop     uint32
	base     *churn.Customers
	contacts slab.Words // by number in the base: the contact
	sums     slab.Words
}

// The words of a book's sums.
const (
	sumCurrency = iota // the main one: the first that an order has named
	sumForeign         // orders in others
	sumOrders          // orders of known contacts
	sumCuts            // the edges of the newest dawn, from here on
	sumWords    = sumCuts + rfm.CutWords
)

func newBook(shop uint32, rules rfm.Rules) *book {
	b := &book{shop: shop, base: churn.New(rules)}
	b.sums.Grow(sumWords)
	return b
}

// keepCuts writes the edges of settled scores where a snapshot finds them.
func (b *book) keepCuts() {
	cuts := b.base.Cuts()
	for i, w := range cuts.Words() {
		b.sums.Set(uint64(sumCuts+i), w)
	}
}

func (b *book) cuts() rfm.Cuts {
	var words [rfm.CutWords]uint64
	for i := range words {
		words[i] = b.sums.Load(uint64(sumCuts + i))
	}
	return rfm.CutsOf(words)
}

func (b *book) currency() uint32 { return uint32(b.sums.Load(sumCurrency)) }

func (b *book) add(sum uint64, n int64) { b.sums.Set(sum, b.sums.Load(sum)+uint64(n)) }

func (b *book) bytes() uint64 { return b.base.Bytes() + b.contacts.Bytes() + b.sums.Bytes() }

// amend tells the base what an order of a contact is worth now, in place of what it was.
func (b *book) amend(number uint32, had, want *credit) {
	if had.amount != want.amount {
		b.base.Refund(number, churn.DayOf(want.time), had.amount-want.amount, false)
	}
}

func (b *book) take(number uint32, c *credit) {
	b.base.Purchase(number, churn.DayOf(c.time), c.amount)
	b.add(sumOrders, 1)
	if c.foreign {
		b.add(sumForeign, 1)
	}
}

func (b *book) giveBack(number uint32, c *credit) {
	b.base.Refund(number, churn.DayOf(c.time), c.amount, true)
	b.add(sumOrders, -1)
	if c.foreign {
		b.add(sumForeign, -1)
	}
}

// credit is an order as the customer base has been told of it.
type credit struct {
	contact uint32 // 0: it is nobody's, or no purchase
	time    models.Time
	amount  models.Money
	foreign bool // in another currency than the main one: it counts as an order without money
}
