package social

import (
	"math"
	"sync/atomic"

	"orrery/models"
	"orrery/models/slab"
)

const (
	setEntries = 16 // a cache line
	setWords   = setEntries / 2
	classes    = 6 // 1..32 sets, 16..512 visitors

	timeBits = 11
	timeMask = 1<<timeBits - 1
	tagBits  = 32 - timeBits
	maxLevel = 12

	// ahead is how many units a reader takes an entry's time to be in the future of what it knows, rather than in the
	// past: touches land while it reads.
	ahead = 32
	// reach is the oldest an entry may be, in units, to be told from a newer one.
	reach = timeMask - ahead
	// sweepTo is how far back a sweep leaves entries, so that the next one is not due at once.
	sweepTo = reach - 256
	// relaxEvery spares sampled products the scan for most of their touches.
	relaxEvery = 8
)

// window is the distinct visitors of every product within one horizon. One goroutine writes, any number read.
//
// An entry is 32 bits: 21 of the visitor's hash<<11 | 11 of the time of the last touch, in units. The product's head
// knows the newest touch in full, and no entry is older than that by more than reach: so 11 bits tell all times apart.
type window struct {
	unit    models.Time
	horizon uint32      // in units
	heads   *slab.Words // shared by all windows: word product*headWords + at, +1
	at      uint64
	tables  slab.Words
	free    [classes]uint64 // places that tables grew out of: 1 + the first, which holds 1 + the next
}

func newWindow(heads *slab.Words, at uint64, unit, horizon models.Time) *window {
	return &window{unit: unit, horizon: uint32(horizon / unit), heads: heads, at: at}
}

// head is what is known of a product's table, in two words:
// version<<52 | offset<<16 | level<<8 | class+1, and newest<<32 | fell<<16 | was<<11 | floor.
type head struct {
	offset  uint64
	level   uint
	class   int    // -1: no table yet
	version uint64 // counts the changes that times do not show; 12 bits

	newest uint32 // touch, in units
	floor  uint32 // no entry is older; within reach of newest
	fell   uint16 // when the level fell last, the low bits
	was    uint   // the level before: to count by until a horizon after that
}

func headOf(place, times uint64) head {
	newest := uint32(times >> 32)
	return head{
		version: place >> 52, offset: place & placeMask >> 16, level: uint(place >> 8 & 0xff), class: int(place&0xff) - 1,
		newest: newest, floor: newest - (newest-uint32(times))&timeMask,
		fell: uint16(times >> 16),
		was:  uint(times >> timeBits & 0xf),
	}
}

// placeMask takes the version out of a place.
const placeMask = 1<<52 - 1

func (h *head) place() uint64 {
	return h.version<<52 | h.offset<<16 | uint64(h.level)<<8 | uint64(h.class+1)
}

func (h *head) times() uint64 {
	return uint64(h.newest)<<32 | uint64(h.fell)<<16 | uint64(h.was)<<timeBits | uint64(h.floor&timeMask)
}

// word returns where the head of a product begins.
func (w *window) word(product uint32) uint64 { return uint64(product)*headWords + w.at }

func (w *window) load(product uint32) head {
	words := w.heads.Block(w.word(product), 2)
	return headOf(atomic.LoadUint64(&words[0]), atomic.LoadUint64(&words[1]))
}

// store writes what has changed of a head. The place comes last: a reader that finds the old one afterwards has read
// the old table.
func (w *window) store(product uint32, h *head) {
	at := w.word(product)
	words := w.heads.Block(at, 2)
	if times := h.times(); times != words[1] {
		w.heads.Set(at+1, times)
	}
	if place := h.place(); place != words[0] {
		w.heads.Set(at, place)
	}
}

// tagOf returns the bits of a visitor's hash that are kept; never 0.
func tagOf(visitor uint32) uint32 { return max(visitor>>timeBits, 1) }

// admitted tells whether a visitor is among those kept at a level.
func admitted(tag uint32, level uint) bool { return tag>>(tagBits-level) == 0 }

// sets returns the two sets that a visitor may lie in. Two choices of 16 fill a table to nine tenths before one of them
// overflows, where a single one would be over at half.
func (h *head) sets(tag uint32) (a, b uint64) {
	x := tag * 0x9e3779b1
	mask := uint32(1)<<h.class - 1
	return h.offset + uint64(x>>8&mask)*setWords, h.offset + uint64(x>>20&mask)*setWords
}

// time returns when an entry was last touched, as far as the head knows.
func (h *head) time(entry uint32) uint32 { return h.newest + ahead - (h.newest+ahead-entry)&timeMask }

