package intern

import (
	"sync/atomic"

	"orrery/models/slab"
)

// Hashes numbers 64-bit hashes. The hashes themselves lie where the owner wants them: word number*stride of keys, as a
// rule the first word of the record that belongs to the number, so that a hit touches one line of the table and one
// of the record. With n names, two share a hash with probability n^2/2^65: 3e-6 for ten million.
type Hashes struct {
	keys   *slab.Words
	stride uint64
	n      uint32
	table  atomic.Pointer[table]
}

// NewHashes returns an index over records of stride words in keys. Record 0 is never handed out.
func NewHashes(keys *slab.Words, stride int) *Hashes {
	h := &Hashes{keys: keys, stride: uint64(stride)}
	h.table.Store(newTable(minSlots))
	return h
}

// Len returns how many hashes are numbered.
func (h *Hashes) Len() int { return int(atomic.LoadUint32(&h.n)) }

// Bytes returns the memory of the table, in bytes; the records are their owner's.
func (h *Hashes) Bytes() uint64 { return uint64(len(h.table.Load().slots)) * 8 }

// Find returns the number of hash, or 0. Any goroutine may call it.
func (h *Hashes) Find(hash uint64) uint32 {
	return h.table.Load().find(hash, func(number uint32) bool {
		return h.keys.Load(uint64(number)*h.stride) == hash
	})
}

// Add returns the number of hash, a new one where it has none: then the record is zero but for the hash, and fresh is
// true. Only the writer calls it.
func (h *Hashes) Add(hash uint64) (number uint32, fresh bool) {
	if number = h.Find(hash); number != 0 {
		return number, false
	}
	number = h.n + 1
	h.keys.Grow(uint64(number+1) * h.stride)
	h.keys.Set(uint64(number)*h.stride, hash)
	h.insert(hash, number)
	return number, true
}

func (h *Hashes) insert(hash uint64, number uint32) {
	t := h.table.Load()
	if t.full(int(number)) {
		bigger := newTable(2 * len(t.slots))
		for k := uint32(1); k < number; k++ {
			bigger.add(h.keys.Load(uint64(k)*h.stride), k)
		}
		h.table.Store(bigger)
		t = bigger
	}
	t.add(hash, number)
	atomic.StoreUint32(&h.n, number)
}

// Rebuild numbers the records that a restore has put into keys.
func (h *Hashes) Rebuild() {
	n := uint32(0)
	if words := h.keys.Len(); words > h.stride {
		n = uint32(words/h.stride) - 1
	}
	slots := minSlots
	for 3*int(n+1) >= 2*slots {
		slots *= 2
	}
	t := newTable(slots)
	for k := uint32(1); k <= n; k++ {
		t.add(h.keys.Load(uint64(k)*h.stride), k)
	}
	h.table.Store(t)
	atomic.StoreUint32(&h.n, n)
}
