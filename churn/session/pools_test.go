package session

import (
	"orrery/models/people"
	"testing"
)

// There are as many pending forecasts and running sessions as the README's memory is reckoned with, and not one more.
func TestPoolsAreBounded(t *testing.T) {
	in := New(people.New(people.Config{}), nil)
	for what, c := range map[string]struct {
		take  func() uint32
		limit int
	}{"visits": {in.visits.pool.Take, 1 << 18}, "forecasts": {in.visits.points.Take, 1 << 18}} {
		for n := range c.limit {
			if c.take() == 0 {
				t.Fatalf("%s: %d of %d", what, n, c.limit)
			}
		}
		if extra := c.take(); extra != 0 {
			t.Errorf("%s: record %d beyond the limit of %d", what, extra, c.limit)
		}
	}
}
