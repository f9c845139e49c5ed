package session

import (
	"sync/atomic"

	"orrery/models/slab"
)

// A session is a chain of blocks of 4 words. Blocks are numbered from 1 on in the order in which they are taken, and
// block number b lies in slot b modulo the size of the ring. The number is name, age and generation in one: a link to a
// block that has been overwritten is recognised, because the block now carries another number.
//
//	word 0   number:32 | distance to the session's next block, in numbers, 0 = none:24 |
//	         continues another block:1 | clicks in this block:7
//	word 1-3 six items, two a word, the earlier one in the low half
//
// Readers see a block that is being overwritten or extended correctly: the writer stores the new header before the
// items when he takes a block, and the items before the header when he adds a click; a reader loads header, items,
// and the header again, and takes the items only if the number has stayed.
const (
	blockWords     = 4
	blockItems     = 6
	blocksPerChunk = slab.ChunkWords / blockWords
	maxDistance    = 1<<24 - 1
	continues      = 1 << 7
)

// Row is the session that a visitor is in, as the visitor's state keeps it. The zero Row is no session.
type Row uint64

const (
	rowFirst Row = 1 << 62 // the low half is the session's only click so far
	rowBlock Row = 1 << 63 // the low half is the number of the session's first block

	// The bits between, where they are not 0, are the lower ones of the first block of the full row that this one goes on from.
	rowBefore   Row = (1<<30 - 1) << beforeShift
	beforeShift     = 32
)

// before returns the number of the first block of the row that a row goes on from, or 0.
func (x *Index) before(row Row) uint32 {
	if row&rowBefore == 0 {
		return 0
	}
	newest := uint32(x.meta.Load(metaNumber))
	return newest - (newest-uint32(row&rowBefore>>beforeShift))&uint32(rowBefore>>beforeShift)
}

// Click adds a click on item to the session row and returns the row to remember for the visitor. The caller forgets the
// row when the session ends. A session of one click takes no memory: it lives in its Row. If the row is full, or so
// old that it has been overwritten, a new one starts.
func (x *Index) Click(row Row, item uint32) Row {
	switch {
	case row&rowFirst != 0:
		return x.begin(uint32(row), item) | row&rowBefore
	case row&rowBlock != 0:
		if x.extend(uint32(row), item) {
			return row
		}
		return rowFirst | Row(item) | row<<beforeShift&rowBefore
	}
	return rowFirst | Row(item)
}

// begin makes a session of its first two clicks.
func (x *Index) begin(first, second uint32) Row {
	number := x.take()
	b := x.rows.Edit(x.slot(number), blockWords)
	slab.Store(&b[0], header(number, 0, 0))
	slab.Store(&b[1], uint64(first)|uint64(second)<<32)
	slab.Store(&b[0], header(number, 0, 2))
	x.link(first, number)
	if second != first {
		x.link(second, number)
	}
	x.meta.Set(metaClicks, x.meta.Load(metaClicks)+2)
	sessions := x.meta.Load(metaSessions) + 1
	x.meta.Set(metaSessions, sessions)
	if sessions%popularEvery == 0 || sessions < popularEvery && sessions&(sessions-1) == 0 {
		x.countPopular()
	}
	return rowBlock | Row(number)
}

// extend adds a click to the session of block number head, and reports false if there is no place for it.
func (x *Index) extend(head, item uint32) bool {
	var items [MaxItems]uint32
	n, last := x.follow(head, &items)
	if n == 0 || n == MaxItems {
		return false
	}
	if n%blockItems == 0 {
		if last = x.chain(last); last == 0 {
			return false
		}
	}
	b := x.rows.Edit(x.slot(last), blockWords)
	at := n % blockItems
	w := &b[1+at/2]
	if at%2 == 0 {
		slab.Store(w, uint64(item))
	} else {
		slab.Store(w, *w&(1<<32-1)|uint64(item)<<32)
	}
	slab.Store(&b[0], b[0]+1)
	x.meta.Set(metaClicks, x.meta.Load(metaClicks)+1)
	for _, have := range items[:n] {
		if have == item {
			return true
		}
	}
	x.link(item, head)
	return true
}

