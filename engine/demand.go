package engine

import (
	"runtime"
	"sync"

	"orrery/models"
	"orrery/models/votes"
	"orrery/recommend/frame"
)

// demand is the models that count what all visitors together do with products: the session index with the ranker that learns
// from it, the lists of what is viewed together, popularity, social proof. Of an event they need what a deed says and nothing
// else, and no other model needs them to take an event, but for one that says so (settle). They are half of the work. So
// deeds are collected, some events' at a time, and done behind the events: in a long batch by another goroutine while the
// events that follow are applied; in a short one, as they come where the stream is slow, by the same.
//
// Deeds are done in their order, and all of a batch before Apply returns: so the state is the same, to the bit, whoever does
// them, and whoever takes a snapshot or has waited for a position sees all of it.
type demand struct {
	models *frame.Models
	alone  bool // nobody helps, ever
	meters meters
	scopes []uint32

	deeds   *deeds // being collected
	events  int    // that these are of
	helped  bool   // another goroutine does them
	own     deeds  // collected and done without help
	free    chan *deeds
	ready   chan *deeds
	pending sync.WaitGroup // those that are ready and not done
}

const (
	// deedEvents is how many events' deeds are handed on together: enough that handing on costs little, and so few that
	// the other goroutine has something to do soon.
	deedEvents = 64
	// helpedEvents is the size of a batch from which on another goroutine helps.
	helpedEvents = 2 * deedEvents
	// deedsReady is how many times deedEvents events one goroutine may be ahead of the other.
	deedsReady = 16
)

// deeds is what visitors did, in the order of events.
type deeds struct {
	list   []deed
	others []uint32 // products of sessions
}

// deed is something done to a product.
type deed struct {
	kinds    deedKind
	visitor  uint32
	key      uint32 // of the visitor: frame.VisitorKey
	item     uint32
	scope    uint32 // the innermost of the item
	from, to int    // of deeds.others, for a first view: the other products of the session; for a burst its own
	time     models.Time
	dice     uint64 // hash of the event
}

// deedKind is a set of what a deed is.
type deedKind uint16

const (
	ended   deedKind = 1 << iota // the visitor's session has: before the rest
	clicked                      // the product is the visitor's next step
	viewed
	first // viewed for the first time in the session
	carted
	bought
	forgotten // what a crawler did with the product
	voided    // the visitor's newest steps were a burst, on these products; with an item: its view was of one
	moved     // the product has come to another category
	unknown   // few networks have viewed the product
	seen      // viewed by a visitor whose view does not count, unless it has counted before
)

func newDemand(m *frame.Models, alone bool) *demand {
	d := &demand{
		models: m, alone: alone, meters: newMeters(), free: make(chan *deeds, deedsReady), ready: make(chan *deeds, deedsReady),
	}
	for range deedsReady {
		d.free <- new(deeds)
	}
	return d
}

// begin is called before a batch of so many events is applied.
func (d *demand) begin(events int) {
	d.deeds, d.helped = &d.own, events >= helpedEvents && !d.alone && runtime.GOMAXPROCS(0) > 1
	if d.helped {
		d.deeds = <-d.free
		go d.help()
	}
}

// add takes a deed.
func (d *demand) add(x deed) { d.deeds.list = append(d.deeds.list, x) }

// addView takes a view; others are the other products of the session. Or a burst, whose products they are.
func (d *demand) addView(x deed, others []uint32) {
	s := d.deeds
	x.from = len(s.others)
	s.others = append(s.others, others...)
	x.to = len(s.others)
	s.list = append(s.list, x)
}

// next is called after every event.
func (d *demand) next() {
	if d.events++; d.events >= deedEvents {
		d.hand()
	}
}

// hand has the deeds collected so far done.
func (d *demand) hand() {
	d.events = 0
	if !d.helped {
		d.do(d.deeds)
		return
	}
	d.pending.Add(1)
	d.ready <- d.deeds
	d.deeds = <-d.free
}

// settle returns when all deeds so far are done.
func (d *demand) settle() {
	d.hand()
	d.pending.Wait()
}

