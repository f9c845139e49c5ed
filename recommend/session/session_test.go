package session

import (
	"slices"
	"sync"
	"testing"
)

func add(x *Index, items ...uint32) Row {
	var row Row
	for _, item := range items {
		row = x.Click(row, item)
	}
	return row
}

func TestSearchableFromTheSecondClick(t *testing.T) {
	x, w := New(Config{}), NewWalker()
	row := x.Click(0, 7)
	if got := w.Walk(x, []uint32{7}, 0); len(got) != 1 || x.Bytes() > 1<<20 {
		t.Fatalf("one click made %d candidates and %d bytes", len(got), x.Bytes())
	}
	x.Click(row, 8)
	got := w.Walk(x, []uint32{7}, 0)
	if len(got) != 2 || got[1].Item != 8 || got[1].Next != 1 || got[1].FoundCount != 1 {
		t.Fatalf("got %+v; want item 8 after item 7", got)
	}
}

// What the visitor's own clicks say about coming back.
func TestPatternOfTheSession(t *testing.T) {
	x, w := New(Config{}), NewWalker()
	f := func(clicks []uint32, repeats, lately, again float32, fresh bool, want ...Candidate) {
		t.Helper()
		got := w.Walk(x, clicks, 0)
		q := &w.Query
		if q.Repeats != repeats || q.Lately != lately || q.Again != again || q.Fresh != fresh {
			t.Errorf("%v: repeats %g, lately %g, again %g, fresh %t; want %g, %g, %g, %t",
				clicks, q.Repeats, q.Lately, q.Again, q.Fresh, repeats, lately, again, fresh)
		}
		for i, c := range want {
			if g := got[i]; g.Item != c.Item || g.Seen != c.Seen || g.Since != c.Since || g.Gap != c.Gap || g.After != c.After {
				t.Errorf("%v: item %d seen %d, since %d, gap %d, after %d; want item %d: %d, %d, %d, %d",
					clicks, g.Item, g.Seen, g.Since, g.Gap, g.After, c.Item, c.Seen, c.Since, c.Gap, c.After)
			}
		}
	}
	f([]uint32{1}, 0, 0, 0, true, Candidate{Item: 1, Seen: 1})
	f([]uint32{1, 1}, 1, 1, 1, false, Candidate{Item: 1, Seen: 2, Gap: 1, After: 1})
	f([]uint32{1, 2, 1}, 0.5, 0.5, 0, false, Candidate{Item: 1, Seen: 2, Gap: 2}, Candidate{Item: 2, Seen: 1, Since: 1, After: 1})
	f([]uint32{1, 2, 3, 1, 2, 1}, 0.6, 0.6, 0, false,
		Candidate{Item: 1, Seen: 3, Gap: 2}, Candidate{Item: 2, Seen: 2, Since: 1, Gap: 3, After: 2}, Candidate{Item: 3, Seen: 1, Since: 3})
	f([]uint32{1, 1, 1, 2, 3, 4, 5, 6}, 2./7, 1./6, 2./7, true, Candidate{Item: 6, Seen: 1})
}

func TestLongSessionGoesOnInANewRow(t *testing.T) {
	x := New(Config{})
	var row Row
	for i := range uint32(MaxItems) {
		row = x.Click(row, i)
	}
	if got := x.Items(nil, row); len(got) != MaxItems || got[MaxItems-1] != MaxItems-1 {
		t.Fatalf("got %v; want 0..%d", got, MaxItems-1)
	}
	row = x.Click(row, 100)
	row = x.Click(row, 101)
	if got := x.Items(nil, row); !slices.Equal(got, []uint32{100, 101}) {
		t.Fatalf("got %v; want a row of 100, 101", got)
	}
}

func TestOldSessionsAreOverwritten(t *testing.T) {
	x, w := New(Config{Blocks: 1024, PerItem: 4}), NewWalker()
	old := add(x, 1, 2, 3)
	for i := range uint32(1024) {
		add(x, 10+i%50, 100+i%50)
	}
	if got := x.Items(nil, old); len(got) != 0 {
		t.Fatalf("the overwritten session still holds %v", got)
	}
	if got := w.Walk(x, []uint32{1}, 0); len(got) != 1 {
		t.Fatalf("found %d items through an overwritten session; want the visitor's own alone", len(got))
	}
	if next := x.Click(old, 4); next&rowFirst == 0 {
		t.Fatalf("an overwritten row went on as %x", next)
	}
	if got := w.Walk(x, []uint32{10}, 0); len(got) != 2 || got[1].Sessions != 4 {
		t.Fatalf("got %+v; want the newest 4 sessions of item 10", got)
	}
}

