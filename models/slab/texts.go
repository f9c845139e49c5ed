package slab

import (
	"bytes"
	"io"
	"math"
	"sync/atomic"
)

// Texts is one text a record, replaced now and then: the prices of products, the attributes of people. What is replaced
// is garbage, since a reader may still hold it; when half of the memory is, the living texts move to a new arena, a few
// with every change, and the old arena is left to the garbage collector. So memory stays within twice what the texts
// need (four times while they move) and 1 MiB, whatever is replaced how often, and nobody waits.
//
// Record i's text is named by word i*stride+at of refs: generation<<56 | offset<<16 | length. The generation says which
// arena the rest is of. A reader that has read a word of an arena that is gone reads the word again.
type Texts struct {
	refs       *Words
	stride, at uint64

	now, before atomic.Pointer[arena] // before is nil unless texts move
	moved       uint64                // records that have
	dropped     uint64                // bytes of now that nobody names any more
	wiped       bool                  // and some of them no snapshot is to hold: see Clean
}

type arena struct {
	Text
	generation uint8
}

const (
	generationShift = 56
	refMask         = 1<<generationShift - 1

	// tidyFrom is the garbage from which on it is worth to move.
	tidyFrom = textChunk
	// tidyRecords is how many records every change looks at while texts move: enough that a move ends before the next.
	tidyRecords = 16
)

// NewTexts returns texts of records of stride words, whose refs lie in word at of them.
func NewTexts(refs *Words, stride, at int) *Texts {
	t := &Texts{refs: refs, stride: uint64(stride), at: uint64(at)}
	t.now.Store(new(arena))
	return t
}

// Get returns the text of record i, shared and immutable. Any goroutine may call it.
func (t *Texts) Get(i uint64) []byte {
	for {
		r := t.refs.Load(i*t.stride + t.at)
		if r == 0 {
			return nil
		}
		now, before := t.now.Load(), t.before.Load()
		if now.generation == uint8(r>>generationShift) {
			return now.Text.Get(Ref(r & refMask))
		}
		if before != nil && before.generation == uint8(r>>generationShift) {
			return before.Text.Get(Ref(r & refMask))
		}
	}
}

// Set replaces the text of record i, unless it is the same. It must be at most MaxText long.
func (t *Texts) Set(i uint64, b []byte) {
	old := t.Get(i)
	if bytes.Equal(old, b) {
		return
	}
	now, word := t.now.Load(), i*t.stride+t.at
	if r := t.refs.Load(word); len(old) > 0 && uint8(r>>generationShift) == now.generation {
		t.dropped += uint64(len(old))
	}
	t.refs.Set(word, now.append(b))
	t.tidy()
}

func (a *arena) append(b []byte) uint64 {
	if len(b) == 0 {
		return 0
	}
	return uint64(a.generation)<<generationShift | uint64(a.Append(b))
}

// tidy moves some texts, where half of the memory is garbage.
func (t *Texts) tidy() {
	now, before := t.now.Load(), t.before.Load()
	if before == nil {
		if t.dropped < tidyFrom || t.dropped < now.Size()/2 {
			return
		}
		// The old arena is there as before ahead of the new one as now, so that readers miss neither.
		t.renew()
	}
	t.move(tidyRecords)
}

// move moves the texts of some records to the new arena.
func (t *Texts) move(n uint64) {
	now, before := t.now.Load(), t.before.Load()
	records := t.refs.Len() / t.stride
	for end := min(t.moved+n, records); t.moved < end; t.moved++ {
		word := t.moved*t.stride + t.at
		if r := t.refs.Load(word); r != 0 && uint8(r>>generationShift) == before.generation {
			t.refs.Set(word, now.append(before.Text.Get(Ref(r&refMask))))
		}
	}
	if t.moved == records {
		t.before.Store(nil)
	}
}

// renew begins to move texts.
func (t *Texts) renew() {
	before := t.now.Load()
	t.before.Store(before)
	t.now.Store(&arena{generation: before.generation + 1})
	t.moved, t.dropped = 0, 0
}

// Wipe removes the text of record i, and keeps it, and all that it has replaced, out of snapshots that Clean comes before.
func (t *Texts) Wipe(i uint64) {
	t.Set(i, nil)
	t.wiped = true
}

// Clean moves all living texts at once where something was wiped since the time before. It comes before the freeze of the refs: their
// words change.
func (t *Texts) Clean() {
	if !t.wiped {
		return
	}
	t.wiped = false
	if t.before.Load() != nil {
		t.move(math.MaxUint64 - t.moved)
	}
	t.renew()
	t.move(math.MaxUint64 - t.moved)
}

// Bytes returns the memory held, in bytes. Any goroutine may call it.
func (t *Texts) Bytes() uint64 {
	n := t.now.Load().Bytes()
	if before := t.before.Load(); before != nil {
		n += before.Bytes()
	}
	return n
}

// Freeze returns the texts of this moment for a snapshot; the refs are frozen by their owner.
func (t *Texts) Freeze() *Parts {
	now, before := t.now.Load(), t.before.Load()
	moving := uint64(0)
	if before == nil {
		before = new(arena)
	} else {
		moving = 1
	}
	head := Numbers{uint64(now.generation), uint64(before.generation), moving, t.moved, t.dropped}
	return Join(head, now.Text.Freeze(), before.Text.Freeze())
}

// ReadFrom replaces the texts by what Freeze wrote. It must not run beside readers.
func (t *Texts) ReadFrom(r io.Reader) (int64, error) {
	head, now, before := make(Numbers, 5), new(arena), new(arena)
	n, err := ReadAll(r, head, &now.Text, &before.Text)
	if err != nil {
		return n, err
	}
	now.generation, before.generation = uint8(head[0]), uint8(head[1])
	t.now.Store(now)
	t.before.Store(nil)
	if head[2] != 0 {
		t.before.Store(before)
	}
	t.moved, t.dropped = head[3], head[4]
	return n, nil
}
