package slab

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"
)

// contents reads all words, as a reader does.
func contents(w *Words) (out []uint64) {
	for at := uint64(0); at < w.Len(); at += ChunkWords {
		out = append(out, w.Block(at, int(min(w.Len()-at, ChunkWords)))...)
	}
	return out
}

// saved decodes what Frozen wrote.
func saved(t rapid.TB, b []byte) []uint64 {
	t.Helper()
	if len(b) < 8 || uint64(len(b)) != 8+8*binary.LittleEndian.Uint64(b) {
		t.Fatalf("a frozen array of %d bytes says it has %d words", len(b), binary.LittleEndian.Uint64(b))
	}
	var out []uint64
	for b = b[8:]; len(b) > 0; b = b[8:] {
		out = append(out, binary.LittleEndian.Uint64(b))
	}
	return out
}

// A Words behaves as a plain slice does, and what was frozen stays what it was, whatever is written meanwhile.
func TestWordsAgainstSlice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var w Words
		var model []uint64
		var frozen *Frozen
		var then []uint64 // the model at the freeze
		grow := func(n uint64) {
			for uint64(len(model)) < n {
				model = append(model, 0)
			}
		}
		save := func() {
			var b bytes.Buffer
			if _, err := frozen.WriteTo(&b); err != nil {
				t.Fatal(err)
			}
			if got := saved(t, b.Bytes()); !slices.Equal(got, then) {
				t.Fatalf("the frozen state has %d words and differs from the %d at the freeze", len(got), len(then))
			}
			frozen = nil
		}
		at := func() uint64 {
			if len(model) == 0 {
				t.Skip("nothing is there")
			}
			return rapid.Uint64Range(0, uint64(len(model)-1)).Draw(t, "at")
		}
		t.Repeat(map[string]func(*rapid.T){
			"alloc": func(t *rapid.T) {
				n := rapid.OneOf(rapid.IntRange(1, 100), rapid.IntRange(1, ChunkWords)).Draw(t, "n")
				i := w.Alloc(n)
				if i < uint64(len(model)) || i/ChunkWords != (i+uint64(n)-1)/ChunkWords {
					t.Fatalf("block %d+%d spans chunks or is in use", i, n)
				}
				grow(i + uint64(n))
			},
			"grow": func(t *rapid.T) {
				n := uint64(len(model)) + rapid.Uint64Range(0, 3*ChunkWords).Draw(t, "by")
				w.Grow(n)
				grow(n)
			},
			"set": func(t *rapid.T) {
				i, v := at(), rapid.Uint64().Draw(t, "v")
				w.Set(i, v)
				model[i] = v
				if got := w.Load(i); got != v {
					t.Fatalf("word %d is %d, want %d", i, got, v)
				}
			},
			"edit": func(t *rapid.T) {
				i := at()
				n := min(rapid.OneOf(rapid.IntRange(1, 16), rapid.IntRange(1, ChunkWords)).Draw(t, "n"), int(uint64(len(model))-i), int(ChunkWords-i%ChunkWords))
				block := w.Edit(i, n)
				if !slices.Equal(block, model[i:i+uint64(n)]) || !slices.Equal(w.Block(i, n), block) {
					t.Fatalf("block %d+%d is %v, want %v", i, n, block, model[i:i+uint64(n)])
				}
				for k := range block {
					model[i+uint64(k)]++
					atomic.StoreUint64(&block[k], model[i+uint64(k)])
				}
			},
			"freeze": func(t *rapid.T) {
				if frozen != nil {
					save()
				}
				frozen, then = w.Freeze(), slices.Clone(model)
				if frozen.Size() != int64(8+8*len(model)) {
					t.Fatalf("size %d of %d words", frozen.Size(), len(model))
				}
			},
			"save": func(t *rapid.T) {
				if frozen == nil {
					t.Skip("nothing is frozen")
				}
				save()
			},
			"close": func(t *rapid.T) {
				if frozen == nil {
					t.Skip("nothing is frozen")
				}
				frozen.Close()
				frozen.Close()
				if _, err := frozen.WriteTo(io.Discard); !errors.Is(err, ErrClosed) {
					t.Fatalf("writing what was closed: %v", err)
				}
				frozen = nil
			},
			"restore": func(t *rapid.T) {
				if frozen != nil {
					frozen.Close()
					frozen = nil
				}
				var b bytes.Buffer
				if _, err := w.Freeze().WriteTo(&b); err != nil {
					t.Fatal(err)
				}
				if n, err := w.ReadFrom(&b); err != nil || n != int64(8+8*len(model)) {
					t.Fatalf("restored %d bytes of %d words: %v", n, len(model), err)
				}
			},
			"": func(t *rapid.T) {
				if !slices.Equal(contents(&w), model) {
					t.Fatal("the words differ from the model")
				}
				if w.Bytes() < 8*w.Len() {
					t.Fatalf("%d words in %d bytes", w.Len(), w.Bytes())
				}
			},
		})
	})
}

