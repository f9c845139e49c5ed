package engine

import (
	"orrery/models"
	"orrery/models/catalogue"
	"orrery/recommend/demand"
)

// Apply implements stream.Machine.
func (e *Engine) Apply(events []*models.Event) {
	e.settleAll()
	e.ledger.Shops().Begin(e.m.People, e.m.Catalogue.Items())
	e.demand.Begin(len(events))
	for i := -prefetchSteps; i < len(events); i++ {
		e.prefetch(events, i)
		if i >= 0 {
			e.count(events[i], &e.prefetched[i%prefetchRing])
			e.demand.Next()
		}
	}
	e.demand.End()
	e.claims.Advance(e.StreamTime())
}

// count applies an event, and counts for its shop what that has changed.
func (e *Engine) count(ev *models.Event, a *prefetched) {
	e.ledger.Shops().At(a.shop)
	e.demand.At(a.shop)
	e.apply(ev, a)
	e.ledger.Shops().Take(e.m.People, e.m.Catalogue.Items())
}

// apply takes an event. It meets, in this order: the totals; the catalogue, where it is about a product; the persons, who it is about; the
// clocks of forecasts; then what was done.
func (e *Engine) apply(ev *models.Event, a *prefetched) {
	shop := a.shop
	if shop == 0 { // one too many: who asks Admit before never comes here with it
		return
	}
	if ev.Kind == models.LearnedRecord {
		e.customers.Learn(shop, ev)
		return
	}
	if ev.Kind == models.SettingRecord {
		e.set(shop, ev)
		return
	}
	e.ledger.Event(ev.Name, ev.Trust)
	if ev.Kind == models.Erasure { // its time is that of a clerk's clock, not the stream's
		e.erase(shop, ev)
		return
	}
	if int64(ev.Time) > e.now.Load() {
		e.now.Store(int64(ev.Time))
		if e.customers.Dawns(ev.Time) {
			e.customers.Dawn(ev.Time)
			e.intents.Dawn(ev.Time)
			e.outlook.Dawn()
		}
		e.m.Catalogue.Advance(ev.Time)
		if e.silence.Pass(ev.Time) {
			e.letGo()
		}
	}
	if e.customers.Renewing() {
		e.customers.Renew()
	}
	switch {
	case ev.Kind == models.FeedTaken:
		e.m.Catalogue.Feed(shop, ev)
		return
	case ev.Kind.Topic() == models.Catalogue:
		item := e.m.Catalogue.Item(shop, ev.Items[0].ID)
		e.follow(shop, item, e.m.Catalogue.Apply(shop, item, ev))
		return
	case e.erased.Any():
		if ev, a = e.withhold(shop, ev, a); ev == nil || e.nobodys(shop, ev) {
			return
		}
	}
	v, contact := e.person(shop, ev, a)
	if !ev.Stale {
		e.intents.Tick(shop, ev.Time)
		e.outlook.Tick(shop)
	}
	e.act(shop, v, contact, ev, a)
}

// act takes what a person did.
func (e *Engine) act(shop, v, contact uint32, ev *models.Event, a *prefetched) {
	switch ev.Kind {
	case models.Identify:
	case models.Logout:
		e.m.People.Logout(v, ev.Time)
		e.customers.Moved(shop, v)
	case models.Purchase:
		e.purchase(shop, v, contact, ev)
	case models.Refund:
		e.refund(shop, contact, ev)
	case models.Cancel:
		e.cancel(shop, contact, ev)
	case models.EmailSent:
		e.mails.Send(shop, contact, e.customers.Segment(shop, contact, ev.Time), ev.Time)
	case models.EmailOpen: // a mail program's doing
	default:
		if ev.Stale {
			e.remember(shop, v, ev)
		} else {
			e.behaviour(shop, v, ev, a)
		}
	}
}

// item returns the number of an event's item, and takes what the event says of it where no feed does. It is 0 where the public
// key may name no other.
func (e *Engine) item(shop uint32, ev *models.Event, it *models.Item) uint32 {
	item := e.m.Catalogue.ItemOf(shop, it.ID, ev, e.StreamTime())
	if item != 0 {
		e.mention(shop, item, ev, it)
	}
	return item
}

func (e *Engine) mention(shop, item uint32, ev *models.Event, it *models.Item) {
	e.follow(shop, item, e.m.Catalogue.MentionBy(shop, item, it, ev, e.StreamTime()))
}

// follow passes on what the catalogue has learned of an item.
func (e *Engine) follow(shop, item uint32, effect catalogue.Effect) {
	if effect != 0 {
		var p models.Product
		e.m.Catalogue.Product(item, &p)
		e.m.Similar.List(shop, &p)
	}
	if effect&catalogue.Joined != 0 {
		e.join(item)
	}
	if effect&catalogue.Moved != 0 {
		main := e.m.Catalogue.Main(item)
		e.demand.Add(demand.Interaction{Kinds: demand.Moved, Item: main, Scope: e.m.Catalogue.Innermost(main)})
	}
}

// join takes what is counted of an item for its main item, now that it is known to be a variant.
func (e *Engine) join(item uint32) {
	main := e.m.Catalogue.Main(item)
	if main == item {
		return
	}
	e.baskets.Join(item, main)
	e.intents.Join(item, main)
	e.demand.AddView(demand.Interaction{Kinds: demand.Joined, Item: main, Scope: e.m.Catalogue.Innermost(main)}, append(e.voids[:0], item))
}
