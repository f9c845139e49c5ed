package engine

import (
	"orrery/models"
)

// ApplyBlind is Apply without looking ahead and without help: what Apply has to equal.
func (e *Engine) ApplyBlind(events []*models.Event) {
	e.settleAll()
	e.ledger.Shops().Begin(e.m.People, e.m.Catalogue.Items())
	e.demand.Begin(0)
	for _, ev := range events {
		a := prefetched{shop: e.shop(ev.Shop)}
		if len(ev.Visitor) > 0 {
			a.visitorHash = e.m.People.HashOf(a.shop, ev.Visitor)
		}
		e.count(ev, &a)
		e.demand.Next()
	}
	e.demand.End()
}
