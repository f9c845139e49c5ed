package door

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// scripted is a listener whose Accept fails as it is told before it goes on.
type scripted struct {
	net.Listener
	errs []error
}

func (l *scripted) Accept() (net.Conn, error) {
	if len(l.errs) > 0 {
		err := l.errs[0]
		l.errs = l.errs[1:]
		return nil, &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", err)}
	}
	return l.Listener.Accept()
}

func listen(t *testing.T, d *Door, errs ...error) *Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	in := d.Listen(&scripted{l, errs})
	t.Cleanup(func() { in.Close() })
	return in
}

func connect(t *testing.T, l net.Listener) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// A21: what the system is short of for now is waited for; what is broken is told.
func TestAcceptWaits(t *testing.T) {
	d := New(Config{Connections: 10})
	l := listen(t, d, syscall.EMFILE, syscall.ENFILE, syscall.ECONNABORTED)
	connect(t, l)
	c, err := l.Accept()
	if err != nil || d.Counts().Waits != 3 || d.Counts().Open != 1 {
		t.Fatalf("%v, %+v", err, d.Counts())
	}
	c.Close()
	c.Close() // counts once
	if n := d.Counts().Open; n != 0 {
		t.Errorf("%d connections are open", n)
	}
	if _, err := listen(t, d, syscall.EINVAL).Accept(); !errors.Is(err, syscall.EINVAL) {
		t.Error(err)
	}
}

// A listener that is closed while it waits for files ends its Accept.
func TestCloseEndsTheWait(t *testing.T) {
	errs := make([]error, 1000)
	for i := range errs {
		errs[i] = syscall.EMFILE
	}
	l := listen(t, New(Config{Connections: 1}), errs...)
	done := make(chan error)
	go func() { _, err := l.Accept(); done <- err }()
	l.Close()
	if err := <-done; !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
	if l.Close() != nil {
		t.Error("the second Close fails")
	}
}

// A20: connections beyond the bound are told so where a request is under way on all that are there; who leaves makes room.
func TestConnectionsAreBounded(t *testing.T) {
	d := New(Config{Connections: 2})
	l := listen(t, d)
	in := make(chan net.Conn, 10)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			in <- c
		}
	}()
	connect(t, l)
	first := <-in
	first.(*Conn).Begin()
	connect(t, l)
	(<-in).(*Conn).Begin()
	answer, err := io.ReadAll(connect(t, l))
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 503 ") || !strings.HasSuffix(string(answer), "\r\n") {
		t.Errorf("%q, %v", answer, err)
	}
	head, body, _ := strings.Cut(string(answer), "\r\n\r\n")
	if !strings.Contains(head, "Content-Length: 86") || len(body) != 86 {
		t.Errorf("%d bytes of body, %s", len(body), head)
	}
	first.Close()
	connect(t, l)
	<-in
	if c := d.Counts(); c.Open != 2 || c.Full != 1 {
		t.Errorf("%+v", c)
	}
}

// from makes a connection that seems to come from an address.
func from(d *Door, peer string) *Conn {
	a, b := net.Pipe()
	b.Close()
	return newConn(&disguised{a, net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(peer), 1))}, d)
}

type disguised struct {
	net.Conn
	from net.Addr
}

func (c *disguised) RemoteAddr() net.Addr { return c.from }

// One address may hold so many connections; this machine, private addresses and trusted proxies any number.
func TestConnectionsPerAddress(t *testing.T) {
	d := New(Config{Connections: 1000, PerAddress: 3, Trusted: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}})
	f := func(peer string, times, want int) {
		t.Helper()
		var all []*Conn
		for range times {
			if c := from(d, peer); d.enter(c) == nil {
				all = append(all, c)
			}
		}
		if len(all) != want {
			t.Errorf("%s: %d of %d connections, want %d", peer, len(all), times, want)
		}
		for _, c := range all {
			d.leave(c)
		}
	}
	f("203.0.113.1", 5, 3)
	f("203.0.113.1", 5, 3) // all have left
	f("2001:db8::1", 5, 3)
	f("::ffff:203.0.113.1", 5, 3)
	f("127.0.0.1", 5, 5)
	f("::1", 5, 5)
	f("10.1.2.3", 5, 5)
	f("100.64.3.2", 5, 5)
	f("fd00::1", 5, 5)
	f("198.51.100.9", 5, 5)
	for _, peer := range []string{"2001:db8::1", "2001:db8::2", "2001:db8:0:0:ffff::3"} {
		d.enter(from(d, peer))
	}
	if d.enter(from(d, "2001:db8::4")) != &d.crowded || d.enter(from(d, "2001:db8:0:1::4")) != nil {
		t.Error("a /64 is one client, its neighbour another one")
	}
	if len(d.from) != 2 {
		t.Errorf("%d addresses are counted", len(d.from))
	}
}

// Deadlines that are set after Drain do not put off the end.
func TestDrainHolds(t *testing.T) {
	d := New(Config{Connections: 10})
	l := listen(t, d)
	connect(t, l)
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	d.Drain(10*time.Millisecond, time.Minute)
	c.SetReadDeadline(time.Now().Add(time.Hour))
	c.SetDeadline(time.Now().Add(2 * time.Hour))
	c.SetReadDeadline(time.Time{})
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error(err)
	}
	if n := d.Cut(); n != 1 || d.Counts().Cut != 1 {
		t.Errorf("%d cut", n)
	}
}

func TestFiles(t *testing.T) {
	room, limit := Files()
	if limit > 0 && (room <= 0 || room >= limit) {
		t.Errorf("room for %d connections of %d files", room, limit)
	}
}
