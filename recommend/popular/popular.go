// Package popular knows what sells and what rises, per shop and per category.
//
// Every product has three fading counts: orders with half-life 30 days for bestsellers, and views with half-lives of 6 hours
// and 7 days for trends. A scope (a shop, or a category with all below it) keeps the 64 products of the largest count; the
// order of two fading counts only changes when one of them grows, so the list is exact, not an approximation.
//
// A product trends when its fast count is more than its slow count lets expect: with e the count that a steady stream
// of views would leave in the fast counter, the score is (fast-e)/sqrt(e+1), deviations of a Poisson count.
//
// Cost: 24 B a product; 32 B a list of up to 4 products, 128 B up to 16, then 512 B; about 100 ns a view and scope that the product is among the first 64 of, a few ns
// one that it is not. One goroutine writes, any number read.
package popular

import (
	"fmt"
	"io"
	"math"
	"sync/atomic"

	"orrery/models"
	"orrery/models/decay"
	"orrery/models/slab"
)

// Half-lives of the counts. Six hours follow the day's fashion without following every minute; the ratio of the slow to
// the fast one is what "usual" means in a trend.
const (
	sellHalfLife = decay.HalfLife(30 * models.Day)
	fastHalfLife = decay.HalfLife(6 * models.Hour)
	slowHalfLife = decay.HalfLife(7 * models.Day)
)

// top is the number of products kept per scope and list.
const top = 64

// A list begins with room for a few products: most categories never have more, and anybody can make up categories. Its handle
// is the place, in fours of words<<34 | class<<32 | smallest rank in it where it has all of its room, else 0.
const (
	classes   = 3 // 4, 16 and 64 products
	lastClass = classes - 1
)

func room(class uint64) int { return 4 << (2 * class) }

func placeOf(handle uint64) (at, class uint64) { return handle >> 34 * 4, handle >> 32 & 3 }

func handleOf(at, class uint64, least uint32) uint64 { return at/4<<34 | class<<32 | uint64(least) }

// The words of a product: decay.Sum each.
const (
	pSold = iota // orders
	pFast        // views
	pSlow        // views
	productWords
)

// The lists of a scope.
const (
	listSold = iota
	listViewed
	lists
)

// Counts is the popularity of all products.
type Counts struct {
	sell, fast, slow decay.HalfLife
	products         slab.Words
	scopes           slab.Words // scope*lists+list: handle of its list; 0 where it has none
	tops             slab.Words // lists: product<<32 | rank. In the first words, by class, the first place that is free: there is the next
}

// New returns empty counts. Without decay (for exact comparisons) nothing fades and nothing trends.
func New(withDecay bool) *Counts {
	c := &Counts{}
	if withDecay {
		c.sell, c.fast, c.slow = sellHalfLife, fastHalfLife, slowHalfLife
	}
	c.tops.Grow(top)
	return c
}

// Sold counts an order of product at moment t, in all its scopes.
func (c *Counts) Sold(product uint32, scopes []uint32, t models.Time) {
	rank := c.sell.Rank(c.add(product, pSold, c.sell, t))
	for _, s := range scopes {
		c.rise(s, listSold, product, rank)
	}
}

// Viewed counts a view of product at moment t, in all its scopes.
func (c *Counts) Viewed(product uint32, scopes []uint32, t models.Time) {
	c.add(product, pSlow, c.slow, t)
	rank := c.fast.Rank(c.add(product, pFast, c.fast, t))
	for _, s := range scopes {
		c.rise(s, listViewed, product, rank)
	}
}

// Unviewed takes back a view of product at moment t that was counted in all its scopes. A product that it lets fall in a list that is
// full makes no room at once for one that is not in it: that one comes in with its next view.
func (c *Counts) Unviewed(product uint32, scopes []uint32, t models.Time) {
	at := uint64(product) * productWords
	if at+productWords > c.products.Len() {
		return
	}
	c.products.Set(at+pSlow, uint64(c.slow.Take(c.sum(product, pSlow), t)))
	sum := c.fast.Take(c.sum(product, pFast), t)
	c.products.Set(at+pFast, uint64(sum))
	for _, s := range scopes {
		c.fall(s, listViewed, product, c.fast.Rank(sum))
	}
}

// fall enters the smaller rank of a product into a list of a scope that holds it; with rank 0 it leaves the list.
func (c *Counts) fall(scope uint32, list int, product, rank uint32) {
	at := uint64(scope)*lists + uint64(list)
	if at >= c.scopes.Len() || c.scopes.Load(at) == 0 {
		return
	}
	place, class := placeOf(c.scopes.Load(at))
	block := c.tops.Edit(place, room(class))
	i := find(block, product)
	if i < 0 {
		return
	}
	entry := uint64(0)
	if rank > 0 {
		entry = uint64(product)<<32 | uint64(rank)
	}
	slab.Store(&block[i], entry)
	if class == lastClass {
		c.scopes.Set(at, handleOf(place, class, uint32(block[smallest(block)])))
	}
}

