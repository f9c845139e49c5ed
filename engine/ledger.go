package engine

import (
	"io"

	"orrery/models"
	"orrery/models/intern"
	"orrery/models/slab"
)

// ledger counts what has been taken, exactly: events by name and money by currency.
type ledger struct {
	names      *intern.Strings
	currencies *intern.Strings
	events     slab.Words // name: events
	revenue    slab.Words // currency: micros, two's complement
}

// maxNames bounds the event names that are counted one by one; the rest count together as "other".
const maxNames = 1000

// noCurrency is ISO 4217's code for "no currency": what events without one are counted under.
var noCurrency = []byte("XXX")

func newLedger() *ledger {
	l := &ledger{names: intern.NewStrings(), currencies: intern.NewStrings()}
	l.events.Grow(1)
	l.revenue.Grow(1)
	return l
}

func (l *ledger) event(name []byte) {
	n := l.names.Find(0, name)
	if n == 0 && l.names.Len() >= maxNames {
		name = []byte("other")
	}
	if n == 0 {
		n, _ = l.names.Add(0, name)
		l.events.Grow(uint64(n) + 1)
	}
	l.events.Set(uint64(n), l.events.Load(uint64(n))+1)
}

// currency returns the number of a currency code.
func (l *ledger) currency(code []byte) uint32 {
	if len(code) == 0 {
		code = noCurrency
	}
	n, fresh := l.currencies.Add(0, code)
	if fresh {
		l.revenue.Grow(uint64(n) + 1)
	}
	return n
}

func (l *ledger) code(currency uint32) string {
	if currency == 0 {
		return string(noCurrency)
	}
	return string(l.currencies.Name(currency))
}

func (l *ledger) earn(currency uint32, amount models.Money) {
	l.revenue.Set(uint64(currency), l.revenue.Load(uint64(currency))+uint64(amount))
}

// report fills in the counts. Any goroutine may call it.
func (l *ledger) report(s *models.Stats) {
	s.Events, s.Revenue = map[string]uint64{}, map[string]models.Money{}
	for n := 1; n <= l.names.Len(); n++ {
		count := l.events.Load(uint64(n))
		s.Events[string(l.names.Name(uint32(n)))] = count
		s.Total += count
	}
	for n := 1; n <= l.currencies.Len(); n++ {
		s.Revenue[l.code(uint32(n))] = models.Money(l.revenue.Load(uint64(n)))
	}
}

// Freeze returns the ledger of this moment for a snapshot.
func (l *ledger) Freeze() *slab.Parts {
	return slab.Join(l.names.Freeze(), l.currencies.Freeze(), l.events.Freeze(), l.revenue.Freeze())
}

// ReadFrom replaces the ledger by what Freeze wrote.
func (l *ledger) ReadFrom(r io.Reader) (int64, error) {
	n, err := slab.ReadAll(r, l.names, l.currencies, &l.events, &l.revenue)
	l.events.Grow(1)
	l.revenue.Grow(1)
	return n, err
}
