// Package neighbours keeps, for every product, the products that go with it by one relation: viewed together, bought
// together, bought after viewing. Counting is incremental as in TencentRec (Huang et al., SIGMOD 2015): a pair counts
// once per session or order (the caller sees to it), weights fade by forward decay, lists are bounded.
//
// A list is set-associative: a neighbour can only lie in the set of eight words (one cache line) that its number hashes
// to, so a hit, an admission and an eviction each touch one line. A word is neighbour<<32 | float32 weight, stored
// atomically: readers walk the live list without locks and see a count the moment it lands.
//
// A list starts with one set and doubles while it fills, up to the bound. A full set admits a newcomer of weight w in
// place of its smallest weight m with probability w/(m+w) (randomized admission, Ben Basat, Chen, Einziger, Friedman,
// IEEE/ACM ToN 2019: noise mostly does not get in), at weight m, or w where that is more. Theirs is m+w, which is
// unbiased, and makes a two of every one that meets a set of ones: most products are bought after viewing another once
// or twice, and of their true top 8 it finds 0.87 where this finds 0.99. The dice is a hash of the pair and of a
// counter in the state.
//
// Lists of all shops lie in the same memory. What is counted of all baskets, and what decides where a neighbour lies, is the shop's
// own: its totals, its counter, and the ordinal of a product among the shop's.
//
// Cost: 64 B to 1 KB a product and relation at the default bound of 128, about one cache miss an update.
package neighbours

import (
	"math"
	"math/bits"
	"slices"
	"sync/atomic"

	"orrery/models"
	"orrery/models/decay"
	"orrery/models/pershop"
	"orrery/models/slab"
)

// DefaultBound is the default number of neighbours kept per product. The true top 8 are found with a recall of 0.99 or
// more, their counts off by 1 %, on baskets with twenty times as many neighbours; half the bound finds 0.97 of them, off by 5 %.
const DefaultBound = 128

// setWords is the size of a set: a cache line.
const setWords = 8

// maxBound keeps a list within one chunk of the slab.
const maxBound = slab.ChunkWords

// classes is the number of list sizes: 1..512 sets.
const classes = 10

// Lists is the neighbour lists of one relation. One goroutine writes, any number read.
type Lists struct {
	bound    int
	clock    *decay.Clock
	ordinals *pershop.Ordinals // of products

	at    slab.Words      // item: offset<<8 | log2(sets)+1 of its list, 0 where it has none
	words slab.Words      // the lists
	sides slab.Words      // item: float32 weight as the left side <<32 | float32 weight as the right side
	shops slab.Words      // shopWords a shop
	free  [classes]uint64 // places that lists grew out of, by log2(sets): 1 + the first, which holds 1 + the next

	shared bool // restored of a version that had one total and one counter for all shops, which are in the place of shop 0: see Adopt
}

// The words of a shop.
const (
	shTotal = iota // float64 sum of the weights of all baskets
	shDice         // counter of the dice that were thrown
	shopWords
)

// New returns empty lists of at most bound neighbours (rounded up to a power of two, 8..4096; 0: DefaultBound), whose
// counts fade with the given half-life (0: never).
func New(bound int, halfLife models.Time) *Lists {
	if bound <= 0 {
		bound = DefaultBound
	}
	bound = max(setWords, min(maxBound, 1<<bits.Len(uint(bound-1))))
	return &Lists{bound: bound, clock: decay.NewClock(halfLife)}
}

// Number sets the ordinals of products within their shops; without, there is one shop. It is called before anything is counted.
func (l *Lists) Number(o *pershop.Ordinals) { l.ordinals = o }

// Bytes returns the memory held, in bytes.
func (l *Lists) Bytes() uint64 {
	return l.at.Bytes() + l.words.Bytes() + l.sides.Bytes() + l.shops.Bytes()
}

// Weight returns the stored weight of an event of moment t, for Add and the Count methods. It moves the landmark, and
// rescales all lists, once in 96 half-lives.
func (l *Lists) Weight(t models.Time) float32 {
	w, rescale := l.clock.Weight(t)
	if rescale != 1 {
		l.rescale(float64(rescale))
	}
	return w
}

// CountLeft adds to the number of baskets (sessions, orders) that hold item on the left side of the relation.
func (l *Lists) CountLeft(item uint32, w float32) { l.count(item, w, 0) }

// CountRight does so for the right side: what is bought, in "bought after viewing".
func (l *Lists) CountRight(item uint32, w float32) { l.count(item, 0, w) }

