package slab

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"sync/atomic"
	"unsafe"
)

const (
	textBits = 20
	// textChunk is the size of a chunk of text, 1 MiB: a text never spans two, so it also bounds MaxText.
	textChunk = 1 << textBits
	// MaxText is the longest text that fits: 64 KiB less one byte.
	MaxText = 1<<16 - 1

	lenBits = 16
)

// Ref names a text: its offset<<16 | its length. The zero Ref is the empty text.
type Ref uint64

// Text is append-only memory for strings, with one writer and many readers. A text is immutable once its Ref has been
// handed out; the writer publishes the Ref by an atomic store (a word of a Words), which makes the bytes visible.
type Text struct {
	dir    atomic.Pointer[[]*[textChunk]byte]
	chunks []*[textChunk]byte
	store  store[[textChunk]byte]
	n      uint64 // bytes handed out, gaps at the chunks' ends included
	wiped  []Ref  // texts that no snapshot is to hold any more
}

// Append stores b and returns its Ref. Longer texts than MaxText are a bug of the caller.
func (t *Text) Append(b []byte) Ref {
	if len(b) == 0 {
		return 0
	}
	if len(b) > MaxText {
		panic(fmt.Sprintf("BUG: slab: text of %d bytes", len(b)))
	}
	if room := textChunk - t.n%textChunk; room < uint64(len(b)) {
		t.n += room
	}
	t.reserve(t.n + uint64(len(b)))
	at := t.n
	copy(t.chunks[at>>textBits][at%textChunk:], b)
	t.n += uint64(len(b))
	return Ref(at<<lenBits | uint64(len(b)))
}

func (t *Text) reserve(n uint64) {
	need := int((n + textChunk - 1) >> textBits)
	if need <= len(t.chunks) {
		return
	}
	for need > len(t.chunks) {
		t.chunks = append(t.chunks, t.store.next(len(t.chunks), textChunk))
	}
	d := t.chunks
	t.dir.Store(&d)
}

// Get returns the text of r, shared and immutable. Any goroutine may call it.
func (t *Text) Get(r Ref) []byte {
	n := uint64(r & MaxText)
	if n == 0 {
		return nil
	}
	at := uint64(r >> lenBits)
	c := (*t.dir.Load())[at>>textBits]
	at %= textChunk
	return c[at : at+n : at+n]
}

// Prefetch asks for the first cache line of the text of r: see Words.Prefetch.
func (t *Text) Prefetch(r Ref) {
	if r&MaxText != 0 {
		at := uint64(r >> lenBits)
		prefetch((*uint64)(unsafe.Pointer(&(*t.dir.Load())[at>>textBits][at%textChunk&^7])))
	}
}

// Wipe keeps a text out of all snapshots from now on: zeros stand in its place. A reader may still hold it, so this memory has it until
// the process ends. Nobody may name it any more.
func (t *Text) Wipe(r Ref) {
	if r&MaxText != 0 {
		t.wiped = append(t.wiped, r)
	}
}

// Size returns the bytes handed out, for the writer.
func (t *Text) Size() uint64 { return t.n }

// Holds tells whether r names bytes that were handed out, for checking what a snapshot brought; for the writer.
func (t *Text) Holds(r Ref) bool {
	at, n := uint64(r>>lenBits), uint64(r&MaxText)
	return n == 0 || at+n <= t.n && at%textChunk+n <= textChunk
}

// Bytes returns the memory held, in bytes. Any goroutine may call it.
func (t *Text) Bytes() uint64 {
	d := t.dir.Load()
	if d == nil {
		return 0
	}
	return uint64(len(*d)) * textChunk
}

// Freeze returns the content of this moment for saving: what lies below its end never changes.
func (t *Text) Freeze() *FrozenText {
	return &FrozenText{chunks: t.chunks, n: t.n, wiped: t.wiped[:len(t.wiped):len(t.wiped)]}
}

// FrozenText is the content of a Text at one moment.
type FrozenText struct {
	chunks []*[textChunk]byte
	n      uint64
	wiped  []Ref
}

// chunk returns chunk i as it is saved.
func (f *FrozenText) chunk(i uint64) []byte {
	out := f.chunks[i][:]
	for _, r := range f.wiped {
		if at := uint64(r >> lenBits); at>>textBits == i {
			if &out[0] == &f.chunks[i][0] { // readers may hold the text itself
				out = bytes.Clone(out)
			}
			clear(out[at%textChunk : at%textChunk+uint64(r&MaxText)])
		}
	}
	return out
}

// WriteTo writes the length and the bytes. It implements io.WriterTo.
func (f *FrozenText) WriteTo(dst io.Writer) (int64, error) {
	var head [8]byte
	binary.LittleEndian.PutUint64(head[:], f.n)
	k, err := dst.Write(head[:])
	total := int64(k)
	for at := uint64(0); at < f.n && err == nil; {
		m := min(f.n-at, textChunk)
		k, err = dst.Write(f.chunk(at >> textBits)[:m])
		total += int64(k)
		at += m
	}
	return total, err
}

// ReadFrom replaces the content by what WriteTo wrote. It must not run beside readers.
func (t *Text) ReadFrom(src io.Reader) (int64, error) {
	var head [8]byte
	if _, err := io.ReadFull(src, head[:]); err != nil {
		return 0, fmt.Errorf("cannot read the length of a text array: %w", err)
	}
	n := binary.LittleEndian.Uint64(head[:])
	total := int64(8)
	t.chunks, t.store, t.n, t.wiped = nil, store[[textChunk]byte]{}, 0, nil
	t.dir.Store(nil)
	for at := uint64(0); at < n; {
		m := min(n-at, textChunk)
		c := t.store.next(len(t.chunks), textChunk)
		k, err := io.ReadFull(src, c[:m])
		total += int64(k)
		if err != nil {
			return total, fmt.Errorf("cannot read text %d.. of %d: %w", at, n, err)
		}
		t.chunks = append(t.chunks, c)
		at += m
	}
	t.n = n
	if n > 0 {
		d := t.chunks
		t.dir.Store(&d)
	}
	return total, nil
}
