package engine

import (
	"orrery/models"
)

// A view touches some fifty places that lie anywhere in the memory of the models, and most of them are found by way of
// another one. One after the other, each is a wait of a few hundred nanoseconds: ten times as long as the work. So the
// places are asked for before an event is applied, in steps: a step asks for what is found by way of what the step
// before has asked for. While one event is applied, each step looks at another of the events that follow, so that the memory
// works for them meanwhile. Nothing is changed, and nothing depends on it but the numbers of visitors and products that are
// known already, which never change.

const (
	prefetchSteps = 4 // of prefetch
	// prefetchRing is more than the events that are looked ahead for.
	prefetchRing = 8
)

// prefetched is what is found out about an event before it is applied.
type prefetched struct {
	visitorHash uint64 // 0 where the event names none
	itemHash    uint64 // of the first item
	visitor     uint32 // 0 while unknown
	item        uint32 // likewise
	shop        uint32
	items       bool // there are items
}

// prefetch does the next step for each of the events that follow event i: the first for the last of them.
func (e *Engine) prefetch(events []*models.Event, i int) {
	if k := i + 4; k < len(events) {
		e.prefetchHashes(&e.prefetched[k%prefetchRing], events[k])
	}
	if k := i + 3; k >= 0 && k < len(events) {
		e.prefetchRecords(&e.prefetched[k%prefetchRing])
	}
	if k := i + 2; k >= 0 && k < len(events) {
		e.prefetchVisitor(&e.prefetched[k%prefetchRing])
	}
	if k := i + 1; k >= 0 && k < len(events) {
		e.prefetchItem(&e.prefetched[k%prefetchRing], events[k])
	}
}

// prefetchHashes asks for where the visitor and the product are found by name.
func (e *Engine) prefetchHashes(a *prefetched, ev *models.Event) {
	a.visitorHash, a.itemHash, a.visitor, a.item = 0, 0, 0, 0
	a.shop, a.items = e.shop(ev.Shop), len(ev.Items) > 0
	if len(ev.Visitor) > 0 {
		a.visitorHash = e.m.People.HashOf(a.shop, ev.Visitor)
		e.m.People.Prefetch(a.visitorHash)
	}
	if a.items {
		a.itemHash = e.m.Catalogue.HashOf(a.shop, ev.Items[0].ID)
		e.m.Catalogue.Prefetch(a.itemHash)
	}
}

// prefetchRecords asks for the visitor's record and for where the product's name is.
func (e *Engine) prefetchRecords(a *prefetched) {
	if a.visitorHash != 0 {
		e.m.People.PrefetchRecord(a.visitorHash)
	}
	if a.items {
		e.m.Catalogue.PrefetchRef(a.itemHash)
	}
}

// prefetchVisitor asks for what is known of the visitor, and for the product's name.
func (e *Engine) prefetchVisitor(a *prefetched) {
	if a.visitorHash != 0 {
		a.visitor = e.m.People.FindKey(a.visitorHash)
	}
	if a.visitor != 0 {
		e.intents.Prefetch(a.visitor)
		e.category.Prefetch(a.visitor)
		e.m.People.PrefetchViews(a.visitor)
	}
	if a.items {
		e.m.Catalogue.PrefetchName(a.itemHash)
	}
}

// prefetchItem asks for what is known of the product, and for the visitor's running session.
func (e *Engine) prefetchItem(a *prefetched, ev *models.Event) {
	if a.items {
		a.item = e.m.Catalogue.FindHash(a.itemHash, a.shop, ev.Items[0].ID)
	}
	if a.item != 0 {
		e.m.Catalogue.PrefetchItem(a.item)
		e.intents.PrefetchItem(a.item)
	}
	if a.visitor != 0 {
		e.intents.PrefetchSession(a.visitor)
	}
}
