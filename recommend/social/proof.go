// Package social counts distinct visitors per product over sliding windows: who looks at it now, who looked, put it
// into a cart or bought it within a day. The asking visitor is left out, crawlers never get in.
//
// A product's window is a small hash table: bits of the visitor's hash, and when the visitor last touched the product, to
// the second for the short window and to the minute for the long ones. So one structure is exact, forgets by itself when
// time passes without events, and answers for any moment a reader asks. A table that is full of living entries doubles up
// to a bound, which holds more than 256 visitors: so far the count is exact (but for 21 bits of hash: of 100 visitors two
// fall together once in 400 times, of 256 once in 60). Past the bound a table keeps the half, the
// quarter, ... of the visitors whose hash begins with one, two, ... zero bits (distinct sampling, Gibbons, VLDB 2001): the
// standard error is 1/sqrt(entries), 5 to 7 %, since between a half and all of some 460 entries are in use.
//
// Late events count with their time; one that is a whole window late is dropped. An event whose clock runs ahead by more
// than a third of a window costs the product the oldest entries of its table.
//
// Cost: 64 B a product; per window 64 B at first, as many as 16 visitors a cache line need, 2 KiB at most; one or two
// cache lines an event.
package social

import (
	"io"

	"orrery/models"
	"orrery/models/slab"
)

// Lengths of the windows.
const (
	Now    = 5 * models.Minute
	Lately = 24 * models.Hour
)

// The words of a product's head: two of each window.
const (
	hViewing = 2 * iota
	hViewed
	hCarted
	hBought
	headWords
)

// topClass is the class of the largest tables: 512 entries. Two choices fill nine tenths of a table before it is over, so
// 256 visitors always have room; with half of it they would not. A product that hot costs 2 KiB a window.
const topClass = classes - 1

// Proof is the social-proof counters of all products. One goroutine writes, any number read.
type Proof struct {
	heads                           slab.Words
	viewing, viewed, carted, bought *window
	recent                          recent
	floor                           int
}

// DefaultFloor is the smallest count that is shown: below it a number tells more about one person than about a product.
const DefaultFloor = 2

// NewProof returns empty counters that stay silent below floor (0: DefaultFloor).
func NewProof(floor int) *Proof {
	if floor <= 0 {
		floor = DefaultFloor
	}
	p := &Proof{floor: floor}
	p.viewing = newWindow(&p.heads, hViewing, models.Second, Now)
	p.viewed = newWindow(&p.heads, hViewed, models.Minute, Lately)
	p.carted = newWindow(&p.heads, hCarted, models.Minute, Lately)
	p.bought = newWindow(&p.heads, hBought, models.Minute, Lately)
	return p
}

// Viewed notes that a visitor, by 32 bits of its hash, looked at a product.
func (p *Proof) Viewed(product, visitor uint32, t models.Time) {
	p.grow(product)
	p.viewing.touch(product, visitor, t)
	p.viewed.touch(product, visitor, t)
}

// Again notes that a visitor looks at a product once more, if it is among those who count as having looked at it.
func (p *Proof) Again(product, visitor uint32, t models.Time) {
	if !p.knows(product) {
		return
	}
	if n, _ := p.viewed.share(product, visitor, t); n > 0 {
		p.Viewed(product, visitor, t)
	}
}

// Carted notes that a visitor put a product into the cart.
func (p *Proof) Carted(product, visitor uint32, t models.Time) {
	p.grow(product)
	p.carted.touch(product, visitor, t)
}

// Bought notes that a visitor bought a product.
func (p *Proof) Bought(product, visitor uint32, t models.Time) {
	p.grow(product)
	p.bought.touch(product, visitor, t)
}

func (p *Proof) grow(product uint32) { p.heads.Grow((uint64(product) + 1) * headWords) }

// Forget takes a crawler's views and carts of a product back.
func (p *Proof) Forget(product, visitor uint32) {
	if !p.knows(product) {
		return
	}
	p.viewing.forget(product, visitor)
	p.viewed.forget(product, visitor)
	p.carted.forget(product, visitor)
}

