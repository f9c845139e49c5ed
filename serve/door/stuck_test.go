package door

import (
	"testing"
	"time"
)

// Who asks and never reads makes room, before whoever is idle; who reads slowly, and a stream, does not.
func TestNeverReading(t *testing.T) {
	d := New(Config{Connections: 3, Write: 30 * time.Second})
	l := listen(t, d)
	accept := func() *Conn {
		connect(t, l)
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		return c.(*Conn)
	}
	write := func(c *Conn) {
		c.Begin()
		go func() {
			for { // until the system takes no more
				if _, err := c.Write(make([]byte, 1<<20)); err != nil {
					return
				}
			}
		}()
		until := time.Now().Add(10 * time.Second)
		for last := time.Now(); time.Since(last) < 100*time.Millisecond; time.Sleep(time.Millisecond) {
			if !c.writing.Load() {
				last = time.Now()
			}
			if time.Now().After(until) {
				t.Fatal("the system takes everything")
			}
		}
	}
	in := func(c *Conn) bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		_, in := d.conns[c]
		return in
	}
	stuck, stream, slow := accept(), accept(), accept()
	for _, c := range []*Conn{stuck, slow} {
		c.SetWriteDeadline(time.Now().Add(30 * time.Second))
	}
	Inner(stream)
	write(stuck)
	write(stream)
	write(slow)
	accept2 := func() bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		return d.evict()
	}
	if accept2() {
		t.Error("a connection makes room that has been writing for less than seconds")
	}
	stuck.takes.Add(-int64(5 * time.Second)) // as if it had begun 5 s ago
	newcomer := accept()
	if in(stuck) || !in(stream) || !in(slow) || !in(newcomer) || d.Counts().Evicted != 1 {
		t.Errorf("stuck %t, stream %t, slow %t, newcomer %t: %+v", in(stuck), in(stream), in(slow), in(newcomer), d.Counts())
	}
	slow.takes.Add(-int64(5 * time.Second)) // idle ones wait behind it
	if next := accept(); in(slow) || !in(newcomer) || !in(next) {
		t.Errorf("slow %t, newcomer %t", in(slow), in(newcomer))
	}
	if next := accept(); in(newcomer) || !in(stream) || !in(next) {
		t.Error("an idle one does not make room for the next")
	}
}
