package totals

import (
	"io"
	"math"

	"orrery/models"
	"orrery/models/people"
	"orrery/models/slab"
)

// Apart is the money that is counted beside the revenue, by currency, so that no figure goes wrong in silence: what was
// refunded beyond an order's value, and orders under an id that another one has.
type Apart struct {
	revenue   purse // of the ledger: only what its own words have no room for is kept here
	over      purse
	conflicts purse
}

// purse is sums of money by number of a currency. A sum past what Money holds is shown as the most that it holds, and
// is right again when what made it so is taken back: times that it has wrapped around are counted.
type purse struct {
	low   *slab.Words // micros, two's complement
	wraps slab.Words
	shops *Shops // the same by shop
	class int
}

func newApart(revenue *slab.Words, shops *Shops) *Apart {
	return &Apart{
		revenue:   purse{low: revenue, shops: shops, class: classRevenue},
		over:      purse{low: new(slab.Words), shops: shops, class: classOver},
		conflicts: purse{low: new(slab.Words), shops: shops, class: classConflicts},
	}
}

// add adds an amount.
func (p *purse) add(currency uint32, amount models.Money) {
	if amount == 0 {
		return
	}
	at := uint64(currency)
	p.low.Grow(at + 1)
	before := p.low.Load(at)
	sum := before + uint64(amount)
	p.low.Set(at, sum)
	if by := wrapped(before, uint64(amount), sum); by != 0 {
		p.wraps.Grow(at + 1)
		p.wraps.Set(at, p.wraps.Load(at)+by)
	}
	p.shops.money(p.class, currency, amount)
}

// hand gives all sums to a shop.
func (p *purse) hand(t *Shops) {
	for n := range p.low.Len() {
		if p.low.Load(n) == 0 && n == 0 {
			continue
		}
		record, _ := t.byKey.Add(tallyKey(p.class, t.shop, uint32(n)))
		t.counts.Set(uint64(record)*countWords+1, p.low.Load(n))
		if n < p.wraps.Len() {
			t.counts.Set(uint64(record)*countWords+2, p.wraps.Load(n))
		}
	}
}

// sum returns the sum of a currency. Any goroutine may call it.
func (p *purse) sum(currency uint32) models.Money {
	at := uint64(currency)
	if at >= p.low.Len() {
		return 0
	}
	wraps := uint64(0)
	if at < p.wraps.Len() {
		wraps = p.wraps.Load(at)
	}
	return saturated(p.low.Load(at), wraps)
}

// saturated returns a sum that has wrapped around so many times.
func saturated(sum, wraps uint64) models.Money {
	switch n := int64(wraps); {
	case n > 0:
		return math.MaxInt64
	case n < 0:
		return -math.MaxInt64
	}
	return models.Money(sum)
}

// amounts returns the sums that are not 0, by the codes of currencies. Any goroutine may call it.
func (p *purse) amounts(code func(currency uint32) string) map[string]models.Money {
	all := map[string]models.Money{}
	for n := range p.low.Len() {
		if sum := p.sum(uint32(n)); sum != 0 {
			all[code(uint32(n))] = sum
		}
	}
	return all
}

func (p *purse) book(changes []people.Change) {
	for _, c := range changes {
		p.add(c.Currency, c.Amount)
	}
}

// Bytes returns the memory held.
func (a *Apart) Bytes() uint64 {
	return a.revenue.wraps.Bytes() + a.over.bytes() + a.conflicts.bytes()
}

func (p *purse) bytes() uint64 { return p.low.Bytes() + p.wraps.Bytes() }

// Freeze returns the state of this moment for a snapshot.
func (a *Apart) Freeze() *slab.Parts {
	return slab.Join(a.revenue.wraps.Freeze(), a.over.low.Freeze(), a.over.wraps.Freeze(), a.conflicts.low.Freeze(), a.conflicts.wraps.Freeze())
}

// ReadFrom replaces the state by what Freeze wrote.
func (a *Apart) ReadFrom(r io.Reader) (int64, error) {
	return slab.ReadAll(r, &a.revenue.wraps, a.over.low, &a.over.wraps, a.conflicts.low, &a.conflicts.wraps)
}
