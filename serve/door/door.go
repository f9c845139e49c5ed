// Package door stands between the network and the work. It counts and bounds connections, the bytes of bodies under way and
// requests, each before anything is done for them; it tells who a client is, behind proxies too; and when the server stops it
// ends what is idle or half open instead of waiting for it.
//
// What it costs a request is a look at a few words: no lock, no allocation.
package door

import (
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Config holds the bounds of one listener's door.
type Config struct {
	// Connections is how many there may be at once.
	Connections int
	// PerAddress is how many of them one address may hold, a /64 of IPv6 being one; 0 is any number. Loopback, private
	// addresses and trusted proxies are not counted: many clients stand behind them.
	PerAddress int
	// Write is how long an answer may take to be taken; 0: any time. Where there is no room for a newcomer, who has taken nothing for
	// some seconds makes it.
	Write time.Duration
	// Trusted are the proxies whose word on a client's address is taken.
	Trusted []netip.Prefix
}

// Door is the door of one listener.
type Door struct {
	cfg Config

	mu    sync.Mutex // guards the two below
	conns map[*Conn]struct{}
	from  map[netip.Addr]int32 // connections of each counted address
	idle  []idle               // that may make room, the longest idle last; of some time ago

	open     atomic.Int64
	draining atomic.Bool
	readBy   time.Time // both are set before draining is
	end      time.Time

	full, crowded, waits, cut, evicted atomic.Uint64
}

// New makes a door.
func New(cfg Config) *Door {
	return &Door{cfg: cfg, conns: map[*Conn]struct{}{}, from: map[netip.Addr]int32{}}
}

// Counts are what a door has seen.
type Counts struct {
	Open    int64  // connections now
	Most    int64  // connections that there may be
	Full    uint64 // connections refused because there were too many
	Crowded uint64 // because there were too many of their address
	Waits   uint64 // times that the door waited because the system could open no more
	Cut     uint64 // connections ended by a stop before their request was answered
	Evicted uint64 // connections without a request that made room for a newcomer
}

// Counts returns what the door has seen.
func (d *Door) Counts() Counts {
	return Counts{d.open.Load(), int64(d.cfg.Connections), d.full.Load(), d.crowded.Load(), d.waits.Load(), d.cut.Load(), d.evicted.Load()}
}

// Limit lowers the number of connections. It is called before the door is used.
func (d *Door) Limit(connections int) { d.cfg.Connections = min(d.cfg.Connections, connections) }

// enter counts a connection in, or returns why it may not.
func (d *Door) enter(c *Conn) *atomic.Uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.claim(c, true) {
		return &d.crowded
	}
	if len(d.conns) >= d.cfg.Connections && !d.evict() {
		d.unclaim(c)
		return &d.full
	}
	d.conns[c] = struct{}{}
	d.open.Store(int64(len(d.conns)))
	if d.draining.Load() {
		c.Conn.SetReadDeadline(d.readBy)
	}
	return nil
}

// claim counts a connection under its address, with mu held: its own, or, where it is not direct, the one that a proxy named.
func (d *Door) claim(c *Conn, direct bool) bool {
	if d.cfg.PerAddress == 0 || d.exempt(c.client, direct) {
		return true
	}
	at := Block(c.client)
	if d.from[at] >= int32(d.cfg.PerAddress) {
		return false
	}
	d.from[at]++
	c.counted = at
	return true
}

// leave counts a connection out.
func (d *Door) leave(c *Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.remove(c)
}

// remove does so with mu held.
func (d *Door) remove(c *Conn) {
	if _, in := d.conns[c]; !in {
		return
	}
	delete(d.conns, c)
	d.open.Store(int64(len(d.conns)))
	d.unclaim(c)
}

// unclaim takes a connection off its address's count, with mu held.
func (d *Door) unclaim(c *Conn) {
	if !c.counted.IsValid() {
		return
	}
	if d.from[c.counted]--; d.from[c.counted] == 0 {
		delete(d.from, c.counted)
	}
}

// stalled is how long a client may take nothing of its answer once the server stops, or another one wants its place.
const stalled = 3 * time.Second

// Drain has all connections end: those that send nothing, or half a request, within reading; those that wait for their
// answer when they have it, and at the latest within all. Who does not take an answer is not waited for.
func (d *Door) Drain(reading, all time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	d.readBy, d.end = now.Add(reading), now.Add(all)
	d.draining.Store(true)
	for c := range d.conns {
		c.Conn.SetReadDeadline(d.readBy)
		c.Conn.SetWriteDeadline(now.Add(min(stalled, all)))
	}
}

// Cut ends all connections that are left, and returns how many there were.
func (d *Door) Cut() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	for c := range d.conns {
		c.Conn.Close()
	}
	d.cut.Add(uint64(len(d.conns)))
	return len(d.conns)
}

// Block returns what counts as one client: an address of IPv4, a /64 of IPv6.
func Block(a netip.Addr) netip.Addr {
	if a.Is6() && !a.Is4In6() {
		p, _ := a.Prefix(64)
		return p.Addr()
	}
	return a
}

// shared are the addresses of carriers' and clouds' own networks.
var shared = netip.MustParsePrefix("100.64.0.0/10")

// exempt tells whether no bound by address holds: where the address is not known, is this machine, or is a proxy; and where a
// connection comes from a private address, since that is a proxy that nobody has named, or the house.
func (d *Door) exempt(a netip.Addr, direct bool) bool {
	if !a.IsValid() || a.IsLoopback() || d.trusts(a) {
		return true
	}
	return direct && (a.IsPrivate() || a.IsLinkLocalUnicast() || shared.Contains(a))
}

// trusts tells whether an address is a trusted proxy's.
func (d *Door) trusts(a netip.Addr) bool {
	for _, p := range d.cfg.Trusted {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// addressOf returns the address of a peer, none where it is not on a network.
func addressOf(a net.Addr) netip.Addr {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	return tcp.AddrPort().Addr().Unmap().WithZone("")
}
