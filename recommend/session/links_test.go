package session

import (
	"bytes"
	"testing"

	"orrery/models/slab"
)

// TestRingsShare: the rings of all shops together are of the size that they may have, and a shop that comes when they are has its newest
// leastBlocks sessions; what is overwritten early is counted. So it is after a restart.
func TestRingsShare(t *testing.T) {
	l := NewLinks(Config{Blocks: 1024, PerItem: 4})
	a, b, c := NewOf(l), NewOf(l), NewOf(l)
	for i := range uint32(700) {
		add(a, i%50, 50+i%40)
	}
	for i := range uint32(2000) {
		add(b, 1000+i%50, 1050+i%40)
	}
	if used := l.used.Load(); used != 1024 {
		t.Errorf("%d blocks, want 1,024", used)
	}
	if got, want := l.Lost(), uint64(2000-(1024-701)+1); got != want {
		t.Errorf("%d blocks overwritten early, want %d", got, want)
	}
	for i := range uint32(100) {
		add(c, 2000+i%9, 2010+i%7)
	}
	held := func(x *Index) (n int) {
		oldest, newest := x.Range()
		for number := oldest; number <= newest; number++ {
			if len(x.Session(nil, number)) == 2 {
				n++
			}
		}
		return n
	}
	f := func(what string, a, b, c *Index) {
		t.Helper()
		if x, y, z := held(a), held(b), held(c); x != 700 || y != 1024-701 || z != leastBlocks {
			t.Errorf("%s: %d, %d and %d sessions, want 700, 323 and %d", what, x, y, z, leastBlocks)
		}
		for at, x := range []*Index{a, b, c} {
			if got := NewWalker().Walk(x, []uint32{uint32(1000*at) + 3}, 0); len(got) < 2 {
				t.Errorf("%s: shop %d is not walked", what, at)
			}
		}
	}
	f("at first", a, b, c)
	var state bytes.Buffer
	if _, err := slab.Join(l.Freeze(), a.Freeze(), b.Freeze(), c.Freeze()).WriteTo(&state); err != nil {
		t.Fatal(err)
	}
	l2 := NewLinks(Config{Blocks: 1024, PerItem: 4})
	a2, b2, c2 := NewOf(l2), NewOf(l2), NewOf(l2)
	if _, err := slab.ReadAll(&state, l2, a2, b2, c2); err != nil {
		t.Fatal(err)
	}
	f("restored", a2, b2, c2)
	add(b2, 1, 2)
	if l2.used.Load() != l.used.Load() || l2.Lost() != l.Lost()+1 {
		t.Errorf("restored: %d blocks, %d lost, want %d and %d", l2.used.Load(), l2.Lost(), l.used.Load(), l.Lost()+1)
	}
}
