// Package claims keeps the orders that pages have told of and the shop has not: whoever reads the key in a shop's pages can say
// that something was bought. A claim is confirmed when the shop's server, a webhook or a signature tells of the order; until
// then it counts for nothing, and after Keep it is forgotten. What it is good for: it knows the browser, which the shop's
// server often does not. So it lends its visitor to an order that was placed within Lends of it and names no other person.
//
// Of each shop the newest Most claims are kept, of one order PerOrder, 150 B each. A claim costs O(log n). One goroutine
// writes; Counts and Told may be called by any.
package claims

import (
	"container/heap"
	"io"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"orrery/models"
	"orrery/models/slab"
)

const (
	// Keep is how long a claim is known, by the stream's time.
	Keep = 7 * models.Day
	// Lends is how far a claim and its order may lie apart for the order to be the claim's visitor's.
	Lends = models.Hour
	// Most is the most claims of a shop: the oldest make room.
	Most = 1 << 14
	// PerOrder is how many visitors may claim one order.
	PerOrder = 4
	// MaxLent is how many orders one visitor may be lent to while their claims are known: whoever claims every number that the
	// shop will give has placed none of them, and each of his views is looked at for each.
	MaxLent = 16
)

// Claim is an order that a page has told of.
type Claim struct {
	Order   uint64 // key of the order's id
	Visitor uint64 // key of the visitor
	Contact uint64 // key of the contact that the page has named, 0 where none
	Time    models.Time
	Shop    uint32
	Number  uint32 // of the order, once it is confirmed
	Lent    bool   // the visitor is the order's: see Lend
}

// before orders claims by age, the same way whatever came first.
func (c *Claim) before(d *Claim) bool {
	switch {
	case c.Time != d.Time:
		return c.Time < d.Time
	case c.Order != d.Order:
		return c.Order < d.Order
	}
	return c.Visitor < d.Visitor
}

// Book is the claims of all shops.
type Book struct {
	mu        sync.Mutex // the writer changes claims under it, and Told reads
	shops     map[uint32]*ages
	byOrder   map[uint64][]*Claim
	byVisitor map[uint64][]*Claim // those that are lent

	open, confirmed, expired, displaced atomic.Uint64

	byShop sync.Map // shop: *counts
}

// counts is what became of the claims of a shop.
type counts struct{ open, confirmed, expired atomic.Uint64 }

func (b *Book) of(shop uint32) *counts {
	if c, ok := b.byShop.Load(shop); ok {
		return c.(*counts)
	}
	c, _ := b.byShop.LoadOrStore(shop, new(counts))
	return c.(*counts)
}

// opened counts claims that are open from now on, or no more.
func (b *Book) opened(shop uint32, by int64) {
	b.open.Add(uint64(by))
	b.of(shop).open.Add(uint64(by))
}

func (b *Book) expire(shop uint32) {
	b.expired.Add(1)
	b.of(shop).expired.Add(1)
}

// New returns an empty book.
func New() *Book {
	return &Book{shops: map[uint32]*ages{}, byOrder: map[uint64][]*Claim{}, byVisitor: map[uint64][]*Claim{}}
}

// Add takes a claim, at the stream's time. It returns nil where the claim is known already, too old, or one too many.
func (b *Book) Add(c Claim, now models.Time) *Claim {
	if shop := b.shops[c.Shop]; shop != nil { // else what is known would follow from whether others have moved the time meanwhile
		b.advance(shop, now)
	}
	same := b.byOrder[c.Order]
	for _, known := range same {
		if known.Visitor == c.Visitor {
			return nil
		}
	}
	switch {
	case now-c.Time > Keep:
		b.expire(c.Shop)
		return nil
	case len(same) == PerOrder:
		b.displaced.Add(1)
		return nil
	}
	b.opened(c.Shop, 1)
	return b.put(c)
}

func (b *Book) put(c Claim) *Claim {
	b.mu.Lock()
	defer b.mu.Unlock()
	kept := &c
	shop := b.shops[c.Shop]
	if shop == nil {
		shop = new(ages)
		b.shops[c.Shop] = shop
	}
	b.byOrder[c.Order] = append(b.byOrder[c.Order], kept)
	if c.Lent {
		b.byVisitor[c.Visitor] = append(b.byVisitor[c.Visitor], kept)
	}
	heap.Push(shop, kept)
	if len(*shop) > Most {
		if oldest := b.forget(shop); oldest.Number == 0 {
			b.opened(oldest.Shop, -1)
			b.displaced.Add(1)
		}
	}
	return kept
}