func (w *window) alive(h *head, entry, t uint32) bool {
	return entry != 0 && uint64(h.time(entry))+uint64(w.horizon) >= uint64(t)
}

func (w *window) units(t models.Time) uint32 { return uint32(max(0, t) / w.unit) }

// touch notes that a visitor, by 32 bits of its hash, did to product what the window counts.
func (w *window) touch(product, visitor uint32, at models.Time) {
	t, tag := w.units(at), tagOf(visitor)
	h := w.load(product)
	if h.class < 0 {
		h = head{offset: w.allocate(0), newest: t, floor: t}
	}
	if uint64(t)+uint64(w.horizon) < uint64(h.newest) {
		return // too late to be counted by anybody
	}
	h.floor = min(h.floor, t)
	if t > h.newest {
		w.advance(&h, t)
	}
	if h.level > 0 && visitor%relaxEvery == 0 {
		w.relax(&h)
	}
	for admitted(tag, h.level) && !w.put(&h, tag, t) && w.extend(product, &h) {
	}
	w.store(product, &h)
}

// advance makes t the newest touch. Entries that could not be told from newer ones any more are removed first.
func (w *window) advance(h *head, t uint32) {
	if t-h.floor > reach {
		keep := uint32(sweepTo)
		w.filter(h, func(entry uint32) bool { return t-h.time(entry) <= keep })
		h.floor = max(h.floor, t-keep)
	}
	h.newest = t
}

// filter removes the entries that keep refuses.
func (w *window) filter(h *head, keep func(entry uint32) bool) {
	h.version++
	table := w.tables.Edit(h.offset, setWords<<h.class)
	for i, word := range table {
		kept := word
		if e := uint32(word); e != 0 && !keep(e) {
			kept &^= 0xffffffff
		}
		if e := uint32(word >> 32); e != 0 && !keep(e) {
			kept &= 0xffffffff
		}
		if kept != word {
			slab.Store(&table[i], kept)
		}
	}
}

// put enters a touch, and reports false where both sets are full of living entries.
func (w *window) put(h *head, tag, t uint32) bool {
	a, b := h.sets(tag)
	at, ok := w.find(a, tag)
	if !ok && b != a {
		at, ok = w.find(b, tag)
	}
	if ok {
		if e := w.get(at); t > h.time(e) {
			h.version++ // it may have run out before
			w.set(at, tag<<timeBits|t&timeMask)
		}
		return true
	}
	at, free := w.spare(h, a, t)
	if b != a {
		if other, more := w.spare(h, b, t); more > free {
			at, free = other, more
		}
	}
	if free > 0 {
		h.version++
		w.set(at, tag<<timeBits|t&timeMask)
	}
	return free > 0
}

// find returns the place, in halves of words, of a visitor in a set.
func (w *window) find(set uint64, tag uint32) (at uint64, ok bool) {
	block := w.tables.Block(set, setWords)
	for i := range block {
		word := atomic.LoadUint64(&block[i])
		if uint32(word)>>timeBits == tag {
			return 2 * (set + uint64(i)), true
		}
		if uint32(word>>32)>>timeBits == tag {
			return 2*(set+uint64(i)) + 1, true
		}
	}
	return 0, false
}

// spare returns how many entries of a set are free at t, and the place of one: empty rather than run out.
func (w *window) spare(h *head, set uint64, t uint32) (at uint64, free int) {
	empty := false
	for i, word := range w.tables.Block(set, setWords) {
		for half := range uint64(2) {
			e := uint32(word >> (32 * half))
			if w.alive(h, e, t) {
				continue
			}
			if free++; free == 1 || e == 0 && !empty {
				at, empty = 2*(set+uint64(i))+half, e == 0
			}
		}
	}
	return at, free
}

// get returns the entry at a half of a word.
func (w *window) get(place uint64) uint32 {
	return uint32(w.tables.Load(place/2) >> (32 * (place & 1)))
}

// set stores an entry in a half of a word.
func (w *window) set(place uint64, entry uint32) {
	shift := 32 * (place & 1)
	word := w.tables.Load(place / 2)
	w.tables.Set(place/2, word&^(0xffffffff<<shift)|uint64(entry)<<shift)
}

// extend doubles a table, or at the bound keeps every second visitor of it, and reports false where it can do neither.
func (w *window) extend(product uint32, h *head) bool {
	if h.class == topClass {
		if h.level == maxLevel {
			return false
		}
		h.level, h.was = h.level+1, 0
		w.filter(h, func(entry uint32) bool { return admitted(entry>>timeBits, h.level) })
		return true
	}
	old := *h
	h.offset, h.class = w.allocate(old.class+1), old.class+1
	for _, word := range w.tables.Block(old.offset, setWords<<old.class) {
		for half := range 2 {
			if e := uint32(word >> (32 * half)); w.alive(&old, e, old.newest) {
				w.put(h, e>>timeBits, old.time(e))
			}
		}
	}
	w.store(product, h)
	// Only now may the old place change: whoever still walks it finds the product's place changed afterwards.
	w.tables.Set(old.offset, w.free[old.class])
	w.free[old.class] = old.offset + 1
	return true
}

