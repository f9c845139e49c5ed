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
}

func newApart(revenue *slab.Words) *Apart {
	return &Apart{revenue: purse{low: revenue}, over: purse{low: new(slab.Words)}, conflicts: purse{low: new(slab.Words)}}
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
	// The sum is wrong in its sign where both were of one sign and it is of the other.
	if overflow := (sum ^ before) & (sum ^ uint64(amount)); int64(overflow) < 0 {
		p.wraps.Grow(at + 1)
		wrap := uint64(1)
		if amount < 0 {
			wrap = math.MaxUint64 // one less
		}
		p.wraps.Set(at, p.wraps.Load(at)+wrap)
	}
}

// sum returns the sum of a currency. Any goroutine may call it.
func (p *purse) sum(currency uint32) models.Money {
	at := uint64(currency)
	if at >= p.low.Len() {
		return 0
	}
	if at < p.wraps.Len() {
		switch wraps := int64(p.wraps.Load(at)); {
		case wraps > 0:
			return math.MaxInt64
		case wraps < 0:
			return -math.MaxInt64
		}
	}
	return models.Money(p.low.Load(at))
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
