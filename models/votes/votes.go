// Package votes bounds what one network can do to what everybody sees: of the visitors whom only the public key speaks of, those of
// one network (a /24, a /48) who view a product on a day count for trends, neighbours and social proof up to PerDay. Who makes up
// a hundred visitors behind one line is three of them.
//
// It counts pairs of network and product, in a table of fixed size: a pair lies in one bucket of eight, one cache line. Where a bucket is
// full what is of an older day makes room, else the smallest count: so a pair that is at its bound stays. No memory until the
// first vote, then 4 MiB: half a million pairs a day. A count that had to make room begins anew.
//
// Besides, it knows which products visitors of several networks have viewed, by 16 bits of each: 8 B a product.
package votes

import (
	"io"

	"orrery/models"
	"orrery/models/intern"
	"orrery/models/slab"
)

// PerDay is how many visitors of one network count for a product on a day.
const PerDay = 3

// Networks is how many of them have to have voted for a subject before Known says so.
const Networks = 4

const (
	buckets   = 1 << 16
	perBucket = 8
)

// The words of the sums.
const (
	sumRefused = iota
	sumWords
)

// Votes counts what networks have said. One goroutine uses it.
type Votes struct {
	table slab.Words // pair<<32 | day<<16 | votes
	known slab.Words // by subject: 16 bits of each of the first Networks that have voted for it
	sums  slab.Words
	seed  intern.Seed
}

// New returns empty counts.
func New() *Votes {
	v := &Votes{}
	v.sums.Grow(sumWords)
	return v
}

// Seed sets what decides where pairs lie: see intern.Seed.
func (v *Votes) Seed(s intern.Seed) { v.seed = s }

// Take counts a vote of a network for a subject at moment t, and returns which one of the day it is, from 1; 0 where it does
// not count. Of network 0 nothing is known: each is the first.
func (v *Votes) Take(network uint64, subject uint32, t models.Time) (n int) {
	if network == 0 {
		return 1
	}
	at, pair, day := find(&v.table, buckets, v.seed, network, subject, t)
	word := v.table.Load(at)
	if is(word, pair, day) {
		n = int(word & 0xffff)
	}
	if n == PerDay {
		v.sums.Set(sumRefused, v.sums.Load(sumRefused)+1)
		return 0
	}
	n++
	v.table.Set(at, pair|day|uint64(n))
	return n
}

// Known notes that a network has voted for a subject, and tells whether several have. Of network 0 nothing is known: it does
// for all.
func (v *Votes) Known(network uint64, subject uint32) bool {
	if network == 0 {
		return true
	}
	v.known.Grow(uint64(subject) + 1)
	word, mine := v.known.Load(uint64(subject)), max(network>>16&0xffff, 1)
	for shift := 0; shift < 16*Networks; shift += 16 {
		switch word >> shift & 0xffff {
		case mine:
			return word>>(16*(Networks-1)) != 0
		case 0:
			v.known.Set(uint64(subject), word|mine<<shift)
			return shift == 16*(Networks-1)
		}
	}
	return true
}

// Count returns how many votes of a network for a subject have counted on the day of moment t.
func (v *Votes) Count(network uint64, subject uint32, t models.Time) int {
	if network == 0 {
		return 0
	}
	at, pair, day := find(&v.table, buckets, v.seed, network, subject, t)
	if word := v.table.Load(at); is(word, pair, day) {
		return int(word & 0xffff)
	}
	return 0
}

func is(word, pair, day uint64) bool { return word&^0xffff == pair|day }

// find returns the place of a pair on a day in a table, or the one that it may have: an empty one, else that of the oldest day, else of
// the smallest count. (A sender who tells of yesterday and today in turns loses neither.)
func find(table *slab.Words, buckets uint64, seed intern.Seed, network uint64, subject uint32, t models.Time) (at, pair, day uint64) {
	table.Grow(buckets * perBucket)
	h := seed.Mix(network + uint64(subject)*0x9e3779b97f4a7c15)
	h *= 0xd6e8feb86659fd93
	pair, day = h&^0xffffffff, uint64(t/models.Day)&0xffff<<16
	from := h >> 8 % buckets * perBucket
	at, least := from, ^uint64(0)
	for i, word := range table.Block(from, perBucket) {
		if is(word, pair, day) {
			return from + uint64(i), pair, day
		}
		if rank := word & 0xffffffff; rank < least {
			at, least = from+uint64(i), rank
		}
	}
	return at, pair, day
}

// Refused returns how many votes did not count. Any goroutine may call it.
func (v *Votes) Refused() uint64 { return v.sums.Load(sumRefused) }

// Bytes returns the memory held, in bytes. Any goroutine may call it.
func (v *Votes) Bytes() uint64 { return v.table.Bytes() + v.known.Bytes() }

// Freeze returns the counts of this moment for a snapshot.
func (v *Votes) Freeze() *slab.Parts {
	return slab.Join(v.table.Freeze(), v.known.Freeze(), v.sums.Freeze())
}

// ReadFrom replaces the counts by what Freeze wrote. It must not run beside readers.
func (v *Votes) ReadFrom(r io.Reader) (int64, error) {
	n, err := slab.ReadAll(r, &v.table, &v.known, &v.sums)
	v.sums.Grow(sumWords)
	return n, err
}
