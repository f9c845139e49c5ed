// Package pool keeps records that come and go: a fixed number of words each, at most so many at a time, in the flat memory
// that snapshots are made of. Taking one and giving it back is O(1). One goroutine writes, any number read.
package pool

import (
	"io"

	"orrery/models/slab"
)

// Pool is records of one size. Record 0 is nobody's: its words are the first free record, and how many are in use. Word 0
// of a free record is the next free one.
type Pool struct {
	words  slab.Words
	stride uint64
	limit  uint64
}

// Unbounded is the limit of a pool whose owner bounds it otherwise: see Share.
const Unbounded = 1<<32 - 2

// New returns an empty pool of records of so many words, limit of them at most.
func New(stride, limit uint64) *Pool {
	p := &Pool{stride: stride, limit: limit}
	p.words.Grow(stride)
	return p
}

// Take returns a record of zeros, 0 where all are in use.
func (p *Pool) Take() uint32 {
	used := p.Used()
	if used >= p.limit {
		return 0
	}
	p.words.Set(1, used+1)
	free := uint32(p.words.Load(0))
	if free == 0 {
		n := p.words.Len() / p.stride
		p.words.Grow((n + 1) * p.stride)
		return uint32(n)
	}
	p.words.Set(0, p.Get(free, 0))
	for w := range p.stride {
		p.Set(free, w, 0)
	}
	return free
}

// Give takes a record back.
func (p *Pool) Give(record uint32) {
	p.Set(record, 0, p.words.Load(0))
	p.words.Set(0, uint64(record))
	p.words.Set(1, p.words.Load(1)-1)
}

// Used returns how many records are in use.
func (p *Pool) Used() uint64 { return p.words.Load(1) }

// Records returns how many records there is memory for, that of nobody included.
func (p *Pool) Records() uint64 { return p.words.Len() / p.stride }

// Fill makes memory for so many records, for whoever sets all of their words.
func (p *Pool) Fill(records uint64) { p.words.Grow(records * p.stride) }

// Get returns a word of a record.
func (p *Pool) Get(record uint32, w uint64) uint64 { return p.words.Load(uint64(record)*p.stride + w) }

// Set sets a word of a record.
func (p *Pool) Set(record uint32, w, value uint64) { p.words.Set(uint64(record)*p.stride+w, value) }

// Prefetch asks for a record: see intern.Hashes.Prefetch.
func (p *Pool) Prefetch(record uint32) { p.words.Prefetch(uint64(record) * p.stride) }

// Bytes returns the memory held.
func (p *Pool) Bytes() uint64 { return p.words.Bytes() }

// Freeze returns the records of this moment for a snapshot.
func (p *Pool) Freeze() *slab.Frozen { return p.words.Freeze() }

// ReadFrom replaces the records by what Freeze wrote.
func (p *Pool) ReadFrom(r io.Reader) (int64, error) {
	n, err := p.words.ReadFrom(r)
	p.words.Grow(p.stride)
	return n, err
}
