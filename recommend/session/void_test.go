package session

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// A burst leaves nothing that a walk finds, and takes nothing of what its visitor clicked before or of others' sessions.
func TestVoid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, w := New(Config{}), NewWalker()
		const others, first = 4, 1000 // products of bursts are numbered from first on
		rows, clicks := [others]Row{}, [others][]uint32{}
		click := func() {
			for v := range others {
				if rapid.IntRange(0, 1).Draw(t, "clicks") == 0 || len(clicks[v]) == MaxItems {
					continue
				}
				item := rapid.OneOf(rapid.Uint32Range(1, 20), rapid.Uint32Range(first, first+90)).Draw(t, "item")
				rows[v], clicks[v] = x.Click(rows[v], item), append(clicks[v], item)
			}
		}
		before := rapid.IntRange(0, 12).Draw(t, "before")
		row, own := Row(0), []uint32(nil)
		for i := range before {
			click()
			row, own = x.Click(row, uint32(100+i)), append(own, uint32(100+i))
		}
		var burst []uint32
		n := rapid.SampledFrom([]int{1, 2, 5, 36, 90}).Draw(t, "burst")
		if n > 2*MaxItems-before { // only one full row is remembered
			n = 2*MaxItems - before
		}
		products := rapid.IntRange(1, 91).Draw(t, "products")
		for i := range n {
			if i%7 == 0 {
				click()
			}
			item := uint32(first + i*37%products)
			row, burst = x.Click(row, item), append(burst, item)
		}
		slices.Sort(burst)
		burst = slices.Compact(burst)
		row = x.Void(row, burst)

		if got := x.Items(nil, row); !slices.Equal(got, own) {
			t.Fatalf("the visitor's row holds %v, want %v", got, own)
		}
		held := map[uint32]bool{}
		for v := range others {
			if got := x.Items(nil, rows[v]); !slices.Equal(got, clicks[v]) {
				t.Fatalf("another's row holds %v, want %v", got, clicks[v])
			}
			if len(clicks[v]) > 1 {
				for _, item := range clicks[v] {
					held[item] = true
				}
			}
		}
		for _, item := range burst {
			for _, c := range w.Walk(x, []uint32{item}, 0)[1:] {
				if !held[c.Item] {
					t.Fatalf("item %d leads to %d, which nobody has clicked on", item, c.Item)
				}
			}
		}
		for _, item := range x.AppendPopular(nil) {
			if item >= first && !held[item] {
				t.Fatalf("item %d is popular", item)
			}
		}
		_, newest := x.Range()
		sessions, all := 0, 0
		for number := uint32(1); number <= newest; number++ {
			if items := x.Session(nil, number); len(items) > 0 {
				sessions, all = sessions+1, all+len(items)
			}
		}
		if x.Sessions() != uint64(sessions) || x.Clicks() != uint64(all) {
			t.Fatalf("%d sessions of %d clicks, counted %d of %d", sessions, all, x.Sessions(), x.Clicks())
		}
		for i, item := range []uint32{first, first + 37, 5} { // it goes on
			row = x.Click(row, item)
			if got := x.Items(nil, row); len(got) != len(own)+i+1 || got[len(got)-1] != item {
				t.Fatalf("the row goes on as %v", got)
			}
		}
	})
}
