package columnar

import (
	"math/bits"
	"sync"
)

// pool is a memory.Allocator that keeps what is freed for the next batch: a batch is as large as the one before it. Sizes are powers of two.
type pool struct {
	mu   sync.Mutex
	free [bits.UintSize][][]byte
	kept int
}

// poolBytes bounds what is kept.
const poolBytes = 64 << 20

func classOf(size int) int { return bits.Len(uint(max(size, 64) - 1)) }

// Allocate returns size bytes. They are zero: builders rely on it for bitmaps.
func (p *pool) Allocate(size int) []byte {
	class := classOf(size)
	p.mu.Lock()
	if n := len(p.free[class]); n > 0 {
		b := p.free[class][n-1]
		p.free[class] = p.free[class][:n-1]
		p.kept -= cap(b)
		p.mu.Unlock()
		b = b[:size]
		clear(b)
		return b
	}
	p.mu.Unlock()
	return make([]byte, size, 1<<class)
}

// Reallocate returns size bytes that begin with those of b.
func (p *pool) Reallocate(size int, b []byte) []byte {
	if size <= cap(b) {
		if size > len(b) {
			clear(b[len(b):size])
		}
		return b[:size]
	}
	more := p.Allocate(size)
	copy(more, b)
	p.Free(b)
	return more
}

// Free takes b back.
func (p *pool) Free(b []byte) {
	size := cap(b)
	if size < 64 || size&(size-1) != 0 { // not one of its own
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.kept+size <= poolBytes {
		class := classOf(size)
		p.free[class] = append(p.free[class], b[:0])
		p.kept += size
	}
}
