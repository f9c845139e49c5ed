package engine

import (
	"orrery/models"
	"orrery/models/intern"
	"orrery/recommend/frame"
	"orrery/recommend/people"
)

// A view touches some forty places that lie anywhere in the memory of the models, and most of them are found by way of
// another one. One after the other, each is a wait of a few hundred nanoseconds: ten times as long as the work. So before
// events are applied, all places that many of them will touch are asked for, in steps: a step asks for what is found by
// way of what the step before has asked for, so that the waits overlap. Nothing is changed, and nothing depends on it but
// the numbers of visitors and products that are known already, which never change.

// aheadEvents is how many events are looked ahead for: with more the caches lose the first places before they are used.
const aheadEvents = 64

// ahead is what is found out about an event before it is applied.
type ahead struct {
	visitorHash uint64 // 0 where the event names none
	itemHash    uint64 // of the first item
	visitor     uint32 // 0 while unknown
	item        uint32 // likewise
	shop        uint32
	items       bool // there are items
	view        bool // of one product, by a known visitor
	from, to    int  // of lookahead.others: the rest of the session
}

// lookahead is the scratch of looking ahead.
type lookahead struct {
	events [aheadEvents]ahead
	others []uint32 // products of the events' sessions
}

// lookAhead asks for what the events, at most aheadEvents, will touch.
func (e *Engine) lookAhead(events []*models.Event) {
	batch := e.ahead.events[:len(events)]
	for i, ev := range events {
		a := &batch[i]
		*a = ahead{shop: e.shop(ev.Shop), items: len(ev.Items) > 0, view: ev.Kind == models.ViewItem && len(ev.Items) == 1}
		if len(ev.Visitor) > 0 {
			a.visitorHash = people.HashOf(a.shop, ev.Visitor)
			e.m.People.Ahead(a.visitorHash)
		}
		if a.items {
			a.itemHash = intern.HashOf(a.shop, ev.Items[0].ID)
			e.m.Catalogue.Ahead(a.itemHash)
		}
	}
	for i := range batch {
		a := &batch[i]
		if a.visitorHash != 0 {
			e.m.People.AheadRecord(a.visitorHash)
		}
		if a.items {
			e.m.Catalogue.AheadRef(a.itemHash)
		}
	}
	for i := range batch {
		a := &batch[i]
		if a.visitorHash != 0 {
			a.visitor = e.m.People.FindKey(a.visitorHash)
		}
		if a.visitor != 0 {
			e.m.Next.Ahead(a.visitor)
			e.intents.visits.ahead(a.visitor)
			e.m.People.AheadViews(a.visitor)
		}
		if a.items {
			e.m.Catalogue.AheadName(a.itemHash)
		}
	}
	for i, ev := range events {
		a := &batch[i]
		if a.items {
			a.item = e.m.Catalogue.FindHash(a.itemHash, a.shop, ev.Items[0].ID)
		}
		if a.item != 0 {
			e.aheadItem(a.item)
		}
		if a.visitor != 0 {
			e.intents.visits.aheadVisit(a.visitor)
			e.m.Next.AheadSession(a.visitor, a.item)
		}
		a.view = a.view && a.item != 0 && a.visitor != 0
	}
	e.aheadViews(events, batch)
}

func (e *Engine) aheadItem(item uint32) {
	e.m.Catalogue.AheadItem(item)
	e.m.Social.Ahead(item)
	e.m.Viewed.Ahead(item)
	e.m.Popular.Ahead(item)
}

// aheadViews asks for where the views among the events will be counted.
func (e *Engine) aheadViews(events []*models.Event, batch []ahead) {
	others := e.ahead.others[:0]
	for i, ev := range events {
		a := &batch[i]
		if !a.view {
			continue
		}
		a.from = len(others)
		others = e.m.People.AppendSession(others, a.visitor, ev.Time)
		a.to = len(others)
		for _, other := range others[a.from:] {
			e.m.Viewed.Ahead(other)
		}
		e.m.Social.AheadViews(a.item, frame.VisitorKey(e.m.People.Key(a.visitor)))
		e.m.Next.AheadPostings(a.item)
	}
	for i := range batch {
		if a := &batch[i]; a.from != a.to {
			e.m.Viewed.AheadPairs(a.item, others[a.from:a.to])
		}
	}
	e.ahead.others = others
}
