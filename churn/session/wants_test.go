package session

import (
	"math"
	"testing"
)

// A count of a product's views or orders that is full is halved with the other: neither runs over into its neighbour.
func TestCountsAreHalved(t *testing.T) {
	w := newProductIntents(nil, nil)
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
