package door

import (
	"net"
	"testing"
	"time"
)

// A newcomer takes the place of whoever has been idle for longest without a request under way; where a request is under way on all
// connections it is refused.
func TestNewcomers(t *testing.T) {
	const most = 300 // more than are kept from one look
	d := New(Config{Connections: most})
	l := listen(t, d)
	accept := func() *Conn {
		connect(t, l)
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		return c.(*Conn)
	}
	now := time.Now()
	var all []*Conn
	for i := range most {
		c := accept()
		c.SetReadDeadline(now.Add(time.Duration(i*37%most) * time.Minute)) // the order of idleness is not that of coming
		if i%3 == 0 {
			c.Begin()
		}
		all = append(all, c)
	}
	gone := func(c *Conn) bool {
		_, err := c.Conn.Write([]byte("x"))
		return err != nil
	}
	var newcomers []*Conn
	for k := range most / 3 * 2 {
		c := accept()
		c.Begin() // at once: it makes no room for those to come
		newcomers = append(newcomers, c)
		if counts := d.Counts(); counts.Open != most || counts.Evicted != uint64(k+1) || counts.Full != 0 {
			t.Fatalf("newcomer %d: %+v", k, counts)
		}
		left := now.Add(1000 * time.Hour)
		var longest time.Time
		for i, old := range all {
			switch {
			case i%3 == 0 && gone(old):
				t.Fatalf("newcomer %d: a connection with a request is gone", k)
			case i%3 != 0 && gone(old) && old.read.After(longest):
				longest = old.read
			case i%3 != 0 && !gone(old) && old.read.Before(left):
				left = old.read
			}
		}
		if k%50 == 0 && !longest.Before(left) {
			t.Fatalf("newcomer %d: one that was idle until %v is gone, one until %v is not", k, longest, left)
		}
	}
	// All are busy now: the next is refused, and told so.
	c := connect(t, l)
	refused := make(chan net.Conn, 1)
	go func() {
		in, _ := l.Accept()
		refused <- in
	}()
	c.SetReadDeadline(time.Now().Add(10 * time.Second))
	var head [12]byte
	if _, err := c.Read(head[:]); err != nil || string(head[:]) != "HTTP/1.1 503" || d.Counts().Full != 1 {
		t.Errorf("%q %v %+v", head, err, d.Counts())
	}
	// A request that has been answered makes room.
	newcomers[0].SetReadDeadline(now)
	newcomers[0].End()
	connect(t, l)
	if <-refused == nil || !gone(newcomers[0]) || d.Counts().Open != most {
		t.Errorf("no room: %+v", d.Counts())
	}
	for c := range d.conns {
		c.Close()
	}
	if d.Counts().Open != 0 || len(d.from) != 0 {
		t.Errorf("%+v are left", d.Counts())
	}
}