// Of returns the claims of an order that are known at the stream's time, in the order of their age.
func (b *Book) Of(order uint64, now models.Time) (list []*Claim) {
	for _, c := range b.byOrder[order] {
		if now-c.Time <= Keep {
			list = append(list, c)
		}
	}
	for i := 1; i < len(list); i++ { // a handful
		for k := i; k > 0 && list[k].before(list[k-1]); k-- {
			list[k], list[k-1] = list[k-1], list[k]
		}
	}
	return list
}

// Confirm notes that the order of a claim has come.
func (b *Book) Confirm(c *Claim, number uint32) {
	if c.Number == 0 {
		b.mu.Lock()
		c.Number = number
		b.mu.Unlock()
		b.opened(c.Shop, -1)
		b.confirmed.Add(1)
		b.of(c.Shop).confirmed.Add(1)
	}
}

// Lend makes the claim's visitor one of its order's, and reports false where it is one of too many already.
func (b *Book) Lend(c *Claim) bool {
	if len(b.byVisitor[c.Visitor]) >= MaxLent {
		return false
	}
	b.mu.Lock()
	c.Lent = true
	b.byVisitor[c.Visitor] = append(b.byVisitor[c.Visitor], c)
	b.mu.Unlock()
	return true
}

// Lending tells whether any claim lends its visitor.
func (b *Book) Lending() bool { return len(b.byVisitor) > 0 }

// LentTo returns the claims by which a visitor is an order's.
func (b *Book) LentTo(visitor uint64) []*Claim { return b.byVisitor[visitor] }

// Advance forgets what is too old at the stream's time.
func (b *Book) Advance(now models.Time) {
	for _, shop := range b.shops {
		b.advance(shop, now)
	}
}

// advance does so for the claims of a shop.
func (b *Book) advance(shop *ages, now models.Time) {
	for len(*shop) > 0 && now-(*shop)[0].Time > Keep {
		b.mu.Lock()
		c := b.forget(shop)
		b.mu.Unlock()
		if c.Number == 0 {
			b.opened(c.Shop, -1)
			b.expire(c.Shop)
		}
	}
}

// Forget forgets the claims of all visitors and contacts whose keys are somebody's.
func (b *Book) Forget(is func(key uint64) bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, shop := range b.shops {
		kept := (*shop)[:0:0]
		for _, c := range *shop {
			if !is(c.Visitor) && !is(c.Contact) {
				kept = append(kept, c)
				continue
			}
			without(b.byOrder, c.Order, c)
			if c.Lent {
				without(b.byVisitor, c.Visitor, c)
			}
			if c.Number == 0 {
				b.opened(c.Shop, -1)
			}
		}
		heap.Init(&kept)
		*shop = kept
	}
}

// Told returns the claims of a shop by visitors and contacts whose keys are somebody's, the oldest first: a look at all of the shop's.
// Any goroutine may call it.
func (b *Book) Told(shop uint32, is func(key uint64) bool) (list []Claim) {
	b.mu.Lock()
	if all := b.shops[shop]; all != nil {
		for _, c := range *all {
			if is(c.Visitor) || c.Contact != 0 && is(c.Contact) {
				list = append(list, *c)
			}
		}
	}
	b.mu.Unlock()
	slices.SortFunc(list, func(x, y Claim) int {
		if x.before(&y) {
			return -1
		}
		return 1
	})
	return list
}

// forget forgets the oldest claim of a shop.
func (b *Book) forget(shop *ages) *Claim {
	c := heap.Pop(shop).(*Claim)
	without(b.byOrder, c.Order, c)
	if c.Lent {
		without(b.byVisitor, c.Visitor, c)
	}
	return c
}

func without(m map[uint64][]*Claim, key uint64, c *Claim) {
	var rest []*Claim
	for _, other := range m[key] {
		if other != c {
			rest = append(rest, other)
		}
	}
	if m[key] = rest; rest == nil {
		delete(m, key)
	}
}

// Counts returns how many claims are open, and how many were confirmed, expired, and made room. Any goroutine may call it.
func (b *Book) Counts() (open, confirmed, expired, displaced uint64) {
	return b.open.Load(), b.confirmed.Load(), b.expired.Load(), b.displaced.Load()
}

