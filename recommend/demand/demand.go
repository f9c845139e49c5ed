// Package demand is the models that count what all visitors together do with products: the session index with the ranker that learns
// from it, the lists of what is viewed together, popularity, social proof. Of an event they need what an Interaction says and nothing
// else: no model here looks at a person. They are half of the work of an event, and Demand does it beside the other half.
package demand

import (
	"runtime"
	"sync"

	"orrery/models"
	"orrery/models/pershop"
	"orrery/models/votes"
	"orrery/recommend/neighbours"
	"orrery/recommend/next"
	"orrery/recommend/popular"
	"orrery/recommend/social"
)

// Demand is the models, and the interactions on their way to them. Interactions are collected, some events' at a time, and taken behind
// the events: in a long batch by another goroutine while the events that follow are applied; in a short one, as they come where the
// stream is slow, by the same.
//
// Interactions are taken in their order, and all of a batch before End returns: so the state is the same, to the bit, whoever takes
// them, and whoever takes a snapshot or has waited for a position sees all of it.
type Demand struct {
	models Models
	alone  bool // nobody helps, ever
	meters meters
	scopes []uint32
	shop   uint32 // of the event that is applied

	batch   *batch // being collected
	events  int    // that these are of
	helped  bool   // another goroutine takes them
	own     batch  // collected and taken without help
	free    chan *batch
	ready   chan *batch
	pending sync.WaitGroup // those that are ready and not done
}

const (
	// handedEvents is how many events' interactions are handed on together: enough that handing on costs little, and so few that
	// the other goroutine has something to do soon.
	handedEvents = 64
	// helpedEvents is the size of a batch from which on another goroutine helps.
	helpedEvents = 2 * handedEvents
	// batchesReady is how many times handedEvents events one goroutine may be ahead of the other.
	batchesReady = 16
)

// batch is what visitors did, in the order of events.
type batch struct {
	list   []Interaction
	others []uint32 // products of sessions
}

// Interaction is something done to a product.
type Interaction struct {
	Kinds    Kinds
	Visitor  uint32
	Key      uint32 // of the visitor: frame.VisitorKey
	Item     uint32
	Scope    uint32 // the innermost of the item
	shop     uint32
	from, to int // of batch.others, for a first view: the other products of the session; for a burst its own
	Time     models.Time
	Hash     uint64 // hash of the event
}

// Kinds is a set of what an interaction is.
type Kinds uint16

const (
	Ended   Kinds = 1 << iota // the visitor's session has: before the rest
	Clicked                   // the product is the visitor's next step
	Viewed
	First // viewed for the first time in the session
	Carted
	Bought
	Forgotten // what a crawler did with the product
	Voided    // the visitor's newest steps were a burst, on these products; with an item: its view was of one
	Moved     // the product has come to another category
	Unknown   // few networks have viewed the product
	Seen      // viewed by a visitor whose view does not count, unless it has counted before
	Joined    // the products in others are variants of it, and were not known to be
)

// Models is what all visitors together do with products, and nothing else: no model here knows a person, and none of persons is
// asked while an interaction is taken.
type Models struct {
	Next       *next.Live
	Viewed     *neighbours.Lists
	Popular    *popular.Counts
	Social     *social.Proof
	Categories Categories
	Ordinals   *pershop.Ordinals // of products
}

// Categories says which scopes a product counts in, from its innermost outwards.
type Categories interface {
	AppendScopes(scopes []uint32, innermost uint32) []uint32
}

// New returns a Demand over models. alone says that nobody ever helps the goroutine that applies events.
func New(m Models, alone bool) *Demand {
	d := &Demand{
		models: m, alone: alone, meters: newMeters(), free: make(chan *batch, batchesReady), ready: make(chan *batch, batchesReady),
	}
	for range batchesReady {
		d.free <- new(batch)
	}
	return d
}

// Begin is called before a batch of so many events is applied.
func (d *Demand) Begin(events int) {
	d.batch, d.helped = &d.own, events >= helpedEvents && !d.alone && runtime.GOMAXPROCS(0) > 1
	if d.helped {
		d.batch = <-d.free
		go d.help()
	}
}

// Add takes an interaction.
func (d *Demand) Add(x Interaction) {
	x.shop = d.shop
	d.batch.list = append(d.batch.list, x)
}

// At says whose the interactions from now on are.
func (d *Demand) At(shop uint32) { d.shop = shop }

// AddView takes a view; others are the other products of the session. Or a burst, whose products they are.
func (d *Demand) AddView(x Interaction, others []uint32) {
	s := d.batch
	x.from = len(s.others)
	s.others = append(s.others, others...)
	x.to, x.shop = len(s.others), d.shop
	s.list = append(s.list, x)
}

// Next is called after every event.
func (d *Demand) Next() {
	if d.events++; d.events >= handedEvents {
		d.hand()
	}
}

// hand has the interactions collected so far taken.
func (d *Demand) hand() {
	d.events = 0
	if !d.helped {
		d.take(d.batch)
		return
	}
	d.pending.Add(1)
	d.ready <- d.batch
	d.batch = <-d.free
}

