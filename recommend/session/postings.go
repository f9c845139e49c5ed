package session

import "math/bits"

// An item's posting ring holds the numbers of its newest sessions, two a word, in a ring whose size is a power of two:
// 4 at first, doubled while it is full and smaller than PerItem, then circular. Rings that were outgrown go to a free
// list of their size and serve another item.
//
// A reader may hold an entry whose ring has just been given away. What he then reads are sessions that do not hold the
// item (or, where the free list's link lies, no session at all), and the walk, which looks for the item in each
// session, passes over them.
const (
	minClass   = 2  // 4 postings
	maxClasses = 14 // up to 8,192 postings, which fill a chunk of the slab
)

// entry is an item's word: the ring's place in units of 2 words:27 | its class:5 | sessions that the item ever got:32.
type entry uint64

func newEntry(at uint64, class int, count uint32) entry {
	return entry(at/2<<37 | uint64(class)<<32 | uint64(count))
}

func (e entry) at() uint64    { return uint64(e>>37) * 2 }
func (e entry) class() int    { return int(e>>32) & 31 }
func (e entry) count() uint32 { return uint32(e) }

// held returns the number of postings in the ring.
func (e entry) held() int { return int(min(uint64(e.count()), 1<<e.class())) }

// slot returns the word and the shift of posting i of the item's life.
func (e entry) slot(i uint32) (word uint64, shift uint) {
	i &= 1<<e.class() - 1
	return e.at() + uint64(i/2), uint(i%2) * 32
}

func ringWords(class int) int { return 1 << class / 2 }

func classOf(perItem int) int { return min(max(bits.Len(uint(perItem-1)), minClass), maxClasses-1) }

// link makes number the newest session of item.
func (x *Index) link(item, number uint32) {
	x.items.Grow(uint64(item) + 1)
	e := entry(x.items.Load(uint64(item)))
	switch {
	case e == 0:
		e = newEntry(x.ring(minClass), minClass, 0)
	case e.held() == 1<<e.class() && e.class() < x.maxClass:
		e = x.double(e)
	}
	word, shift := e.slot(e.count())
	old := x.posts.Load(word)
	x.posts.Set(word, old&^(0xffffffff<<shift)|uint64(number)<<shift)
	count := e.count() + 1
	if count == 0 { // four billion sessions: half of them, so that the place in the ring stays
		count = 1 << 31
	}
	x.items.Set(uint64(item), uint64(newEntry(e.at(), e.class(), count)))
}

// double moves a full ring that has not gone round into one of twice its size.
func (x *Index) double(e entry) entry {
	to := x.ring(e.class() + 1)
	for i := range ringWords(e.class()) {
		x.posts.Set(to+uint64(i), x.posts.Load(e.at()+uint64(i)))
	}
	free := uint64(e.class())
	x.posts.Set(e.at(), x.links.heads.Load(free))
	x.links.heads.Set(free, e.at()+1) // 0 is the end of the list
	return newEntry(to, e.class()+1, e.count())
}

// ring returns the place of an unused ring.
func (x *Index) ring(class int) uint64 {
	if head := x.links.heads.Load(uint64(class)); head != 0 {
		x.links.heads.Set(uint64(class), x.posts.Load(head-1))
		return head - 1
	}
	return x.posts.Alloc(ringWords(class))
}

// entryOf returns the item's entry, 0 for an item without sessions.
func (x *Index) entryOf(item uint32) entry {
	if uint64(item) >= x.items.Len() {
		return 0
	}
	return entry(x.items.Load(uint64(item)))
}

// Ages returns how many blocks ago the item's newest session began, and its sixteenth newest (or the oldest that is
// linked), by their number: blocks from one to the next, which is how popular the item is now. An item without sessions has 1<<30 of both.
func (x *Index) Ages(item uint32) (newest, apart float32) {
	e := x.entryOf(item)
	if e == 0 {
		return 1 << 30, 1 << 30
	}
	now := uint32(x.meta.Load(metaNumber))
	age := func(back uint32) float32 {
		word, shift := e.slot(e.count() - 1 - back)
		if word >= x.posts.Len() {
			return 1 << 30
		}
		return float32(now - uint32(x.posts.Load(word)>>shift))
	}
	n := min(e.held(), 16)
	return age(0), age(uint32(n-1)) / float32(n)
}

// rings tells, while a state is restored, which pairs of words of the posting rings have an owner: two owners of one ring
// would write into each other's links. One bit a pair.
type rings struct {
	taken []uint64
	words uint64
}

func newRings(words uint64) *rings { return &rings{make([]uint64, words/128+1), words} }

// take gives the ring of a class at word at to an owner, and reports false if it has one or lies outside. Every ring of
// a list that leads in a circle is taken twice, so whoever follows lists comes to an end.
func (r *rings) take(at uint64, class int) bool {
	n := uint64(ringWords(class))
	if at%2 != 0 || at > r.words || n > r.words-at {
		return false
	}
	for p := at / 2; p < (at+n)/2; p++ {
		if r.taken[p/64]>>(p%64)&1 != 0 {
			return false
		}
		r.taken[p/64] |= 1 << (p % 64)
	}
	return true
}
