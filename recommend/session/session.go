// Package session is the session index, from which everything that a visitor's next click is predicted by is counted
// at query time: item -> its newest sessions, session -> its items. Both are appended to by each click, and a session
// is evidence for everybody from its second click on. There is no rebuild, no table of transitions or of pairs, and
// nothing to decay: old sessions are overwritten by new ones. Only what turns out to be no person's is taken out: see Void.
//
// Sources: VMIS-kNN (Kersbergen, Sprangers, Schelter, Serenade, SIGMOD 2022), sequential rules and item-to-item
// co-occurrence as in Ludewig and Jannach, Evaluation of session-based recommendation algorithms, UMUAI 2018; the
// generalised similarity is STAN's (Garg et al., SIGIR 2019) with the length and inverse frequency weights of V-SkNN.
//
// Memory: 32 bytes for 6 clicks of a session, 4 to 8 bytes for an item's link to a session, at most PerItem links an
// item and Blocks blocks in total; 12 to 20 bytes a remembered click for sessions of 2 to 5 clicks. A click costs
// about 100 to 200 ns, a walk 20 to 200 us.
//
// One goroutine writes (Click, Void, Freeze, Restore), any number of readers walk, each with a Walker of its own. Words are
// published one at a time, in an order that makes what a reader sees in between harmless: see rows.go, postings.go.
package session

import (
	"math"
	"sync/atomic"

	"orrery/models/slab"
)

// MaxItems is the number of clicks that one session row holds. A visitor who goes on clicking starts the next row.
const MaxItems = blockItems * 8

// Config bounds an Index. The zero value means the defaults.
type Config struct {
	// Blocks is the number of session blocks, of 6 clicks and 32 bytes each, that are remembered; a session of 2 to 6
	// clicks is one block. Once they are used up, the oldest are overwritten. It is the bound of a shop, and of all shops that
	// share Links: see Links. Default 16 Mi (512 MiB), allocated as it fills; at least 1,024, rounded up to a multiple of it.
	Blocks int

	// PerItem is the number of newest sessions that an item links to, a power of two from 4 to 8,192. Default 512.
	PerItem int
}

func (c Config) withDefaults() Config {
	if c.Blocks == 0 {
		c.Blocks = 16 << 20
	}
	c.Blocks = (max(c.Blocks, 1) + blocksPerChunk - 1) / blocksPerChunk * blocksPerChunk
	if c.PerItem == 0 {
		c.PerItem = 512
	}
	return c
}

// Index is the session index of a shop. New makes one that stands by itself, NewOf one of several that share Links.
type Index struct {
	blocks   atomic.Uint32 // size of the ring of blocks
	maxClass int           // class of a full posting ring
	links    *Links
	alone    bool // links are its own

	rows slab.Words // blocks of sessions, a ring
	meta slab.Words // counters, popular items: see the constants

	// Of links.
	items *slab.Words
	posts *slab.Words
}

// Words of meta.
const (
	metaNumber   = iota // number of the newest block; numbers start at 1
	metaSessions        // sessions that became searchable
	metaClicks          // clicks that they hold, overwritten ones included
	metaBlocks          // size of the ring where it is smaller than the bound, else 0
	metaPopular         // from the first count of the popular ones on
	metaWords    = metaPopular + Popular
)

// New returns an empty index.
func New(c Config) *Index {
	x := NewOf(NewLinks(c))
	x.alone = true
	return x
}

// NewOf returns an empty index of a shop. The items of different shops are different ones.
func NewOf(l *Links) *Index {
	x := &Index{maxClass: l.maxClass, links: l, items: &l.items, posts: &l.posts}
	x.blocks.Store(l.blocks)
	x.meta.Grow(metaPopular)
	return x
}

// Sessions returns the number of sessions of at least two clicks that the index ever got.
func (x *Index) Sessions() uint64 { return x.meta.Load(metaSessions) }

// Clicks returns the number of clicks within those sessions.
func (x *Index) Clicks() uint64 { return x.meta.Load(metaClicks) }

// Count returns the number of sessions that item ever occurred in, 0 for an item never seen.
func (x *Index) Count(item uint32) uint32 { return x.links.Count(item) }

// Bytes returns the memory held, in bytes, without that of links that others share.
func (x *Index) Bytes() uint64 {
	n := x.rows.Bytes() + x.meta.Bytes()
	if x.alone {
		n += x.links.Bytes()
	}
	return n
}

// Links returns what the index shares with those of other shops.
func (x *Index) Links() *Links { return x.links }

// idf returns ln(1 + sessions / sessions with the item), the weight of sharing an item.
func idf(sessions uint64, count uint32) float32 {
	return float32(math.Log1p(float64(sessions) / float64(max(count, 1))))
}
