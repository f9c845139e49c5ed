package door

import (
	"errors"
	"net"
	"sync"
	"syscall"
	"time"
)

// Listener lets connections through a door.
type Listener struct {
	net.Listener
	door   *Door
	closed chan struct{}
	once   sync.Once
	err    error // of closing
}

// Listen puts the door before a listener.
func (d *Door) Listen(l net.Listener) *Listener {
	return &Listener{Listener: l, door: d, closed: make(chan struct{})}
}

const (
	firstPause = 5 * time.Millisecond
	lastPause  = 500 * time.Millisecond
)

// Accept returns the next connection that may enter. Where the system can open no more, it waits until it can: that passes,
// and a server that ends instead is one that anybody can end.
func (l *Listener) Accept() (net.Conn, error) {
	for pause := firstPause; ; {
		c, err := l.Listener.Accept()
		if err == nil {
			pause = firstPause
			if in := l.admit(c); in != nil {
				return in, nil
			}
			continue
		}
		if !passing(err) {
			return nil, err
		}
		l.door.waits.Add(1)
		select {
		case <-time.After(pause):
		case <-l.closed:
			return nil, net.ErrClosed
		}
		pause = min(2*pause, lastPause)
	}
}

// Close implements net.Listener. It may be called more than once.
func (l *Listener) Close() error {
	l.once.Do(func() {
		close(l.closed)
		l.err = l.Listener.Close()
	})
	return l.err
}

// passing tells whether an error of Accept is about one connection, or about what the system is short of for now.
func passing(err error) bool {
	for _, e := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED, syscall.ECONNRESET, syscall.EINTR, syscall.EPROTO, syscall.EPERM} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// refusal is what a connection is told that may not enter.
var refusal = []byte("HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 86\r\n\r\n" +
	`{"error":{"code":"too_many_connections","message":"there are too many connections"}}` + "\r\n")

func (l *Listener) admit(c net.Conn) *Conn {
	in := newConn(c, l.door)
	why := l.door.enter(in)
	if why == nil {
		return in
	}
	why.Add(1)
	// The socket's buffer is empty: this does not wait.
	c.SetWriteDeadline(time.Now().Add(firstPause))
	c.Write(refusal)
	c.Close()
	return nil
}
