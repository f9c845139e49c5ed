package stream

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"pgregory.net/rapid"

	"orrery/models"
	"orrery/models/intern"
)

// merger is a fetcher without a broker, and what it has sent.
func merger(lanes int) (*fetcher, func() []entry) {
	full, free := make(chan *batch, 16), make(chan *batch, 16)
	for range cap(free) {
		free <- newBatch(16)
	}
	f := &fetcher{
		full: full, free: free, keys: make([]int64, lanes), start: time.Now().Add(-time.Hour), now: models.TimeOf(time.Now()),
		errors: new(fetchErrors), heads: new(heads),
	}
	f.heads.silent, f.heads.skip = make([]atomic.Bool, lanes), make([]atomic.Int64, lanes)
	for i := range lanes {
		f.lanes = append(f.lanes, &lane{index: i, topic: models.Pageviews, name: "t", part: int32(i)})
	}
	return f, func() []entry {
		var out []entry
		for len(full) > 0 {
			b := <-full
			out = append(out, b.entries...)
		}
		return out
	}
}

func push(l *lane, ms ...int64) {
	for _, at := range ms {
		l.push(&kgo.Record{Topic: l.name, Partition: l.part, Offset: l.next, Timestamp: time.UnixMilli(at), Value: []byte(`{}`)})
		l.end = max(l.end, l.next)
	}
}

func order(entries []entry) string {
	out := ""
	for _, e := range entries {
		out += fmt.Sprintf("%c%d ", 'a'+e.lane, e.offset)
	}
	return out
}

// A queue that is never empty, as while the stream catches up, takes the memory of what waits in it and no more.
func TestQueueStaysShort(t *testing.T) {
	l := &lane{}
	push(l, 1, 2, 3)
	for i := range int64(100_000) {
		push(l, i+4)
		if r := l.pop(); r.Offset != i {
			t.Fatalf("got offset %d, want %d", r.Offset, i)
		}
	}
	if n := len(l.queue) - l.head; n != 3 || cap(l.queue) > 64 {
		t.Errorf("%d records wait in a queue of %d", n, cap(l.queue))
	}
	for !l.empty() {
		l.pop()
	}
	for _, r := range l.queue[:cap(l.queue)] {
		if r != nil {
			t.Error("the queue holds on to a record that was taken")
		}
	}
}

// What a record's headers take counts towards the bound of its queue and of its batch.
func TestHeadersCount(t *testing.T) {
	m, sent := merger(2)
	for i := range int64(16) {
		m.lanes[0].push(&kgo.Record{Topic: "t", Offset: i, Timestamp: time.UnixMilli(i), Headers: []kgo.RecordHeader{{Key: "h", Value: make([]byte, 1<<18)}}})
	}
	if m.lanes[0].bytes <= laneHigh {
		t.Errorf("a queue of 4 MiB of headers counts as %d bytes", m.lanes[0].bytes)
	}
	batches := len(m.free)
	m.merge(context.Background())
	if n := batches - len(m.free); n < 4 {
		t.Errorf("4 MiB of headers are in %d batches", n)
	}
	if n := len(sent()); n != 16 || m.lanes[0].bytes != 0 {
		t.Errorf("%d records came out, %d bytes are left", n, m.lanes[0].bytes)
	}
}

