//go:build linux && !race

package slab

import (
	"runtime"
	"testing"
	"time"
)

// A large array lies in a range of its own and does not move; what it took comes back when nobody holds it, and whoever
// gets the range next finds it empty.
func TestRanges(t *testing.T) {
	const words = 3 * smallBytes / 8
	before := Mapped()
	fill := func() {
		var w Words
		w.Grow(smallBytes/8 + 1)
		at := w.at(0)
		for n := w.Len(); n <= words; n += ChunkWords {
			w.Grow(n)
		}
		for i := range w.Len() {
			if w.Load(i) != 0 {
				t.Fatalf("word %d of a new array is %d", i, w.Load(i))
			}
			w.Set(i, i+1)
		}
		// Arrays of other tests may come back meanwhile: what counts is that this one is in the sum.
		if w.at(0) != at || w.memory.lease.open < 8*words || Mapped() < 8*words {
			t.Fatalf("an array of %d words has moved, or is not counted: %d bytes of %d", w.Len(), w.memory.lease.open, Mapped())
		}
	}
	for range 3 {
		fill()
		for wait := time.Now(); Mapped() > before; time.Sleep(time.Millisecond) {
			if time.Since(wait) > time.Minute {
				t.Fatalf("%d bytes did not come back", Mapped()-before)
			}
			runtime.GC()
		}
	}
	idle.Lock()
	defer idle.Unlock()
	if len(idle.ranges) == 0 {
		t.Error("no range waits for the next use")
	}
}

// An array beyond a range's size goes on in Go's heap, with what it holds.
func TestBeyondRange(t *testing.T) {
	var m memory
	words := m.grow(nil, smallBytes/8+ChunkWords)
	words[0], words[len(words)-1] = 1, 2
	m.lease.raw = m.lease.raw[:m.lease.open:m.lease.open]
	bigger := m.grow(words, m.lease.open/8+ChunkWords)
	if !m.heap || bigger[0] != 1 || bigger[len(words)-1] != 2 || bigger[len(words)] != 0 {
		t.Error("what did not fit into the range is lost")
	}
	again := m.grow(bigger, len(bigger)+ChunkWords)
	if again[0] != 1 || again[len(words)-1] != 2 {
		t.Error("growing once more lost it")
	}
}