// CountsOf returns them of one shop, but for those that made room. Any goroutine may call it.
func (b *Book) CountsOf(shop uint32) (open, confirmed, expired uint64) {
	if c, ok := b.byShop.Load(shop); ok {
		c := c.(*counts)
		return c.open.Load(), c.confirmed.Load(), c.expired.Load()
	}
	return 0, 0, 0
}

// Adopt makes the counts of all claims those of the only shop: they are not known by shop of a state of version 11.
func (b *Book) Adopt(shop uint32) {
	c := b.of(shop)
	c.confirmed.Store(b.confirmed.Load())
	c.expired.Store(b.expired.Load())
}

// Bytes returns the memory held, about. Any goroutine may call it.
func (b *Book) Bytes() uint64 { return 150 * (b.open.Load() + min(b.confirmed.Load(), Most)) }

// The numbers of a snapshot: a head, then those of each claim.
const (
	headWords  = 5
	claimWords = 6
)

// Freeze returns the claims of this moment for a snapshot.
func (b *Book) Freeze() *slab.Parts {
	words := make(slab.Numbers, headWords)
	for _, shop := range slices.Sorted(maps.Keys(b.shops)) { // equal states are written alike
		for _, c := range *b.shops[shop] {
			number := uint64(c.Number) << 1
			if c.Lent {
				number |= 1
			}
			words = append(words, c.Order, c.Visitor, c.Contact, uint64(c.Time), uint64(c.Shop), number)
		}
	}
	words[0], words[1], words[2], words[3] = b.Counts()
	words[4] = uint64(len(words)-headWords) / claimWords
	ended := slab.Numbers{0}
	b.byShop.Range(func(shop, _ any) bool {
		ended = append(ended, uint64(shop.(uint32)))
		return true
	})
	slices.Sort(ended[1:])
	shops := ended[1:]
	ended = slab.Numbers{uint64(len(shops))}
	for _, shop := range shops {
		_, confirmed, expired := b.CountsOf(uint32(shop))
		ended = append(ended, shop, confirmed, expired)
	}
	return slab.Join(words, ended)
}

// ReadVersion replaces the claims by what Freeze wrote; version 11 did not count by shop.
func (b *Book) ReadVersion(r io.Reader, version uint16) error {
	if err := b.readClaims(r); err != nil || version == 11 {
		return err
	}
	return b.readEnded(r)
}

func (b *Book) readEnded(r io.Reader) error {
	n, c := make(slab.Numbers, 1), make(slab.Numbers, 3)
	if _, err := n.ReadFrom(r); err != nil {
		return err
	}
	for range n[0] {
		if _, err := c.ReadFrom(r); err != nil {
			return err
		}
		ended := b.of(uint32(c[0]))
		ended.confirmed.Store(c[1])
		ended.expired.Store(c[2])
	}
	return nil
}

func (b *Book) readClaims(r io.Reader) error {
	head := make(slab.Numbers, headWords)
	if _, err := head.ReadFrom(r); err != nil {
		return err
	}
	b.byShop.Clear()
	b.mu.Lock()
	b.shops, b.byOrder, b.byVisitor = map[uint32]*ages{}, map[uint64][]*Claim{}, map[uint64][]*Claim{}
	b.mu.Unlock()
	w := make(slab.Numbers, claimWords)
	for range head[4] { // one by one: a damaged number must not eat the memory
		if _, err := w.ReadFrom(r); err != nil {
			return err
		}
		if w[5]>>1 == 0 {
			b.of(uint32(w[4])).open.Add(1)
		}
		b.put(Claim{Order: w[0], Visitor: w[1], Contact: w[2], Time: models.Time(w[3]), Shop: uint32(w[4]), Number: uint32(w[5] >> 1), Lent: w[5]&1 != 0})
	}
	b.open.Store(head[0])
	b.confirmed.Store(head[1])
	b.expired.Store(head[2])
	b.displaced.Store(head[3])
	return nil
}

// ages is a heap of claims, the oldest first.
type ages []*Claim

func (a ages) Len() int           { return len(a) }
func (a ages) Less(i, k int) bool { return a[i].before(a[k]) }
func (a ages) Swap(i, k int)      { a[i], a[k] = a[k], a[i] }

// Push appends a claim, for package heap.
func (a *ages) Push(c any) { *a = append(*a, c.(*Claim)) }

// Pop takes the last claim off, for package heap.
func (a *ages) Pop() any {
	last := len(*a) - 1
	c := (*a)[last]
	(*a)[last] = nil
	*a = (*a)[:last]
	return c
}
