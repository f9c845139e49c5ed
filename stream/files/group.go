package files

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"

	"github.com/cespare/xxhash/v2"

	"orrery/models"
)

// group is an event that rows are still added to. Its bytes are its own.
type group struct {
	event     models.Event
	buf       []byte
	key       uint64
	identity  uint64
	amount    models.Money // sum over its rows
	rows      int
	places    []place     // where its rows stand
	first     place       // of its rows
	noted     []string    // codes of what was not taken as it is
	last      models.Time // of its newest row
	turned    []byte      // what a rule of the map says that the event is
	synthetic bool
	named     bool // its amounts name a currency
}

// keep copies a text into the group. The buffer only grows while the group is open: what was copied before stays
// valid where it lies, in the old array when it had to move.
func (g *group) keep(s []byte) []byte {
	if len(s) == 0 {
		return nil
	}
	from := len(g.buf)
	g.buf = append(g.buf, s...)
	return g.buf[from:len(g.buf):len(g.buf)]
}

func (g *group) keepOr(s []byte, other string) []byte {
	if len(s) == 0 {
		return g.keep([]byte(other))
	}
	return g.keep(s)
}

// derived makes an id of a hash.
func (g *group) derived(prefix, kind string, hash uint64) []byte {
	from := len(g.buf)
	g.buf = append(append(g.buf, prefix...), kind...)
	g.buf = strconv.AppendUint(g.buf, hash, 36)
	return g.buf[from:len(g.buf):len(g.buf)]
}

// maxHeld bounds the rows of all open groups together. It is reached only where the time of a file stands still, or
// a group has a hundred times more rows than an event may have items.
const maxHeld = 100_000

// place is where a row stands.
type place struct {
	file int // the how-manieth
	line int64
}

// groups are the open groups, in the order of their first rows, which is the order that they leave in.
type groups struct {
	by    []int       // the columns whose values a group's rows share; none: each row is a group
	hold  models.Time // 0: rows of a group stand together, or anywhere
	open  []*group
	head  int // of open, where the oldest group stands
	byKey map[uint64]*group
	free  []*group
	rows  int
	hash  xxhash.Digest

	anywhere bool             // all are open until the end
	numbered bool             // by the number of the row, which each file begins anew
	whole    bool             // a bad row is the end of its event: there is money that would be wrong
	file     int              // being read
	spoiled  map[uint64]place // groups that a row was bad of, and where it stands
}

func newGroups(m *mapping, cfg *Config) *groups {
	return &groups{
		by: m.group, hold: models.Time(cfg.Hold.Milliseconds()), anywhere: cfg.anywhere(), numbered: slices.Contains(cfg.Group, rowColumn),
		whole: len(m.group) > 0 && (m.price != nil || m.amount != nil || m.value != nil),
		byKey: map[uint64]*group{}, spoiled: map[uint64]place{},
	}
}

// spoil marks the group that a bad row is part of, if it says of which.
func (gs *groups) spoil(r *row) error {
	if !gs.whole || r == nil || gs.nameless(r) {
		return nil
	}
	return gs.spoilKey(gs.keyOf(r), r.line)
}

func (gs *groups) spoilKey(key uint64, line int64) error {
	if len(gs.spoiled) == maxSpoiled {
		return fmt.Errorf("cannot keep in mind more than %d events with bad rows", maxSpoiled)
	}
	if _, ok := gs.spoiled[key]; !ok {
		gs.spoiled[key] = place{gs.file, line}
	}
	return nil
}

// maxSpoiled bounds the events with bad rows.
const maxSpoiled = 1_000_000

// keyOf hashes the values that the rows of r's group share, each with its length. Only open groups are told apart by
// it: two of them share a hash with a chance of 2^-64.
func (gs *groups) keyOf(r *row) uint64 {
	gs.hash.Reset()
	if gs.numbered || gs.anywhere && gs.nameless(r) {
		gs.hash.Write(binary.LittleEndian.AppendUint64(nil, uint64(gs.file)))
	}
	if gs.anywhere && gs.nameless(r) { // an event of its own
		gs.hash.Write(binary.LittleEndian.AppendUint64(nil, uint64(r.line)))
	}
	for _, column := range gs.by {
		var n [4]byte
		binary.LittleEndian.PutUint32(n[:], uint32(len(r.cells[column])))
		gs.hash.Write(n[:])
		gs.hash.Write(r.cells[column])
	}
	return gs.hash.Sum64()
}

// nameless tells whether none of the values that a group's rows share is there.
func (gs *groups) nameless(r *row) bool {
	for _, column := range gs.by {
		if cell := bytes.TrimSpace(r.cells[column]); len(cell) > 0 && !isNull(cell) {
			return false
		}
	}
	return true
}

// closed returns the oldest group if no further row can be its, now that one of this key and time has come, else nil.
func (gs *groups) closed(key uint64, t models.Time) *group {
	oldest := gs.oldest()
	switch {
	case oldest == nil || gs.anywhere:
		return nil
	case gs.rows > maxHeld, len(gs.by) == 0, gs.hold == 0 && oldest.key != key, gs.past(oldest, t):
		return oldest
	}
	return nil
}

// past reports whether t is too far from a group's newest row. Before it counts as far as after it: where the times of
// a file run back, nothing must be held for ever.
func (gs *groups) past(g *group, t models.Time) bool {
	return gs.hold > 0 && (t-g.last >= gs.hold || g.last-t >= gs.hold)
}

// of returns the open group of a key that a row of time t belongs to, or a new one.
func (gs *groups) of(key uint64, t models.Time) (g *group, fresh bool) {
	if g, ok := gs.byKey[key]; ok && !gs.past(g, t) {
		return g, false
	}
	if n := len(gs.free); n > 0 {
		g, gs.free = gs.free[n-1], gs.free[:n-1]
	} else {
		g = &group{}
	}
	gs.open = append(gs.open, g)
	if g.key = key; len(gs.by) > 0 {
		gs.byKey[key] = g
	}
	return g, true
}

// oldest returns the group that leaves next, nil where none is open.
func (gs *groups) oldest() *group {
	if gs.head == len(gs.open) {
		return nil
	}
	return gs.open[gs.head]
}

// drop lets go of the oldest group, whose event has been sent.
func (gs *groups) drop() {
	g := gs.open[gs.head]
	if gs.head++; 2*gs.head >= len(gs.open) {
		gs.open = gs.open[:copy(gs.open, gs.open[gs.head:])]
		gs.head = 0
	}
	if gs.byKey[g.key] == g {
		delete(gs.byKey, g.key)
	}
	gs.rows -= g.rows
	g.places = g.places[:0]
	gs.free = append(gs.free, g)
}
