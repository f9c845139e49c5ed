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
	aheadSteps = 4 // of lookAhead
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
}

// lookAhead does the next step for each of the events that follow event i: the first for the last of them.
func (e *Engine) lookAhead(events []*models.Event, i int) {
	if k := i + 4; k < len(events) {
		e.aheadHashes(&e.ahead[k%aheadRing], events[k])
	}
	if k := i + 3; k >= 0 && k < len(events) {
		e.aheadRecords(&e.ahead[k%aheadRing])
	}
	if k := i + 2; k >= 0 && k < len(events) {
		e.aheadVisitor(&e.ahead[k%aheadRing])
	}
	if k := i + 1; k >= 0 && k < len(events) {
		e.aheadItem(&e.ahead[k%aheadRing], events[k])
	}
}

// aheadHashes asks for where the visitor and the product are found by name.
func (e *Engine) aheadHashes(a *ahead, ev *models.Event) {
	a.visitorHash, a.itemHash, a.visitor, a.item = 0, 0, 0, 0
	a.shop, a.items = e.shop(ev.Shop), len(ev.Items) > 0
	if len(ev.Visitor) > 0 {
		a.visitorHash = e.m.People.HashOf(a.shop, ev.Visitor)
		e.m.People.Ahead(a.visitorHash)
	}
	if a.items {
		a.itemHash = e.m.Catalogue.HashOf(a.shop, ev.Items[0].ID)
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
		e.intents.Ahead(a.visitor)
		e.category.Ahead(a.visitor)
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
		e.intents.AheadItem(a.item)
	}
	if a.visitor != 0 {
		e.intents.AheadSession(a.visitor)
	}
}
