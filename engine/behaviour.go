package engine

import (
	"slices"

	"orrery/churn/timing"
	"orrery/models"
	"orrery/models/people"
	"orrery/recommend/demand"
	"orrery/recommend/frame"
)

// behaviour takes what a visitor did on the shop's pages.
func (e *Engine) behaviour(shop, v uint32, ev *models.Event, a *prefetched) {
	step := e.m.People.Step(shop, v, ev, ev.DeclaresBot())
	if step.Caught {
		e.takeBack(v, ev, &step)
	}
	e.answerMail(shop, v, ev, step.Began)
	if step.Began && !step.Bot && len(ev.Visitor) > 0 {
		e.arrivals.Get(shop, people.NewArrivals).Note(ev.Visitor)
	}
	focus := e.products(shop, v, ev, a, &step)
	if step.Bot {
		e.intents.Drop(v)
		return
	}
	e.intents.Behave(shop, v, ev, step.Began, step.Before, focus)
	e.outlook.Behave(shop, v, ev)
}

// takeBack takes back what a visitor who turns out to be a machine has taught: its views out of social proof; of a burst its steps, and
// its views of what is popular as well. The pairs of what it has viewed together stay, since their lists keep no single ones.
func (e *Engine) takeBack(v uint32, ev *models.Event, step *people.Step) {
	key := frame.VisitorKey(step.Key)
	for _, item := range step.Viewed {
		e.demand.Add(demand.Interaction{Kinds: demand.Forgotten, Item: e.m.Catalogue.Main(item), Key: key})
	}
	if step.Burst == nil {
		return
	}
	e.voids = e.voids[:0]
	for _, view := range step.Burst {
		item := e.m.Catalogue.Main(view.ID)
		if e.m.Catalogue.HasGroups() && slices.Contains(e.voids, item) { // another variant of it has come before
			continue
		}
		e.voids = append(e.voids, item)
		if ev.Trust != models.Public { // of those not every view has counted: see weigh
			e.demand.Add(demand.Interaction{
				Kinds: demand.Voided, Item: item, Scope: e.m.Catalogue.Innermost(item), Time: models.Time(view.Aux) * models.Second,
			})
		}
	}
	e.demand.AddView(demand.Interaction{Kinds: demand.Voided, Visitor: v}, e.voids)
}

// answerMail takes a click, or a visit, for an answer to the contact's newest mail.
func (e *Engine) answerMail(shop, v uint32, ev *models.Event, began bool) {
	if ev.Kind == models.EmailClick {
		e.mails.Answer(shop, e.m.People.ContactOf(v), ev.Time, timing.ClickWithin)
	}
	if began {
		e.mails.Answer(shop, e.m.People.ContactOf(v), ev.Time, timing.VisitWithin)
	}
}

// products takes what an event says of products, and returns the main item of the one that it is about, 0 where it is about none or
// several.
func (e *Engine) products(shop, v uint32, ev *models.Event, a *prefetched, step *people.Step) (focus uint32) {
	single := ev.Kind == models.ViewItem && len(ev.Items) == 1 // a list of products is not a step of a visitor
	kinds := demand.Viewed
	switch click := single && !step.Bot; {
	case click && e.first(shop, ev, a) != 0:
		if kinds |= demand.Clicked; step.Began {
			kinds |= demand.Ended
		}
		e.category.View(shop, v, a.item, step.Began, ev.IDHash())
	default:
		if step.Began {
			e.demand.Add(demand.Interaction{Kinds: demand.Ended, Visitor: v})
		}
		if click { // the public key may name no other product
			return 0
		}
	}
	for i := range ev.Items {
		item := a.item
		if i > 0 || item == 0 {
			item = e.m.Catalogue.ItemOf(shop, ev.Items[i].ID, ev, e.StreamTime())
		}
		if item == 0 {
			continue
		}
		e.mention(shop, item, ev, &ev.Items[i])
		if single || ev.Kind == models.AddToCart {
			focus = e.m.Catalogue.Main(item)
		}
		if !step.Bot {
			e.did(shop, v, item, ev, &ev.Items[i], kinds, step)
		}
	}
	return focus
}

// first returns the number of an event's first item, and notes it in a.
func (e *Engine) first(shop uint32, ev *models.Event, a *prefetched) uint32 {
	if a.item == 0 {
		a.item = e.m.Catalogue.ItemOf(shop, ev.Items[0].ID, ev, e.StreamTime())
	}
	return a.item
}

// did takes what a visitor did with a product: with the variant as far as the visitor goes, and with its main item for all others.
func (e *Engine) did(shop, v, item uint32, ev *models.Event, it *models.Item, kinds demand.Kinds, step *people.Step) {
	p, key, main := e.m.People, frame.VisitorKey(step.Key), e.m.Catalogue.Main(item)
	switch ev.Kind {
	case models.ViewItem:
		e.view(ev, item, demand.Interaction{Kinds: kinds, Visitor: v, Key: key, Item: main, Time: ev.Time, Hash: ev.IDHash()})
	case models.AddToCart:
		counts := e.cartCounts(ev, v, main)
		p.Basket(shop, v, item, ev, it)
		if counts {
			e.demand.Add(demand.Interaction{Kinds: demand.Carted, Item: main, Key: key, Time: ev.Time})
		}
	case models.RemoveFromCart:
		p.Basket(shop, v, item, ev, it)
	}
}

// forgetViews takes what a visitor has viewed out of social proof: a machine made it.
func (e *Engine) forgetViews(v, key uint32) {
	e.m.People.EachViewed(v, func(item uint32) {
		e.demand.Add(demand.Interaction{Kinds: demand.Forgotten, Item: e.m.Catalogue.Main(item), Key: key})
	})
}

// view takes a view of a variant of the product of x.
func (e *Engine) view(ev *models.Event, variant uint32, x demand.Interaction) {
	e.claims.View(x.Visitor, x.Item, x.Time)
	again := ev.Trust == models.Public && e.m.People.ViewedWithin(x.Visitor, x.Item, x.Time, models.Day)
	isFirst, session, before := e.m.People.View(x.Visitor, variant, x.Time)
	if ev.Trust == models.Public {
		isFirst = e.weigh(ev, &x, isFirst, again)
		session = session[max(0, len(session)-publicPairs):]
	}
	if isFirst {
		x.Kinds |= demand.First
		x.Scope = e.m.Catalogue.Innermost(x.Item)
	}
	e.demand.AddView(x, session)
	e.baskets.Viewed(e.claims.Without(before, x.Visitor))
}
