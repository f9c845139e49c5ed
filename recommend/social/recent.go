package social

import (
	"sync/atomic"

	"orrery/models"
)

// recent remembers counts that were just asked for: frames show the same hot products over and over, and these have the
// largest tables to scan. What is remembered is keyed by the heads of the product's windows, which change with every
// count, and by the moment asked for, to the unit of each window: so it is never stale.
type recent struct {
	slots [1 << recentBits]slot
}

// recentBits makes it 1 MiB: most of what the products of a large shop that are shown are.
const recentBits = 15

// slot is the counts of one product: key 0 where it is empty, 1 while somebody writes.
type slot struct {
	key atomic.Uint64
	day atomic.Uint64 // viewed<<42 | carted<<21 | bought
	now atomic.Uint64 // second<<32 | viewing
	_   uint64
}

const dayBits = 21

// counts is how many visitors each window holds, nobody left out.
type counts [4]int32

func (r *recent) slot(product uint32) *slot { return &r.slots[product*0x9e3779b1>>(32-recentBits)] }

// keyOf mixes a product's heads with the minute; never 0 or 1.
func keyOf(product uint32, heads []uint64, now models.Time) uint64 {
	h := uint64(product)<<32 | uint64(uint32(now/models.Minute))
	for i := range heads {
		h = (h ^ atomic.LoadUint64(&heads[i])) * 0x9fb21c651e98df25
		h ^= h >> 32
	}
	return max(h, 2)
}

// get returns the counts under key: those of the day, and with now true those of the second as well. They belong
// together if the key is there before and after.
func (s *slot) get(key uint64, second uint32) (c counts, day, now bool) {
	if s.key.Load() != key {
		return c, false, false
	}
	of, viewing := s.day.Load(), s.now.Load()
	if s.key.Load() != key {
		return c, false, false
	}
	const mask = 1<<dayBits - 1
	return counts{int32(viewing), int32(of >> (2 * dayBits)), int32(of >> dayBits & mask), int32(of & mask)}, true, uint32(viewing>>32) == second
}

// put remembers counts, unless somebody else is about to, or they are too large for a slot.
func (s *slot) put(key uint64, second uint32, c *counts) {
	if max(c[1], c[2], c[3]) >= 1<<dayBits {
		return
	}
	if old := s.key.Load(); old == 1 || !s.key.CompareAndSwap(old, 1) {
		return
	}
	s.day.Store(uint64(c[1])<<(2*dayBits) | uint64(c[2])<<dayBits | uint64(c[3]))
	s.now.Store(uint64(second)<<32 | uint64(uint32(c[0])))
	s.key.Store(key)
}
