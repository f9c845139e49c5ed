// Package rfm scores customers by recency, frequency and money, live: every purchase moves its customer's counts, and the
// quantiles that scores are made of follow at once, exactly, under inserts and deletes.
//
// Recency is kept as the histogram of last purchase days (ages shift together, so the histogram changes with purchases
// only), frequency as an exact count array, money in buckets of one per cent; each with Fenwick sums (Fenwick 1994), so
// that insert, delete and rank cost some 15 steps. Ranks by recency and frequency are exact; those by money are off by
// at most the share of customers within one per cent of the amount. A shop takes 8 bytes a bucket between its lowest and
// its highest value, some 10 to 30 KB, and 300 KB at most.
//
// The score of a value is 1 + floor(5 p), p its mid-rank percentile: the share of customers below, and half of those who
// have the same value. Equal values get equal scores, always. Two things hold in every shop, however many share a value: who has
// bought once has frequency 1, and who has bought within a week has recency 5 (Fresh).
package rfm

import (
	"math"

	"orrery/models"
)

// Values are what a customer is scored by.
type Values struct {
	Last   uint16 // day of the last purchase, counted from 1970-01-01
	Orders uint32
	Spent  models.Money
}

// Scores are 1 (worst) to 5 (best); the zero Scores is nobody's.
type Scores struct{ R, F, M uint8 }

// Levels is the number of scores in a dimension.
const Levels = 5

const (
	days        = 1 << 15 // to the year 2059
	frequencies = 1 << 11 // who orders more often shares the last counter
	// One per cent a bucket, from 0.01 to 1e12 units of currency.
	monies   = 3300
	moneyMin = 0.01
)

var perMoney = 1 / math.Log(1.01)

// bucket returns the money bucket: 0 for nothing or less, 1 for less than moneyMin.
func bucket(m models.Money) int {
	v := m.Float()
	if v <= 0 {
		return 0
	}
	if v < moneyMin {
		return 1
	}
	return min(monies-1, 2+int(math.Log(v/moneyMin)*perMoney))
}

// money returns the lower end of a bucket.
func money(bucket int) float64 {
	if bucket < 2 {
		return 0
	}
	return moneyMin * math.Exp(float64(bucket-2)/perMoney)
}

// Table is the customer base of a shop. One goroutine inserts and removes; any number read. A reader beside the writer
// may see one customer too many or too few.
type Table struct {
	last, orders, spent *ranks
}

// NewTable returns an empty table.
func NewTable() *Table {
	return &Table{last: newRanks(days), orders: newRanks(frequencies), spent: newRanks(monies)}
}

// Insert adds a customer with these values.
func (t *Table) Insert(v Values) { t.add(v, 1) }

// Remove takes a customer with these values out again.
func (t *Table) Remove(v Values) { t.add(v, -1) }

func (t *Table) add(v Values, n int32) {
	t.last.add(int(min(v.Last, days-1)), n)
	t.orders.add(int(min(v.Orders, frequencies-1)), n)
	t.spent.add(bucket(v.Spent), n)
}

// Customers returns how many there are.
func (t *Table) Customers() uint32 { return t.last.total() }

// Percentiles are mid-rank percentiles, 0 (worst) to 1 (best).
type Percentiles struct{ R, F, M float64 }

// Percentiles returns where values stand among all customers.
func (t *Table) Percentiles(v Values) Percentiles {
	return Percentiles{
		t.last.percentile(int(min(v.Last, days-1))),
		t.orders.percentile(int(min(v.Orders, frequencies-1))),
		t.spent.percentile(bucket(v.Spent)),
	}
}

// Newest returns the newest day on which a customer has bought last, 0 where there is none.
func (t *Table) Newest() uint16 { return uint16(max(0, t.last.top())) }

// Edges are the cut points between scores, lowest first: a value that is not below edge i has at least score i+2. What no
// customer reaches is 0 in Last and Orders, and -1 in Spent.
type Edges struct {
	Last   [Levels - 1]uint16
	Orders [Levels - 1]uint32
	Spent  [Levels - 1]float64 // lower ends of their buckets
}

// Edges returns the cut points of this moment.
func (t *Table) Edges() Edges {
	var e Edges
	cuts := t.Cuts(0)
	last, orders, spent := t.last.top(), t.orders.top(), t.spent.top()
	for i := range Levels - 1 {
		e.Spent[i] = -1
		if at := cuts[1][0][i]; int(at) <= last {
			e.Last[i] = at
		}
		if at := max(2, cuts[1][1][i]); int(at) <= orders {
			e.Orders[i] = uint32(at)
		}
		if at := int(cuts[1][2][i]); at <= spent {
			e.Spent[i] = money(at)
		}
	}
	return e
}

// Bytes returns the memory held.
func (t *Table) Bytes() uint64 { return t.last.bytes() + t.orders.bytes() + t.spent.bytes() }
