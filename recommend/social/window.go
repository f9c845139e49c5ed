// Package social counts distinct visitors per product over sliding windows: who looks at it now, who looked, put it
// into a cart or bought it within a day. The asking visitor is left out, crawlers never get in.
//
// A product's window is a small hash table of words: 32 bits of the visitor's hash, and when the visitor last touched
// the product, in seconds. So one structure is exact, forgets by itself when time passes without events, and answers for
// any moment a reader asks. A table that is full of living entries doubles up to a bound; past it, it keeps the half, the
// quarter, ... of the visitors whose hash begins with one, two, ... zero bits (distinct sampling, Gibbons, VLDB 2001;
// the expected error is 1/sqrt(entries): 6 % at the bound of 256, and below it the count is exact).
//
// Like the neighbour lists, tables are set-associative: a visitor can only lie in one set of eight words. Cost: one cache
// line an event, 64 B to 2 KiB a product and window.
package social

import (
	"io"
	"sync/atomic"

	"orrery/models"
	"orrery/models/slab"
)

const (
	setWords = 8
	classes  = 6 // 1..32 sets, 8..256 visitors
	maxLevel = 24
	// relaxEvery spares hot products the scan for most of their touches.
	relaxEvery = 32
)

// Window is the distinct visitors of every product within one horizon. One goroutine writes, any number read.
type Window struct {
	horizon uint32
	heads   slab.Words // product*2: offset<<16 | level<<8 | class+1; product*2+1: when the level fell<<32 | level to count by
	words   slab.Words // hash<<32 | last touch
	free    [classes]uint64
}

// NewWindow returns an empty window of the given length.
func NewWindow(horizon models.Time) *Window {
	return &Window{horizon: uint32(horizon / models.Second)}
}

// Bytes returns the memory held, in bytes.
func (w *Window) Bytes() uint64 { return w.heads.Bytes() + w.words.Bytes() }

type head struct {
	offset uint64
	level  uint
	class  int // -1: no table yet
}

func headOf(word uint64) head {
	return head{offset: word >> 16, level: uint(word >> 8 & 0xff), class: int(word&0xff) - 1}
}

func (h head) word() uint64 { return h.offset<<16 | uint64(h.level)<<8 | uint64(h.class+1) }

// admitted tells whether a visitor is among those kept at a level.
func admitted(hash uint32, level uint) bool { return level == 0 || hash>>(32-level) == 0 }

// setAt returns the first word of a visitor's set; the set depends on the low bits, the level on the high ones.
func setAt(h head, hash uint32) uint64 {
	return h.offset + uint64(hash&(1<<h.class-1))*setWords
}

func (w *Window) alive(word uint64, now uint32) bool {
	return word != 0 && uint64(uint32(word))+uint64(w.horizon) >= uint64(now)
}

// Touch notes that a visitor, by 32 bits of its hash, did to product what the window counts.
func (w *Window) Touch(product, visitor uint32, t models.Time) {
	s := t.Seconds()
	w.heads.Grow(2*uint64(product) + 2)
	h := headOf(w.heads.Load(2 * uint64(product)))
	if h.class < 0 {
		h = head{offset: w.allocate(0), class: 0}
		w.heads.Set(2*uint64(product), h.word())
	}
	if h.level > 0 && visitor%relaxEvery == 0 {
		h = w.relax(product, h, s)
	}
	for admitted(visitor, h.level) && !w.put(h, visitor, s) {
		h = w.extend(product, h, s)
	}
}

// put enters a touch, and reports false where the set is full of living entries.
func (w *Window) put(h head, visitor, s uint32) bool {
	set := w.words.Edit(setAt(h, visitor), setWords)
	spare := -1
	for i, word := range set {
		if uint32(word>>32) == visitor && word != 0 {
			if s > uint32(word) {
				atomic.StoreUint64(&set[i], uint64(visitor)<<32|uint64(s))
			}
			return true
		}
		if spare < 0 && !w.alive(word, s) {
			spare = i
		}
	}
	if spare < 0 {
		return false
	}
	atomic.StoreUint64(&set[spare], uint64(visitor)<<32|uint64(s))
	return true
}

