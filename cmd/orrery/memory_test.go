package main

import (
	"fmt"
	"strings"
	"testing"

	"orrery/models/slab"
)

func TestMemoryLimit(t *testing.T) {
	for text, want := range map[string]int64{
		"1000000000\n": 850_000_000, "max\n": 0, "9223372036854771712\n": 0, "": 0, "0": 0, "-5": 0,
	} {
		if got := memoryLimit(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

func TestHeapBesideArrays(t *testing.T) {
	c := &collector{memory: 1000}
	for _, step := range []struct {
		arrays int64
		stale  bool
		heap   int64
	}{{0, false, 1000}, {10, false, 990}, {300, true, 700}, {290, false, 710}, {950, true, 100}, {5000, true, 100}, {300, true, 700}} {
		if c.stale(step.arrays) != step.stale {
			t.Errorf("%d bytes of arrays after %d: stale is %t", step.arrays, c.arrays, !step.stale)
		}
		if got := c.heap(step.arrays); got != step.heap {
			t.Errorf("%d bytes of arrays leave %d to the heap, want %d", step.arrays, got, step.heap)
		}
	}
}

// What the process may use is told as it is, however little of it the arrays leave to Go's heap.
func TestMemoryMetrics(t *testing.T) {
	c := &collector{memory: 1000}
	c.heap(900)
	var b strings.Builder
	c.metrics(&b)
	if want := fmt.Sprintf("orrery_memory_limit_bytes 1000\norrery_memory_arrays_bytes %d\n", slab.Mapped()); b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}

func TestGarbage(t *testing.T) {
	const mb = 1 << 20
	for _, c := range []struct {
		live, arrays, memory int64
		want                 int
	}{
		{0, 0, 0, 100}, {0, 500 * mb, 0, 100}, {50 * mb, 0, 0, 100}, {50 * mb, 25 * mb, 0, 150}, {128 * mb, 1000 * mb, 0, 200}, {900 * mb, 5000 * mb, 0, 100},
		{128 * mb, 1000 * mb, 4096 * mb, 200}, {50 * mb, 100 * mb, 160 * mb, 40}, {100 * mb, 100 * mb, 160 * mb, 25}, {0, 0, 160 * mb, 100},
	} {
		if got := garbage(c.live, c.arrays, c.memory); got != c.want {
			t.Errorf("%d MB alive beside %d of arrays: %d %%, want %d", c.live/mb, c.arrays/mb, got, c.want)
		}
	}
}

// From nine tenths of the memory on there is no room for new names, until there is some more of it than that.
func TestRoom(t *testing.T) {
	c := &collector{memory: 1000}
	for _, step := range []struct {
		arrays, live int64
		full         bool
	}{{100, 100, false}, {800, 99, false}, {800, 100, true}, {800, 85, true}, {800, 79, false}, {899, 0, false}, {5000, 0, true}} {
		c.measure(step.arrays, step.live)
		ok, reason := c.check()
		if c.full.Load() != step.full || ok == step.full || strings.Contains(reason, "give the process more memory") != step.full {
			t.Errorf("%d of arrays and %d alive: full is %t: %s", step.arrays, step.live, !step.full, reason)
		}
	}
	unlimited := &collector{}
	if unlimited.measure(1<<40, 0); unlimited.full.Load() {
		t.Error("memory that nobody bounds is full")
	}
	if got := strangers(2 << 30); got != 2<<30/4/visitorBytes {
		t.Errorf("%d strangers in 2 GiB", got)
	}
	if strangers(1) != 10_000 || strangers(0) < 10_000 {
		t.Error("too few strangers")
	}
}
