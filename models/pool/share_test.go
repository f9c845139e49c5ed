package pool

import "testing"

// TestShare: each shop its part, all no more than there is, and a few for who comes late.
func TestShare(t *testing.T) {
	s := Share{Most: 10, All: 20, Least: 3}
	f := func(own, used uint64, want bool) {
		t.Helper()
		if got := s.Room(own, used); got != want {
			t.Errorf("one more than %d of a shop, %d of all: %t, want %t", own, used, got, want)
		}
	}
	f(0, 0, true)
	f(9, 19, true)
	f(10, 10, false)
	f(3, 20, false)
	f(2, 20, true)
	f(2, 1000, true)
}
