// Package slab is the memory that every model of Orrery lives in: flat arrays of 64-bit words and of text that one
// goroutine writes and any number of goroutines read, without locks, without pointers for the garbage collector to
// follow, and with consistent snapshots that do not stop the writer.
//
// The rules, in full:
//   - One writer. Append, Alloc, Grow, Edit, Set and Freeze are called by it alone.
//   - Words are stored and loaded atomically, one at a time. A reader may see one word new and its neighbour old;
//     whoever needs two words to agree packs them into one, or orders the stores so that a stale pair is harmless.
//   - An array is one piece of memory, so that a word is one load away. A small one moves when it grows: who holds a
//     block of the old place finds there what was in it at that moment, and the writer must not write there any more. A
//     large one (see memory) lies in an address range reserved for its largest size, and grows in place.
//   - A block is of use as long as its array is: nobody keeps one for longer than the array it is of.
//   - Freeze marks the state of this moment. From then on the writer copies a page (4 KiB, about a microsecond) before
//     it first writes into it, unless the goroutine that saves the snapshot has taken that page already. So a snapshot
//     is exact to the event, and the stream stalls for single pages only.
package slab

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"unsafe"
)

const (
	chunkBits = 12
	// ChunkWords is the number of words in a chunk: 32 KiB. It is what an array grows by, and the largest block. One that has not
	// filled a chunk takes leastWords, or as many times two of them as it needs: a shop has a dozen arrays, and most shops are small.
	ChunkWords = 1 << chunkBits
	chunkMask  = ChunkWords - 1
	// leastWords is the least that an array takes once there is something in it: 256 B, four cache lines.
	leastWords = 32
)

// Words is a growing array of 64-bit words with one writer and many readers. The zero value is empty and ready.
type Words struct {
	base atomic.Pointer[uint64] // word 0, for readers: to be loaded after n
	n    atomic.Uint64

	// The writer's own.
	words  []uint64 // of base: see roomFor
	memory memory   // where words lie
	frozen *Frozen  // the newest freeze, nil when all of it is known to be saved
}

// Len returns the number of words handed out.
func (w *Words) Len() uint64 { return w.n.Load() }

// Bytes returns the memory held, in bytes. Any goroutine may call it.
func (w *Words) Bytes() uint64 { return roomFor(w.n.Load()) * 8 }

// roomFor returns how many words an array of n has room for.
func roomFor(n uint64) uint64 {
	if n == 0 || n > ChunkWords/2 {
		return (n + chunkMask) &^ chunkMask
	}
	room := uint64(leastWords)
	for room < n {
		room *= 2
	}
	return room
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
	if n > uint64(len(w.words)) {
		w.extend(int(roomFor(n)))
	}
	w.n.Store(n)
}

// extend makes room for so many words.
func (w *Words) extend(room int) {
	w.words = w.memory.grow(w.words, room)
	w.base.Store(&w.words[0])
}

// at returns the place of word i.
func (w *Words) at(i uint64) *uint64 {
	if i >= w.n.Load() {
		panic(errOutside)
	}
	return (*uint64)(unsafe.Add(unsafe.Pointer(w.base.Load()), 8*i))
}

var errOutside = errors.New("BUG: slab: the word lies outside of the array")

// Load returns word i. It may be called by any goroutine; i must lie below Len.
func (w *Words) Load(i uint64) uint64 { return atomic.LoadUint64(w.at(i)) }

// Prefetch asks for the cache line of word i and does not wait for it: whoever will look at many places that lie anywhere in
// memory asks for all of them before, so that the waits overlap. i must lie below Len.
func (w *Words) Prefetch(i uint64) { prefetch(w.at(i)) }

// Prefetch asks for the cache line of what p points at: see Words.Prefetch.
func Prefetch[T any](p *T) { prefetch((*uint64)(unsafe.Pointer(p))) }

// Block returns the n words from i on, for atomic loads. All must lie below Len.
func (w *Words) Block(i uint64, n int) []uint64 {
	if have := w.n.Load(); i > have || uint64(n) > have-i {
		panic(errOutside)
	}
	return unsafe.Slice((*uint64)(unsafe.Add(unsafe.Pointer(w.base.Load()), 8*i)), n)
}

// Edit returns the n words from i on for the writer, who reads them as he likes and stores them by Store. The block must
// lie in one chunk, as Alloc sees to, and is not to be written to after the next Freeze or growth of the array.
func (w *Words) Edit(i uint64, n int) []uint64 {
	if w.frozen != nil {
		w.keep(i, n)
	}
	return w.words[i : i+uint64(n) : i+uint64(n)]
}

// Set stores v in word i.
//
//go:noinline
func (w *Words) Set(i, v uint64) {
	if w.frozen != nil {
		w.keep(i, 1)
	}
	Store(&w.words[i], v)
}

// keep makes n words from i on safe to write into: their content at the last freeze is saved, or has been taken.
func (w *Words) keep(i uint64, n int) {
	if w.frozen.done.Load() {
		w.frozen = nil
		return
	}
	for p := i >> pageBits; p<<pageBits < i+uint64(n); p++ {
		w.frozen.keep(w.words, p)
	}
}

// Freeze marks the content of this moment and returns it for saving. The writer calls it between two events; the
// returned Frozen belongs to one other goroutine, which must WriteTo or Close it before the next Freeze.
func (w *Words) Freeze() *Frozen {
	w.frozen = newFrozen(w.words, w.memory, w.n.Load())
	return w.frozen
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
	w.n.Store(0)
	w.words, w.memory, w.frozen = nil, memory{}, nil
	for at := uint64(0); at < n; { // chunk by chunk: a damaged length must not eat the memory
		m := min(n-at, ChunkWords)
		w.reserve(at + m)
		words := w.words[at : at+m]
		bytes := unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), 8*m) // no copy between the file's block and the array
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
