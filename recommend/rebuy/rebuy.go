// Package rebuy is what a person buys next from what the person bought before: the recipes buy_again and
// next_basket.
//
// For every owner (a contact, or a visitor that is no contact yet) it keeps the products bought, bounded: how often, by two
// fading counts (the group decay of TIFU-kNN, Hu et al., SIGIR 2020, in closed form: a slow and a fast memory of the
// owner's own orders), when last, and the personal rhythm, a running mean of the gaps between purchases. For every
// product it keeps how many buyers came back for it. With the neighbours of what the owner buys and the bestsellers,
// these are the features of a small learned ranker, which learns from each order before it is counted.
//
// Cost: O(1) a purchased line, some 150 us a question. Memory: 24 B an owner who has bought and 12 to 24 B of table, 24 B a
// product of an owner, in lists of 4 to 128; 8 B a product.
// One goroutine writes, any number read.
package rebuy

import (
	"io"
	"math"
	"sync/atomic"

	"orrery/models"
	"orrery/models/intern"
	"orrery/models/slab"
	"orrery/recommend/listwise"
)

const (
	classes  = 6 // 4..128 products an owner
	minRoom  = 4
	maxRoom  = minRoom << (classes - 1)
	perEntry = 3 // words
)

// The words of an owner's record.
const (
	headKey   = iota // keyOf the owner
	headList         // offset<<16 | class+1<<8 | length-1
	headState        // orders<<32 | newest order in seconds
	headWords
)

// keyOf scatters owners, of whom few have bought: no two have the same key.
func keyOf(owner uint32) uint64 { return (uint64(owner) + 1) * 0x9e3779b97f4a7c15 }

// The fading of the two counts, by the owner's own orders.
const (
	slowDecay = 0.95
	fastDecay = 0.6
)

// History is who bought what how often. Its zero value is not ready: see New.
type History struct {
	heads  slab.Words // headWords of each owner who has bought
	byKey  *intern.Hashes
	lists  slab.Words
	items  slab.Words // product: repeated purchases<<32 | first ones
	meta   slab.Words // shop: repeated purchases<<32 | first ones
	free   [classes]uint64
	shared bool // restored of a version that had one word of meta and one ranker for all shops: see Adopt
	Ranker *listwise.Shops
}

// New returns an empty history, whose ranker has learned nothing: it ranks by the slow count.
func New() *History {
	h := &History{Ranker: listwise.NewShops(features, start)}
	h.heads.Grow(headWords)
	h.byKey = intern.NewHashes(&h.heads, headWords)
	h.meta.Grow(1)
	return h
}

// Seed sets what decides where owners lie: see intern.Hashes.Seed.
func (h *History) Seed(s intern.Seed) { h.byKey.Seed(s) }

// Table describes the table of owners, for the writer.
func (h *History) Table() intern.Table { return intern.Describe("owners", h.byKey) }

// entry is one product of an owner.
type entry struct {
	item  uint32
	last  uint32 // seconds
	slow  float32
	fast  float32
	order uint16 // number of the owner's order that bought it last
	count uint16
	gap   float32 // mean gap between purchases, in seconds; 0 before the second
}

func (e *entry) words() [perEntry]uint64 {
	return [perEntry]uint64{
		uint64(e.item)<<32 | uint64(e.last),
		uint64(math.Float32bits(e.slow))<<32 | uint64(math.Float32bits(e.fast)),
		uint64(e.order)<<48 | uint64(e.count)<<32 | uint64(math.Float32bits(e.gap)),
	}
}

func entryOf(a, b, c uint64) entry {
	return entry{
		item: uint32(a >> 32), last: uint32(a), slow: math.Float32frombits(uint32(b >> 32)), fast: math.Float32frombits(uint32(b)),
		order: uint16(c >> 48), count: uint16(c >> 32), gap: math.Float32frombits(uint32(c)),
	}
}