// CountBoth does so for a symmetric relation.
func (l *Lists) CountBoth(item uint32, w float32) { l.count(item, w, w) }

func (l *Lists) count(item uint32, left, right float32) {
	l.sides.Grow(uint64(item) + 1)
	old := l.sides.Load(uint64(item))
	l.sides.Set(uint64(item), pack(math.Float32frombits(uint32(old>>32))+left, math.Float32frombits(uint32(old))+right))
}

func pack(left, right float32) uint64 {
	return uint64(math.Float32bits(left))<<32 | uint64(math.Float32bits(right))
}

// CountBasket adds to the number of all baskets of a shop.
func (l *Lists) CountBasket(shop uint32, w float32) {
	l.shops.Grow((uint64(shop) + 1) * shopWords)
	at := uint64(shop)*shopWords + shTotal
	l.shops.Set(at, math.Float64bits(math.Float64frombits(l.shops.Load(at))+float64(w)))
}

// total returns the weights of all baskets of a shop.
func (l *Lists) total(shop uint32) float64 {
	if l.shared {
		shop = 0
	}
	if at := uint64(shop)*shopWords + shTotal; at < l.shops.Len() {
		return math.Float64frombits(l.shops.Load(at))
	}
	return 0
}

// Add counts neighbour once more in the list of item, with weight w. Both are the shop's.
func (l *Lists) Add(shop, item, neighbour uint32, w float32) {
	l.at.Grow(uint64(item) + 1)
	place := l.at.Load(uint64(item))
	if place == 0 {
		place = l.allocate(0)
		l.at.Set(uint64(item), place)
	}
	for !l.add(shop, place, item, neighbour, w) {
		place = l.grow(item, place)
	}
}

// AddPairs counts item and every one of others, which are distinct, as neighbours of each other, with weight w.
func (l *Lists) AddPairs(shop, item uint32, others []uint32, w float32) {
	for _, other := range others {
		l.Add(shop, item, other, w)
		l.Add(shop, other, item, w)
	}
}

// Join makes one product of two: what is counted of from counts for to, pairs of the two are gone. both says that the relation is
// symmetric, so that the lists of its neighbours name from as well. A basket that held both has counted for each of them, and does so
// for to.
func (l *Lists) Join(shop, from, to uint32, both bool) {
	if uint64(from) < l.sides.Len() {
		side := l.sides.Load(uint64(from))
		l.count(to, math.Float32frombits(uint32(side>>32)), math.Float32frombits(uint32(side)))
		l.sides.Set(uint64(from), 0)
	}
	place := l.place(from)
	if place == 0 {
		return
	}
	var list [maxBound]uint64
	class := int(place&0xff) - 1
	n := copy(list[:], l.words.Block(place>>8, setWords<<class))
	l.at.Set(uint64(from), 0)
	l.words.Set(place>>8, l.free[class]) // after at: see grow
	l.free[class] = place>>8 + 1
	for _, word := range list[:n] {
		other, w := uint32(word>>32), weight(word)
		if word == 0 || other == to {
			continue
		}
		l.Add(shop, to, other, w)
		if both && l.drop(other, from) {
			l.Add(shop, other, to, w)
		}
	}
	l.drop(to, from)
}

// drop takes a neighbour out of the list of item, and reports whether it was there. The last of its set takes its place.
func (l *Lists) drop(item, neighbour uint32) bool {
	place := l.place(item)
	if place == 0 {
		return false
	}
	at := place>>8 + uint64(setOf(l.ordinals.Of(neighbour), 1<<(place&0xff-1))*setWords)
	set := l.words.Block(at, setWords)
	i := slices.IndexFunc(set, func(word uint64) bool { return word != 0 && uint32(word>>32) == neighbour })
	if i < 0 {
		return false
	}
	last := i
	for last+1 < setWords && set[last+1] != 0 {
		last++
	}
	l.words.Set(at+uint64(i), set[last])
	l.words.Set(at+uint64(last), 0)
	return true
}

// Prefetch asks for the counts of item and for where its list and those of others are, and PrefetchPairs, when the places of all
// have come, for the sets that AddPairs will work on: see intern.Hashes.Prefetch.
func (l *Lists) Prefetch(item uint32, others []uint32) {
	if uint64(item) < l.sides.Len() {
		l.sides.Prefetch(uint64(item))
	}
	l.prefetchPlace(item)
	for _, other := range others {
		l.prefetchPlace(other)
		l.ordinals.Prefetch(other)
	}
}

