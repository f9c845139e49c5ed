package serve

import (
	"net"
	"time"
)

// slack is how much earlier than asked a deadline may strike. fasthttp sets three deadlines for each request, minutes away and
// hardly different from the ones before; moving the timers behind them took 6 % of a frame's CPU time in a profile.
const slack = time.Second

// lazyListener hands out connections with lazy deadlines.
type lazyListener struct{ net.Listener }

func (l lazyListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &lazyConn{Conn: c}, nil
}

// lazyConn leaves a deadline where it is when the new one is at most slack later. Like fasthttp, it wants one goroutine
// only to set deadlines; others take the Conn within.
type lazyConn struct {
	net.Conn
	read, write time.Time
}

// SetReadDeadline implements net.Conn.
func (c *lazyConn) SetReadDeadline(t time.Time) error {
	if near(c.read, t) {
		return nil
	}
	c.read = t
	return c.Conn.SetReadDeadline(t)
}

// SetWriteDeadline implements net.Conn.
func (c *lazyConn) SetWriteDeadline(t time.Time) error {
	if near(c.write, t) {
		return nil
	}
	c.write = t
	return c.Conn.SetWriteDeadline(t)
}

// SetDeadline implements net.Conn.
func (c *lazyConn) SetDeadline(t time.Time) error {
	c.read, c.write = t, t
	return c.Conn.SetDeadline(t)
}

func near(old, new time.Time) bool {
	later := new.Sub(old)
	return later >= 0 && later <= slack && !new.IsZero()
}

// inner returns the connection that may be given deadlines from another goroutine.
func inner(c net.Conn) net.Conn {
	if lazy, ok := c.(*lazyConn); ok {
		return lazy.Conn
	}
	return c
}