// A failing writer ends a snapshot early; the next one is whole.
func TestFrozenFailure(t *testing.T) {
	var w Words
	w.Grow(3 * ChunkWords)
	for n := range 4 {
		f := w.Freeze()
		w.Set(uint64(n)*ChunkWords%w.Len(), 7) // a copy is there that has to be let go of
		if _, err := f.WriteTo(&failing{after: n}); !errors.Is(err, errDisk) {
			t.Fatalf("after %d writes: %v", n, err)
		}
		for i, c := range f.copies {
			if c != nil {
				t.Fatalf("after %d writes the copy of page %d is held", n, i)
			}
		}
	}
	var b bytes.Buffer
	if _, err := w.Freeze().WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(saved(t, b.Bytes()), contents(&w)) {
		t.Fatal("the snapshot after the failures differs")
	}
}

var errDisk = errors.New("the disk is full")

type failing struct{ after int }

func (f *failing) Write(p []byte) (int, error) {
	if f.after == 0 {
		return 0, errDisk
	}
	f.after--
	return len(p), nil
}

// One goroutine writes, one saves, several read. Words come in rows of 8 that all hold the same number; rows are
// written in turn with growing numbers, so that a snapshot of a moment has a single step between two numbers, and
// never a row of two.
func TestSnapshotWhileWriting(t *testing.T) {
	const rows = 3 * ChunkWords / 8
	var w Words
	w.Grow(rows * 8)
	asks, freezes := make(chan struct{}), make(chan *Frozen)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for number := uint64(1); ; number++ {
			for row := range uint64(rows) {
				if row%50 == 0 {
					select {
					case <-stop:
						return
					case <-asks: // the saver is done with the one before
						freezes <- w.Freeze()
					default:
						runtimeYield(row)
					}
				}
				block := w.Edit(row*8, 8)
				for i := range block {
					atomic.StoreUint64(&block[i], number)
				}
			}
			if number%64 == 0 && w.Len() < 64*ChunkWords {
				w.Alloc(ChunkWords)
			}
		}
	})
	for range 2 {
		wg.Go(func() {
			last := make([]uint64, rows)
			for {
				select {
				case <-stop:
					return
				default:
				}
				for row := range uint64(rows) {
					if v := w.Load(row * 8); v < last[row] {
						t.Errorf("row %d went from %d back to %d", row, last[row], v)
						return
					} else {
						last[row] = v
					}
				}
				_ = w.Load(w.Len() - 1)
			}
		})
	}
	for range 30 {
		asks <- struct{}{}
		f := <-freezes
		var b bytes.Buffer
		if _, err := f.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		words := saved(t, b.Bytes())
		steps := 0
		for row := range rows {
			r := words[row*8 : row*8+8]
			for _, v := range r {
				if v != r[0] {
					t.Fatalf("row %d is torn: %v", row, r)
				}
			}
			if row > 0 && r[0] != words[row*8-8] {
				if steps++; r[0]+1 != words[row*8-8] {
					t.Fatalf("row %d steps from %d to %d", row, words[row*8-8], r[0])
				}
			}
		}
		if steps > 1 {
			t.Fatalf("the snapshot has %d steps", steps)
		}
	}
	close(stop)
	wg.Wait()
}
