package next

import (
	"slices"
	"testing"

	"orrery/models"
	"orrery/recommend/session"
)

func TestRecent(t *testing.T) {
	r := newRecent()
	var words []uint64
	answer := []Item{{Item: 7, Score: 1.5, Because: 3, Count: 9}, {Item: 8, Score: -2, Popular: true}}
	ask := func() Question { return r.Ask([]uint32{1, 2}, []uint32{3}, 5, 8) }
	f := func(q Question, now models.Time, want []Item) {
		t.Helper()
		got, ok := r.Get(nil, &words, q, now)
		if ok != (want != nil) || !slices.Equal(got, want) {
			t.Errorf("question %x at %d: got %v, %t, want %v", q, now, got, ok, want)
		}
	}
	f(ask(), 1000, nil)
	r.Put(&words, ask(), 1000, answer)
	f(ask(), 1000, answer)
	f(ask(), 1000+recentFor-1, answer)
	f(ask(), 1000+recentFor, nil)
	f(ask(), 999, nil)
	for _, other := range []Question{
		r.Ask([]uint32{2, 1}, []uint32{3}, 5, 8), r.Ask([]uint32{1, 2, 3}, nil, 5, 8),
		r.Ask([]uint32{1, 2}, []uint32{3}, 6, 8), r.Ask([]uint32{1, 2}, []uint32{3}, 5, 9),
	} {
		f(other, 1000, nil)
	}
	r.Put(&words, ask(), 1001, make([]Item, recentItems+1)) // too long to be kept
	f(ask(), 1001, answer)
	r.invalidate([]uint32{4, 5})
	f(ask(), 1001, answer)
	r.invalidate([]uint32{4, 2})
	f(ask(), 1001, nil)
}

// A click in any session that holds one of the clicks asked about ends the answer, and so does one that joins them; other
// clicks do not.
func TestVisitStirs(t *testing.T) {
	l := NewLive(session.Config{}, 0)
	stamp := func() uint64 { return l.Recent().Ask([]uint32{10, 11}, nil, 0, 8).stamp }
	last := stamp()
	for i, step := range []struct {
		visitor, item uint32
		stirs         bool
	}{{1, 10, true}, {1, 20, true}, {2, 30, false}, {2, 31, false}, {2, 11, true}, {2, 32, true}, {1, 33, true}, {3, 20, false}} {
		l.Visit(1, step.visitor, step.item, 1)
		if now := stamp(); (now != last) != step.stirs {
			t.Errorf("step %d: stirred %t, want %t", i, now != last, step.stirs)
		} else {
			last = now
		}
	}
}
