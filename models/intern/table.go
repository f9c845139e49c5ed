// Package intern turns names into dense 32-bit numbers, from 1 up, in order of first sight: Strings exactly, bytes kept
// and compared; Hashes by a 64-bit hash whose text nobody needs. One writer, many readers, no locks, no pointers per
// name; tables are rebuilt on restore, so a snapshot holds the names only.
package intern

import (
	"math/bits"
	"sync/atomic"
)

// table is an open-addressing index with linear probing: a slot is tag<<32 | number, 0 where free. The tag is the upper
// half of the hash, so nearly every probe that matches is the right one and the owner compares the key once.
//
// A reader works on the table it loaded: a grown table is published as a whole, and an entry added to a newer one is
// only missed by readers that started before.
type table struct {
	slots []uint64
	shift uint8 // 64 - log2(len(slots))
}

const minSlots = 1 << 6

func newTable(slots int) *table {
	return &table{slots: make([]uint64, slots), shift: uint8(64 - bits.TrailingZeros(uint(slots)))}
}

// find returns the number stored under hash for which same answers true, or 0.
func (t *table) find(hash uint64, same func(number uint32) bool) uint32 {
	mask := uint64(len(t.slots) - 1)
	for i := spread(hash) >> t.shift; ; i = (i + 1) & mask {
		s := atomic.LoadUint64(&t.slots[i])
		if s == 0 {
			return 0
		}
		if uint32(s>>32) == uint32(hash>>32) && same(uint32(s)) {
			return uint32(s)
		}
	}
}

// add stores number under hash; the caller has made sure that it is not there and that a slot is free.
func (t *table) add(hash uint64, number uint32) {
	mask := uint64(len(t.slots) - 1)
	i := spread(hash) >> t.shift
	for t.slots[i] != 0 {
		i = (i + 1) & mask
	}
	atomic.StoreUint64(&t.slots[i], hash>>32<<32|uint64(number))
}

// spread makes the slot depend on all bits of the hash, the lower half above all: the upper half is the tag.
func spread(hash uint64) uint64 { return hash * 0x9e3779b97f4a7c15 }

// full tells whether a table of this many slots holds as many numbers as it should: two thirds.
func (t *table) full(numbers int) bool { return 3*numbers >= 2*len(t.slots) }
