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
	"fmt"
	"io"
	"math"

	"orrery/models/slab"
)

// MaxItems is the number of clicks that one session row holds. A visitor who goes on clicking starts the next row.
const MaxItems = blockItems * 8

// Config bounds an Index. The zero value means the defaults.
type Config struct {
	// Blocks is the number of session blocks, of 6 clicks and 32 bytes each, that are remembered; a session of 2 to 6
	// clicks is one block. Once they are used up, the oldest are overwritten. Default 16 Mi (512 MiB), allocated as
	// it fills; at least 1,024, rounded up to a multiple of it.
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

// Index is the session index. New makes one.
type Index struct {
	blocks   uint32 // size of the ring of blocks
	maxClass int    // class of a full posting ring

	rows  slab.Words // blocks of sessions, a ring
	posts slab.Words // posting rings, of size classes
	items slab.Words // one word an item: where its posting ring is and how many sessions it ever got
	meta  slab.Words // counters, heads of the free lists, popular items: see the constants
}

// Words of meta.
const (
	metaNumber   = iota // number of the newest block; numbers start at 1
	metaSessions        // sessions that became searchable
	metaClicks          // clicks that they hold, overwritten ones included
	metaFree            // heads of the free lists of posting rings, one a class
	metaPopular  = metaFree + maxClasses
	metaWords    = metaPopular + Popular
)

// New returns an empty index.
func New(c Config) *Index {
	c = c.withDefaults()
	x := &Index{blocks: uint32(c.Blocks), maxClass: classOf(c.PerItem)}
	x.meta.Grow(metaWords)
	return x
}

// Sessions returns the number of sessions of at least two clicks that the index ever got.
func (x *Index) Sessions() uint64 { return x.meta.Load(metaSessions) }

// Clicks returns the number of clicks within those sessions.
func (x *Index) Clicks() uint64 { return x.meta.Load(metaClicks) }

// Count returns the number of sessions that item ever occurred in, 0 for an item never seen.
func (x *Index) Count(item uint32) uint32 {
	if uint64(item) >= x.items.Len() {
		return 0
	}
	return entry(x.items.Load(uint64(item))).count()
}

// Bytes returns the memory held, in bytes.
func (x *Index) Bytes() uint64 {
	return x.rows.Bytes() + x.posts.Bytes() + x.items.Bytes() + x.meta.Bytes()
}

// Frozen is the state of an index at one moment, to be written by one goroutine while the writer goes on.
type Frozen struct{ parts [4]*slab.Frozen }

// Freeze marks the state of this moment. It is called by the writer, and its result is written or closed before the
// next Freeze.
func (x *Index) Freeze() *Frozen {
	return &Frozen{[4]*slab.Frozen{x.meta.Freeze(), x.items.Freeze(), x.posts.Freeze(), x.rows.Freeze()}}
}

// WriteTo writes the state. It implements io.WriterTo.
func (f *Frozen) WriteTo(dst io.Writer) (int64, error) {
	defer f.Close()
	var total int64
	for _, p := range f.parts {
		n, err := p.WriteTo(dst)
		total += n
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

// Close lets go of what was not written.
func (f *Frozen) Close() {
	for _, p := range f.parts {
		p.Close()
	}
}

// Restore replaces the state by what WriteTo wrote. The index must have been made with the same Config and must have
// no readers yet.
func (x *Index) Restore(src io.Reader) error {
	for _, w := range []*slab.Words{&x.meta, &x.items, &x.posts, &x.rows} {
		if _, err := w.ReadFrom(src); err != nil {
			return fmt.Errorf("cannot restore the session index: %w", err)
		}
	}
	return x.check()
}

// check refuses states that would lead readers out of bounds: of another Config, or damaged where no checksum was kept.
func (x *Index) check() error {
	if x.meta.Len() != metaWords || x.rows.Len() > uint64(x.blocks)*blockWords || x.rows.Len()%blockWords != 0 {
		return fmt.Errorf("cannot restore the session index: it was written with another configuration")
	}
	rings := newRings(x.posts.Len())
	for i := range x.items.Len() {
		e := entry(x.items.Load(i))
		if e != 0 && (e.class() < minClass || e.class() > x.maxClass || !rings.take(e.at(), e.class())) {
			return fmt.Errorf("cannot restore the session index: item %d has no ring of its own", i)
		}
	}
	for class := range maxClasses {
		for at := x.meta.Load(uint64(metaFree + class)); at != 0; at = x.posts.Load(at - 1) {
			if class < minClass || !rings.take(at-1, class) {
				return fmt.Errorf("cannot restore the session index: free list %d leads outside of it", class)
			}
		}
	}
	return nil
}

// idf returns ln(1 + sessions / sessions with the item), the weight of sharing an item.
func idf(sessions uint64, count uint32) float32 {
	return float32(math.Log1p(float64(sessions) / float64(max(count, 1))))
}
