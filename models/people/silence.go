package people

import (
	"fmt"
	"io"
	"sync/atomic"

	"orrery/models"
	"orrery/models/intern"
	"orrery/models/slab"
)

// Silence is how visitors are forgotten who have not been seen for long, by the stream's time: those of whom there is no order, no
// login and nothing in the cart. What they were counted in stays.
//
// A cursor goes around all visitors once in an eighth of that time, so that many are looked at for an event as there are visitors to
// an eighth's events, at most silentSteps: each is forgotten after the time and an eighth of it at the latest. Who comes back before the
// cursor has passed is forgotten at that moment: whether somebody is a new visitor does not depend on where the cursor is.
//
// Old events that are brought in late, out of their order, make visitors who are silent as soon as they are there, and whose orders may be
// on the way: the cursor passes them once before they are forgotten.
type Silence struct {
	people *People
	after  models.Time // 0: nobody is forgotten
	turn   uint64      // ms in which the cursor goes around once

	cursor uint32
	now    models.Time // of the stream when it was passed last
	credit uint64      // visitors to look at, times turn
	left   int         // of them, for the event under way
	late   slab.Words  // a bit a visitor: see Saw

	departed  departed
	forgotten atomic.Uint64
	returned  atomic.Uint64

	looked uint64 // visitors that were looked at: tests bound them
}

const (
	// silentSteps is how many visitors are looked at for one event, silentBunch how many together: their records are asked for
	// when the bunch before has been looked at.
	silentSteps = 64
	silentBunch = 16
	// silentTurns is how many times the cursor goes around in the time after which a visitor is forgotten, longestTurn the longest of
	// them: sums of milliseconds times visitors stay below 2^63.
	silentTurns = 8
	longestTurn = 12 * models.Day
)

// NewSilence forgets visitors of people who were not seen for so long, nobody where that is 0.
func NewSilence(p *People, after models.Time) *Silence {
	return &Silence{people: p, after: after, turn: uint64(min(after/silentTurns, longestTurn))}
}

// Seed sets what those who were forgotten are known by: see intern.Seed.
func (s *Silence) Seed(seed intern.Seed) { s.departed.seed = seed }

// Pass takes that the stream has come to a moment, and reports whether visitors are to be looked at: see Next.
func (s *Silence) Pass(now models.Time) bool {
	if s.turn == 0 || now <= s.now {
		return false
	}
	since := uint64(now - s.now)
	if s.now == 0 {
		since = 0
	}
	s.now = now
	visitors := uint64(s.people.LastVisitor())
	s.credit = min(s.credit+min(since, s.turn)*visitors, s.turn*visitors)
	if s.credit < min(silentBunch, visitors)*s.turn {
		return false
	}
	s.left = silentSteps
	return true
}

// Next returns the next visitor who has been silent for long enough, 0 where all are looked at that are to be for this event.
func (s *Silence) Next() (v uint32) {
	p := s.people
	for s.credit >= s.turn && s.left > 0 {
		if s.cursor >= p.LastVisitor() {
			s.cursor = 0
		}
		s.cursor++
		s.credit -= s.turn
		s.left--
		s.looked++
		if s.left%silentBunch == 0 {
			s.prefetch()
		}
		if last := uint32(p.visitors.Load(p.word(s.cursor, vSeen))); s.over(last, s.now) && s.due(s.cursor) {
			return s.cursor
		}
	}
	return 0
}

// prefetch asks for the records of the next bunch.
func (s *Silence) prefetch() {
	for v := s.cursor + 1; v <= min(s.cursor+silentBunch, s.people.LastVisitor()); v++ {
		s.people.visitors.Prefetch(s.people.word(v, vSeen))
	}
}

// over tells whether somebody who was seen last at a second has been silent for long enough at a moment. 0 is never.
func (s *Silence) over(last uint32, t models.Time) bool {
	return last != 0 && t-models.Time(last)*models.Second > s.after
}

// due tells whether a visitor whose time is over is forgotten now, and not when the cursor comes again.
func (s *Silence) due(v uint32) bool {
	if word := uint64(v / 64); word < s.late.Len() && s.late.Load(word)>>(v%64)&1 != 0 {
		s.late.Set(word, s.late.Load(word)&^(1<<(v%64)))
		return false
	}
	return s.people.passing(v)
}

