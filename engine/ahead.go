package engine

import (
	"orrery/models"
	"orrery/models/intern"
	"orrery/recommend/frame"
	"orrery/recommend/people"
)

// A view touches some fifty places that lie anywhere in the memory of the models, and most of them are found by way of
// another one. One after the other, each is a wait of a few hundred nanoseconds: ten times as long as the work. So the
// places are asked for before an event is applied, in steps: a step asks for what is found by way of what the step
// before has asked for. While one event is applied, each step looks at another of the events that follow, so that the memory
// works for them meanwhile. Nothing is changed, and nothing depends on it but the numbers of visitors and products that are
// known already, which never change.

const (
	aheadSteps = 6 // of lookAhead
	// aheadOthers is how many products of an event's session are looked at.
	aheadOthers = 16
	// aheadRing is more than the events that are looked ahead for.
	aheadRing = 8
)

// ahead is what is found out about an event before it is applied.
type ahead struct {
	visitorHash uint64 // 0 where the event names none
	itemHash    uint64 // of the first item
	visitor     uint32 // 0 while unknown
	item        uint32 // likewise
	shop        uint32
	items       bool // there are items
	view        bool // of one product, by a known visitor
	others      []uint32
	room        [aheadOthers]uint32 // of others: the rest of the session
}

// lookAhead does the next step for each of the events that follow event i: the first for the last of them.
func (e *Engine) lookAhead(events []*models.Event, i int) {
	if k := i + 6; k < len(events) {
		e.aheadHashes(&e.ahead[k%aheadRing], events[k])
	}
	if k := i + 5; k >= 0 && k < len(events) {
		e.aheadRecords(&e.ahead[k%aheadRing])
	}
	if k := i + 4; k >= 0 && k < len(events) {
		e.aheadVisitor(&e.ahead[k%aheadRing])
	}
	if k := i + 3; k >= 0 && k < len(events) {
		e.aheadItem(&e.ahead[k%aheadRing], events[k])
	}
	if k := i + 2; k >= 0 && k < len(events) {
		e.aheadView(&e.ahead[k%aheadRing], events[k])
	}
	if k := i + 1; k >= 0 && k < len(events) {
		e.aheadPairs(&e.ahead[k%aheadRing])
	}
}

// aheadHashes asks for where the visitor and the product are found by name.
func (e *Engine) aheadHashes(a *ahead, ev *models.Event) {
	a.visitorHash, a.itemHash, a.visitor, a.item = 0, 0, 0, 0
	a.shop, a.items = e.shop(ev.Shop), len(ev.Items) > 0
	a.view = ev.Kind == models.ViewItem && len(ev.Items) == 1
	a.others = nil
	if len(ev.Visitor) > 0 {
		a.visitorHash = people.HashOf(a.shop, ev.Visitor)
		e.m.People.Ahead(a.visitorHash)
	}
	if a.items {
		a.itemHash = intern.HashOf(a.shop, ev.Items[0].ID)
		e.m.Catalogue.Ahead(a.itemHash)
	}
}

// aheadRecords asks for the visitor's record and for where the product's name is.
func (e *Engine) aheadRecords(a *ahead) {
	if a.visitorHash != 0 {
		e.m.People.AheadRecord(a.visitorHash)
	}
	if a.items {
		e.m.Catalogue.AheadRef(a.itemHash)
	}
}

// aheadVisitor asks for what is known of the visitor, and for the product's name.
func (e *Engine) aheadVisitor(a *ahead) {
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

// aheadItem asks for what is known of the product, and for the visitor's running session.
func (e *Engine) aheadItem(a *ahead, ev *models.Event) {
	if a.items {
		a.item = e.m.Catalogue.FindHash(a.itemHash, a.shop, ev.Items[0].ID)
	}
	if a.item != 0 {
		e.m.Catalogue.AheadItem(a.item)
		e.m.Social.Ahead(a.item)
		e.m.Viewed.Ahead(a.item)
		e.m.Popular.Ahead(a.item)
		e.intents.wants.ahead(a.item)
	}
	if a.visitor != 0 {
		e.intents.visits.aheadVisit(a.visitor)
		e.m.Next.AheadSession(a.visitor, a.item)
	}
	a.view = a.view && a.item != 0 && a.visitor != 0
}

// aheadView asks for where a view will be noted, and for the lists of the products that it will be paired with.
func (e *Engine) aheadView(a *ahead, ev *models.Event) {
	if !a.view {
		return
	}
	a.others = e.m.People.AppendSession(a.room[:0], a.visitor, ev.Time)
	for _, other := range a.others {
		e.m.Viewed.Ahead(other)
	}
	e.m.Social.AheadViews(a.item, frame.VisitorKey(e.m.People.Key(a.visitor)))
	e.m.Next.AheadPostings(a.item)
}

// aheadPairs asks for where the view's pairs will be counted.
func (e *Engine) aheadPairs(a *ahead) {
	if a.view {
		e.m.Viewed.AheadPairs(a.item, a.others)
		e.m.Next.AheadStirs(a.item, a.others)
	}
}
