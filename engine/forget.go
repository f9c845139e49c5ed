package engine

import (
	"slices"

	"orrery/models"
	"orrery/models/catalogue"
	"orrery/models/erased"
)

// dropped returns what made room, or found none.
func (e *Engine) dropped() []models.Dropped {
	t := e.m.People.Totals()
	_, _, _, displaced := e.claims.Counts()
	couponsLost, couponsLong := e.m.People.CouponsLost()
	list := []models.Dropped{
		{What: "visitor", Why: "ceiling", N: t.Forgotten - min(t.Forgotten, e.m.People.Displaced())},
		{What: "lead", Why: "ceiling", N: t.LeadsLost}, {What: "attributes", Why: "too_long", N: t.Unsaid}, {What: "claim", Why: "ceiling", N: displaced},
		{What: "coupon", Why: "ceiling", N: couponsLost}, {What: "coupon", Why: "too_long", N: couponsLong},
		{What: "vote", Why: "network", N: e.votes.Refused()}, {What: "visitor", Why: "network", N: e.m.People.Displaced()},
	}
	sessions, forecasts := e.intents.Dropped()
	blocks, unlearnt, unkept := e.m.Next.Dropped()
	list = append(list, models.Dropped{What: "session", Why: "ceiling", N: sessions}, models.Dropped{What: "session_forecast", Why: "ceiling", N: forecasts},
		models.Dropped{What: "outlook", Why: "ceiling", N: e.outlook.Dropped()}, models.Dropped{What: "session_block", Why: "ceiling", N: blocks},
		models.Dropped{What: "ranker", Why: "ceiling", N: unlearnt}, models.Dropped{What: "ranker_example", Why: "ceiling", N: unkept})
	for kind, what := range [catalogue.Kinds]string{"product", "category", "brand"} {
		names := e.m.Catalogue.Invented()
		list = append(list, models.Dropped{What: what, Why: "ceiling", N: names.Refused(catalogue.Kind(kind))},
			models.Dropped{What: what, Why: "network", N: names.Overdrawn(catalogue.Kind(kind))})
	}
	list = append(list, models.Dropped{What: "setting", Why: "conflict", N: e.settings.Conflicts()},
		models.Dropped{What: "setting", Why: "ceiling", N: e.settings.Refused()})
	silent, _ := e.silence.Counts()
	list = append(list, models.Dropped{What: "visitor", Why: "silent", N: silent})
	return append(list, models.Dropped{What: "contact", Why: "erased", N: e.erased.Sum(erased.Contacts)},
		models.Dropped{What: "visitor", Why: "erased", N: e.erased.Sum(erased.Visitors)})
}

// Knows tells whether an event of a shop names no visitor, contact or product that is new. Any goroutine may call it.
func (e *Engine) Knows(shop []byte, ev *models.Event) bool {
	if len(ev.Shop) > 0 {
		shop = ev.Shop
	}
	number, p := e.findShop(shop), e.m.People
	if number == 0 ||
		len(ev.Visitor) > 0 && p.FindVisitor(number, ev.Visitor) == 0 ||
		len(ev.Contact) > 0 && p.FindContact(number, ev.Contact) == 0 && p.FindLead(number, ev.Contact) == 0 {
		return false
	}
	for i := range ev.Items {
		if e.m.Catalogue.Find(number, ev.Items[i].ID) == 0 {
			return false
		}
	}
	return true
}

// meet takes a visitor that the public key has made from a network. Where there are more of them than there may be, the oldest of
// them make room: those of the same network first, if it holds more than its share. Two for one, so that a state under a lower bound than
// before comes down to it.
func (e *Engine) meet(shop, v uint32, net uint64) {
	p := e.m.People
	p.Met(shop, v, net)
	for range 2 {
		oldest := p.Overfull(v, uint64(e.cfg.NetworkStrangers))
		if most := uint64(e.cfg.MaxStrangers); oldest == 0 && most > 0 && p.Crowd() > most {
			oldest = p.Oldest(shop, v, most)
		}
		if oldest == 0 {
			return
		}
		p.MadeRoom()
		e.forget(oldest)
	}
}

// letGo forgets visitors who have not been seen for long: those whose turn it is with this event.
func (e *Engine) letGo() {
	for v := e.silence.Next(); v != 0; v = e.silence.Next() {
		if !e.awaited(v) {
			e.silence.Depart(v)
			e.forget(v)
		}
	}
}

// awaited tells whether something is under way of a visitor, who is not forgotten then.
func (e *Engine) awaited(v uint32) bool {
	return slices.ContainsFunc(e.waits, func(waits func(uint32) bool) bool { return waits(v) })
}

// forget makes all models forget a visitor who has no order and no login. What has been counted stays counted. The
// number is another visitor's some time later, unless a forecast that waits for its outcome still names it: see outlook.Outlooks.
func (e *Engine) forget(v uint32) {
	for _, forget := range e.forgets {
		forget(v)
	}
	e.m.People.Forget(v)
	if !e.outlook.Holds(v) {
		e.m.People.Free(v)
	}
	for i := range e.prefetched {
		if e.prefetched[i].visitor == v {
			e.prefetched[i].visitor = 0
		}
	}
}
