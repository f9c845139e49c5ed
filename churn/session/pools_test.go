package session

import (
	"testing"

	"orrery/models/people"
)

// A shop has as many running sessions and pending forecasts as the README's memory is reckoned with, and not one more; what found no
// room is counted, and other shops have theirs.
func TestPoolsAreBounded(t *testing.T) {
	in := New(people.New(people.Config{}), nil)
	v := in.visits
	take := map[string]func(shop uint32) uint32{
		"visits":    func(shop uint32) uint32 { return v.open(shop, 7, 1000) },
		"forecasts": func(shop uint32) uint32 { return v.point(shop) },
	}
	f := func(what string, shop uint32, have uint64, want bool) {
		t.Helper()
		v.pace(shop).visits, v.pace(shop).points = have, have
		if got := take[what](shop) != 0; got != want {
			t.Errorf("%s: one more than %d of shop %d: %t, want %t", what, have, shop, got, want)
		}
	}
	for what := range take {
		f(what, 1, 0, true)
		f(what, 1, 1<<20-1, true)
		f(what, 1, 1<<20, false)
		f(what, 2, 0, true)
	}
	if visits, forecasts := in.Dropped(); visits != 1 || forecasts != 1 {
		t.Errorf("%d visits and %d forecasts dropped, want one of each", visits, forecasts)
	}
}
