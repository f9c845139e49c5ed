// Package totals counts what has been taken, exactly: events by name, and money by currency, to the last digit even past what 64 bits
// hold. An event costs a comparison of its name and an addition.
package totals

import (
	"bytes"
	"io"

	"orrery/models"
	"orrery/models/intern"
	"orrery/models/people"
	"orrery/models/slab"
)

// Totals is the counts.
type Totals struct {
	names      *intern.Strings
	newest     uint32 // name that was counted last, 0 at first
	currencies *intern.Strings
	events     slab.Words // name: events
	revenue    slab.Words // currency, 0 for none: micros, two's complement
	apart      *Apart
	shops      *Shops
}

// maxNames bounds the event names that are counted one by one beside models.KnownNames, which have places of their own: only
// the shop's own servers make more, and a shop has some dozens. The rest count together as "other", and so does what a
// public event calls as nobody else has: names would else be anybody's to use up.
const maxNames = 1000

var otherName = []byte("other")

// noCurrency is ISO 4217's code for "no currency": what money without one is counted under, by the number 0.
var noCurrency = []byte("XXX")

// New returns counts of nothing.
func New() *Totals {
	l := &Totals{names: intern.NewStrings(), currencies: intern.NewStrings()}
	l.revenue.Grow(1)
	l.shops = newShops()
	l.apart = newApart(&l.revenue, l.shops)
	l.know()
	return l
}

// know gives the known names their places.
func (l *Totals) know() {
	for _, name := range models.KnownNames {
		l.names.Add(0, []byte(name))
	}
	l.events.Grow(uint64(l.names.Len()) + 1)
}

// Event counts an event by its name.
func (l *Totals) Event(name []byte, trust models.Trust) {
	if l.newest == 0 || !bytes.Equal(l.names.Name(l.newest), name) {
		l.newest = l.number(name, trust)
	}
	l.events.Set(uint64(l.newest), l.events.Load(uint64(l.newest))+1)
	if trust == models.Public && l.newest > uint32(len(models.KnownNames)) && l.shops.count(classEvents, l.shops.shop, l.newest) == 0 {
		l.shops.event(l.names.Find(0, otherName)) // another shop has made the name
		return
	}
	l.shops.event(l.newest)
}

// hand gives all counts to a shop.
func (l *Totals) hand(t *Shops) {
	for n := uint64(1); n < l.events.Len(); n++ {
		if count := l.events.Load(n); count > 0 {
			record, _ := t.byKey.Add(tallyKey(classEvents, t.shop, uint32(n)))
			t.counts.Set(uint64(record)*countWords+1, count)
		}
	}
	for _, p := range []*purse{&l.apart.revenue, &l.apart.over, &l.apart.conflicts} {
		p.hand(t)
	}
}

// number returns the number that events of a name are counted under.
func (l *Totals) number(name []byte, trust models.Trust) uint32 {
	n := l.names.Find(0, name)
	switch {
	case n != 0:
	case trust == models.Public || l.names.Len() >= maxNames+len(models.KnownNames):
		n = l.names.Find(0, otherName)
	default:
		n, _ = l.names.Add(0, name)
		l.events.Grow(uint64(n) + 1)
	}
	return n
}

// Currency returns the number of a currency code, 0 for none.
func (l *Totals) Currency(code []byte) uint32 {
	if len(code) == 0 || bytes.Equal(code, noCurrency) {
		return 0
	}
	n, fresh := l.currencies.Add(0, code)
	if fresh {
		l.revenue.Grow(uint64(n) + 1)
	}
	return n
}

// Code returns the code of a currency by its number.
func (l *Totals) Code(currency uint32) string {
	if currency == 0 {
		return string(noCurrency)
	}
	return string(l.currencies.Name(currency))
}

// Book adds money to the revenue.
func (l *Totals) Book(changes []people.Change) {
	l.apart.revenue.book(changes)
}

// Over counts what was refunded beyond the value of orders.
func (l *Totals) Over(changes []people.Change) { l.apart.over.book(changes) }

// Conflict counts the value of an order under an id that another one has.
func (l *Totals) Conflict(currency uint32, value models.Money) {
	l.apart.conflicts.add(currency, value)
}

// Apart returns the money that is counted beside the revenue, a section of its own.
func (l *Totals) Apart() *Apart { return l.apart }

// Report fills in the counts. Any goroutine may call it.
func (l *Totals) Report(s *models.Stats) {
	s.Events, s.Revenue = map[string]uint64{}, map[string]models.Money{}
	for n := uint64(1); n < l.events.Len(); n++ {
		if count := l.events.Load(n); count > 0 {
			s.Events[string(l.names.Name(uint32(n)))] = count
			s.Total += count
		}
	}
	for n := range l.revenue.Len() {
		if sum := l.apart.revenue.sum(uint32(n)); n > 0 || sum != 0 {
			s.Revenue[l.Code(uint32(n))] = sum
		}
	}
	s.OverRefunded, s.OrderConflictValue = l.apart.over.amounts(l.Code), l.apart.conflicts.amounts(l.Code)
}

// Bytes returns the memory held.
func (l *Totals) Bytes() uint64 {
	return l.names.Bytes() + l.currencies.Bytes() + l.events.Bytes() + l.revenue.Bytes()
}

// Freeze returns the ledger of this moment for a snapshot.
func (l *Totals) Freeze() *slab.Parts {
	return slab.Join(l.names.Freeze(), l.currencies.Freeze(), l.events.Freeze(), l.revenue.Freeze())
}

// ReadFrom replaces the ledger by what Freeze wrote.
func (l *Totals) ReadFrom(r io.Reader) (int64, error) {
	n, err := slab.ReadAll(r, l.names, l.currencies, &l.events, &l.revenue)
	l.revenue.Grow(1)
	if err == nil {
		l.know() // an older build may have written it
	}
	return n, err
}

// Revenue returns the revenue by currency. Any goroutine may call it.
func (l *Totals) Revenue() map[string]models.Money {
	var s models.Stats
	l.Report(&s)
	return s.Revenue
}