// Flush returns when all interactions so far have been taken: for whoever reads these models while events are applied, which only the
// ranker of baskets does.
func (d *Demand) Flush() {
	d.hand()
	d.pending.Wait()
}

// End is called after a batch.
func (d *Demand) End() {
	d.Flush()
	if d.helped {
		d.free <- d.batch
		d.ready <- nil
	}
}

// help takes interactions until the batch has ended.
func (d *Demand) help() {
	for s := <-d.ready; s != nil; s = <-d.ready {
		d.take(s)
		d.free <- s
		d.pending.Done()
	}
}

// take takes the interactions of a batch, and empties it. Like Engine.prefetch it asks for what an interaction touches while those before it are taken, a
// few places at a time: the processor waits when more than a dozen are on their way.
func (d *Demand) take(s *batch) {
	for i := range s.list {
		var soon, next *Interaction // views
		if k := i + 4; k < len(s.list) && s.list[k].Kinds&Viewed != 0 {
			soon = &s.list[k]
		}
		if k := i + 2; k < len(s.list) && s.list[k].Kinds&Viewed != 0 {
			next = &s.list[k]
		}
		d.one(s, &s.list[i], soon, next)
	}
	s.list, s.others = s.list[:0], s.others[:0]
}

// one takes an interaction, and looks ahead to others: see ahead.
func (d *Demand) one(s *batch, x, soon, next *Interaction) {
	m := &d.models
	if soon != nil {
		d.prefetch(s, soon)
	}
	if x.Kinds&Ended != 0 {
		m.Next.End(x.Visitor)
	}
	if x.Kinds&Clicked != 0 && (x.Kinds&Unknown == 0 || m.Next.Count(x.Item) >= votes.Networks) {
		d.measure(m.Next.Visit(x.shop, x.Visitor, x.Item, x.Hash), x)
	}
	switch {
	case x.Kinds&Voided == 0:
	case x.Item != 0:
		m.Popular.Unviewed(x.Item, d.scopesOf(x), x.Time)
	default:
		m.Next.Void(x.shop, x.Visitor, s.others[x.from:x.to])
	}
	if next != nil {
		m.Social.PrefetchViews(next.Item, next.Key)
		if next.Kinds&Clicked != 0 {
			m.Next.PrefetchSession(next.shop, next.Visitor, next.Item, s.others[next.from:next.to])
		}
	}
	switch {
	case x.Kinds&Viewed != 0:
		m.Social.Viewed(x.Item, x.Key, x.Time)
	case x.Kinds&Seen != 0:
		m.Social.Again(x.Item, x.Key, x.Time)
	case x.Kinds&Carted != 0:
		m.Social.Carted(x.Item, x.Key, x.Time)
	case x.Kinds&Bought != 0:
		m.Popular.Sold(x.Item, d.scopesOf(x), x.Time)
		m.Social.Bought(x.Item, x.Key, x.Time)
	case x.Kinds&Forgotten != 0:
		m.Social.Forget(x.Item, x.Key)
	case x.Kinds&Moved != 0:
		m.Popular.Enter(x.Item, d.scopesOf(x))
	}
	if x.Kinds&Joined != 0 {
		d.join(x, s.others[x.from:x.to])
	}
	if next != nil {
		m.Viewed.PrefetchPairs(next.Item, s.others[next.from:next.to])
	}
	if x.Kinds&First != 0 {
		d.pair(x, s.others[x.from:x.to])
	}
}

// pair takes the first view of a product in a session that holds others.
func (d *Demand) pair(x *Interaction, others []uint32) {
	m := &d.models
	w := m.Viewed.Weight(x.Time)
	m.Viewed.CountBoth(x.Item, w)
	if len(others) == 0 {
		m.Viewed.CountBasket(x.shop, w)
	}
	m.Viewed.AddPairs(x.shop, x.Item, others, w)
	m.Popular.Viewed(x.Item, d.scopesOf(x), x.Time)
}

// join takes what is counted of variants for their product. The sessions that hold them, and who is told to have viewed them today, stay
// the variants'.
func (d *Demand) join(x *Interaction, variants []uint32) {
	for _, v := range variants {
		d.models.Viewed.Join(x.shop, v, x.Item, true)
		d.models.Popular.Join(v, x.Item, d.scopesOf(x))
	}
}

func (d *Demand) scopesOf(x *Interaction) []uint32 {
	d.scopes = d.models.Categories.AppendScopes(d.scopes[:0], x.Scope)
	return d.scopes
}

// prefetch asks for what is known of a view's visitor and product, and for the lists of the products that it is paired with.
func (d *Demand) prefetch(s *batch, x *Interaction) {
	m := &d.models
	if x.Kinds&Clicked != 0 {
		m.Next.Prefetch(x.Visitor, x.Item)
	}
	m.Social.Prefetch(x.Item)
	m.Viewed.Prefetch(x.Item, s.others[x.from:x.to])
	m.Popular.Prefetch(x.Item)
}

// Forget ends a visitor's session, behind what the visitor has done and before what the next one of this number will do.
func (d *Demand) Forget(v uint32) { d.Add(Interaction{Kinds: Ended, Visitor: v}) }
