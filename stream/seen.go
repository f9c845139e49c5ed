package stream

import (
	"math/bits"

	"orrery/models/intern"
	"orrery/models/slab"
)

// DefaultRemembered is the number of ids of a partition that are remembered at the least.
const DefaultRemembered = 1 << 20

// seen remembers the newest ids of one partition as 64-bit keys (see dedupeKey), so that an event that was sent twice counts once,
// however late the copy comes. It is a list of hash sets, oldest first; only the last one is written to. When it has
// taken its number of ids the next one begins, four times as large, until sets have `remembered` ids each; the oldest is
// dropped as soon as the others hold that many. So the last 1 to 2 times `remembered` ids are known, the count of ids
// alone ends a set's life, never time, and no set is ever rehashed: there is no stall.
//
// Two different ids of a partition have the same key with probability n^2/2^64: for 10 million ids 5e-6, once in
// 200,000 such shops. A set takes 10 bytes an id, so a partition ends at 21 MB with the default.
//
// The sets are slab memory: a snapshot of them does not stop the stream.
type seen struct {
	remembered uint64
	seed       intern.Seed // decides where in a set an id lies; the hash that it is known by is a published one
	sets       []*idSet
}

// firstSet is the size of the first set, in ids.
const firstSet = 1 << 14

func newSeen(remembered int, seed intern.Seed) *seen {
	s := &seen{remembered: max(uint64(remembered), 1), seed: seed}
	s.begin(min(firstSet, s.remembered))
	return s
}

func (s *seen) begin(capacity uint64) { s.sets = append(s.sets, newIDSet(capacity)) }

// freeSlot is what stands for the key 0, which is a free slot: another trusted one.
const freeSlot = 2

// add remembers h and tells whether it was new.
func (s *seen) add(h uint64) bool {
	if h == 0 {
		h = freeSlot
	}
	last, at := len(s.sets)-1, s.seed.Mix(h)
	for i := last; i >= 0; i-- {
		if s.sets[i].has(h, at) {
			return false
		}
	}
	if s.sets[last].add(h, at); s.sets[last].count >= s.sets[last].capacity {
		s.rotate()
	}
	return true
}

// touch reads the slots that add will look at, so that the loads of a whole batch overlap.
func (s *seen) touch(h uint64) (word uint64) {
	at := s.seed.Mix(h)
	for _, set := range s.sets {
		word |= set.words.Load(set.bucket(at))
	}
	return word
}

func (s *seen) rotate() {
	s.begin(min(4*s.sets[len(s.sets)-1].capacity, s.remembered))
	older := uint64(0)
	for i := len(s.sets) - 2; i >= 0; i-- {
		if older >= s.remembered {
			s.sets = append([]*idSet(nil), s.sets[i+1:]...)
			return
		}
		older += s.sets[i].count
	}
}

// bytes returns the memory held.
func (s *seen) bytes() uint64 {
	total := uint64(0)
	for _, set := range s.sets {
		total += set.words.Bytes()
	}
	return total
}

// idSet is a hash set of ids in buckets of 8 words, one cache line each; a full bucket spills into the next.
type idSet struct {
	words    slab.Words
	buckets  uint64
	capacity uint64
	count    uint64
}

const bucketWords = 8

// newIDSet returns a set for capacity ids, at most 4/5 of its slots.
func newIDSet(capacity uint64) *idSet {
	t := &idSet{capacity: capacity, buckets: bucketsFor(capacity)}
	t.words.Grow(t.buckets * bucketWords)
	return t
}

func bucketsFor(capacity uint64) uint64 { return max(2, (capacity*5/4+bucketWords-1)/bucketWords) }

// bucket returns the index of the first word of the bucket of an id by its keyed hash.
func (t *idSet) bucket(keyed uint64) uint64 {
	i, _ := bits.Mul64(keyed, t.buckets)
	return i * bucketWords
}

func (t *idSet) has(h, keyed uint64) bool {
	for at := t.bucket(keyed); ; at = t.after(at) {
		for _, w := range t.words.Block(at, bucketWords) {
			if w == h {
				return true
			}
			if w == 0 {
				return false
			}
		}
	}
}

// add stores h, which is not there yet.
func (t *idSet) add(h, keyed uint64) {
	for at := t.bucket(keyed); ; at = t.after(at) {
		for i, w := range t.words.Block(at, bucketWords) {
			if w == 0 {
				t.words.Set(at+uint64(i), h)
				t.count++
				return
			}
		}
	}
}

func (t *idSet) after(at uint64) uint64 {
	if at += bucketWords; at < t.buckets*bucketWords {
		return at
	}
	return 0
}
