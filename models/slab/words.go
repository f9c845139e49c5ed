// Package slab is the memory that every model of Orrery lives in: flat arrays of 64-bit words and of text that one
// goroutine writes and any number of goroutines read, without locks, without pointers for the garbage collector to
// follow, and with consistent snapshots that do not stop the writer.
//
// The rules, in full:
//   - One writer. Append, Alloc, Edit, Set and Freeze are called by it alone.
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
	"sync"
	"sync/atomic"
)

const (
	chunkBits = 12
	// ChunkWords is the number of words in a chunk: 32 KiB. Smaller chunks make the copy on first write cheaper and
	// the directory longer; 4,096 keeps the copy near 5 us and the directory of 1 GiB at 32,768 pointers.
	ChunkWords = 1 << chunkBits
	chunkMask  = ChunkWords - 1
)

type chunk struct {
	words [ChunkWords]uint64

	// kept is the last freeze for which this chunk's content is safe: copied by the writer, or taken by the saver.
	kept atomic.Uint32
	mu   sync.Mutex
	copy *[ChunkWords]uint64 // the content at the freeze, if the writer had to write before the saver came by
}

// Words is a growing array of 64-bit words with one writer and many readers. The zero value is empty and ready.
type Words struct {
	dir    atomic.Pointer[[]*chunk] // what readers walk
	chunks []*chunk                 // the writer's own, always at least as long
	n      atomic.Uint64
	freeze uint32 // number of the newest freeze; written by the writer between events
}

// Len returns the number of words handed out.
func (w *Words) Len() uint64 { return w.n.Load() }

// Bytes returns the memory held, in bytes.
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
			c := new(chunk)
			c.kept.Store(w.freeze) // born after the freeze: not part of it
			w.chunks = append(w.chunks, c)
		}
		// Readers get a slice header of their own; the array behind it is only ever appended to.
		d := w.chunks
		w.dir.Store(&d)
	}
	w.n.Store(n)
}

// Load returns word i. It may be called by any goroutine; i must lie below Len.
func (w *Words) Load(i uint64) uint64 {
	return atomic.LoadUint64(&(*w.dir.Load())[i>>chunkBits].words[i&chunkMask])
}

// Block returns the n words from i on, for atomic loads. The block must lie in one chunk, as Alloc sees to.
func (w *Words) Block(i uint64, n int) []uint64 {
	return (*w.dir.Load())[i>>chunkBits].words[i&chunkMask : i&chunkMask+uint64(n) : i&chunkMask+uint64(n)]
}

// Edit returns the n words from i on for the writer, who reads them as he likes and stores them atomically.
func (w *Words) Edit(i uint64, n int) []uint64 {
	c := w.chunks[i>>chunkBits]
	if c.kept.Load() != w.freeze {
		c.keep(w.freeze)
	}
	return c.words[i&chunkMask : i&chunkMask+uint64(n) : i&chunkMask+uint64(n)]
}

// Set stores v in word i.
func (w *Words) Set(i, v uint64) {
	c := w.chunks[i>>chunkBits]
	if c.kept.Load() != w.freeze {
		c.keep(w.freeze)
	}
	atomic.StoreUint64(&c.words[i&chunkMask], v)
}

// keep saves the chunk's content for the snapshot of freeze f, unless the saver has taken it.
func (c *chunk) keep(f uint32) {
	c.mu.Lock()
	if c.kept.Load() != f {
		saved := c.words
		c.copy = &saved
		c.kept.Store(f)
	}
	c.mu.Unlock()
}

// Freeze marks the content of this moment and returns it for saving. The writer calls it between two events; the
// returned Frozen belongs to one other goroutine, which must WriteTo or Close it before the next Freeze.
func (w *Words) Freeze() *Frozen {
	w.freeze++
	return &Frozen{chunks: w.chunks, n: w.n.Load(), freeze: w.freeze}
}

// Frozen is the content of a Words at one moment.
type Frozen struct {
	chunks []*chunk
	n      uint64
	freeze uint32
	next   int
}

// Size returns the number of bytes that WriteTo writes.
func (f *Frozen) Size() int64 { return int64(8 + 8*f.n) }

// WriteTo writes the length and the words, little endian, and lets go of the copies on the way. It implements io.WriterTo.
func (f *Frozen) WriteTo(dst io.Writer) (int64, error) {
	defer f.Close()
	var total int64
	buf := make([]byte, 8, 8*ChunkWords)
	binary.LittleEndian.PutUint64(buf, f.n)
	k, err := dst.Write(buf)
	total += int64(k)
	if err != nil {
		return total, err
	}
	words := new([ChunkWords]uint64)
	left := f.n
	for left > 0 {
		f.take(words)
		m := min(left, ChunkWords)
		buf = buf[:0]
		for _, v := range words[:m] {
			buf = binary.LittleEndian.AppendUint64(buf, v)
		}
		k, err := dst.Write(buf)
		total += int64(k)
		if err != nil {
			return total, err
		}
		left -= m
	}
	return total, nil
}

// take copies the next chunk's frozen content to into.
func (f *Frozen) take(into *[ChunkWords]uint64) {
	c := f.chunks[f.next]
	f.next++
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept.Load() == f.freeze { // the writer came first
		*into, c.copy = *c.copy, nil
		return
	}
	*into = c.words
	c.kept.Store(f.freeze)
}

// Close lets go of what has not been written. It may be called more than once.
func (f *Frozen) Close() {
	used := int((f.n + chunkMask) >> chunkBits)
	for ; f.next < used; f.next++ {
		c := f.chunks[f.next]
		c.mu.Lock()
		c.copy = nil
		c.kept.Store(f.freeze)
		c.mu.Unlock()
	}
}

// ReadFrom replaces the content by what WriteTo wrote. It must not run beside readers.
func (w *Words) ReadFrom(src io.Reader) (int64, error) {
	var head [8]byte
	if _, err := io.ReadFull(src, head[:]); err != nil {
		return 0, fmt.Errorf("cannot read the length of a word array: %w", err)
	}
	n := binary.LittleEndian.Uint64(head[:])
	total := int64(8)
	w.chunks, w.freeze = nil, 0
	w.dir.Store(nil)
	w.n.Store(0)
	buf := make([]byte, 8*ChunkWords)
	for at := uint64(0); at < n; {
		m := min(n-at, ChunkWords)
		k, err := io.ReadFull(src, buf[:8*m])
		total += int64(k)
		if err != nil { // before reserving more: a damaged length must not eat the memory
			return total, fmt.Errorf("cannot read words %d.. of %d: %w", at, n, err)
		}
		w.reserve(at + m)
		words := w.chunks[at>>chunkBits].words[:m]
		for i := range words {
			words[i] = binary.LittleEndian.Uint64(buf[8*i:])
		}
		at += m
	}
	return total, nil
}
