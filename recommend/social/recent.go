package social

import (
	"sync/atomic"

	"orrery/models"
)

// recent remembers counts that were just asked for: frames show the same hot products over and over, and these have the
// largest tables to scan. What is remembered is keyed by the heads of the product's windows, which change with every
// count, and by the second asked for: so it is never stale.
type recent struct {
	slots [1 << recentBits]slot
}

// recentBits makes it 512 KiB: two thousand frames of eight products, which share most of them.
const recentBits = 14

// slot is the counts of one product: key 0 where it is empty, 1 while somebody writes.
type slot struct {
	key          atomic.Uint64
	views, deals atomic.Uint64 // viewing<<32 | viewed, carted<<32 | bought
	_            uint64
}

// counts is how many visitors each window holds, nobody left out.
type counts [4]int32

func (r *recent) slot(product uint32) *slot { return &r.slots[product*0x9e3779b1>>(32-recentBits)] }

// keyOf mixes a product's heads with the second; never 0 or 1.
func keyOf(product uint32, heads []uint64, now models.Time) uint64 {
	h := uint64(product)<<32 | uint64(now.Seconds())
	for i := range heads {
		h = (h ^ atomic.LoadUint64(&heads[i])) * 0x9fb21c651e98df25
		h ^= h >> 32
	}
	return max(h, 2)
}

// get returns the counts under key. They belong together if the key is there before and after.
func (s *slot) get(key uint64) (c counts, ok bool) {
	if s.key.Load() != key {
		return c, false
	}
	views, deals := s.views.Load(), s.deals.Load()
	return counts{int32(views >> 32), int32(views), int32(deals >> 32), int32(deals)}, s.key.Load() == key
}

// put remembers counts, unless somebody else is about to.
func (s *slot) put(key uint64, c *counts) {
	if old := s.key.Load(); old == 1 || !s.key.CompareAndSwap(old, 1) {
		return
	}
	s.views.Store(uint64(uint32(c[0]))<<32 | uint64(uint32(c[1])))
	s.deals.Store(uint64(uint32(c[2]))<<32 | uint64(uint32(c[3])))
	s.key.Store(key)
}