func (l *Lists) prefetchPlace(item uint32) {
	if uint64(item) < l.at.Len() {
		l.at.Prefetch(uint64(item))
	}
}

// PrefetchPairs asks for the sets that AddPairs(item, others) will work on.
func (l *Lists) PrefetchPairs(item uint32, others []uint32) {
	own := l.place(item)
	for _, other := range others {
		l.prefetch(own, other)
		l.prefetch(l.place(other), item)
	}
}

// place returns where the list of item is, 0 where it has none.
func (l *Lists) place(item uint32) uint64 {
	if uint64(item) >= l.at.Len() {
		return 0
	}
	return l.at.Load(uint64(item))
}

// prefetch asks for the set that neighbour lies in.
func (l *Lists) prefetch(place uint64, neighbour uint32) {
	if place != 0 {
		l.words.Prefetch(place>>8 + uint64(setOf(l.ordinals.Of(neighbour), 1<<(place&0xff-1))*setWords))
	}
}

// add counts within the list at place, and reports false where the list should grow first. Nine of ten newcomers to a
// full list are refused: that path only reads, so that it costs a running snapshot no copy.
func (l *Lists) add(shop uint32, place uint64, item, neighbour uint32, w float32) bool {
	sets := 1 << (place&0xff - 1)
	ordinal := l.ordinals.Of(neighbour)
	at := place>>8 + uint64(setOf(ordinal, sets)*setWords)
	least, leastAt := float32(math.MaxFloat32), uint64(0)
	tie := int(ordinal * 0x9e3779b1 >> 8 % setWords) // of equal ones not always the first makes room
	for i, word := range l.words.Block(at, setWords) {
		switch x := weight(word); {
		case uint32(word>>32) == neighbour:
			l.words.Set(at+uint64(i), entry(neighbour, x+w))
			return true
		case word == 0:
			l.words.Set(at+uint64(i), entry(neighbour, w))
			return true
		case x < least || x == least && i == tie:
			least, leastAt = x, at+uint64(i)
		}
	}
	if sets*setWords < l.bound {
		return false
	}
	if roll(l.ordinals.Of(item), ordinal, l.throw(shop))*(least+w) < w {
		l.words.Set(leastAt, entry(neighbour, max(least, w)))
	}
	return true
}

// throw counts a throw of a shop's dice.
func (l *Lists) throw(shop uint32) uint64 {
	l.shops.Grow((uint64(shop) + 1) * shopWords)
	at := uint64(shop)*shopWords + shDice
	n := l.shops.Load(at) + 1
	l.shops.Set(at, n)
	return n
}

func entry(neighbour uint32, w float32) uint64 {
	return uint64(neighbour)<<32 | uint64(math.Float32bits(w))
}

func weight(word uint64) float32 { return math.Float32frombits(uint32(word)) }

// setOf returns the set that a neighbour of an ordinal lies in. The upper bits of the product are the well mixed ones.
func setOf(ordinal uint32, sets int) int {
	return int(uint64(ordinal*0x9e3779b1) * uint64(sets) >> 32)
}

// roll returns a number in [0,1) made of its arguments.
func roll(a, b uint32, n uint64) float32 {
	x := (uint64(a)<<32 | uint64(b)) + n*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return float32((x^x>>31)>>40) / (1 << 24)
}

func (l *Lists) allocate(class int) uint64 {
	if l.free[class] != 0 {
		at := l.free[class] - 1
		block := l.words.Edit(at, setWords<<class)
		l.free[class] = block[0]
		for i := range block {
			slab.Store(&block[i], 0)
		}
		return at<<8 | uint64(class+1)
	}
	return l.words.Alloc(setWords<<class)<<8 | uint64(class+1)
}

// grow moves the list of item to one of twice as many sets. A reader that walks the old place notices that the item's
// place has changed (see Read).
func (l *Lists) grow(item uint32, place uint64) uint64 {
	class := int(place&0xff) - 1
	bigger := l.allocate(class + 1)
	for _, word := range l.words.Block(place>>8, setWords<<class) {
		// Sets are split by the next bit of the same product, so every word finds room in its half.
		set := l.words.Edit(bigger>>8+uint64(setOf(l.ordinals.Of(uint32(word>>32)), 2<<class)*setWords), setWords)
		for i := range set {
			if word != 0 && set[i] == 0 {
				slab.Store(&set[i], word)
				break
			}
		}
	}
	l.at.Set(uint64(item), bigger)
	// Only now may the old place change: whoever still walks it finds the item's place changed afterwards.
	l.words.Set(place>>8, l.free[class])
	l.free[class] = place>>8 + 1
	return bigger
}

