package door

import (
	"errors"
	"io"
	"math/bits"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Bodies bounds the bytes of all bodies under way together: those that are being received, and those that are worked on.
// Three rules keep whoever sends slowly on purpose from keeping others out. Bodies of a page's size need no room: the
// connections bound them. The last quarter of the room is for small ones. And where there is no room, the body makes some
// that has been coming for longest.
type Bodies struct {
	most    int64
	used    atomic.Int64
	refused atomic.Uint64
	ended   atomic.Uint64

	mu             sync.Mutex // guards the two below, and before and after of each Body in between
	oldest, newest *Body      // that are being received and have taken room
}

// NewBodies makes the bound.
func NewBodies(most int64) *Bodies { return &Bodies{most: most} }

// BodyCounts are what has been seen of bodies.
type BodyCounts struct {
	Used    int64  // bytes under way
	Refused uint64 // bodies for which there was no room
	Ended   uint64 // bodies that came too slowly while others needed their room
}

// Counts returns what has been seen.
func (b *Bodies) Counts() BodyCounts {
	return BodyCounts{b.used.Load(), b.refused.Load(), b.ended.Load()}
}

const (
	// slow is for how long a body has been coming that may be ended to make room.
	slow = 2 * time.Second
	// A body waits for room so often so long, while one that is ended gives it back.
	waits, aWait = 20, 5 * time.Millisecond
)

// take counts bytes in, or reports that there is no room for them.
func (b *Bodies) take(n int64) bool {
	if n <= 1<<firstClass {
		b.used.Add(n)
		return true
	}
	most := b.most
	if n > smallBody {
		most -= most / 4
	}
	for i := 0; b.used.Add(n) > most; i++ {
		b.used.Add(-n)
		if i == waits || i == 0 && !b.endOldest(time.Now()) {
			b.refused.Add(1)
			return false
		}
		time.Sleep(aWait)
	}
	return true
}

// endOldest ends the body that has been coming for longest, unless that is not long.
func (b *Bodies) endOldest(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	o := b.oldest
	if o == nil || now.Sub(o.began) < slow {
		return false
	}
	o.from.SetReadDeadline(now)
	b.remove(o)
	b.ended.Add(1)
	return true
}

// add puts a body behind those that are being received.
func (b *Bodies) add(o *Body) {
	b.mu.Lock()
	defer b.mu.Unlock()
	o.listed, o.began, o.before = true, time.Now(), b.newest
	if b.newest != nil {
		b.newest.after = o
	} else {
		b.oldest = o
	}
	b.newest = o
}

// remove takes a body off the list, with mu held, where it is on it.
func (b *Bodies) remove(o *Body) {
	if !o.listed {
		return
	}
	if o.before != nil {
		o.before.after = o.after
	} else {
		b.oldest = o.after
	}
	if o.after != nil {
		o.after.before = o.before
	} else {
		b.newest = o.before
	}
	o.before, o.after, o.listed = nil, nil, false
}

var (
	// ErrTooLarge says that a body is larger than its bound.
	ErrTooLarge = errors.New("the body is too large")
	// ErrBusy says that too many bytes of bodies are under way.
	ErrBusy = errors.New("too many bodies at once")
)

// Memory comes in classes, each four times the one before, so that a body that grows is copied a third of its length. What is
// larger than the last has the size of the largest body.
const (
	firstClass = 12 // 4 KiB
	classStep  = 2
	classes    = 6       // the last is 4 MiB; one more is larger
	kept       = 1       // classes whose memory stays with the Body: up to 4 KiB
	smallBody  = 1 << 16 // may use the last quarter
)

var pools [classes + 1]sync.Pool // of *[]byte

// Body is the memory of one request's body. The zero value is ready; Release gives everything back.
type Body struct {
	own  []byte // of the first class, kept from one request for the next
	mem  *[]byte
	held int64 // bytes counted

	began         time.Time // of the list's account
	from          net.Conn  // that a deadline may be set of from elsewhere; nil where the body does not come from a client
	before, after *Body     // of those that are being received
	listed        bool
}

// Receive is Read of a body that comes over a connection: it may be ended where it comes slowly and others need the room.
func (b *Body) Receive(of *Bodies, from net.Conn, r io.Reader, declared, most int) ([]byte, error) {
	b.from = Inner(from)
	body, err := b.Read(of, r, declared, most)
	if b.held > 1<<firstClass {
		of.mu.Lock()
		of.remove(b)
		of.mu.Unlock()
	}
	b.from = nil
	return body, err
}

// Read reads r to its end. declared is how many bytes it is said to have, -1 where nobody says; that is believed only in so
// far as they come: memory is taken as it fills. What it returns is valid until Release.
func (b *Body) Read(of *Bodies, r io.Reader, declared, most int) ([]byte, error) {
	if declared > most {
		return nil, ErrTooLarge
	}
	if declared < 0 {
		declared = most + 1 // where it goes on past its bound, that shows
	}
	if declared == 0 {
		return nil, nil
	}
	buf, err := b.grow(of, nil, declared, most)
	for err == nil {
		if len(buf) == cap(buf) {
			if buf, err = b.grow(of, buf, declared, most); err != nil {
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
func (b *Body) grow(of *Bodies, buf []byte, declared, most int) ([]byte, error) {
	want := 1 << firstClass
	for want <= cap(buf) {
		want <<= classStep
	}
	size := want
	if want > 1<<firstClass {
		size = min(want, max(declared, cap(buf)+1))
	}
	if size > 1<<(firstClass+classStep*(classes-1)) {
		size = max(size, most+1) // all of them alike, so that they can be used again
	}
	if !of.take(int64(size)) {
		return buf, ErrBusy
	}
	if b.from != nil && b.held == 1<<firstClass {
		of.add(b)
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
	m, _ := pools[class].Get().(*[]byte)
	if m == nil || cap(*m) < size {
		room := size
		if class < classes {
			room = 1 << (firstClass + classStep*class)
		}
		fresh := make([]byte, 0, room)
		m = &fresh
	}
	b.mem = m
	return (*m)[:0:size]
}

// classOf returns the smallest class that has room for size bytes, the one past the last where none has.
func classOf(size int) int {
	return min((max(bits.Len(uint(size-1)), firstClass)-firstClass+classStep-1)/classStep, classes)
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