// passing tells whether there is nothing of a visitor that is kept for good: no order, no login, nothing in the cart.
func (p *People) passing(v uint32) bool {
	if p.Gone(v) || p.visitors.Load(p.word(v, vOrders)) != 0 || p.visitors.Load(p.word(v, vContact)) != 0 {
		return false
	}
	if place, _ := p.logins.head(v); place != 0 {
		return false
	}
	cart := p.visitors.Load(p.word(v, vCart))
	if cart == 0 {
		return true
	}
	p.spans = p.lists.read(p.spans[:0], &p.visitors, p.word(v, vCart))
	operations := len(p.spans)
	p.spans = p.laid(p.spans, p.spans, 0)
	return len(p.spans) == operations
}

// Over tells whether a visitor who does something at a moment comes back after so long that it is somebody new.
func (s *Silence) Over(v uint32, t models.Time) bool {
	p := s.people
	return s.turn != 0 && s.over(uint32(p.visitors.Load(p.word(v, vSeen))), t) && p.passing(v)
}

// Saw notes that a visitor was seen at a moment, if that is so long ago that the visitor is silent already.
func (s *Silence) Saw(v uint32, t models.Time) {
	if s.turn == 0 || s.now-t <= s.after { // nearly always
		return
	}
	word := uint64(v / 64)
	s.late.Grow(word + 1)
	s.late.Set(word, s.late.Load(word)|1<<(v%64))
}

// Depart counts that a visitor is about to be forgotten, and keeps in mind that it was.
func (s *Silence) Depart(v uint32) {
	s.forgotten.Add(1)
	if !s.people.StandsIn(v) {
		s.departed.add(s.people.Key(v))
	}
}

// Returns tells whether a new visitor was forgotten before, and counts it.
func (s *Silence) Returns(v uint32) bool {
	if s.turn == 0 || !s.departed.take(s.people.Key(v)) {
		return false
	}
	s.returned.Add(1)
	return true
}

// Erase forgets that the visitor of a key was forgotten.
func (s *Silence) Erase(key uint64) { s.departed.take(key) }

// Counts returns how many visitors were forgotten, and how many of them have come back as far as that is known: see departed. Any
// goroutine may call it.
func (s *Silence) Counts() (forgotten, returned uint64) { return s.forgotten.Load(), s.returned.Load() }

// Looked returns how many visitors were looked at since the start; for tests.
func (s *Silence) Looked() uint64 { return s.looked }

// Bytes returns the memory held.
func (s *Silence) Bytes() uint64 { return s.late.Bytes() + s.departed.bytes() }

// The numbers of a snapshot.
const (
	slCursor = iota
	slNow
	slCredit
	slForgotten
	slReturned
	slNewest       // see departed
	slFull         // of both generations
	silenceNumbers = slFull + 2
)

// Freeze returns the state of this moment for a snapshot.
func (s *Silence) Freeze() *slab.Parts {
	d := &s.departed
	return slab.Join(slab.Numbers{
		slCursor: uint64(s.cursor), slNow: uint64(s.now), slCredit: s.credit, slForgotten: s.forgotten.Load(), slReturned: s.returned.Load(),
		slNewest: uint64(d.newest), slFull: d.full[0], slFull + 1: d.full[1],
	}, s.late.Freeze(), d.cells[0].Freeze(), d.cells[1].Freeze())
}

// ReadFrom replaces the state by what Freeze wrote.
func (s *Silence) ReadFrom(r io.Reader) (int64, error) {
	head, d := make(slab.Numbers, silenceNumbers), &s.departed
	n, err := slab.ReadAll(r, head, &s.late, &d.cells[0], &d.cells[1])
	if err != nil {
		return n, err
	}
	s.cursor, s.now, s.credit = uint32(head[slCursor]), models.Time(head[slNow]), head[slCredit]
	s.forgotten.Store(head[slForgotten])
	s.returned.Store(head[slReturned])
	d.newest, d.full = uint32(head[slNewest]), [2]uint64{head[slFull], head[slFull+1]}
	if err := d.check(); err != nil {
		return n, fmt.Errorf("cannot read who was forgotten: %w", err)
	}
	return n, nil
}
