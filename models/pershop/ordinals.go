package pershop

import "orrery/models/slab"

// Ordinals numbers things of each shop by themselves: 1 is the first of a shop, whatever other shops have. Things have one number
// in all shops together, by which they are stored; what is decided by a hash of a number takes the ordinal, or else a shop's answers
// would follow from its neighbours. While there is one shop both are the same, and nothing is stored. One goroutine writes, any reads.
//
// They are no part of snapshots: they follow from the shops of things, in the order of numbers.
type Ordinals struct {
	words  slab.Words // two a word: the ordinal, 0 where it is the number itself
	newest []uint32   // by shop: the ordinal of its newest thing; the writer's
}

// Add gives the next ordinal of a shop to the thing of a number, which nobody else knows yet.
func (o *Ordinals) Add(shop, number uint32) {
	for int(shop) >= len(o.newest) {
		o.newest = append(o.newest, 0)
	}
	o.newest[shop]++
	if n := o.newest[shop]; n != number {
		o.words.Grow(uint64(number/2) + 1)
		shift := 32 * (number & 1)
		o.words.Set(uint64(number/2), o.words.Load(uint64(number/2))&^(0xffffffff<<shift)|uint64(n)<<shift)
	}
}

// Of returns the ordinal of the thing of a number. Nil ordinals are the numbers. Any goroutine may call it.
func (o *Ordinals) Of(number uint32) uint32 {
	if o == nil || uint64(number/2) >= o.words.Len() {
		return number
	}
	if n := uint32(o.words.Load(uint64(number/2)) >> (32 * (number & 1))); n != 0 {
		return n
	}
	return number
}

// Mixed tells whether there are things of several shops: then ordinals are others than the numbers.
func (o *Ordinals) Mixed() bool { return o != nil && o.words.Len() > 0 }

// Prefetch asks for the ordinal of a number: see intern.Hashes.Prefetch.
func (o *Ordinals) Prefetch(number uint32) {
	if o != nil && uint64(number/2) < o.words.Len() {
		o.words.Prefetch(uint64(number / 2))
	}
}

// Clear forgets all: what is added next is the first again. It must not run beside readers.
func (o *Ordinals) Clear() { o.words, o.newest = slab.Words{}, nil }

// Bytes returns the memory held. Any goroutine may call it.
func (o *Ordinals) Bytes() uint64 { return o.words.Bytes() }
