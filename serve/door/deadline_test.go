package door

import (
	"net"
	"testing"
	"time"
)

// counting counts the deadlines that reach the connection.
type counting struct {
	net.Conn
	read, write, both int
}

func (c *counting) SetReadDeadline(time.Time) error  { c.read++; return nil }
func (c *counting) SetWriteDeadline(time.Time) error { c.write++; return nil }
func (c *counting) SetDeadline(time.Time) error      { c.both++; return nil }

func TestLazyDeadlines(t *testing.T) {
	under := new(counting)
	c := &Conn{Conn: under, door: New(Config{})}
	now := time.Now()
	f := func(at time.Time, reads int) {
		t.Helper()
		if c.SetReadDeadline(at); under.read != reads {
			t.Errorf("%v later: %d deadlines went through, want %d", at.Sub(now), under.read, reads)
		}
	}
	f(now, 1)
	f(now, 1)
	f(now.Add(slack/2), 1)
	f(now.Add(slack), 1)
	f(now.Add(slack+1), 2)    // more than slack after the one that is set
	f(now, 3)                 // earlier is never put off
	f(time.Time{}, 4)         // none at all
	f(time.Time{}, 5)         // is not compared
	f(now.Add(-time.Hour), 6) // in the past: now
	c.SetWriteDeadline(now)   // has its own
	c.SetDeadline(now.Add(time.Minute))
	c.SetWriteDeadline(now.Add(time.Minute))
	f(now.Add(time.Minute+slack/2), 6)
	if under.write != 1 || under.both != 1 {
		t.Errorf("%d write deadlines, %d both", under.write, under.both)
	}
}