// end is called after a batch.
func (d *demand) end() {
	d.settle()
	if d.helped {
		d.free <- d.deeds
		d.ready <- nil
	}
}

// help does deeds until the batch has ended.
func (d *demand) help() {
	for s := <-d.ready; s != nil; s = <-d.ready {
		d.do(s)
		d.free <- s
		d.pending.Done()
	}
}

// do does deeds, and empties them. Like Engine.lookAhead it asks for what a deed touches while those before it are done, a
// few places at a time: the processor waits when more than a dozen are on their way.
func (d *demand) do(s *deeds) {
	for i := range s.list {
		var soon, next *deed // views
		if k := i + 4; k < len(s.list) && s.list[k].kinds&viewed != 0 {
			soon = &s.list[k]
		}
		if k := i + 2; k < len(s.list) && s.list[k].kinds&viewed != 0 {
			next = &s.list[k]
		}
		d.one(s, &s.list[i], soon, next)
	}
	s.list, s.others = s.list[:0], s.others[:0]
}

// one does a deed, and looks ahead to others: see ahead.
func (d *demand) one(s *deeds, x, soon, next *deed) {
	m := d.models
	if soon != nil {
		d.ahead(s, soon)
	}
	if x.kinds&ended != 0 {
		m.Next.End(x.visitor)
	}
	if x.kinds&clicked != 0 && (x.kinds&unknown == 0 || m.Next.Index().Count(x.item) >= votes.Networks) {
		d.measure(m.Next.Visit(x.visitor, x.item, x.dice), x.item, x.time)
	}
	switch {
	case x.kinds&voided == 0:
	case x.item != 0:
		m.Popular.Unviewed(x.item, d.scopesOf(x), x.time)
	default:
		m.Next.Void(x.visitor, s.others[x.from:x.to])
	}
	if next != nil {
		m.Social.AheadViews(next.item, next.key)
		if next.kinds&clicked != 0 {
			m.Next.AheadSession(next.visitor, next.item, s.others[next.from:next.to])
		}
	}
	switch {
	case x.kinds&viewed != 0:
		m.Social.Viewed(x.item, x.key, x.time)
	case x.kinds&seen != 0:
		m.Social.Again(x.item, x.key, x.time)
	case x.kinds&carted != 0:
		m.Social.Carted(x.item, x.key, x.time)
	case x.kinds&bought != 0:
		m.Popular.Sold(x.item, d.scopesOf(x), x.time)
		m.Social.Bought(x.item, x.key, x.time)
	case x.kinds&forgotten != 0:
		m.Social.Forget(x.item, x.key)
	case x.kinds&moved != 0:
		m.Popular.Enter(x.item, d.scopesOf(x))
	}
	if next != nil {
		m.Viewed.AheadPairs(next.item, s.others[next.from:next.to])
	}
	if x.kinds&first != 0 {
		d.pair(x, s.others[x.from:x.to])
	}
}

// pair takes the first view of a product in a session that holds others.
func (d *demand) pair(x *deed, others []uint32) {
	m := d.models
	w := m.Viewed.Weight(x.time)
	m.Viewed.CountBoth(x.item, w)
	if len(others) == 0 {
		m.Viewed.CountBasket(w)
	}
	m.Viewed.AddPairs(x.item, others, w)
	m.Popular.Viewed(x.item, d.scopesOf(x), x.time)
}

func (d *demand) scopesOf(x *deed) []uint32 {
	d.scopes = d.models.Catalogue.AppendScopes(d.scopes[:0], x.scope)
	return d.scopes
}

// ahead asks for what is known of a view's visitor and product, and for the lists of the products that it is paired with.
func (d *demand) ahead(s *deeds, x *deed) {
	m := d.models
	if x.kinds&clicked != 0 {
		m.Next.Ahead(x.visitor, x.item)
	}
	m.Social.Ahead(x.item)
	m.Viewed.Ahead(x.item, s.others[x.from:x.to])
	m.Popular.Ahead(x.item)
}
