package session

import (
	"fmt"
	"io"

	"orrery/models/slab"
)

// Freeze returns the links of this moment for a snapshot.
func (l *Links) Freeze() *slab.Parts {
	return slab.Join(slab.Numbers{l.lost.Load()}, l.heads.Freeze(), l.items.Freeze(), l.posts.Freeze())
}

// ReadFrom replaces the links by what Freeze wrote. They must have been made with the same Config, and have no readers yet.
func (l *Links) ReadFrom(src io.Reader) (int64, error) {
	lost := make(slab.Numbers, 1)
	n, err := slab.ReadAll(src, lost, &l.heads, &l.items, &l.posts)
	if err != nil {
		return n, fmt.Errorf("cannot restore the session index: %w", err)
	}
	l.lost.Store(lost[0])
	l.used.Store(0)
	return n, l.check()
}

// check refuses states that would lead readers out of bounds: of another Config, or damaged where no checksum was kept.
func (l *Links) check() error {
	if l.heads.Len() != maxClasses {
		return fmt.Errorf("cannot restore the session index: it was written with another configuration")
	}
	rings := newRings(l.posts.Len())
	for i := range l.items.Len() {
		e := entry(l.items.Load(i))
		if e != 0 && (e.class() < minClass || e.class() > l.maxClass || !rings.take(e.at(), e.class())) {
			return fmt.Errorf("cannot restore the session index: item %d has no ring of its own", i)
		}
	}
	for class := range maxClasses {
		for at := l.heads.Load(uint64(class)); at != 0; at = l.posts.Load(at - 1) {
			if class < minClass || !rings.take(at-1, class) {
				return fmt.Errorf("cannot restore the session index: free list %d leads outside of it", class)
			}
		}
	}
	return nil
}

// Freeze returns the sessions of this moment, without the links, for a snapshot.
func (x *Index) Freeze() *slab.Parts { return slab.Join(x.meta.Freeze(), x.rows.Freeze()) }

// ReadFrom replaces the sessions by what Freeze wrote, after the links. The index must have no readers yet.
func (x *Index) ReadFrom(src io.Reader) (int64, error) {
	n, err := slab.ReadAll(src, &x.meta, &x.rows)
	if err != nil {
		return n, fmt.Errorf("cannot restore the session index: %w", err)
	}
	return n, x.check()
}

// check refuses what was written with another Config, or is damaged, and counts the blocks.
func (x *Index) check() error {
	blocks := uint64(x.links.blocks)
	if x.meta.Len() == metaPopular || x.meta.Len() == metaWords {
		if own := x.meta.Load(metaBlocks); own != 0 {
			blocks = min(blocks, own)
		}
	}
	if x.meta.Len() != metaPopular && x.meta.Len() != metaWords || x.rows.Len() > blocks*blockWords || x.rows.Len()%blockWords != 0 {
		return fmt.Errorf("cannot restore the session index: it was written with another configuration")
	}
	if own := x.meta.Load(metaBlocks); own != 0 && own*blockWords != x.rows.Len() {
		return fmt.Errorf("cannot restore the session index: it has a ring of %d blocks, not of %d", x.rows.Len()/blockWords, own)
	}
	x.blocks.Store(uint32(blocks))
	x.links.used.Add(x.rows.Len() / blockWords)
	return nil
}

// ReadShared reads what versions up to 12 wrote: the links and one ring of all shops, which x is then.
func (x *Index) ReadShared(src io.Reader) error {
	const (
		free  = 3 // heads of free lists, where versions up to 12 have them
		words = free + maxClasses + Popular
	)
	var meta slab.Words
	l := x.links
	if _, err := slab.ReadAll(src, &meta, &l.items, &l.posts, &x.rows); err != nil {
		return fmt.Errorf("cannot restore the session index: %w", err)
	}
	if meta.Len() != words {
		return fmt.Errorf("cannot restore the session index: it was written with another configuration")
	}
	x.meta.Grow(metaWords)
	for w := range uint64(free) {
		x.meta.Set(w, meta.Load(w))
	}
	for i := range uint64(Popular) {
		x.meta.Set(metaPopular+i, meta.Load(free+maxClasses+i))
	}
	for class := range uint64(maxClasses) {
		l.heads.Set(class, meta.Load(free+class))
	}
	l.used.Store(0)
	if err := l.check(); err != nil {
		return err
	}
	return x.check()
}

// Split gives the sessions of a ring that all shops shared to indexes of their own, in their order: each to that of its first
// item, which shares no links with the ring. It returns where the sessions are now, by their numbers, for Moved.
func (x *Index) Split(of func(item uint32) *Index) (moved map[uint32]Row) {
	moved = make(map[uint32]Row)
	var items [MaxItems]uint32
	oldest, newest := x.Range()
	for number := oldest; newest >= oldest; number++ {
		at := uint64(number%x.blocks.Load()) * blockWords
		if at < x.rows.Len() && x.rows.Load(at)&continues == 0 {
			n := x.read(number, &items)
			row := Row(0)
			for _, item := range items[:n] {
				row = of(items[0]).Click(row, item)
			}
			if row != 0 {
				moved[number] = row
			}
		}
		if number == newest {
			break
		}
	}
	return moved
}

// Moved returns the row that a row of a ring which was split is now. What it goes on from is forgotten.
func Moved(row Row, moved map[uint32]Row) Row {
	switch {
	case row&rowBlock != 0:
		return moved[uint32(row)]
	case row&rowFirst != 0:
		return row &^ rowBefore
	}
	return 0
}