// Buy counts an order of owner, who is the shop's: its products, each once.
func (h *History) Buy(shop, owner uint32, products []uint32, t models.Time) {
	record, _ := h.byKey.Add(keyOf(owner))
	head := uint64(record) * headWords
	state := h.heads.Load(head + headState)
	number := uint16(state>>32) + 1
	if number == 0 { // an owner of 65,535 orders begins again: its counts fade by the difference
		number = 1
	}
	h.meta.Grow(uint64(shop) + 1)
	for _, item := range products {
		h.buy(shop, head, item, number, t.Seconds())
	}
	h.heads.Set(head+headState, uint64(number)<<32|uint64(max(uint32(state), t.Seconds())))
}

func (h *History) buy(shop uint32, head uint64, item uint32, number uint16, t uint32) {
	handle := h.heads.Load(head + headList)
	offset, class, n := place(handle)
	first, least, leastAt := true, float32(math.MaxFloat32), 0
	for i := range n {
		e := h.at(offset, i)
		if e.item == item {
			e.again(number, t)
			h.set(offset, i, &e)
			first = false
			break
		}
		if w := e.slow * power(slowDecay, number-e.order); w < least {
			least, leastAt = w, i
		}
	}
	h.items.Grow(uint64(item) + 1)
	if !first {
		h.items.Set(uint64(item), h.items.Load(uint64(item))+1<<32)
		h.meta.Set(uint64(shop), h.meta.Load(uint64(shop))+1<<32)
		return
	}
	h.items.Set(uint64(item), h.items.Load(uint64(item))+1)
	h.meta.Set(uint64(shop), h.meta.Load(uint64(shop))+1)
	e := entry{item: item, last: t, slow: 1, fast: 1, order: number, count: 1}
	switch {
	case n == maxRoom:
		h.set(offset, leastAt, &e)
		return
	case n == room(class):
		offset, class = h.grow(offset, class, n)
	}
	h.set(offset, n, &e)
	h.heads.Set(head+headList, offset<<16|uint64(class+1)<<8|uint64(n))
	if handle != 0 && offset != handle>>16 {
		h.release(handle)
	}
}

// again counts one more purchase.
func (e *entry) again(number uint16, t uint32) {
	past := number - e.order
	e.slow = 1 + e.slow*power(slowDecay, past)
	e.fast = 1 + e.fast*power(fastDecay, past)
	if t > e.last {
		gap := float32(t - e.last)
		if e.gap == 0 {
			e.gap = gap
		} else {
			e.gap += 0.3 * (gap - e.gap)
		}
		e.last = t
	}
	e.order, e.count = number, min(e.count, math.MaxUint16-1)+1
}

func power(base float64, n uint16) float32 { return float32(math.Pow(base, float64(n))) }

func place(handle uint64) (offset uint64, class, n int) {
	if handle == 0 {
		return 0, -1, 0
	}
	return handle >> 16, int(handle>>8&0xff) - 1, int(handle&0xff) + 1
}

func room(class int) int {
	if class < 0 {
		return 0
	}
	return minRoom << class
}

func (h *History) at(offset uint64, i int) entry {
	b := h.lists.Block(offset+uint64(i*perEntry), perEntry)
	return entryOf(atomic.LoadUint64(&b[0]), atomic.LoadUint64(&b[1]), atomic.LoadUint64(&b[2]))
}

func (h *History) set(offset uint64, i int, e *entry) {
	b := h.lists.Edit(offset+uint64(i*perEntry), perEntry)
	for k, v := range e.words() {
		slab.Store(&b[k], v)
	}
}

// grow copies a list to a place of twice the size. The old place is released after its owner's handle has changed.
func (h *History) grow(offset uint64, class, n int) (uint64, int) {
	class++
	var to uint64
	if head := h.free[class]; head != 0 {
		to = head - 1
		h.free[class] = h.lists.Load(to)
	} else {
		to = h.lists.Alloc(room(class) * perEntry)
	}
	for i := range n {
		e := h.at(offset, i)
		h.set(to, i, &e)
	}
	return to, class
}

func (h *History) release(handle uint64) {
	offset, class, _ := place(handle)
	h.lists.Set(offset, h.free[class])
	h.free[class] = offset + 1
}

