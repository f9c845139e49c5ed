package btyd

import (
	"math"
	"slices"
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
// each purchase in O(1) and without a scan of the customers. About 40 bytes per distinct history; a shop of a million
// customers over two years has some 325,000 of them.
type Counts struct {
	n map[uint64]uint32
}

// NewCounts returns empty counts.
func NewCounts() *Counts { return &Counts{n: make(map[uint64]uint32)} }

// Move notes that a customer's history was from and is to. A zero Key on either side means that there was or is none.
func (c *Counts) Move(from, to Key) {
	if from == to {
		return
	}
	if from.Days > 0 {
		p := from.pack()
		if c.n[p]--; c.n[p] == 0 {
			delete(c.n, p)
		}
	}
	if to.Days > 0 {
		c.n[to.pack()]++
	}
}

// Len returns the number of distinct histories.
func (c *Counts) Len() int { return len(c.n) }

// Each calls f for every distinct history and its count, in no order.
func (c *Counts) Each(f func(k Key, n uint32)) {
	for p, n := range c.n {
		f(unpack(p), n)
	}
}

// Clone returns a copy for a fit in the background.
func (c *Counts) Clone() *Counts {
	n := make(map[uint64]uint32, len(c.n))
	for k, v := range c.n {
		n[k] = v
	}
	return &Counts{n}
}

// Sample returns what a fit reads, as of the end of day now, times in units of so many days. Customers who bought
// first after now are left out.
func (c *Counts) Sample(now Day, unit float64) *Sample {
	packed := make([]uint64, 0, len(c.n))
	first := Day(math.MaxUint16)
	for p := range c.n {
		packed = append(packed, p)
		first = min(first, unpack(p).First)
	}
	slices.Sort(packed) // by days first: the runs come in order, and sums do not depend on the map's
	s := &Sample{}
	for d := 0; d <= int(now)-int(first); d++ {
		s.times = append(s.times, float64(d)/unit)
	}
	for _, p := range packed {
		if k := unpack(p); k.Last <= now {
			s.append(k, now, float64(c.n[p]))
		}
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
