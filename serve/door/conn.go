package door

import (
	"math"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// slack is how much earlier than asked a deadline may strike. fasthttp sets three deadlines for each request, minutes away and
// hardly different from the ones before; moving the timers behind them took 6 % of a frame's CPU time in a profile.
const slack = time.Second

// Conn is a connection that came through a door. It leaves a deadline where it is when the new one is at most slack later.
// Like fasthttp, it wants one goroutine only to set deadlines; others take Inner.
type Conn struct {
	net.Conn
	door    *Door
	client  netip.Addr // the peer, or whom its PROXY header names
	direct  bool       // client is the peer itself
	hop     bool       // client is a trusted proxy
	fresh   bool       // a PROXY header may come
	counted netip.Addr // the address that the connection is counted under; guarded by the door's mu
	rest    []byte     // read with the PROXY header and not yet handed on

	read, write time.Time
	linger      atomic.Int64 // how long Close waits for what the client still sends
	closed      atomic.Bool
	busy        atomic.Bool  // a request is under way
	until       atomic.Int64 // the deadline of reading, in nanoseconds of Unix time: as it was set last
	writing     atomic.Bool  // an answer is being handed to the system
	takes       atomic.Int64 // the deadline of writing, likewise; far away for streams
}

func newConn(c net.Conn, d *Door) *Conn {
	peer := addressOf(c.RemoteAddr())
	trusted := peer.IsValid() && d.trusts(peer)
	in := &Conn{Conn: c, door: d, client: peer, direct: true, hop: trusted, fresh: trusted}
	in.until.Store(math.MaxInt64) // nobody has waited for it yet
	in.takes.Store(math.MaxInt64)
	return in
}

// Inner returns the connection that may be given deadlines from another goroutine, by whoever streams: it is never taken for stuck.
func Inner(c net.Conn) net.Conn {
	if own, ok := c.(*Conn); ok {
		own.takes.Store(math.MaxInt64)
		return own.Conn
	}
	return c
}

// Read implements net.Conn.
func (c *Conn) Read(p []byte) (int, error) {
	if c.fresh {
		c.fresh = false
		if err := c.readProxy(); err != nil {
			return 0, err
		}
	}
	if len(c.rest) > 0 {
		n := copy(p, c.rest)
		if c.rest = c.rest[n:]; len(c.rest) == 0 {
			c.rest = nil
		}
		return n, nil
	}
	return c.Conn.Read(p)
}

// lastPiece is how much of an answer is written at once while the server stops.
const lastPiece = 64 << 10

// Write implements net.Conn. While the server stops, each piece has a deadline of its own: who takes nothing is let go.
func (c *Conn) Write(p []byte) (n int, err error) {
	if !c.door.draining.Load() {
		c.writing.Store(true)
		n, err = c.Conn.Write(p)
		c.writing.Store(false)
		return n, err
	}
	for {
		piece := p[n:min(n+lastPiece, len(p))]
		c.Conn.SetWriteDeadline(earlier(time.Now().Add(stalled), c.door.end))
		k, err := c.Conn.Write(piece)
		if n += k; err != nil || n == len(p) {
			return n, err
		}
	}
}

// SetReadDeadline implements net.Conn.
func (c *Conn) SetReadDeadline(t time.Time) error {
	if near(c.read, t) {
		return nil
	}
	c.read = t
	c.until.Store(t.UnixNano())
	err := c.Conn.SetReadDeadline(t)
	if c.door.draining.Load() { // looked at behind the setting: Drain does it the other way round
		return c.Conn.SetReadDeadline(earlier(t, c.door.readBy))
	}
	return err
}

// SetWriteDeadline implements net.Conn.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	if c.door.draining.Load() {
		return nil // each Write sets its own
	}
	if near(c.write, t) {
		return nil
	}
	c.write = t
	c.takes.Store(t.UnixNano())
	return c.Conn.SetWriteDeadline(t)
}

// SetDeadline implements net.Conn.
func (c *Conn) SetDeadline(t time.Time) error {
	c.read, c.write = t, t
	c.until.Store(t.UnixNano())
	err := c.Conn.SetDeadline(t)
	if c.door.draining.Load() {
		return c.Conn.SetReadDeadline(earlier(t, c.door.readBy))
	}
	return err
}

// near tells whether a deadline may stay where it is.
func near(old, new time.Time) bool {
	later := new.Sub(old)
	return later >= 0 && later <= slack && !new.IsZero()
}

// earlier returns the earlier of two deadlines, of which a may be none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

const (
	lingerBytes = 64 << 20               // what a client may go on sending after it was answered
	lingerPause = 250 * time.Millisecond // silence that says that it has stopped
)

// Linger has Close read on for a while what the client still sends, after it was answered. A connection closed over unread
// bytes is reset, and the reset would overtake the answer: the client would see a broken connection in place of it.
func (c *Conn) Linger(most time.Duration) { c.linger.Store(int64(most)) }

// Close implements net.Conn.
func (c *Conn) Close() error {
	if c.closed.Swap(true) {
		return nil
	}
	if most := time.Duration(c.linger.Load()); most > 0 {
		c.readOn(most)
	}
	c.door.leave(c)
	return c.Conn.Close()
}

// sink is memory to read into what nobody looks at: little, since hundreds may be read on at once.
var sink = sync.Pool{New: func() any { return new([sinkBytes]byte) }}

const sinkBytes = 4 << 10

func (c *Conn) readOn(most time.Duration) {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); !ok || half.CloseWrite() != nil {
		return
	}
	buf := sink.Get().(*[sinkBytes]byte)
	defer sink.Put(buf)
	end := time.Now().Add(most)
	for left := lingerBytes; left > 0 && time.Now().Before(end) && !c.door.draining.Load(); {
		if c.Conn.SetReadDeadline(time.Now().Add(lingerPause)) != nil {
			return
		}
		n, err := c.Conn.Read(buf[:])
		if err != nil {
			return
		}
		left -= n
	}
}
