package engine

import "orrery/models/slab"

// pool is records of a fixed number of words that come and go, at most limit at a time. Record 0 is nobody's: its words
// are the first free record, and how many are in use. Word 0 of a free record is the next free one.
type pool struct {
	words  slab.Words
	stride uint64
	limit  uint64
}

func newPool(stride, limit uint64) *pool {
	p := &pool{stride: stride, limit: limit}
	p.words.Grow(stride)
	return p
}

// take returns a record of zeros, 0 where all are in use.
func (p *pool) take() uint32 {
	used := p.used()
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
	p.words.Set(0, p.get(free, 0))
	for w := range p.stride {
		p.set(free, w, 0)
	}
	return free
}

// give takes a record back.
func (p *pool) give(record uint32) {
	p.set(record, 0, p.words.Load(0))
	p.words.Set(0, uint64(record))
	p.words.Set(1, p.words.Load(1)-1)
}

func (p *pool) used() uint64 { return p.words.Load(1) }

func (p *pool) get(record uint32, w uint64) uint64 { return p.words.Load(uint64(record)*p.stride + w) }
func (p *pool) set(record uint32, w, value uint64) { p.words.Set(uint64(record)*p.stride+w, value) }
