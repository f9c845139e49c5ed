package session

import (
	"sync/atomic"

	"orrery/models/slab"
)

// Links is what the indexes of several shops share: which sessions an item is in, by the item's number, and the memory for blocks.
// A link is the number of a block in the ring of the item's shop. One goroutine writes to it and to all of its indexes.
type Links struct {
	config   Config
	blocks   uint32 // of all rings together, and of one at most
	maxClass int

	items slab.Words // one word an item: where its posting ring is and how many sessions it ever got
	posts slab.Words // posting rings, of size classes
	heads slab.Words // heads of the free lists of posting rings, one a class

	used atomic.Uint64 // blocks of all rings
	lost atomic.Uint64 // blocks overwritten because others had used up the memory
}

// leastBlocks is the ring that a shop has however many others there are: 2 KiB. With 10,000 shops it is 20 MB above the bound; with it a
// shop that comes late has its newest 64 sessions to recommend from.
const leastBlocks = 64

// NewLinks returns links of nothing.
func NewLinks(c Config) *Links {
	c = c.withDefaults()
	l := &Links{config: c, blocks: uint32(c.Blocks), maxClass: classOf(c.PerItem)}
	l.heads.Grow(maxClasses)
	return l
}

// Config returns what the links were made with.
func (l *Links) Config() Config { return l.config }

// Count returns the number of sessions that item ever occurred in, 0 for an item never seen. Any goroutine may call it.
func (l *Links) Count(item uint32) uint32 {
	if uint64(item) >= l.items.Len() {
		return 0
	}
	return entry(l.items.Load(uint64(item))).count()
}

// Prefetch asks for what is known of an item. See intern.Hashes.Prefetch.
func (l *Links) Prefetch(item uint32) {
	if uint64(item) < l.items.Len() {
		l.items.Prefetch(uint64(item))
	}
}

// Lost returns how many blocks of sessions were overwritten before the shop's ring was of its full size, because the rings of all
// shops together were. Any goroutine may call it.
func (l *Links) Lost() uint64 { return l.lost.Load() }

// Bytes returns the memory held, in bytes.
func (l *Links) Bytes() uint64 { return l.items.Bytes() + l.posts.Bytes() + l.heads.Bytes() }

// room makes room for the block of a number in the ring of a shop. The ring grows up to its bound; when the
// rings of all shops are at theirs together, it goes round from then on as it is.
func (x *Index) room(number uint32) {
	l, blocks := x.links, x.blocks.Load()
	held := uint32(x.rows.Len() / blockWords)
	at := number % blocks
	if at >= held {
		more := uint64(at) + 1 - uint64(held)
		if held < leastBlocks || l.used.Load()+more <= uint64(l.blocks) {
			l.used.Add(more)
			x.rows.Grow(uint64(at+1) * blockWords)
			return
		}
		x.blocks.Store(held) // every block that there is lies where it did: their numbers are below held
		x.meta.Set(metaBlocks, uint64(held))
	}
	if x.blocks.Load() < l.blocks {
		l.lost.Add(1)
	}
}