func TestMergeOrder(t *testing.T) {
	f := func(want string, lanes ...[]int64) {
		t.Helper()
		m, sent := merger(len(lanes))
		for i, ms := range lanes {
			push(m.lanes[i], ms...)
		}
		m.merge(context.Background())
		if got := order(sent()); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	f("")
	f("a0 a1 a2 ", []int64{1, 2, 3})
	f("a0 b0 b1 a1 b2 ", []int64{1, 4}, []int64{2, 3, 5})
	f("a0 b0 c0 a1 ", []int64{7, 8}, []int64{7}, []int64{7})                      // a tie goes to the earlier topic
	f("c0 b0 a0 a1 b1 c1 ", []int64{9, 9}, []int64{8, 9}, []int64{7, 9})          // and again at each moment
	f("a0 a1 a2 b0 ", []int64{5, 1, 2}, []int64{6})                               // never backwards within a partition
	f("b0 b1 a0 a1 ", []int64{1 << 62, 1}, []int64{5, 6})                         // a clock far ahead comes last
	f("a0 b0 ", []int64{0}, []int64{-1})                                          // producers without clocks
	f("a0 a1 b0 ", []int64{9223372036854775807, 1}, []int64{9223372036854775807}) // and with silly ones
}

// Any lanes: the order is that of always taking the oldest head.
func TestMergeProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lanes := rapid.SliceOfN(rapid.SliceOfN(rapid.Int64Range(0, 20), 0, 30), 1, 6).Draw(t, "lanes")
		m, sent := merger(len(lanes))
		for i, ms := range lanes {
			push(m.lanes[i], ms...)
		}
		m.merge(context.Background())
		var want []entry
		at, clock := make([]int, len(lanes)), make([]int64, len(lanes))
		for {
			best := -1
			for i, ms := range lanes {
				if at[i] < len(ms) && (best < 0 || max(clock[i], ms[at[i]]) < max(clock[best], lanes[best][at[best]])) {
					best = i
				}
			}
			if best < 0 {
				break
			}
			clock[best] = max(clock[best], lanes[best][at[best]])
			want = append(want, entry{lane: int32(best), offset: int64(at[best])})
			at[best]++
		}
		if got := sent(); order(got) != order(want) {
			t.Fatalf("got %s, want %s", order(got), order(want))
		}
	})
}

// While a partition is known to hold more, the others wait for it, but not for ever.
func TestMergeWaits(t *testing.T) {
	m, sent := merger(2)
	push(m.lanes[0], 1, 2, 3)
	m.lanes[1].end = 1 // the broker has a record that has not come yet
	ctx := context.Background()
	m.merge(ctx)
	if got := sent(); len(got) != 0 {
		t.Fatalf("got %s, want none", order(got))
	}
	m.giveUp()
	m.merge(ctx)
	if got := sent(); len(got) != 0 {
		t.Fatalf("got %s, want none yet", order(got))
	}
	m.start = m.start.Add(-2 * patience)
	m.giveUp()
	m.merge(ctx)
	if got := order(sent()); got != "a0 a1 a2 " {
		t.Fatalf("got %s, want all there is", got)
	}
	// It comes after all, and is waited for again.
	push(m.lanes[0], 10)
	l := m.lanes[1]
	push(l, 5, 6)
	l.given, l.end = false, 3
	m.merge(ctx)
	if got := order(sent()); got != "b0 b1 " {
		t.Fatalf("got %s, want the late ones and then a wait", got)
	}
}

func TestSeen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const remembered = 100
		s := newSeen(remembered, intern.Seed{})
		s.sets = nil
		s.begin(uint64(rapid.IntRange(1, remembered).Draw(t, "first")))
		ids := rapid.SliceOfN(rapid.Uint64Range(0, 400), 0, 2000).Draw(t, "ids")
		var order []uint64 // distinct ids as remembered, oldest first
		for i, id := range ids {
			id *= 0x9e3779b97f4a7c15
			s.touch(id)
			known := slices.Contains(order, id)
			recent := slices.Contains(order[max(0, len(order)-remembered):], id)
			got := s.add(id)
			switch {
			case got && recent:
				t.Fatalf("%d: got new, want known: it is one of the newest %d", i, remembered)
			case !got && !known:
				t.Fatalf("%d: got known, want new", i)
			case got:
				order = append(slices.DeleteFunc(order, func(x uint64) bool { return x == id }), id)
			}
			total := uint64(0)
			for _, set := range s.sets {
				total += set.count
			}
			if total > 3*remembered {
				t.Fatalf("%d: got %d ids kept, want a bound", i, total)
			}
		}
	})
}