func TestOwnSessionIsLeftOut(t *testing.T) {
	x, w := New(Config{}), NewWalker()
	for i := range uint32(30) {
		add(x, i%5, i%7, i%3)
	}
	before := slices.Clone(w.Walk(x, []uint32{1, 2}, 0))
	own := add(x, 1, 2)
	after := w.Walk(x, []uint32{1, 2}, own)
	if len(after) != len(before) {
		t.Fatalf("%d candidates; want the %d of before", len(after), len(before))
	}
	for i := range after {
		if after[i].Sessions != before[i].Sessions || after[i].Next != before[i].Next {
			t.Errorf("item %d: %+v; want %+v", after[i].Item, after[i], before[i])
		}
	}
}

func TestBytesPerClick(t *testing.T) {
	x := New(Config{})
	for i := range uint32(200_000) {
		item := i * 2654435761 % 20_000
		add(x, item, item+1, item+2, item+3)
	}
	per := float64(x.Bytes()) / float64(x.Clicks())
	t.Logf("%.1f bytes a click", per)
	if per > 24 {
		t.Errorf("%.1f bytes a remembered click; want at most 24", per)
	}
}

func TestWalkAllocatesNothing(t *testing.T) {
	x, w := New(Config{}), NewWalker()
	for i := range uint32(5000) {
		add(x, i%97, i%89, i%83)
	}
	clicks := []uint32{1, 2, 3, 4, 5}
	if n := testing.AllocsPerRun(20, func() { w.Walk(x, clicks, 0) }); n != 0 {
		t.Errorf("a walk allocates %g times", n)
	}
	row := add(x, 1, 2)
	if n := testing.AllocsPerRun(20, func() { x.Click(row, 3) }); n != 0 {
		t.Errorf("a click allocates %g times", n)
	}
}

// Readers walk while the writer overwrites a small ring and gives posting rings away: every candidate must be an item
// that was ever clicked.
func TestReadersBesideTheWriter(t *testing.T) {
	const items = 3000
	x := New(Config{Blocks: 1024, PerItem: 64})
	done := make(chan struct{})
	var readers sync.WaitGroup
	for r := range uint32(2) {
		readers.Go(func() {
			w := NewWalker()
			for i := r; ; i++ {
				select {
				case <-done:
					return
				default:
				}
				for _, c := range w.Walk(x, []uint32{i % items, i * 7 % items, i * 31 % items}, 0) {
					if c.Item >= items {
						t.Errorf("found item %d, which nobody clicked", c.Item)
						return
					}
				}
				x.AppendPopular(nil)
			}
		})
	}
	rows := make([]Row, 64)
	for i := range uint32(60_000) {
		v := i * 2654435761 >> 26
		if i%11 == 0 {
			rows[v] = 0
		}
		rows[v] = x.Click(rows[v], i*40503%items)
		if i%20_000 == 19_999 {
			x.links.Freeze().Close()
			x.Freeze().Close()
		}
	}
	close(done)
	readers.Wait()
}

func TestAges(t *testing.T) {
	x := New(Config{Blocks: 1024, PerItem: 64})
	for i := range uint32(200) { // item 1 in every fourth session, item 2 in the first one only
		other := uint32(3)
		if i == 0 {
			other = 2
		} else if i%4 == 3 {
			other = 1
		}
		x.Click(x.Click(0, 9), other)
	}
	for _, c := range []struct {
		item          uint32
		newest, apart float32
	}{
		{1, 0, 60. / 16}, {2, 199, 199}, {9, 0, 15. / 16}, {77, 1 << 30, 1 << 30},
	} {
		if newest, apart := x.Ages(c.item); newest != c.newest || apart != c.apart {
			t.Errorf("item %d: ages %g, %g; want %g, %g", c.item, newest, apart, c.newest, c.apart)
		}
	}
}