// rescale multiplies every stored weight. Readers see old and new weights side by side while it runs, once in 96
// half-lives.
func (l *Lists) rescale(by float64) {
	for item := uint64(0); item < l.at.Len(); item++ {
		place := l.at.Load(item)
		if place == 0 {
			continue
		}
		block := l.words.Edit(place>>8, setWords<<(place&0xff-1))
		for i, word := range block {
			if word != 0 {
				slab.Store(&block[i], entry(uint32(word>>32), float32(float64(weight(word))*by)))
			}
		}
	}
	for item := uint64(0); item < l.sides.Len(); item++ {
		if s := l.sides.Load(item); s != 0 {
			left, right := math.Float32frombits(uint32(s>>32)), math.Float32frombits(uint32(s))
			l.sides.Set(item, pack(float32(float64(left)*by), float32(float64(right)*by)))
		}
	}
	for at := uint64(shTotal); at < l.shops.Len(); at += shopWords {
		l.shops.Set(at, math.Float64bits(math.Float64frombits(l.shops.Load(at))*by))
	}
}

// Neighbour is an entry of a list, with the figures of its pair at the moment asked for.
type Neighbour struct {
	Item  uint32
	Count float32 // baskets that hold both: never more than hold either
	Right float32 // baskets that hold this neighbour
}

// Pairs is what a list says of its own item at the moment asked for.
type Pairs struct {
	Left  float32 // baskets that hold the item
	Total float32 // all baskets of the shop
}

// Read appends the neighbours of item, which is the shop's, at moment now to dst. It takes no lock; a list that moves while it is
// read is read again.
func (l *Lists) Read(dst []Neighbour, shop, item uint32, now models.Time) ([]Neighbour, Pairs) {
	factor := l.clock.At(now)
	pairs := Pairs{Total: float32(l.total(shop) * float64(factor))}
	if uint64(item) < l.sides.Len() {
		pairs.Left = math.Float32frombits(uint32(l.sides.Load(uint64(item))>>32)) * factor
	}
	if uint64(item) >= l.at.Len() {
		return dst, pairs
	}
	start := len(dst)
	for {
		place := l.at.Load(uint64(item))
		if place == 0 {
			return dst, pairs
		}
		block := l.words.Block(place>>8, setWords<<(place&0xff-1))
		for i := range block {
			if word := atomic.LoadUint64(&block[i]); word != 0 {
				dst = append(dst, Neighbour{Item: uint32(word >> 32), Count: weight(word) * factor})
			}
		}
		if l.at.Load(uint64(item)) == place {
			break
		}
		dst = dst[:start]
	}
	for i := start; i < len(dst); i++ {
		if n := uint64(dst[i].Item); n < l.sides.Len() {
			dst[i].Right = math.Float32frombits(uint32(l.sides.Load(n))) * factor
		}
		// What a neighbour took over from the one it displaced may be too much: this much is certain.
		dst[i].Count = min(dst[i].Count, pairs.Left, dst[i].Right)
	}
	return dst, pairs
}

// Stamp returns a hash of all that is counted in the list of item: while it stays the same, no pair of the item has been
// counted. It costs a walk over the list, a tenth of what ranking it does. Any goroutine may call it.
func (l *Lists) Stamp(item uint32) uint64 {
	if uint64(item) >= l.at.Len() {
		return 0
	}
	place := l.at.Load(uint64(item))
	if place == 0 {
		return 0
	}
	// Eight sums that do not wait for each other, each of its own place in the sets.
	var h [setWords]uint64
	block := l.words.Block(place>>8, setWords<<(place&0xff-1))
	for ; len(block) >= setWords; block = block[setWords:] {
		for i := range h {
			h[i] = (h[i] + atomic.LoadUint64(&block[i])) * 0x9e3779b97f4a7c15
		}
	}
	sum := place
	for i, x := range h {
		sum = (sum ^ bits.RotateLeft64(x, 8*i)) * 0xbf58476d1ce4e5b9
	}
	return sum
}

// Count returns the number of baskets that hold item on the right side, at moment now.
func (l *Lists) Count(item uint32, now models.Time) float32 {
	if uint64(item) >= l.sides.Len() {
		return 0
	}
	return math.Float32frombits(uint32(l.sides.Load(uint64(item)))) * l.clock.At(now)
}