// extend doubles a table, or at the bound keeps every second visitor of it.
func (w *Window) extend(product uint32, h head, s uint32) head {
	old := w.words.Block(h.offset, setWords<<h.class)
	if h.class == classes-1 {
		h.level = min(h.level+1, maxLevel)
		w.heads.Set(2*uint64(product)+1, uint64(h.level))
		w.heads.Set(2*uint64(product), h.word())
		edit := w.words.Edit(h.offset, setWords<<h.class)
		for i, word := range old {
			if !admitted(uint32(word>>32), h.level) {
				atomic.StoreUint64(&edit[i], 0)
			}
		}
		return h
	}
	bigger := head{offset: w.allocate(h.class + 1), level: h.level, class: h.class + 1}
	for _, word := range old {
		if w.alive(word, s) {
			w.put(bigger, uint32(word>>32), uint32(word))
		}
	}
	w.heads.Set(2*uint64(product), bigger.word())
	w.words.Set(h.offset, w.free[h.class])
	w.free[h.class] = h.offset + 1
	return bigger
}

// relax lets a sampled table keep twice the visitors again once it has emptied to an eighth. Those that come in newly
// count only after a whole horizon, when all of them had the chance to.
func (w *Window) relax(product uint32, h head, s uint32) head {
	since := uint32(w.heads.Load(2*uint64(product)+1) >> 32)
	if s < since+w.horizon {
		return h
	}
	living := 0
	for _, word := range w.words.Block(h.offset, setWords<<h.class) {
		if w.alive(word, s) {
			living++
		}
	}
	if living > setWords<<h.class/8 {
		return h
	}
	w.heads.Set(2*uint64(product)+1, uint64(s)<<32|uint64(h.level))
	h.level--
	w.heads.Set(2*uint64(product), h.word())
	return h
}

func (w *Window) allocate(class int) uint64 {
	if next := w.free[class]; next != 0 {
		block := w.words.Edit(next-1, setWords<<class)
		w.free[class] = block[0]
		for i := range block {
			atomic.StoreUint64(&block[i], 0)
		}
		return next - 1
	}
	return w.words.Alloc(setWords << class)
}

// Forget takes a visitor out of a product's window: a crawler that gave itself away.
func (w *Window) Forget(product, visitor uint32) {
	if 2*uint64(product) >= w.heads.Len() {
		return
	}
	h := headOf(w.heads.Load(2 * uint64(product)))
	if h.class < 0 {
		return
	}
	set := w.words.Edit(setAt(h, visitor), setWords)
	for i, word := range set {
		if uint32(word>>32) == visitor {
			atomic.StoreUint64(&set[i], 0)
		}
	}
}

// Count returns how many visitors other than self touched product within the horizon before now. It scans the
// product's table, at most 256 words, without a lock.
func (w *Window) Count(product, self uint32, now models.Time) int {
	at := 2 * uint64(product)
	if at+1 >= w.heads.Len() {
		return 0
	}
	s := now.Seconds()
	for {
		word := w.heads.Load(at)
		h := headOf(word)
		if h.class < 0 {
			return 0
		}
		level := h.level
		if fell := w.heads.Load(at + 1); uint64(s) < fell>>32+uint64(w.horizon) {
			level = max(level, uint(fell&0xff))
		}
		n := 0
		block := w.words.Block(h.offset, setWords<<h.class)
		for i := range block {
			e := atomic.LoadUint64(&block[i])
			if v := uint32(e >> 32); w.alive(e, s) && v != self && admitted(v, level) {
				n++
			}
		}
		if w.heads.Load(at) == word {
			return n << level
		}
	}
}

// Freeze returns the window of this moment for a snapshot.
func (w *Window) Freeze() *slab.Parts {
	return slab.Join(append(slab.Numbers{}, w.free[:]...), w.heads.Freeze(), w.words.Freeze())
}

// ReadFrom replaces the window by what Freeze wrote. It must not run beside readers.
func (w *Window) ReadFrom(r io.Reader) (int64, error) {
	return slab.ReadAll(r, slab.Numbers(w.free[:]), &w.heads, &w.words)
}