// chain takes an empty block to follow block last and returns its number, 0 if it lies too far away.
func (x *Index) chain(last uint32) uint32 {
	far := uint32(x.meta.Load(metaNumber)) + 1 - last
	if far >= maxDistance || far >= x.blocks.Load()-1 {
		return 0
	}
	number := x.take()
	if far >= x.blocks.Load()-1 { // the ring has become as small as it is just now
		return 0
	}
	x.rows.Set(x.slot(number), header(number, 0, continues))
	at := x.slot(last)
	x.rows.Set(at, x.rows.Load(at)|header(0, number-last, 0))
	return number
}

// take returns the number of the next block, whose slot it makes sure to exist.
func (x *Index) take() uint32 {
	number := uint32(x.meta.Load(metaNumber)) + 1
	if number == 0 { // once in four billion
		number = 1
	}
	x.meta.Set(metaNumber, uint64(number))
	x.room(number)
	return number
}

// slot returns where the block of a number lies.
func (x *Index) slot(number uint32) uint64 { return uint64(number%x.blocks.Load()) * blockWords }

func header(number, distance uint32, clicks uint64) uint64 {
	return uint64(number)<<32 | uint64(distance)<<8 | clicks
}

func distance(h uint64) uint32 { return uint32(h>>8) & maxDistance }

// read copies the items of the session that begins with block number, oldest first, and returns how many there are: 0
// if it has been overwritten. Any goroutine may call it, with any number.
func (x *Index) read(number uint32, into *[MaxItems]uint32) int {
	n, _ := x.follow(number, into)
	return n
}

// follow is read, and returns the number of the last block read as well.
func (x *Index) follow(number uint32, into *[MaxItems]uint32) (n int, last uint32) {
	for n <= MaxItems-blockItems {
		at := x.slot(number)
		if at >= x.rows.Len() {
			break
		}
		b := x.rows.Block(at, blockWords)
		h := atomic.LoadUint64(&b[0])
		u, v, w := atomic.LoadUint64(&b[1]), atomic.LoadUint64(&b[2]), atomic.LoadUint64(&b[3])
		if uint32(h>>32) != number || uint32(atomic.LoadUint64(&b[0])>>32) != number {
			break
		}
		last = number
		to := into[n : n+blockItems : n+blockItems]
		to[0], to[1] = uint32(u), uint32(u>>32)
		to[2], to[3] = uint32(v), uint32(v>>32)
		to[4], to[5] = uint32(w), uint32(w>>32)
		n += min(int(h&(continues-1)), blockItems)
		if distance(h) == 0 {
			break
		}
		number += distance(h)
	}
	return n, last
}

// Items appends the clicks of the session row to dst, oldest first: none if it is gone or only in its Row.
func (x *Index) Items(dst []uint32, row Row) []uint32 {
	if row&rowFirst != 0 {
		return append(dst, uint32(row))
	}
	if row&rowBlock == 0 {
		return dst
	}
	var items [MaxItems]uint32
	return append(dst, items[:x.read(uint32(row), &items)]...)
}

// Range returns the numbers of the oldest and of the newest block that are remembered: those between them are to be had
// by Session. An empty index has none, and returns 1, 0.
func (x *Index) Range() (oldest, newest uint32) {
	newest = uint32(x.meta.Load(metaNumber))
	if blocks := x.blocks.Load(); newest >= blocks {
		return newest - blocks + 1, newest
	}
	return 1, newest
}

// Session appends the clicks of the session that begins with block number to dst, oldest first: none if the block
// continues a session or has been overwritten. Any goroutine may call it.
func (x *Index) Session(dst []uint32, number uint32) []uint32 {
	at := x.slot(number)
	if at >= x.rows.Len() || x.rows.Load(at)&continues != 0 {
		return dst
	}
	var items [MaxItems]uint32
	return append(dst, items[:x.read(number, &items)]...)
}
