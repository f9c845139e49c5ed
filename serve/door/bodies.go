package door

import (
	"errors"
	"io"
	"math/bits"
	"sync"
	"sync/atomic"
)

// Bodies bounds the bytes of all bodies under way together: those that are being received, and those that are worked on. The
// last quarter is kept for small bodies, so that a few large ones never keep the pages' events out.
type Bodies struct {
	most    int64
	used    atomic.Int64
	refused atomic.Uint64
}

// NewBodies makes the bound.
func NewBodies(most int64) *Bodies { return &Bodies{most: most} }

// Used returns the bytes under way, and how many bodies were refused for want of room.
func (b *Bodies) Used() (used int64, refused uint64) { return b.used.Load(), b.refused.Load() }

// take counts bytes in, or reports that there is no room for them.
func (b *Bodies) take(n int64, small bool) bool {
	most := b.most
	if !small {
		most -= most / 4
	}
	if b.used.Add(n) > most {
		b.used.Add(-n)
		b.refused.Add(1)
		return false
	}
	return true
}

var (
	// ErrTooLarge says that a body is larger than its bound.
	ErrTooLarge = errors.New("the body is too large")
	// ErrBusy says that too many bytes of bodies are under way.
	ErrBusy = errors.New("too many bodies at once")
)

// Memory comes in classes, each four times the one before, so that a body that grows is copied a third of its length. Larger
// ones have the size that is asked for.
const (
	firstClass = 12 // 4 KiB
	classStep  = 2
	classes    = 6       // the last is 4 MiB
	kept       = 1       // classes whose memory stays with the Body: up to 4 KiB
	smallBody  = 1 << 16 // may use the last quarter
)

var pools [classes]sync.Pool // of *[]byte

// Body is the memory of one request's body. The zero value is ready; Release gives everything back.
type Body struct {
	own  []byte // of the first class, kept from one request for the next
	mem  *[]byte
	held int64 // bytes counted
}

// Read reads r to its end. declared is how many bytes it is said to have, -1 where nobody says; that is believed only in so
// far as they come: memory is taken as it fills. What it returns is valid until Release.
func (b *Body) Read(of *Bodies, r io.Reader, declared, most int) ([]byte, error) {
	if declared > most {
		return nil, ErrTooLarge
	}
	if declared < 0 {
		declared = most
	}
	if declared == 0 {
		return nil, nil
	}
	buf, err := b.grow(of, nil, declared)
	for err == nil {
		if len(buf) == cap(buf) {
			if buf, err = b.grow(of, buf, declared); err != nil {
				break
			}
		}
		var n int
		n, err = r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if len(buf) > most {
			err = ErrTooLarge
		}
	}
	if err == io.EOF {
		err = nil
	}
	return buf, err
}

// grow returns memory that is larger than buf, with its content: a class more, and not more than the body is said to fill. A
// byte more than that shows that it goes on.
func (b *Body) grow(of *Bodies, buf []byte, declared int) ([]byte, error) {
	want := 1 << firstClass
	for want <= cap(buf) {
		want <<= classStep
	}
	size := want
	if want > 1<<firstClass {
		size = min(want, max(declared, cap(buf)+1))
	}
	if !of.take(int64(size), size <= smallBody) {
		return buf, ErrBusy
	}
	old, oldHeld := b.mem, b.held
	b.mem, b.held = nil, oldHeld+int64(size)
	grown := append(b.memory(size), buf...)
	if old != nil {
		give(old)
	}
	of.used.Add(-oldHeld)
	b.held = int64(size)
	return grown, nil
}

// memory returns room for size bytes.
func (b *Body) memory(size int) []byte {
	class := classOf(size)
	if class < kept {
		if b.own == nil {
			b.own = make([]byte, 0, 1<<firstClass)
		}
		return b.own[:0]
	}
	if class < classes {
		if m, ok := pools[class].Get().(*[]byte); ok {
			b.mem = m
			return (*m)[:0:size]
		}
		m := make([]byte, 0, 1<<(firstClass+classStep*class))
		b.mem = &m
		return m[:0:size]
	}
	return make([]byte, 0, size)
}

// classOf returns the smallest class that has room for size bytes.
func classOf(size int) int {
	return (max(bits.Len(uint(size-1)), firstClass) - firstClass + classStep - 1) / classStep
}

func give(m *[]byte) { pools[classOf(cap(*m))].Put(m) }

// Release gives memory and room back.
func (b *Body) Release(of *Bodies) {
	if b.held == 0 {
		return
	}
	of.used.Add(-b.held)
	b.held = 0
	if b.mem != nil {
		give(b.mem)
		b.mem = nil
	}
}