func (p *Proof) knows(product uint32) bool { return uint64(product)*headWords < p.heads.Len() }

// silent is the proof of a product that there is nothing to say of.
var silent = models.Social{ViewingNow: -1, Viewed24h: -1, Carted24h: -1, Bought24h: -1}

// Of returns the counters of a product at moment now, the visitor self left out (0: nobody); -1 below the floor. Any
// goroutine may call it.
func (p *Proof) Of(product, self uint32, now models.Time) models.Social {
	if !p.knows(product) {
		return silent
	}
	c := p.counts(product, now)
	if self != 0 {
		p.leaveOut(&c, product, self, now)
	}
	for i := range c {
		if int(c[i]) < p.floor {
			c[i] = -1
		}
	}
	return models.Social{ViewingNow: c[0], Viewed24h: c[1], Carted24h: c[2], Bought24h: c[3]}
}

// PrefetchProducts reads what Of will read of some products: all of it at once, in place of one wait after the other. What it
// returns is of no use but to keep the loads. Any goroutine may call it.
func (p *Proof) PrefetchProducts(products []uint32) (x uint64) {
	for _, product := range products {
		if p.knows(product) {
			x |= p.heads.Load(uint64(product)*headWords) | p.recent.slot(product).key.Load()
		}
	}
	return x
}

// leaveOut takes what the visitor self makes up out of the counts that are shown.
func (p *Proof) leaveOut(c *counts, product, self uint32, now models.Time) {
	absent := false // from the day's views: then from those of five minutes as well
	if max(c[0], c[1]) >= int32(p.floor) {
		n, all := p.viewed.share(product, self, now)
		c[1] -= n
		absent = n == 0 && all
	}
	for i, w := range p.windows() {
		if i != 1 && c[i] >= int32(p.floor) && !(i == 0 && absent) {
			n, _ := w.share(product, self, now)
			c[i] -= n
		}
	}
}

// counts returns how many visitors the windows of a product hold.
func (p *Proof) counts(product uint32, now models.Time) counts {
	key := keyOf(product, p.heads.Block(uint64(product)*headWords, headWords), now)
	slot, second := p.recent.slot(product), now.Seconds()
	c, day, viewing := slot.get(key, second)
	if day && viewing {
		return c
	}
	c[0] = int32(p.viewing.count(product, now))
	if !day {
		c[1], c[2], c[3] = int32(p.viewed.count(product, now)), int32(p.carted.count(product, now)), int32(p.bought.count(product, now))
	}
	slot.put(key, second, &c)
	return c
}

func (p *Proof) windows() [4]*window { return [...]*window{p.viewing, p.viewed, p.carted, p.bought} }

// Bytes returns the memory held, in bytes. Any goroutine may call it.
func (p *Proof) Bytes() uint64 {
	n := p.heads.Bytes()
	for _, w := range p.windows() {
		n += w.tables.Bytes()
	}
	return n
}

// Freeze returns the counters of this moment for a snapshot.
func (p *Proof) Freeze() *slab.Parts {
	parts := []io.WriterTo{p.heads.Freeze()}
	for _, w := range p.windows() {
		parts = append(parts, append(slab.Numbers{}, w.free[:]...), w.tables.Freeze())
	}
	return slab.Join(parts...)
}

// allClasses is the first version with all classes of tables: before it they ended at 256 entries.
const allClasses = 13

// ReadVersion replaces the counters by what Freeze of a version wrote. It must not run beside readers.
func (p *Proof) ReadVersion(r io.Reader, version uint16) error {
	kept := classes
	if version < allClasses {
		kept = classes - 1
	}
	parts := []io.ReaderFrom{&p.heads}
	for _, w := range p.windows() {
		clear(w.free[:])
		parts = append(parts, slab.Numbers(w.free[:kept]), &w.tables)
	}
	_, err := slab.ReadAll(r, parts...)
	return err
}
