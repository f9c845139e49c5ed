package rfm

import "sync/atomic"

// ranks counts customers by bucket, with Fenwick sums. One writer, many readers: every word is stored and loaded
// atomically.
type ranks struct {
	counts []uint32
	sums   []uint32 // from 1 on: sums[i] covers the buckets (i - lowest bit of i, i]
	n      atomic.Uint32
}

func newRanks(buckets int) *ranks {
	return &ranks{counts: make([]uint32, buckets), sums: make([]uint32, buckets+1)}
}

func (r *ranks) add(b int, n int32) {
	atomic.AddUint32(&r.counts[b], uint32(n))
	for i := b + 1; i < len(r.sums); i += i & -i {
		atomic.AddUint32(&r.sums[i], uint32(n))
	}
	r.n.Add(uint32(n))
}

func (r *ranks) total() uint32 { return r.n.Load() }

// below returns the number of customers in lower buckets.
func (r *ranks) below(b int) uint32 {
	var sum uint32
	for i := b; i > 0; i -= i & -i {
		sum += atomic.LoadUint32(&r.sums[i])
	}
	return sum
}

// percentile returns the mid-rank percentile of a bucket; 1/2 where there is nobody.
func (r *ranks) percentile(b int) float64 {
	n := r.total()
	if n == 0 {
		return 0.5
	}
	return (float64(r.below(b)) + float64(atomic.LoadUint32(&r.counts[b]))/2) / float64(n)
}

// edge returns the lowest bucket whose mid-rank percentile is q or more, among the buckets with customers; one past the
// last of them where there is none.
func (r *ranks) edge(q float64) int {
	at, before := r.holding(q * float64(r.total()))
	if b := at; b < len(r.counts) {
		c := atomic.LoadUint32(&r.counts[b])
		if (float64(before) + float64(c)/2) >= q*float64(r.total()) {
			return b
		}
		// The middle of this bucket lies below: the next one with customers is the edge.
		for b++; b < len(r.counts); b++ {
			if atomic.LoadUint32(&r.counts[b]) > 0 {
				return b
			}
		}
	}
	return len(r.counts)
}

// holding returns the bucket in which the running sum first exceeds rank, and the sum before it.
func (r *ranks) holding(rank float64) (bucket int, before uint32) {
	step := 1
	for step*2 < len(r.sums) {
		step *= 2
	}
	at := 0
	for ; step > 0; step /= 2 {
		if next := at + step; next < len(r.sums) {
			if s := atomic.LoadUint32(&r.sums[next]); float64(before+s) <= rank {
				at, before = next, before+s
			}
		}
	}
	return at, before
}