// Join counts what one product has sold and was viewed for another, which is known to its scopes afterwards. In their lists the first
// stays, without a count, until another one needs its place.
func (c *Counts) Join(from, to uint32, scopes []uint32) {
	if at := uint64(from) * productWords; at+productWords > c.products.Len() {
		return
	}
	c.products.Grow((uint64(to) + 1) * productWords)
	for word, life := range [productWords]decay.HalfLife{pSold: c.sell, pFast: c.fast, pSlow: c.slow} {
		sum := life.Join(c.sum(to, uint64(word)), c.sum(from, uint64(word)))
		c.products.Set(uint64(to)*productWords+uint64(word), uint64(sum))
		c.products.Set(uint64(from)*productWords+uint64(word), 0)
	}
	for _, s := range scopes {
		c.fall(s, listSold, from, 0)
		c.fall(s, listViewed, from, 0)
	}
	c.Enter(to, scopes)
}

// Prefetch asks for the counts of a product. See intern.Hashes.Prefetch.
func (c *Counts) Prefetch(product uint32) {
	if at := uint64(product) * productWords; at+productWords <= c.products.Len() {
		c.products.Prefetch(at)
		c.products.Prefetch(at + productWords - 1)
	}
}

// Enter makes a product known to its scopes when it has come to new ones.
func (c *Counts) Enter(product uint32, scopes []uint32) {
	sold, fast := c.sell.Rank(c.sum(product, pSold)), c.fast.Rank(c.sum(product, pFast))
	for _, s := range scopes {
		c.rise(s, listSold, product, sold)
		c.rise(s, listViewed, product, fast)
	}
}

func (c *Counts) add(product uint32, word uint64, h decay.HalfLife, t models.Time) decay.Sum {
	c.products.Grow((uint64(product) + 1) * productWords)
	sum := h.Add(c.sum(product, word), t)
	c.products.Set(uint64(product)*productWords+word, uint64(sum))
	return sum
}

func (c *Counts) sum(product uint32, word uint64) decay.Sum {
	at := uint64(product)*productWords + word
	if at >= c.products.Len() {
		return 0
	}
	return decay.Sum(c.products.Load(at))
}

// rise enters the product's new rank into a list of a scope, if it belongs there.
func (c *Counts) rise(scope uint32, list int, product, rank uint32) {
	if rank == 0 {
		return
	}
	at := uint64(scope)*lists + uint64(list)
	c.scopes.Grow(at + 1)
	handle := c.scopes.Load(at)
	if handle == 0 {
		handle = handleOf(c.allocate(0), 0, 0)
		c.scopes.Set(at, handle)
	}
	least := uint32(handle)
	if rank < least {
		return // whoever is in the list has a larger one
	}
	place, class := placeOf(handle)
	block := c.tops.Edit(place, room(class))
	i := find(block, product)
	if i < 0 {
		i = find(block, 0) // a free place
	}
	if i < 0 && class < lastClass {
		i = len(block)
		place, class = c.larger(at, block), class+1
		block = c.tops.Edit(place, room(class))
	}
	if i < 0 {
		i = smallest(block)
	}
	before := uint32(block[i])
	if before > rank || before == rank && uint32(block[i]>>32) != product {
		return // as large as the smallest: whoever came first stays
	}
	slab.Store(&block[i], uint64(product)<<32|uint64(rank))
	if class == lastClass && before == least {
		c.scopes.Set(at, handleOf(place, class, uint32(block[smallest(block)])))
	}
}

// allocate returns a place for a list of a class, all zeros.
func (c *Counts) allocate(class uint64) (at uint64) {
	if at = c.tops.Load(class); at == 0 {
		return c.tops.Alloc(room(class))
	}
	block := c.tops.Edit(at, room(class))
	c.tops.Set(class, block[0])
	for i := range block {
		slab.Store(&block[i], 0)
	}
	return at
}

// larger moves a list that is full, with the handle in a word of scopes, to a place of the next class, and returns that. The old
// place is free when the handle has changed: see read.
func (c *Counts) larger(word uint64, full []uint64) (at uint64) {
	old, class := placeOf(c.scopes.Load(word))
	was := [top]uint64{}
	n := copy(was[:], full) // allocate may move the array
	at = c.allocate(class + 1)
	block := c.tops.Edit(at, room(class+1))
	for i, entry := range was[:n] {
		slab.Store(&block[i], entry)
	}
	c.scopes.Set(word, handleOf(at, class+1, 0))
	c.tops.Set(old, c.tops.Load(class))
	c.tops.Set(class, old)
	return at
}

// find returns where a product is in a list, or -1.
func find(block []uint64, product uint32) int {
	for i, word := range block {
		if uint32(word>>32) == product {
			return i
		}
	}
	return -1
}

// smallest returns where the smallest rank is; a free place has rank 0.
func smallest(block []uint64) (at int) {
	for i, word := range block {
		if uint32(word) < uint32(block[at]) {
			at = i
		}
	}
	return at
}

