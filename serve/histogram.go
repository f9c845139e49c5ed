package serve

import (
	"math"
	"math/bits"
	"sync/atomic"
	"time"
)

// histogram counts durations in buckets of relative width 1/8, from 1 ns to 17 s: eight for each doubling. Many may
// observe at once; one observation is two atomic additions.
type histogram struct {
	buckets [octaves * steps]atomic.Uint64
	sum     atomic.Uint64 // nanoseconds
}

const (
	steps   = 8
	octaves = 32
)

// bucket returns the index of the bucket of a duration: its highest bit and the three after it.
func bucket(ns uint64) int {
	if ns < steps {
		return int(ns)
	}
	octave := bits.Len64(ns) - 4 // 0 for 8..15
	return min((octave+1)*steps+int(ns>>octave)&(steps-1), octaves*steps-1)
}

// upper returns the first duration past a bucket.
func upper(i int) uint64 {
	if i < steps {
		return uint64(i + 1)
	}
	octave := i/steps - 1
	return uint64(steps+i%steps+1) << octave
}

func (h *histogram) observe(d time.Duration) {
	ns := uint64(max(d, 0))
	h.buckets[bucket(ns)].Add(1)
	h.sum.Add(ns)
}

// counts is a copy of a histogram's buckets.
type counts [octaves * steps]uint64

func (h *histogram) load(into *counts) {
	for i := range h.buckets {
		into[i] = h.buckets[i].Load()
	}
}

// since returns what was counted after an earlier copy was made.
func (c *counts) since(earlier *counts) *counts {
	var d counts
	for i := range c {
		d[i] = c[i] - earlier[i]
	}
	return &d
}

func (c *counts) total() (n uint64) {
	for _, k := range c {
		n += k
	}
	return n
}

// quantile returns the upper edge of the bucket that holds the q-th share of the durations, 0 where there are none.
func (c *counts) quantile(q float64) time.Duration {
	n := c.total()
	if n == 0 {
		return 0
	}
	want := max(uint64(math.Ceil(q*float64(n))), 1)
	var seen uint64
	for i, k := range c {
		if seen += k; seen >= want {
			return time.Duration(upper(i))
		}
	}
	return time.Duration(upper(len(c) - 1))
}
