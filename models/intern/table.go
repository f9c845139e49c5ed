// Package intern turns names into dense 32-bit numbers, from 1 up, in order of first sight: Strings exactly, bytes kept
// and compared; Hashes by a 64-bit hash whose text nobody needs. One writer, many readers, no locks, no pointers per
// name; tables are rebuilt on restore, so a snapshot holds the names only.
package intern

import (
	"math"
	"math/bits"
	"sync/atomic"

	"orrery/models/slab"
)

// table is an open-addressing index with linear probing: a slot is tag<<32 | number, 0 where free. The tag is the upper
// half of the hash and alone says where a slot lies, so that a table grows without looking at a name: of n names n/2^32,
// one in 400 of ten million, share a tag with another one and cost a comparison.
//
// A full table is not copied at once, which would stall the stream for 100 ms at ten million names: a new one of twice
// the size stands before it, takes what comes in, and every addition moves a few slots over. A reader looks into the new
// one first, then into the one before. One that holds on to an older table only misses names that are newer than its
// question.
//
// A name that is deleted leaves a dead slot, so that those behind it are still found; the next name that passes takes it. When
// a table is full of dead slots another of the same size stands before it.
type table struct {
	slots slab.Words
	shift uint8 // 32 - log2(slots)

	dead   int                   // slots of names that were deleted
	before atomic.Pointer[table] // the smaller table, while not all of it has moved here
	moved  int                   // slots of it that have
}

const (
	// dead stands for a number in the slot of a name that was deleted.
	dead = math.MaxUint32

	minSlots = 1 << 6
	// moveSlots empties the table before into the new one within an eighth of the additions that fill the latter.
	moveSlots = 16
)

func newTable(slots int) *table {
	t := &table{shift: uint8(32 - bits.TrailingZeros(uint(slots)))}
	t.slots.Grow(uint64(slots))
	return t
}

// tableFor returns an empty table that has room for a number of names.
func tableFor(names int) *table {
	slots := minSlots
	for full(slots, names+1) {
		slots *= 2
	}
	return newTable(slots)
}

func tagOf(hash uint64) uint32 { return uint32(hash >> 32) }

// len returns the number of slots.
func (t *table) len() int { return int(t.slots.Len()) }

// home returns where the search for a tag begins.
func (t *table) home(tag uint32) int { return int(tag >> t.shift) }

// seek returns the next number stored under tag, from slot i on, and the slot after it; 0 where there is none.
func (t *table) seek(tag uint32, i int) (number uint32, next int) {
	mask := t.len() - 1
	for ; ; i++ {
		s := t.slots.Load(uint64(i & mask))
		if s == 0 {
			return 0, i
		}
		if uint32(s>>32) == tag && uint32(s) != dead {
			return uint32(s), i + 1
		}
	}
}

// prefetch asks for the slot at which a search for tag begins.
func (t *table) prefetch(tag uint32) {
	t.slots.Prefetch(uint64(t.home(tag)))
	if before := t.before.Load(); before != nil {
		before.slots.Prefetch(uint64(before.home(tag)))
	}
}

// guess returns a number stored under tag, 0 where there is none: nearly always that of the name.
func (t *table) guess(tag uint32) uint32 {
	for ; t != nil; t = t.before.Load() {
		if number, _ := t.seek(tag, t.home(tag)); number != 0 {
			return number
		}
	}
	return 0
}

// add stores number under tag, and returns how many slots from its home; the caller has made sure that it is not there and
// that a slot is free.
func (t *table) add(tag, number uint32) (way int) {
	mask := t.len() - 1
	home := t.home(tag)
	i := home
	for {
		s := t.slots.Load(uint64(i & mask))
		if s == 0 {
			break
		}
		if uint32(s) == dead {
			t.dead--
			break
		}
		i++
	}
	t.slots.Set(uint64(i&mask), uint64(tag)<<32|uint64(number))
	return i - home
}

const (
	// maxWay is how far from its home a number may come to lie: of a billion names at two thirds the longest way is some
	// hundreds of slots. Past it the table grows, to sparse times what its names need at most: names that somebody has made
	// up to lie together may then lie apart. (Under a seed, nobody can.)
	maxWay = 512
	sparse = 8
)

// probes returns how many slots are looked at to find all names, and the name that takes most.
func (t *table) probes() (all, most int) {
	for ; t != nil; t = t.before.Load() {
		mask := t.len() - 1
		for i := range t.len() {
			if s := t.slots.Load(uint64(i)); s != 0 && uint32(s) != dead {
				n := (i-t.home(uint32(s>>32)))&mask + 1
				all, most = all+n, max(most, n)
			}
		}
	}
	return all, most
}

// full tells whether a table of so many slots holds as many names as it should: two thirds.
func full(slots, names int) bool { return 3*names >= 2*slots }

// with stores number under tag and returns the table to search from now on: t, or another one. names is how many there are
// with this one.
func (t *table) with(tag, number uint32, names int) *table {
	if full(t.len(), names+t.dead) { // the table before has been gone for long: see moveSlots
		slots := t.len()
		if 2*names > slots {
			slots *= 2
		}
		t = t.another(slots)
	}
	way := t.add(tag, number)
	t.move(moveSlots)
	if way > maxWay && t.before.Load() == nil && t.len() < sparse*names {
		t = t.another(2 * t.len())
	}
	return t
}

// another returns a table of so many slots, which t moves to.
func (t *table) another(slots int) *table {
	a := newTable(slots)
	a.before.Store(t)
	return a
}

// move takes over up to n slots of the table before, and lets go of it when all have moved.
func (t *table) move(n int) {
	from := t.before.Load()
	if from == nil {
		return
	}
	to := min(t.moved+n, from.len())
	for ; t.moved < to; t.moved++ {
		if s := from.slots.Load(uint64(t.moved)); s != 0 && uint32(s) != dead {
			t.add(uint32(s>>32), uint32(s))
		}
	}
	if to == from.len() {
		t.before.Store(nil)
	}
}

// delete forgets a number that is stored under tag.
func (t *table) delete(tag, number uint32) {
	for ; t != nil; t = t.before.Load() {
		mask := t.len() - 1
		for i := t.home(tag); ; i++ {
			s := t.slots.Load(uint64(i & mask))
			if s == 0 {
				break
			}
			if s == uint64(tag)<<32|uint64(number) {
				t.slots.Set(uint64(i&mask), uint64(tag)<<32|dead)
				t.dead++
				break
			}
		}
	}
}

// bytes returns the memory of the tables.
func (t *table) bytes() uint64 {
	n := uint64(t.len()) * 8
	if from := t.before.Load(); from != nil {
		n += uint64(from.len()) * 8
	}
	return n
}

// Table is how well the names of a table are spread.
type Table struct {
	Name    string
	Names   int
	Probes  int // slots that are looked at to find every name once
	Longest int // most of them for one name
}

// Describe returns how well the names of an index are spread.
func Describe(name string, index interface {
	Len() int
	Probes() (all, most int)
}) Table {
	all, most := index.Probes()
	return Table{name, index.Len(), all, most}
}