// Forget forgets what an owner has bought. How many buyers came back for a product stays.
func (h *History) Forget(owner uint32) {
	record := h.byKey.Find(keyOf(owner))
	if record == 0 {
		return
	}
	head := uint64(record) * headWords
	handle := h.heads.Load(head + headList)
	h.heads.Set(head+headList, 0)
	h.heads.Set(head+headState, 0)
	h.byKey.Delete(record)
	if offset, class, _ := place(handle); class >= 0 {
		for i := range uint64(room(class) * perEntry) {
			h.lists.Set(offset+i, 0)
		}
		h.release(handle)
	}
}

// Orders returns the number of orders of an owner.
func (h *History) Orders(owner uint32) int {
	return int(h.heads.Load(uint64(h.byKey.Find(keyOf(owner)))*headWords+headState) >> 32) // record 0 is of nobody
}

// read appends the entries of an owner to dst and returns its orders. Readers look at the handle again: where the list
// has moved, they read again. An entry that is being overwritten may be seen half: then one answer has a product with
// the counts of another.
func (h *History) read(dst []entry, owner uint32) ([]entry, uint16) {
	head := uint64(h.byKey.Find(keyOf(owner))) * headWords
	from := len(dst)
	for {
		handle := h.heads.Load(head + headList)
		offset, _, n := place(handle)
		for i := range n {
			dst = append(dst, h.at(offset, i))
		}
		if h.heads.Load(head+headList)>>8 == handle>>8 {
			return dst, uint16(h.heads.Load(head+headState) >> 32)
		}
		dst = dst[:from]
	}
}

// again returns the share of a product's purchases that were repeated ones, shrunk to that of all of the shop's.
func (h *History) again(shop, item uint32) float32 {
	rate := func(word uint64, prior, weight float32) float32 {
		repeats, firsts := float32(word>>32), float32(uint32(word))
		return (repeats + weight*prior) / (repeats + firsts + weight)
	}
	of := uint64(0)
	if at := uint64(shop); h.shared {
		of = h.meta.Load(0)
	} else if at < h.meta.Len() {
		of = h.meta.Load(at)
	}
	all := rate(of, 0.1, 10)
	if uint64(item) >= h.items.Len() {
		return all
	}
	return rate(h.items.Load(uint64(item)), all, 20)
}

// Bytes returns the memory held, in bytes.
func (h *History) Bytes() uint64 {
	return h.heads.Bytes() + h.byKey.Bytes() + h.lists.Bytes() + h.items.Bytes() + h.meta.Bytes() + h.Ranker.Bytes()
}

// Freeze returns the history of this moment for a snapshot.
func (h *History) Freeze() *slab.Parts {
	return slab.Join(append(slab.Numbers{}, h.free[:]...), h.heads.Freeze(), h.lists.Freeze(), h.items.Freeze(), h.meta.Freeze(), h.Ranker.Freeze())
}

// Version is that of the layout that Freeze writes.
const Version = 13

// ReadVersion replaces the history by what Freeze wrote, in this version or those before, in which all shops had one share of repeats
// and one ranker: see Adopt. It must not run beside readers.
func (h *History) ReadVersion(r io.Reader, version uint16) error {
	_, err := slab.ReadAll(r, slab.Numbers(h.free[:]), &h.heads, &h.lists, &h.items, &h.meta)
	if h.shared = version < Version; err != nil {
		return err
	}
	h.heads.Grow(headWords)
	h.meta.Grow(1)
	h.byKey.Rebuild()
	if h.shared {
		return h.Ranker.ReadShared(r)
	}
	_, err = h.Ranker.ReadFrom(r)
	return err
}

// Adopt follows the restore of a version in which all shops had one share of repeats and one ranker, when it is known how many shops
// there are: each goes on from them.
func (h *History) Adopt(shops int) {
	if !h.shared {
		return
	}
	h.shared = false
	h.meta.Grow(uint64(shops) + 1)
	for shop := uint64(1); shop <= uint64(shops); shop++ {
		h.meta.Set(shop, h.meta.Load(0))
	}
	h.Ranker.Adopt(shops)
}
