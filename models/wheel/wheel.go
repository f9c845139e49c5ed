// Package wheel is a timer wheel: records that are to be looked at when their time has come (Varghese, Lauck 1987, scheme 4). Time
// is counted in slots. A slot holds the number of its first record; each record holds the next one, where its owner keeps it. So adding
// one and finding those that are due is O(1), whatever the number of records. What lies further ahead than the wheel is large comes up early:
// whoever looks adds it again. One goroutine uses it.
package wheel

import (
	"fmt"
	"io"

	"orrery/models/slab"
)

// Wheel is the slots from the one that has come on.
type Wheel struct {
	words  slab.Words // by slot modulo their number: the first record. Of a sparse one, by page of slots: where it is, 0 for nowhere; then the pages
	slots  int64
	sparse bool
	turn   int64 // slot that has come
}

// pageSlots is how many slots of a sparse wheel get memory together.
const pageSlots = 64

// New returns an empty wheel of so many slots.
func New(slots uint64) *Wheel {
	w := &Wheel{slots: int64(slots)}
	w.words.Grow(slots)
	return w
}

// NewSparse returns one that takes memory for the slots in which there has been something, pageSlots at a time.
func NewSparse(slots uint64) *Wheel {
	w := &Wheel{slots: int64(slots), sparse: true}
	w.words.Grow(slots / pageSlots)
	return w
}

// place returns where a slot is, and false where it has no memory.
func (w *Wheel) place(slot int64) (at uint64, ok bool) {
	at = uint64(slot % w.slots)
	if !w.sparse {
		return at, true
	}
	page := w.words.Load(at / pageSlots)
	return page + at%pageSlots, page != 0
}

// make returns where a slot is, to which it gives memory.
func (w *Wheel) make(slot int64) uint64 {
	at, ok := w.place(slot)
	if !ok {
		page := w.words.Len()
		w.words.Grow(page + pageSlots)
		w.words.Set(uint64(slot%w.slots)/pageSlots, page)
		at += page
	}
	return at
}

// Turn returns the slot that has come.
func (w *Wheel) Turn() int64 { return w.turn }

// SetTurn sets the slot that has come, of a wheel that is restored.
func (w *Wheel) SetTurn(slot int64) { w.turn = slot }

// Add puts a record into a slot, the nearest that there is, and returns the record that comes after it there, 0 for none.
func (w *Wheel) Add(record uint32, slot int64) (next uint32) {
	at := w.make(min(max(slot, w.turn+1), w.turn+w.slots-1))
	next = uint32(w.words.Load(at))
	w.words.Set(at, uint64(record))
	return next
}

// take empties a slot and returns its first record.
func (w *Wheel) take(slot int64) (first uint32) {
	at, ok := w.place(slot)
	if !ok {
		return 0
	}
	first = uint32(w.words.Load(at))
	w.words.Set(at, 0)
	return first
}

// Step turns the wheel on by one slot towards another, and returns the first record there; more is false once it has come. What is
// looked at is added again from that slot on, so that it comes up in the order of time.
func (w *Wheel) Step(to int64) (first uint32, more bool) {
	w.turn = max(w.turn, to-w.slots)
	if w.turn >= to {
		return 0, false
	}
	w.turn++
	return w.take(w.turn), true
}

// Leap turns the wheel to a slot at once, and calls look with the first record of each slot that it passes: what is looked at is added
// again behind all of them.
func (w *Wheel) Leap(to int64, look func(first uint32)) {
	from := max(w.turn+1, to-w.slots+1)
	w.turn = max(w.turn, to)
	for ; from <= to; from++ {
		look(w.take(from))
	}
}

// Each calls f with the slots to come and the first record of each, in the order of time.
func (w *Wheel) Each(f func(slot int64, first uint32)) {
	for slot := w.turn + 1; slot < w.turn+w.slots; slot++ {
		if at, ok := w.place(slot); ok && w.words.Load(at) != 0 {
			f(slot, uint32(w.words.Load(at)))
		}
	}
}

// Bytes returns the memory held.
func (w *Wheel) Bytes() uint64 { return w.words.Bytes() }

// Freeze returns the slots of this moment for a snapshot, without the turn.
func (w *Wheel) Freeze() *slab.Frozen { return w.words.Freeze() }

// ReadFrom replaces the slots by what Freeze wrote.
func (w *Wheel) ReadFrom(r io.Reader) (int64, error) {
	n, err := w.words.ReadFrom(r)
	if !w.sparse {
		w.words.Grow(uint64(w.slots))
		return n, err
	}
	w.words.Grow(uint64(w.slots) / pageSlots)
	for i := range uint64(w.slots) / pageSlots {
		if page := w.words.Load(i); err == nil && page != 0 && (page < uint64(w.slots)/pageSlots || page > w.words.Len() || w.words.Len()-page < pageSlots) {
			err = fmt.Errorf("cannot read a timer wheel: its slots from %d on lie outside", i*pageSlots)
		}
	}
	return n, err
}
