package door

import (
	"slices"
	"time"
)

// idle is a connection that had no request under way when it was looked at, and the deadline of its reading then: the earlier that
// is, the longer nothing has come. One that takes nothing of its answer is idle too, and goes first: its client asks and never reads.
type idle struct {
	conn  *Conn
	until int64 // of a stuck one, the deadline of writing
	stuck bool
}

// still tells whether nothing has come, or been taken, since.
func (o *idle) still() bool {
	if o.stuck {
		return o.conn.writing.Load() && o.conn.takes.Load() == o.until
	}
	return !o.conn.busy.Load() && o.conn.until.Load() == o.until
}

// stuck tells whether nothing has been taken for some seconds of what is being written.
func (c *Conn) stuck(now time.Time) bool {
	return c.door.cfg.Write > stalled && c.writing.Load() && c.takes.Load() < now.Add(c.door.cfg.Write-stalled).UnixNano()
}

// idleAtOnce is how many of the longest idle are kept from one look at all connections for the newcomers to come.
const idleAtOnce = 128

// Begin says that a request is under way, and End that it has been answered: a connection between the two makes no room.
func (c *Conn) Begin() { c.busy.Store(true) }

// End implements the other half of Begin.
func (c *Conn) End() { c.busy.Store(false) }

// evict ends the connection that has been idle for longest, with mu held: who sends nothing, or takes nothing, must not keep out who
// would. It is false where a request is under way on all of them.
func (d *Door) evict() bool {
	for looked := false; ; looked = true {
		for n := len(d.idle); n > 0; n = len(d.idle) {
			o := d.idle[n-1]
			d.idle = d.idle[:n-1]
			if _, in := d.conns[o.conn]; in && o.still() {
				d.remove(o.conn)
				d.evicted.Add(1)
				o.conn.Conn.Close() // its reader wakes up and does the rest
				return true
			}
		}
		if looked {
			return false
		}
		d.look()
	}
}

// look finds the connections that have been idle for longest.
func (d *Door) look() {
	d.idle = d.idle[:0]
	now := time.Now()
	for c := range d.conns {
		switch {
		case !c.busy.Load():
			d.idle = append(d.idle, idle{c, c.until.Load(), false})
		case c.stuck(now):
			d.idle = append(d.idle, idle{c, c.takes.Load(), true})
		}
	}
	slices.SortFunc(d.idle, func(a, b idle) int {
		switch {
		case a.stuck != b.stuck:
			if a.stuck {
				return 1
			}
			return -1
		case a.until > b.until:
			return -1
		case a.until < b.until:
			return 1
		}
		return 0
	})
	longest := slices.Clone(d.idle[max(0, len(d.idle)-idleAtOnce):])
	d.idle = longest
}
