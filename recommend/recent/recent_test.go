package recent

import (
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"orrery/models"
)

// What a table returns is what was put last for the question, whatever made room for what.
func TestAgainstMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table := New(rapid.IntRange(1, 16).Draw(t, "records"), 4)
		type answer struct {
			at      models.Time
			content []uint64
		}
		put := map[uint64]answer{}
		for range rapid.IntRange(1, 100).Draw(t, "operations") {
			key := rapid.Uint64Range(1, 40).Draw(t, "key")
			if rapid.Bool().Draw(t, "put") {
				a := answer{models.Time(rapid.IntRange(0, 1000).Draw(t, "at")), rapid.SliceOfN(rapid.Uint64(), 0, 5).Draw(t, "content")}
				table.Put(key, a.at, a.content)
				if len(a.content) <= 4 {
					put[key] = a
					if _, _, ok := table.Get(nil, key); !ok {
						t.Fatalf("%d is gone at once", key)
					}
				}
				continue
			}
			got, at, ok := table.Get([]uint64{7}, key)
			if want := put[key]; ok && (at != want.at || !slices.Equal(got, append([]uint64{7}, want.content...))) {
				t.Fatalf("%d: %v of %d, want %v of %d", key, got, at, want.content, want.at)
			}
			if !ok && !slices.Equal(got, []uint64{7}) {
				t.Fatalf("a miss returned %v", got)
			}
		}
	})
}

// Whoever reads beside writers gets a whole answer or none.
func TestReaders(t *testing.T) {
	table := New(4, 8)
	var wg sync.WaitGroup
	for g := range uint64(3) {
		wg.Go(func() {
			var buf []uint64
			for i := range uint64(20_000) {
				key := 1 + (i*7+g)%9
				n := i % 9
				content := make([]uint64, n)
				for k := range content {
					content[k] = key<<32 | i
				}
				table.Put(key, models.Time(i), content)
				var at models.Time
				var ok bool
				if buf, at, ok = table.Get(buf[:0], key); !ok {
					continue
				}
				if len(buf) != int(at%9) {
					t.Errorf("an answer of moment %d has %d words", at, len(buf))
					return
				}
				for _, w := range buf {
					if w != key<<32|uint64(at) {
						t.Errorf("a torn answer: %x, want %x", w, key<<32|uint64(at))
						return
					}
				}
			}
		})
	}
	wg.Wait()
}

func TestAllocations(t *testing.T) {
	table, buf := New(64, 8), make([]uint64, 0, 8)
	content := []uint64{1, 2, 3}
	if n := testing.AllocsPerRun(100, func() {
		table.Put(5, 1, content)
		buf, _, _ = table.Get(buf[:0], 5)
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
