package intern

import (
	"sync/atomic"

	"orrery/models/slab"
)

// Hashes numbers 64-bit hashes, 0 not among them. The hashes themselves lie where the owner wants them: word number*stride of keys, as a
// rule the first word of the record that belongs to the number, so that a hit touches one line of the table and one
// of the record. With n names, two share a hash with probability n^2/2^65: 3e-6 for ten million.
type Hashes struct {
	keys   *slab.Words
	stride uint64
	seed   Seed
	n      atomic.Uint32
	gone   int // numbers without a hash: the writer's
	table  atomic.Pointer[table]
}

// NewHashes returns an index over records of stride words in keys. Record 0 is never handed out.
func NewHashes(keys *slab.Words, stride int) *Hashes {
	h := &Hashes{keys: keys, stride: uint64(stride)}
	h.table.Store(newTable(minSlots))
	return h
}

// Seed sets what decides where hashes lie. It must not be called beside readers, nor while there are hashes, unless Rebuild
// follows.
func (h *Hashes) Seed(s Seed) { h.seed = s }

func (h *Hashes) tagOf(hash uint64) uint32 { return tagOf(h.seed.Mix(hash)) }

// Probes returns how many slots of the table are looked at to find every hash once, and the most for one: what tests bound.
func (h *Hashes) Probes() (all, most int) { return h.table.Load().probes() }

// Len returns the highest number handed out. Any goroutine may call it.
func (h *Hashes) Len() int { return int(h.n.Load()) }

// Bytes returns the memory of the table, in bytes; the records are their owner's. Any goroutine may call it.
func (h *Hashes) Bytes() uint64 { return h.table.Load().bytes() }

// Find returns the number of hash, or 0. Any goroutine may call it.
func (h *Hashes) Find(hash uint64) uint32 {
	tag := h.tagOf(hash)
	for t := h.table.Load(); t != nil; {
		before := t.before.Load() // first: what is not here yet must be found there
		for number, i := t.seek(tag, t.home(tag)); number != 0; number, i = t.seek(tag, i) {
			if h.keys.Load(uint64(number)*h.stride) == hash {
				return number
			}
		}
		t = before
	}
	return 0
}

// Prefetch asks for what Find will look at first, and PrefetchRecord, when that has come, for the record: whoever has many
// hashes to find calls each for all of them before, so that the waits for memory overlap.
func (h *Hashes) Prefetch(hash uint64) { h.table.Load().prefetch(h.tagOf(hash)) }

// PrefetchRecord asks for the record that belongs to hash; see Prefetch.
func (h *Hashes) PrefetchRecord(hash uint64) {
	if number := h.table.Load().guess(h.tagOf(hash)); number != 0 {
		h.keys.Prefetch(uint64(number) * h.stride)
	}
}

// Add returns the number of hash, a new one where it has none: then the record is zero but for the hash, and fresh is
// true. Only the writer calls it.
func (h *Hashes) Add(hash uint64) (number uint32, fresh bool) {
	if number = h.Find(hash); number != 0 {
		return number, false
	}
	number = h.n.Load() + 1
	h.keys.Grow(uint64(number+1) * h.stride)
	h.keys.Set(uint64(number)*h.stride, hash)
	h.table.Store(h.table.Load().with(h.tagOf(hash), number, int(number)-h.gone))
	h.n.Store(number)
	return number, true
}

// Delete takes the hash of a number away: the number is nobody's, and its record's first word 0, until Reuse gives it to
// another. Only the writer calls it.
//
// A reader that has found the number before may look at the record for a moment longer: the owner lets some time pass before
// it belongs to somebody else.
func (h *Hashes) Delete(number uint32) {
	at := uint64(number) * h.stride
	h.table.Load().delete(h.tagOf(h.keys.Load(at)), number)
	h.keys.Set(at, 0)
	h.gone++
}

// Reuse gives a number that is nobody's to a hash that has none. Only the writer calls it.
func (h *Hashes) Reuse(hash uint64, number uint32) {
	h.keys.Set(uint64(number)*h.stride, hash)
	h.gone--
	h.table.Store(h.table.Load().with(h.tagOf(hash), number, int(h.n.Load())-h.gone))
}

// Rebuild numbers the records that a restore has put into keys; a hash of 0 is nobody's. It must not run beside readers.
func (h *Hashes) Rebuild() {
	n := uint32(max(h.keys.Len()/h.stride, 1) - 1)
	t := tableFor(int(n))
	h.gone = 0
	for k := uint32(1); k <= n; k++ {
		if hash := h.keys.Load(uint64(k) * h.stride); hash != 0 {
			t.add(h.tagOf(hash), k)
		} else {
			h.gone++
		}
	}
	h.table.Store(t)
	h.n.Store(n)
}
