package next

import (
	"slices"
	"sync"
	"testing"

	"orrery/models"
)

func TestRecent(t *testing.T) {
	r := newRecent()
	answer := []Item{{Item: 7, Score: 1.5, Because: 3, Count: 9}, {Item: 8, Score: -2, Popular: true}}
	q := Question([]uint32{1, 2}, []uint32{3}, 5, 8)
	f := func(question uint64, now models.Time, want []Item) {
		t.Helper()
		got, ok := r.Get(nil, question, now)
		if ok != (want != nil) || !slices.Equal(got, want) {
			t.Errorf("question %x at %d: got %v, %t, want %v", question, now, got, ok, want)
		}
	}
	f(q, 1000, nil)
	r.Put(q, 1000, answer)
	f(q, 1000, answer)
	f(q, 1000+recentFor-1, answer)
	f(q, 1000+recentFor, nil)
	f(q, 999, nil)
	for _, other := range []uint64{
		Question([]uint32{2, 1}, []uint32{3}, 5, 8), Question([]uint32{1, 2, 3}, nil, 5, 8),
		Question([]uint32{1, 2}, []uint32{3}, 6, 8), Question([]uint32{1, 2}, []uint32{3}, 5, 9),
	} {
		f(other, 1000, nil)
	}
	r.Put(q, 1001, make([]Item, recentItems+1)) // too long to be kept
	f(q, 1001, answer)
}

// Two answers to one place are never mixed.
func TestRecentUnderWriters(t *testing.T) {
	r := newRecent()
	const a, b = 100, 100 + recentSlots
	var writers sync.WaitGroup
	stop := make(chan struct{})
	for _, question := range []uint64{a, b} {
		answer := make([]Item, 8)
		for i := range answer {
			answer[i].Item = uint32(question)
		}
		writers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					r.Put(question, 5, answer)
				}
			}
		})
	}
	var got []Item
	for range 20_000 {
		for _, question := range []uint64{a, b} {
			var ok bool
			if got, ok = r.Get(got[:0], question, 5); !ok {
				continue
			}
			for _, it := range got {
				if it.Item != uint32(question) {
					t.Fatalf("asked %d, got an item of %d", question, it.Item)
				}
			}
		}
	}
	close(stop)
	writers.Wait()
}