// Ranked is a product with the figures that rank it.
type Ranked struct {
	Product uint32
	Score   float32
	Count   float32 // orders or recent views, faded
}

// Bestsellers appends the best-selling products of a scope to dst, in no order. Any goroutine may call it.
func (c *Counts) Bestsellers(dst []Ranked, scope uint32, now models.Time) []Ranked {
	return c.read(dst, scope, listSold, func(product uint32) (score, count float32) {
		count = c.sell.At(c.sum(product, pSold), now)
		return count, count
	})
}

// MostViewed appends the most viewed products of a scope lately to dst, in no order. Any goroutine may call it.
func (c *Counts) MostViewed(dst []Ranked, scope uint32, now models.Time) []Ranked {
	return c.read(dst, scope, listViewed, func(product uint32) (score, count float32) {
		count = c.fast.At(c.sum(product, pFast), now)
		return count, count
	})
}

// Trending appends the products of a scope that are viewed more than usual to dst, in no order; Score is the number of
// standard deviations above the usual. Any goroutine may call it.
func (c *Counts) Trending(dst []Ranked, scope uint32, now models.Time) []Ranked {
	share := float32(1) // of the slow count that a steady stream leaves in the fast one
	if c.slow > 0 {
		share = float32(c.fast) / float32(c.slow)
	}
	return c.read(dst, scope, listViewed, func(product uint32) (score, count float32) {
		count = c.fast.At(c.sum(product, pFast), now)
		usual := share * c.slow.At(c.sum(product, pSlow), now)
		return (count - usual) / float32(math.Sqrt(float64(usual)+1)), count
	})
}

func (c *Counts) read(dst []Ranked, scope uint32, list int, rank func(product uint32) (score, count float32)) []Ranked {
	at := uint64(scope)*lists + uint64(list)
	if at >= c.scopes.Len() {
		return dst
	}
	for n := len(dst); ; dst = dst[:n] {
		handle := c.scopes.Load(at)
		if handle == 0 {
			return dst
		}
		place, class := placeOf(handle)
		block := c.tops.Block(place, room(class))
		for i := range block {
			if product := uint32(atomic.LoadUint64(&block[i]) >> 32); product != 0 {
				score, count := rank(product)
				dst = append(dst, Ranked{Product: product, Score: score, Count: count})
			}
		}
		if c.scopes.Load(at)>>32 == handle>>32 { // else the list has moved, and its place may be another's
			return dst
		}
	}
}

// Refade goes on from counts that were kept with decay where these have none, or the other way round: at moment now all are
// what they were. It follows ReadFrom and must not run beside readers.
func (c *Counts) Refade(now models.Time) {
	was := [productWords]decay.HalfLife{}
	if c.sell == 0 {
		was = [productWords]decay.HalfLife{pSold: sellHalfLife, pFast: fastHalfLife, pSlow: slowHalfLife}
	}
	for at := range c.products.Len() {
		c.products.Set(at, uint64(was[at%productWords].Settle(decay.Sum(c.products.Load(at)), now)))
	}
	for at := range c.scopes.Len() {
		handle := c.scopes.Load(at)
		if handle == 0 {
			continue
		}
		life, word := c.sell, uint64(pSold)
		if at%lists == listViewed {
			life, word = c.fast, pFast
		}
		place, class := placeOf(handle)
		block := c.tops.Edit(place, room(class))
		for i, entry := range block {
			if product := uint32(entry >> 32); product != 0 {
				slab.Store(&block[i], uint64(product)<<32|uint64(max(1, life.Rank(c.sum(product, word)))))
			}
		}
		if class == lastClass {
			c.scopes.Set(at, handleOf(place, class, uint32(block[smallest(block)])))
		}
	}
}

// Bytes returns the memory held, in bytes. Any goroutine may call it.
func (c *Counts) Bytes() uint64 { return c.products.Bytes() + c.scopes.Bytes() + c.tops.Bytes() }

// Freeze returns the counts of this moment for a snapshot.
func (c *Counts) Freeze() *slab.Parts {
	return slab.Join(c.products.Freeze(), c.scopes.Freeze(), c.tops.Freeze())
}

// ReadVersion replaces the counts by what Freeze wrote, in version 11 or the one before, in which all lists were of the last
// class, numbered from 1. It must not run beside readers.
func (c *Counts) ReadVersion(r io.Reader, version uint16) error {
	if _, err := slab.ReadAll(r, &c.products, &c.scopes, &c.tops); err != nil {
		return err
	}
	c.tops.Grow(top)
	for at := range c.scopes.Len() {
		handle := c.scopes.Load(at)
		if version == 10 && handle != 0 {
			handle = handleOf(handle>>32*top, lastClass, uint32(handle))
			c.scopes.Set(at, handle)
		}
		place, class := placeOf(handle)
		if handle != 0 && (class > lastClass || place < top || place+uint64(room(class)) > c.tops.Len()) {
			return fmt.Errorf("cannot read what is popular: list %d lies outside", at)
		}
	}
	return nil
}
