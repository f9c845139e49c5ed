package slab

import (
	"encoding/binary"
	"errors"
	"io"
	"sync"
	"sync/atomic"
)

// guard keeps a chunk's frozen content safe from the writer.
type guard struct {
	kept atomic.Uint32 // the last freeze for which the content is safe: copied by the writer, or taken by the saver
	mu   sync.Mutex
	copy *chunk // the content at the freeze, if the writer had to write before the saver came by
}

// keep saves the content of c for the snapshot of freeze f, unless the saver has taken it. Writer and saver meet here:
// whoever has the lock first reads the chunk while nobody writes into it.
func (g *guard) keep(c *chunk, f uint32) {
	if g.kept.Load() == f {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.kept.Load() != f {
		saved := *c
		g.copy = &saved
		g.kept.Store(f)
	}
}

// take copies the content of c at freeze f to into, and lets go of the writer's copy.
func (g *guard) take(c *chunk, f uint32, into *chunk) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.kept.Load() == f { // the writer came first
		*into, g.copy = *g.copy, nil
		return
	}
	*into = *c
	g.kept.Store(f)
}

// drop lets go of the content at freeze f.
func (g *guard) drop(f uint32) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.copy = nil
	g.kept.Store(f)
}

// ErrClosed is the error of writing a frozen state that has been written or closed already.
var ErrClosed = errors.New("the frozen state has been let go of")

// Frozen is the content of a Words at one moment. It belongs to one goroutine.
type Frozen struct {
	words  []uint64 // where they lay at the freeze: if they have moved since, nothing has been written there
	memory memory   // keeps words
	guards []*guard
	n      uint64
	freeze uint32
	next   int         // first chunk that is not let go of
	done   atomic.Bool // all of it is let go of
}

// Size returns the number of bytes that WriteTo writes.
func (f *Frozen) Size() int64 { return int64(8 + 8*f.n) }

// WriteTo writes the length and the words, little endian, and lets go of the copies on the way; it works once. It
// implements io.WriterTo.
func (f *Frozen) WriteTo(dst io.Writer) (int64, error) {
	if f.done.Load() {
		return 0, ErrClosed
	}
	defer f.Close()
	buf := make([]byte, 8, 8*ChunkWords)
	binary.LittleEndian.PutUint64(buf, f.n)
	k, err := dst.Write(buf)
	total := int64(k)
	words := new(chunk)
	for left := f.n; left > 0 && err == nil; {
		f.guards[f.next].take((*chunk)(f.words[f.next<<chunkBits:]), f.freeze, words)
		f.next++
		m := min(left, ChunkWords)
		buf = buf[:0]
		for _, v := range words[:m] {
			buf = binary.LittleEndian.AppendUint64(buf, v)
		}
		k, err = dst.Write(buf)
		total += int64(k)
		left -= m
	}
	return total, err
}

// Close lets go of what has not been written. It may be called more than once.
func (f *Frozen) Close() {
	for used := int((f.n + chunkMask) >> chunkBits); f.next < used; f.next++ {
		f.guards[f.next].drop(f.freeze)
	}
	f.done.Store(true)
}
