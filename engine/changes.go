package engine

import (
	"math"
	"sync/atomic"

	"orrery/models/slab"
)

// maxChanges is how many changes of customers wait to be passed on, at most: past it the oldest are lost, and counted.
const maxChanges = 1 << 15

// changes is a ring of customers' transitions, between the applying goroutine and the one that passes them on. It is
// part of snapshots, so that what happened is told at least once whenever the process dies.
type changes struct {
	words slab.Words // changeWords each
	noted atomic.Uint64
	told  atomic.Uint64 // of those noted; the reader's
	lost  atomic.Uint64 // of those noted
}

const changeWords = 3

// change is a transition of a contact, and what holds after it.
type change struct {
	contact, second        uint32
	segment, segmentBefore uint8
	band, bandBefore       uint8 // noBand without a model
	alive                  float64
}

const noBand = 255

func (r *changes) note(c change) {
	n := r.noted.Load()
	at := n % maxChanges * changeWords
	r.words.Grow(at + changeWords)
	r.words.Set(at, uint64(c.contact)<<32|uint64(c.second))
	r.words.Set(at+1, uint64(c.segment)<<24|uint64(c.segmentBefore)<<16|uint64(c.band)<<8|uint64(c.bandBefore))
	r.words.Set(at+2, math.Float64bits(c.alive))
	r.noted.Store(n + 1)
}

// read returns the change of number n, and false where it is lost. Any goroutine may call it.
func (r *changes) read(n uint64) (change, bool) {
	if r.noted.Load()-n >= maxChanges { // its place may be the one that is being written
		return change{}, false
	}
	at := n % maxChanges * changeWords
	who, what, alive := r.words.Load(at), r.words.Load(at+1), r.words.Load(at+2)
	c := change{
		contact: uint32(who >> 32), second: uint32(who),
		segment: uint8(what >> 24), segmentBefore: uint8(what >> 16), band: uint8(what >> 8), bandBefore: uint8(what),
		alive: math.Float64frombits(alive),
	}
	return c, r.noted.Load()-n < maxChanges
}

// pending returns up to most changes that have not been told, and the number after the last of them. Those that are lost
// count as told: nobody can tell them any more.
func (r *changes) pending(most int) (list []change, next uint64) {
	n, noted := r.told.Load(), r.noted.Load()
	if waiting := noted - n; waiting >= maxChanges {
		r.lost.Add(waiting - maxChanges + 1)
		n = noted - maxChanges + 1
		r.told.Store(n)
	}
	for ; n < noted && len(list) < most; n++ {
		c, ok := r.read(n)
		if !ok { // overtaken just now: the next call counts what is lost
			break
		}
		list = append(list, c)
	}
	return list, n
}

func (r *changes) freeze() *slab.Parts {
	return slab.Join(slab.Numbers{r.noted.Load(), r.told.Load(), r.lost.Load()}, r.words.Freeze())
}
