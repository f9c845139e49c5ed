// Package slab is the memory that every model of Orrery lives in: flat arrays of 64-bit words and of text that one
// goroutine writes and any number of goroutines read, without locks, without pointers for the garbage collector to
// follow, and with consistent snapshots that do not stop the writer.
//
// The rules, in full:
//   - One writer. Append, Alloc, Grow, Edit, Set and Freeze are called by it alone.
//   - Words are stored and loaded atomically, one at a time. A reader may see one word new and its neighbour old;
//     whoever needs two words to agree packs them into one, or orders the stores so that a stale pair is harmless.
//   - Memory is handed out in chunks that never move, so a reader keeps no lock while the array grows: growth
//     publishes a longer directory of chunks.
//   - Freeze marks the state of this moment. From then on the writer copies a chunk (32 KiB, about 5 us) before it
//     first writes into it, unless the goroutine that saves the snapshot has taken that chunk already. So a snapshot
//     is exact to the event, and the stream stalls for single chunks only.
package slab

import (
	"encoding/binary"
	"fmt"
	"io"
	"sync/atomic"
	"unsafe"
)

const (
	chunkBits = 12
	// ChunkWords is the number of words in a chunk: 32 KiB. Smaller chunks make the copy on first write cheaper and
	// the directory longer; 4,096 keeps the copy near 5 us and the directory of 1 GiB at 32,768 pointers. It is also
	// the allocator's largest size class, so that no byte of a chunk is lost to rounding.
	ChunkWords = 1 << chunkBits
	chunkMask  = ChunkWords - 1
)

type chunk [ChunkWords]uint64

// Words is a growing array of 64-bit words with one writer and many readers. The zero value is empty and ready.
type Words struct {
	dir atomic.Pointer[[]*chunk] // what readers walk
	n   atomic.Uint64

	// The writer's own. kept is what the writer knows of guards[i].kept: a lookup in one short array, where the guard
	// itself would be a cache miss at every write.
	chunks []*chunk
	kept   []uint32
	guards []*guard
	store  store[chunk]
	freeze uint32 // number of the newest freeze
}

// Len returns the number of words handed out.
func (w *Words) Len() uint64 { return w.n.Load() }

// Bytes returns the memory held, in bytes. Any goroutine may call it.
func (w *Words) Bytes() uint64 {
	d := w.dir.Load()
	if d == nil {
		return 0
	}
	return uint64(len(*d)) * ChunkWords * 8
}

// Alloc hands out n zero words that lie in one chunk and returns the index of the first. n must be 1..ChunkWords.
func (w *Words) Alloc(n int) uint64 {
	if n < 1 || n > ChunkWords {
		panic(fmt.Sprintf("BUG: slab: cannot allocate a block of %d words", n))
	}
	at := w.n.Load()
	if room := ChunkWords - int(at&chunkMask); at&chunkMask != 0 && room < n {
		at += uint64(room) // the tail of the chunk stays unused: a block never spans two chunks
	}
	w.reserve(at + uint64(n))
	return at
}

// Grow makes the array at least n words long; the new words are zero.
func (w *Words) Grow(n uint64) {
	if n > w.n.Load() {
		w.reserve(n)
	}
}

func (w *Words) reserve(n uint64) {
	need := int((n + chunkMask) >> chunkBits)
	if need > len(w.chunks) {
		for need > len(w.chunks) {
			// Born after the freeze: not part of it.
			g := new(guard)
			g.kept.Store(w.freeze)
			w.chunks, w.kept, w.guards = append(w.chunks, w.store.next(len(w.chunks), 8*ChunkWords)), append(w.kept, w.freeze), append(w.guards, g)
		}
		// Readers get a slice header of their own; the array behind it is only ever appended to.
		d := w.chunks
		w.dir.Store(&d)
	}
	w.n.Store(n)
}

// Load returns word i. It may be called by any goroutine; i must lie below Len.
func (w *Words) Load(i uint64) uint64 {
	return atomic.LoadUint64(&(*w.dir.Load())[i>>chunkBits][i&chunkMask])
}

// Ahead asks for the cache line of word i and does not wait for it: whoever will look at many places that lie anywhere in
// memory asks for all of them before, so that the waits overlap. i must lie below Len.
func (w *Words) Ahead(i uint64) { prefetch(&(*w.dir.Load())[i>>chunkBits][i&chunkMask]) }

// Ahead asks for the cache line of a word: see Words.Ahead.
func Ahead(word *uint64) { prefetch(word) }

// Block returns the n words from i on, for atomic loads. The block must lie in one chunk, as Alloc sees to.
func (w *Words) Block(i uint64, n int) []uint64 {
	return (*w.dir.Load())[i>>chunkBits][i&chunkMask : i&chunkMask+uint64(n) : i&chunkMask+uint64(n)]
}

// Edit returns the n words from i on for the writer, who reads them as he likes and stores them atomically. The block
// must lie in one chunk, and is not to be written to after the next Freeze.
func (w *Words) Edit(i uint64, n int) []uint64 {
	c := i >> chunkBits
	if w.kept[c] != w.freeze {
		w.keep(c)
	}
	return w.chunks[c][i&chunkMask : i&chunkMask+uint64(n) : i&chunkMask+uint64(n)]
}

// Set stores v in word i.
func (w *Words) Set(i, v uint64) {
	c := i >> chunkBits
	if w.kept[c] != w.freeze {
		w.keep(c)
	}
	atomic.StoreUint64(&w.chunks[c][i&chunkMask], v)
}

// keep makes chunk c safe to write into: its content at the last freeze is saved, or has been taken.
func (w *Words) keep(c uint64) {
	w.guards[c].keep(w.chunks[c], w.freeze)
	w.kept[c] = w.freeze
}

// Freeze marks the content of this moment and returns it for saving. The writer calls it between two events; the
// returned Frozen belongs to one other goroutine, which must WriteTo or Close it before the next Freeze.
func (w *Words) Freeze() *Frozen {
	w.freeze++
	return &Frozen{chunks: w.chunks, guards: w.guards, n: w.n.Load(), freeze: w.freeze}
}

// ReadFrom replaces the content by what WriteTo wrote. It must not run beside readers. After an error the content is
// what could be read.
func (w *Words) ReadFrom(src io.Reader) (int64, error) {
	var head [8]byte
	if _, err := io.ReadFull(src, head[:]); err != nil {
		return 0, fmt.Errorf("cannot read the length of a word array: %w", err)
	}
	n := binary.LittleEndian.Uint64(head[:])
	total := int64(8)
	w.chunks, w.kept, w.guards, w.store, w.freeze = nil, nil, nil, store[chunk]{}, 0
	w.dir.Store(nil)
	w.n.Store(0)
	for at := uint64(0); at < n; { // chunk by chunk: a damaged length must not eat the memory
		m := min(n-at, ChunkWords)
		w.reserve(at + m)
		words := w.chunks[at>>chunkBits][:m]
		bytes := unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), 8*m) // no copy between the file's block and the chunk
		k, err := io.ReadFull(src, bytes)
		total += int64(k)
		if err != nil {
			w.n.Store(at)
			return total, fmt.Errorf("cannot read words %d.. of %d: %w", at, n, err)
		}
		for i := range words {
			words[i] = binary.LittleEndian.Uint64(bytes[8*i:]) // where it lies, whatever the machine's order
		}
		at += m
	}
	return total, nil
}
