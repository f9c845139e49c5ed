package rfm

import "sync/atomic"

// ranks counts customers by bucket, with Fenwick sums. One writer, many readers: every word is stored and loaded
// atomically. It holds the buckets between the lowest and the highest that anybody was in, so that a small shop takes
// little.
type ranks struct {
	buckets int // 0 to buckets-1
	held    atomic.Pointer[span]
	n       atomic.Uint32
}

// span is a run of buckets. One that is too short is replaced by a longer one.
type span struct {
	first  int // bucket
	counts []uint32
	sums   []uint32 // from 1 on: sums[i] covers the buckets (i - lowest bit of i, i] of the span, counted from 1
}

func newRanks(buckets int) *ranks {
	r := &ranks{buckets: buckets}
	r.held.Store(&span{sums: make([]uint32, 1)})
	return r
}

func (r *ranks) add(b int, n int32) {
	s := r.held.Load()
	if b < s.first || b >= s.first+len(s.counts) {
		s = s.with(b, r.buckets)
		r.held.Store(s)
	}
	i := b - s.first
	atomic.AddUint32(&s.counts[i], uint32(n))
	for i++; i < len(s.sums); i += i & -i {
		atomic.AddUint32(&s.sums[i], uint32(n))
	}
	r.n.Add(uint32(n))
}

// leastSpan is the length of the first span.
const leastSpan = 64

// with returns a longer span that holds bucket b as well: each is twice as long as the one before, or more.
func (s *span) with(b, buckets int) *span {
	low, high := b, b+1
	if len(s.counts) > 0 {
		low, high = min(low, s.first), max(high, s.first+len(s.counts))
	}
	size := leastSpan
	for size < high-low {
		size *= 2
	}
	size = min(size, buckets)
	out := &span{first: min(low, buckets-size), counts: make([]uint32, size), sums: make([]uint32, size+1)}
	if b < s.first { // it grows downwards
		out.first = max(0, high-size)
	}
	copy(out.counts[max(0, s.first-out.first):], s.counts)
	for i, n := range out.counts {
		i++
		out.sums[i] += n
		if up := i + i&-i; up <= size {
			out.sums[up] += out.sums[i]
		}
	}
	return out
}

func (r *ranks) total() uint32 { return r.n.Load() }

// below returns the number of customers in buckets lower than b.
func (s *span) below(b int) (sum uint32) {
	for i := min(b-s.first, len(s.counts)); i > 0; i -= i & -i {
		sum += atomic.LoadUint32(&s.sums[i])
	}
	return sum
}

// in returns the number of customers in bucket b.
func (s *span) in(b int) uint32 {
	if i := b - s.first; i >= 0 && i < len(s.counts) {
		return atomic.LoadUint32(&s.counts[i])
	}
	return 0
}

// percentile returns the mid-rank percentile of a bucket; 1/2 where there is nobody.
func (r *ranks) percentile(b int) float64 {
	n, s := r.total(), r.held.Load()
	if n == 0 {
		return 0.5
	}
	return (float64(s.below(b)) + float64(s.in(b))/2) / float64(n)
}

// top returns the highest bucket with customers; -1 where there is none.
func (r *ranks) top() int {
	n, s := r.total(), r.held.Load()
	if n == 0 {
		return -1
	}
	at, _ := s.holding(float64(n) - 1)
	return s.first + at
}

// holding returns the place of the bucket in which the running sum first exceeds rank, and the sum before it.
func (s *span) holding(rank float64) (place int, before uint32) {
	step := 1
	for step*2 < len(s.sums) {
		step *= 2
	}
	for ; step > 0; step /= 2 {
		if next := place + step; next < len(s.sums) {
			if n := atomic.LoadUint32(&s.sums[next]); float64(before+n) <= rank {
				place, before = next, before+n
			}
		}
	}
	return place, before
}

// bytes returns the memory held.
func (r *ranks) bytes() uint64 {
	s := r.held.Load()
	return 4 * uint64(len(s.counts)+len(s.sums))
}
