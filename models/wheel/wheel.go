// Package wheel is a timer wheel: records that are to be looked at when their time has come (Varghese, Lauck 1987, scheme 4). Time
// is counted in slots. A slot holds the number of its first record; each record holds the next one, where its owner keeps it. So adding
// one and finding those that are due is O(1), whatever the number of records. What lies further ahead than the wheel is large comes up early:
// whoever looks adds it again. One goroutine uses it.
package wheel

import (
	"io"

	"orrery/models/slab"
)

// Wheel is the slots from the one that has come on.
type Wheel struct {
	words slab.Words // by slot modulo their number: the first record
	turn  int64      // slot that has come
}

// New returns an empty wheel of so many slots.
func New(slots uint64) *Wheel {
	w := &Wheel{}
	w.words.Grow(slots)
	return w
}

// Turn returns the slot that has come.
func (w *Wheel) Turn() int64 { return w.turn }

// SetTurn sets the slot that has come, of a wheel that is restored.
func (w *Wheel) SetTurn(slot int64) { w.turn = slot }

// Add puts a record into a slot, the nearest that there is, and returns the record that comes after it there, 0 for none.
func (w *Wheel) Add(record uint32, slot int64) (next uint32) {
	slots := int64(w.words.Len())
	at := uint64(min(max(slot, w.turn+1), w.turn+slots-1) % slots)
	next = uint32(w.words.Load(at))
	w.words.Set(at, uint64(record))
	return next
}

// take empties a slot and returns its first record.
func (w *Wheel) take(slot int64) (first uint32) {
	at := uint64(slot % int64(w.words.Len()))
	first = uint32(w.words.Load(at))
	w.words.Set(at, 0)
	return first
}

// Step turns the wheel on by one slot towards another, and returns the first record there; more is false once it has come. What is
// looked at is added again from that slot on, so that it comes up in the order of time.
func (w *Wheel) Step(to int64) (first uint32, more bool) {
	w.turn = max(w.turn, to-int64(w.words.Len()))
	if w.turn >= to {
		return 0, false
	}
	w.turn++
	return w.take(w.turn), true
}

// Leap turns the wheel to a slot at once, and calls look with the first record of each slot that it passes: what is looked at is added
// again behind all of them.
func (w *Wheel) Leap(to int64, look func(first uint32)) {
	from := max(w.turn+1, to-int64(w.words.Len())+1)
	w.turn = max(w.turn, to)
	for ; from <= to; from++ {
		look(w.take(from))
	}
}

// Bytes returns the memory held.
func (w *Wheel) Bytes() uint64 { return w.words.Bytes() }

// Freeze returns the slots of this moment for a snapshot, without the turn.
func (w *Wheel) Freeze() *slab.Frozen { return w.words.Freeze() }

// ReadFrom replaces the slots by what Freeze wrote.
func (w *Wheel) ReadFrom(r io.Reader) (int64, error) {
	slots := w.words.Len()
	n, err := w.words.ReadFrom(r)
	w.words.Grow(slots)
	return n, err
}