// relax lets a sampled table that has emptied to an eighth keep more visitors again, as many as will fill half of it.
// Those that come in newly count only after a whole horizon, when all of them had the chance to.
func (w *window) relax(h *head) {
	if w.complete(h, h.newest) != h.level {
		return
	}
	living := 0
	for _, word := range w.tables.Block(h.offset, setWords<<h.class) {
		for half := range 2 {
			if w.alive(h, uint32(word>>(32*half)), h.newest) {
				living++
			}
		}
	}
	room := setEntries << h.class
	if living > room/8 {
		return
	}
	h.was, h.fell = h.level, uint16(h.newest)
	for h.level > 0 && 2*max(living, 1) <= room/2 {
		h.level, living = h.level-1, 2*max(living, 1)
	}
}

func (w *window) allocate(class int) uint64 {
	if next := w.free[class]; next != 0 {
		block := w.tables.Edit(next-1, setWords<<class)
		w.free[class] = block[0]
		for i := range block {
			slab.Store(&block[i], 0)
		}
		return next - 1
	}
	return w.tables.Alloc(setWords << class)
}

// forget takes a visitor out of a product's window.
func (w *window) forget(product, visitor uint32) {
	h := w.load(product)
	if h.class < 0 {
		return
	}
	a, b := h.sets(tagOf(visitor))
	for _, set := range [...]uint64{a, b} {
		if at, ok := w.find(set, tagOf(visitor)); ok {
			h.version++
			w.set(at, 0)
		}
	}
	w.store(product, &h)
}

// count returns how many visitors touched product within the horizon before now. It scans the product's table, at most
// 32 cache lines, without a lock.
func (w *window) count(product uint32, now models.Time) int {
	at, t := w.word(product), w.units(now)
	for {
		place := w.heads.Load(at)
		if place == 0 {
			return 0
		}
		h := headOf(place, w.heads.Load(at+1))
		level := w.complete(&h, t)
		n := w.living(&h, t, level)
		if w.heads.Load(at)&placeMask == place&placeMask {
			return estimate(n, level)
		}
	}
}

// living counts the entries of a table that are alive at t, of visitors that are admitted at a level.
func (w *window) living(h *head, t uint32, level uint) (n int) {
	top := h.newest + ahead
	if uint64(top)+uint64(w.horizon) < uint64(t) {
		return 0
	}
	tooOld := uint32(min(uint64(top)+uint64(w.horizon)-uint64(t), timeMask)) + 1 // time before top
	s := newSieve(top, tooOld, level)
	block := w.tables.Block(h.offset, setWords<<h.class)
	for i := range block {
		n += s.count(atomic.LoadUint64(&block[i]))
	}
	return n
}

// share returns how many of the counted are there because of the visitor self, and whether that is sure to be all.
func (w *window) share(product, self uint32, now models.Time) (n int32, all bool) {
	t, tag, h := w.units(now), tagOf(self), w.load(product)
	if h.class < 0 {
		return 0, true
	}
	level := w.complete(&h, t)
	if !admitted(tag, level) {
		return 0, false
	}
	a, b := h.sets(tag)
	at, ok := w.find(a, tag)
	if !ok && b != a {
		at, ok = w.find(b, tag)
	}
	if ok && w.alive(&h, w.get(at), t) {
		n = 1 << level
	}
	return n, level == 0
}

// complete returns the level at which a table holds all visitors that were there within the horizon before t. The moment
// of the fall is known by its low 16 bits: after half of their period it may seem to be near again, which makes a count
// coarser than need be, and nothing else.
func (w *window) complete(h *head, t uint32) uint {
	if int(int16(uint16(t)-h.fell)) < int(w.horizon) {
		return max(h.level, h.was)
	}
	return h.level
}

// estimate scales a sample up. Of the hash so few bits are left at high levels that visitors fall together: of m possible
// ones n are expected to be taken by -m ln(1-n/m) visitors (linear counting, Whang et al., TODS 1990).
func estimate(n int, level uint) int {
	if level == 0 {
		return n
	}
	m := float64(uint64(1) << (tagBits - level))
	return int(math.Round(-m * math.Log1p(-min(float64(n), m-1)/m) * float64(uint64(1)<<level)))
}
