package slab

import (
	"encoding/binary"
	"errors"
	"io"
	"sync"
	"sync/atomic"
)

const (
	pageBits = 9
	// pageWords is the number of words in a page, what is copied before the first write after a freeze: 4 KiB. The writer
	// touches words that lie anywhere, so that right after a freeze nearly every write copies; a page is the least that
	// keeps the administration below a percent.
	pageWords = 1 << pageBits
)

type page [pageWords]uint64

// What has become of a page since the freeze.
const (
	untouched uint32 = iota
	copied           // by the writer, who may write there now
	taken            // by the saver, so that the writer may write there
)

// ErrClosed is the error of writing a frozen state that has been written or closed already.
var ErrClosed = errors.New("the frozen state has been let go of")

// Frozen is the content of a Words at one moment. It belongs to one goroutine, the saver.
//
// Writer and saver wait for each other nowhere. The writer copies a page, says so, and then writes. The saver reads a page
// and then says that it has: if the writer has said something before, what was read may be torn, and the writer's copy is
// there instead.
type Frozen struct {
	words  []uint64 // where they lay at the freeze: if they have moved since, nothing has been written there
	memory memory   // keeps words
	n      uint64
	state  []atomic.Uint32 // by page
	copies []*page         // by page: the content of a copied one
	next   int             // first page that is not let go of
	done   atomic.Bool     // all of it is let go of
}

func newFrozen(words []uint64, memory memory, n uint64) *Frozen {
	pages := (n + pageWords - 1) >> pageBits
	return &Frozen{words: words, memory: memory, n: n, state: make([]atomic.Uint32, pages), copies: make([]*page, pages)}
}

// pages are copies that are free.
var pages = sync.Pool{New: func() any { return new(page) }}

// keep makes page p of words safe to write into, for the writer.
func (f *Frozen) keep(words []uint64, p uint64) {
	if p >= uint64(len(f.state)) || f.state[p].Load() != untouched { // born after the freeze, or safe
		return
	}
	c := pages.Get().(*page)
	copy(c[:], words[p<<pageBits:])
	f.copies[p] = c
	if !f.state[p].CompareAndSwap(untouched, copied) {
		f.copies[p] = nil
		pages.Put(c)
	}
}

// take copies the content of the next page at the freeze to into and lets go of it.
func (f *Frozen) take(into *page) {
	p := f.next
	f.next++
	if f.state[p].Load() == untouched {
		words := f.words[p<<pageBits:]
		for i := range words[:min(len(words), pageWords)] { // a small array is less than a page
			into[i] = atomic.LoadUint64(&words[i])
		}
		if f.state[p].CompareAndSwap(untouched, taken) {
			return
		}
	}
	c := f.copies[p]
	f.copies[p] = nil
	*into = *c
	pages.Put(c)
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
	buf := make([]byte, 8, 8*min(ChunkWords, max(1, f.n))) // most arrays of small shops are small
	binary.LittleEndian.PutUint64(buf, f.n)
	k, err := dst.Write(buf)
	total := int64(k)
	words := pages.Get().(*page)
	defer pages.Put(words)
	for left := f.n; left > 0 && err == nil; {
		buf = buf[:0]
		for left > 0 && len(buf) < cap(buf) { // a chunk
			f.take(words)
			m := min(left, pageWords)
			for _, v := range words[:m] {
				buf = binary.LittleEndian.AppendUint64(buf, v)
			}
			left -= m
		}
		k, err = dst.Write(buf)
		total += int64(k)
	}
	return total, err
}

// Close lets go of what has not been written. It may be called more than once.
func (f *Frozen) Close() {
	for ; f.next < len(f.state); f.next++ {
		if !f.state[f.next].CompareAndSwap(untouched, taken) && f.copies[f.next] != nil {
			pages.Put(f.copies[f.next])
			f.copies[f.next] = nil
		}
	}
	f.done.Store(true)
}
