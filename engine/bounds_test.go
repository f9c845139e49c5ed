package engine

import (
	"math"
	"testing"

	"orrery/models/pool"
)

// A row of moves that is full is halved as a whole: its numbers stay in bounds, and shares what they were.
func TestMovesAreHalved(t *testing.T) {
	s := newShelves(nil, nil)
	for i := range 3 * rowMost {
		to := uint32(2)
		if i%4 == 3 {
			to = 3
		}
		s.move(1, to)
	}
	row := s.rows.Block(rowWords, rowWords)
	if row[0] > rowMost || row[0] < rowMost/2 {
		t.Errorf("%d moves are counted, of at most %d", row[0], rowMost)
	}
	counts := map[uint32]float64{}
	for _, w := range row[1:] {
		counts[uint32(w>>32)] += float64(uint32(w))
	}
	if all := counts[2] + counts[3]; math.Abs(all-float64(row[0])) > 4 || math.Abs(counts[2]/all-0.75) > 0.001 {
		t.Errorf("%g and %g of %d moves, not three to one", counts[2], counts[3], row[0])
	}
}

// A count of a product's views or orders that is full is halved with the other: neither runs over into its neighbour.
func TestCountsAreHalved(t *testing.T) {
	w := newWants(nil, nil)
	const full = math.MaxUint32 - 2
	for _, c := range []struct{ views, orders, one uint64 }{{full, full / 8, oneView}, {full / 8, full, oneOrder}} {
		w.items.Grow(2)
		w.totals.Grow(2)
		w.items.Set(1, c.views<<32|c.orders)
		w.totals.Set(1, c.views<<32|c.orders)
		for range 10 {
			w.count(1, 1, c.one)
		}
		views, orders, mean := w.rate(1, 1)
		for what, got := range map[string]float64{"views": views / float64(c.views), "orders": orders / float64(c.orders)} {
			if math.Abs(got-0.5) > 1e-6 {
				t.Errorf("%d views, %d orders: of the %s %g are left, not half", c.views, c.orders, what, got)
			}
		}
		if want := float64(c.orders) / float64(c.views); math.Abs(mean-want) > 1e-3*want {
			t.Errorf("%d views, %d orders: %g orders a view", c.views, c.orders, mean)
		}
	}
}

// A pool gives no record beyond its limit, and gives again what comes back. Pending forecasts and visits have the limits that
// the README's memory is reckoned with.
func TestPoolsAreBounded(t *testing.T) {
	e := newTestEngine(t)
	for what, c := range map[string]struct {
		pool  *pool.Pool
		limit int
	}{"pending forecasts": {e.horizon.pool, 1 << 16}, "visits": {e.intents.visits.pool, 1 << 18}} {
		seen := make(map[uint32]bool, c.limit)
		for range c.limit {
			seen[c.pool.Take()] = true
		}
		if len(seen) != c.limit || seen[0] {
			t.Errorf("%s: %d records of %d", what, len(seen), c.limit)
		}
		if extra := c.pool.Take(); extra != 0 {
			t.Errorf("%s: record %d beyond the limit", what, extra)
		}
		c.pool.Give(7)
		if again := c.pool.Take(); again != 7 || c.pool.Take() != 0 {
			t.Errorf("%s: record %d is given again, not 7", what, again)
		}
	}
}
