package slab

import (
	"slices"
	"sync/atomic"
	"testing"
)

// An array that grows keeps its content wherever it goes, and a block of a place that it has left stays as it was.
func TestMoves(t *testing.T) {
	var w Words
	w.Grow(8)
	w.Set(0, 1)
	first := w.Block(0, 8)
	for n := uint64(ChunkWords); n <= 4*smallBytes/8; n += 3 * ChunkWords {
		before := w.Block(0, int(w.Len()))
		was := slices.Clone(before)
		w.Grow(n)
		if !slices.Equal(w.Block(0, len(was)), was) || !slices.Equal(before, was) {
			t.Fatalf("growing from %d words to %d changed some", len(was), n)
		}
		for _, v := range w.Block(uint64(len(was)), int(n)-len(was)) {
			if v != 0 {
				t.Fatalf("a new word is %d", v)
			}
		}
		w.Set(n-1, n)
		if n*8 > 2*smallBytes { // once large it stays where it is, where ranges are to be had
			continue
		}
		w.Set(0, n)
		if &first[0] != w.at(0) && atomic.LoadUint64(&first[0]) > n {
			t.Fatal("the old place was written to")
		}
	}
}

// Whatever is read outside of an array panics: it would be another array's memory.
func TestOutside(t *testing.T) {
	var w Words
	w.Grow(10)
	for name, read := range map[string]func(){
		"load":           func() { w.Load(10) },
		"load far":       func() { w.Load(1 << 63) },
		"block":          func() { w.Block(3, 8) },
		"block beyond":   func() { w.Block(11, 1) },
		"block far":      func() { w.Block(1<<63, 1) },
		"block negative": func() { w.Block(3, -1) },
		"ahead":          func() { w.Prefetch(10) },
		"set":            func() { w.Set(ChunkWords, 1) },
		"edit":           func() { w.Edit(ChunkWords-1, 2) },
		"empty":          func() { new(Words).Load(0) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			read()
		}()
	}
}
