package btyd

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sync/atomic"
)

// Day is a day, counted from 1970-01-01 UTC.
type Day = uint16

// Key is a purchase history on the calendar: it changes with purchases only, not with the passing of time, so a count
// of customers by Key is kept up by the purchases alone. The zero Key is somebody who has not bought.
type Key struct {
	Days        uint32 // distinct days with a purchase; X is one less
	First, Last Day
}

// At returns the history at the end of day now, in units of so many days. now must not lie before k.First.
func (k Key) At(now Day, unit float64) History {
	// Whole days are subtracted first and divided last: a division before loses a day to rounding now and then.
	return History{float64(k.Days - 1), float64(k.Last-k.First) / unit, float64(now-k.First) / unit}
}

func (k Key) pack() uint64 { return uint64(k.Days)<<32 | uint64(k.First)<<16 | uint64(k.Last) }

func unpack(v uint64) Key { return Key{uint32(v >> 32), Day(v >> 16), Day(v)} }

// Counts is the number of customers by purchase history: all that a fit has to know of a customer base, kept exact by
// each purchase in O(1) and without a scan of the customers. One goroutine moves; any number read, and may see one move
// half done. 12 bytes a slot, at most 3/4 of which are taken; a shop of a million customers over two years has some
// 325,000 distinct histories.
type Counts struct {
	slots atomic.Pointer[slots]
	taken int // slots with a key, counts of zero included
}

// slots is an open-addressing hash table. A key stays where it is until the table grows, so readers need no lock; a
// count that has fallen to zero keeps its slot until then.
type slots struct {
	keys []uint64 // 0 is free: a key has at least one day
	n    []uint32
}

const firstSlots = 256

// NewCounts returns empty counts.
func NewCounts() *Counts {
	c := &Counts{}
	c.slots.Store(newSlots(firstSlots))
	return c
}

func newSlots(n int) *slots { return &slots{make([]uint64, n), make([]uint32, n)} }

// find returns the slot of a key, or the free one where it would go.
func (t *slots) find(key uint64) int {
	mask := uint64(len(t.keys) - 1)
	h := key * 0x9e3779b97f4a7c15
	for i := (h ^ h>>32) & mask; ; i = (i + 1) & mask {
		if k := t.keys[i]; k == key || k == 0 {
			return int(i)
		}
	}
}

// Move notes that a customer's history was from and is to. A zero Key on either side means that there was or is none.
// From must have been noted before.
func (c *Counts) Move(from, to Key) {
	if from == to {
		return
	}
	if from.Days > 0 {
		t := c.slots.Load()
		i := t.find(from.pack())
		if t.keys[i] == 0 || t.n[i] == 0 {
			panic(fmt.Sprintf("BUG: btyd: nobody has the history %+v", from))
		}
		atomic.AddUint32(&t.n[i], ^uint32(0))
	}
	if to.Days > 0 {
		c.insert(to.pack())
	}
}

func (c *Counts) insert(key uint64) {
	t := c.slots.Load()
	i := t.find(key)
	if t.keys[i] == 0 {
		if c.taken++; c.taken > len(t.keys)/4*3 {
			t = c.grow(t)
			i = t.find(key)
			c.taken++
		}
		atomic.StoreUint64(&t.keys[i], key)
	}
	atomic.AddUint32(&t.n[i], 1)
}

// grow copies what counts into a table of the right size. It stalls the writer for some 30 ns a history, once for every
// doubling.
func (c *Counts) grow(old *slots) *slots {
	live := 0
	for _, n := range old.n {
		if n > 0 {
			live++
		}
	}
	size := firstSlots
	for size < live*2+2 {
		size *= 2
	}
	t := newSlots(size)
	for i, n := range old.n {
		if n > 0 {
			j := t.find(old.keys[i])
			t.keys[j], t.n[j] = old.keys[i], n
		}
	}
	c.taken = live
	c.slots.Store(t)
	return t
}

// Len returns the number of distinct histories. It costs a pass.
func (c *Counts) Len() int {
	n := 0
	c.Each(func(Key, uint32) { n++ })
	return n
}

// Bytes returns the memory held.
func (c *Counts) Bytes() uint64 { return 12 * uint64(len(c.slots.Load().keys)) }

// Each calls f for every distinct history and its count, in no order.
func (c *Counts) Each(f func(k Key, n uint32)) {
	t := c.slots.Load()
	for i := range t.keys {
		if n := atomic.LoadUint32(&t.n[i]); n > 0 {
			f(unpack(atomic.LoadUint64(&t.keys[i])), n)
		}
	}
}

// Sample returns what a fit reads, as of the end of day now, times in units of so many days. Customers who bought
// after now are left out.
func (c *Counts) Sample(now Day, unit float64) *Sample {
	type entry struct {
		key uint64
		n   uint32
	}
	var all []entry
	first := Day(math.MaxUint16)
	c.Each(func(k Key, n uint32) {
		if k.Last <= now {
			all = append(all, entry{k.pack(), n})
			first = min(first, k.First)
		}
	})
	// By days first: the runs come in order, and sums do not depend on the table's.
	slices.SortFunc(all, func(a, b entry) int { return cmp.Compare(a.key, b.key) })
	s := &Sample{}
	for d := 0; d <= int(now)-int(first); d++ {
		s.times = append(s.times, float64(d)/unit)
	}
	for _, e := range all {
		s.append(unpack(e.key), now, float64(e.n))
	}
	return s
}

func (s *Sample) append(k Key, now Day, w float64) {
	x := float64(k.Days - 1)
	if n := len(s.runs); n == 0 || s.runs[n-1].x != x {
		s.runs = append(s.runs, run{x: x})
	}
	r := &s.runs[len(s.runs)-1]
	r.tx, r.t, r.w = append(r.tx, int32(k.Last-k.First)), append(r.t, int32(now-k.First)), append(r.w, w)
	s.n += w
}
