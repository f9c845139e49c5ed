package people

import (
	"sync/atomic"

	"orrery/models/slab"
)

// Entry is one element of a bounded list: a number (a product, a visitor), when it was last touched in seconds since
// 1970, and 32 bits whose meaning is the list's.
type Entry struct {
	ID   uint32
	Last uint32
	Aux  uint32
}

// rings is the memory of many small bounded lists. A list belongs to one word of its owner's record, the handle:
// offset<<20 | class<<12 | length, 0 while empty. A list of class c has room for 4<<c entries, in 1.5 words each: first
// the words id<<32|last, then the aux halves. A full list moves to the next class; at the bound, which the next power of
// two stands for, an entry makes room.
//
// Readers copy a list without a lock and look at the handle again: where the list has moved meanwhile, its old place
// may belong to somebody else, so they read again. A place only changes hands after the handle has changed.
type rings struct {
	words slab.Words
	free  [classes]uint64 // freed places by class: 1 + the first, whose first word is 1 + the next
}

const (
	classes   = 9 // 4..1024 entries
	minRoom   = 4
	maxRoom   = minRoom << (classes - 1)
	lenMask   = 1<<12 - 1
	placeMask = ^uint64(lenMask)
)

func handleAt(h uint64) (offset uint64, class, n int) {
	return h >> 20, int(h >> 12 & 0xff), int(h & lenMask)
}

func size(class int) int { return (minRoom << class) * 3 / 2 }

// list is a list opened for writing.
type list struct {
	mem    *rings
	block  []uint64
	offset uint64
	class  int
	n      int
}

func (m *rings) open(handle uint64) list {
	if handle == 0 {
		return list{mem: m, class: -1}
	}
	offset, class, n := handleAt(handle)
	return list{mem: m, offset: offset, class: class, n: n, block: m.words.Edit(offset, size(class))}
}

// peek opens a list for reading only, by the writer: that costs a running snapshot no copy.
func (m *rings) peek(handle uint64) list {
	if handle == 0 {
		return list{mem: m, class: -1}
	}
	offset, class, n := handleAt(handle)
	return list{mem: m, offset: offset, class: class, n: n, block: m.words.Block(offset, size(class))}
}

// handle returns what the owner has to store after changes.
func (l *list) handle() uint64 {
	if l.class < 0 {
		return 0
	}
	return l.offset<<20 | uint64(l.class)<<12 | uint64(l.n)
}

func (l *list) room() int {
	if l.class < 0 {
		return 0
	}
	return minRoom << l.class
}

func (l *list) at(i int) Entry {
	word, aux := l.block[i], l.block[l.room()+i/2]>>(32*uint(i&1))
	return Entry{ID: uint32(word >> 32), Last: uint32(word), Aux: uint32(aux)}
}

func (l *list) id(i int) uint32 { return uint32(l.block[i] >> 32) }

func (l *list) set(i int, e Entry) {
	half := &l.block[l.room()+i/2]
	shift := 32 * uint(i&1)
	slab.Store(half, *half&^(0xffffffff<<shift)|uint64(e.Aux)<<shift)
	slab.Store(&l.block[i], uint64(e.ID)<<32|uint64(e.Last))
}

// has tells whether id is there, touched at second since or later.
func (l *list) has(id, since uint32) bool {
	for _, word := range l.block[:l.n] {
		if uint32(word>>32) == id && uint32(word) >= since {
			return true
		}
	}
	return false
}

// find returns the position of id, or -1.
func (l *list) find(id uint32) int {
	for i, word := range l.block[:l.n] {
		if uint32(word>>32) == id {
			return i
		}
	}
	return -1
}

// add appends e. At the bound it takes the place of the entry touched longest ago, unless e
// itself is older than all. The returned place is what the list has given up: the caller frees it after it has stored
// the new handle.
func (l *list) add(e Entry, bound int) (freed uint64) {
	switch {
	case l.n < l.room():
	case l.room() < bound:
		freed = l.grow()
	default:
		oldest := 0
		for i := range l.n {
			if uint32(l.block[i]) < uint32(l.block[oldest]) {
				oldest = i
			}
		}
		if uint32(l.block[oldest]) <= e.Last {
			l.set(oldest, e)
		}
		return 0
	}
	l.set(l.n, e)
	l.n++
	return freed
}

// append adds e behind all others; at the bound the first one makes room. What add says of the returned place holds.
func (l *list) append(e Entry, bound int) (freed uint64) {
	if l.n < l.room() || l.room() < bound {
		return l.add(e, bound)
	}
	for i := 1; i < l.n; i++ {
		l.set(i-1, l.at(i))
	}
	l.set(l.n-1, e)
	return 0
}

// remove takes entry i out; the last one takes its place.
func (l *list) remove(i int) {
	l.n--
	if i != l.n {
		l.set(i, l.at(l.n))
	}
}

func (l *list) grow() (freed uint64) {
	old := *l
	l.class++
	l.offset, l.block = l.mem.allocate(l.class)
	for i := range old.n {
		l.set(i, old.at(i))
	}
	if old.class < 0 {
		return 0
	}
	return old.offset<<20 | uint64(old.class)<<12
}

func (m *rings) allocate(class int) (uint64, []uint64) {
	if head := m.free[class]; head != 0 {
		block := m.words.Edit(head-1, size(class))
		m.free[class] = block[0]
		for i := range block {
			slab.Store(&block[i], 0)
		}
		return head - 1, block
	}
	at := m.words.Alloc(size(class))
	return at, m.words.Edit(at, size(class))
}

// release gives a place back. The owner's handle must point elsewhere already.
func (m *rings) release(place uint64) {
	if place == 0 {
		return
	}
	offset, class, _ := handleAt(place)
	m.words.Set(offset, m.free[class])
	m.free[class] = offset + 1
}

// read appends the entries of the list whose handle is word at of owner.
func (m *rings) read(dst []Entry, owner *slab.Words, at uint64) []Entry {
	start := len(dst)
	for {
		handle := owner.Load(at)
		if handle == 0 {
			return dst
		}
		offset, class, n := handleAt(handle)
		room := minRoom << class
		block := m.words.Block(offset, size(class))
		for i := range n {
			word := atomic.LoadUint64(&block[i])
			aux := atomic.LoadUint64(&block[room+i/2]) >> (32 * uint(i&1))
			dst = append(dst, Entry{ID: uint32(word >> 32), Last: uint32(word), Aux: uint32(aux)})
		}
		if owner.Load(at)&placeMask == handle&placeMask {
			return dst
		}
		dst = dst[:start]
	}
}
