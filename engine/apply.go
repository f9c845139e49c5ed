package engine

import (
	"bytes"
	"cmp"

	"orrery/churn/timing"
	"orrery/models"
	"orrery/models/catalogue"
	"orrery/models/people"
	"orrery/recommend/baskets"
	"orrery/recommend/demand"
	"orrery/recommend/frame"
)

// Apply implements stream.Machine.
func (e *Engine) Apply(events []*models.Event) {
	e.resettle()
	e.demand.Begin(len(events))
	for i := -aheadSteps; i < len(events); i++ {
		e.lookAhead(events, i)
		if i >= 0 {
			e.apply(events[i], &e.ahead[i%aheadRing])
			e.demand.Next()
		}
	}
	e.demand.End()
	e.claims.Advance(e.StreamTime())
}

func (e *Engine) apply(ev *models.Event, a *ahead) {
	shop := a.shop
	if shop == 0 { // one too many: who asks Admit before never comes here with it
		return
	}
	if ev.Kind == models.LearnedRecord {
		e.customers.Learn(shop, ev)
		return
	}
	e.ledger.Event(ev.Name, ev.Trust)
	if int64(ev.Time) > e.now.Load() {
		e.now.Store(int64(ev.Time))
		if e.customers.Dawns(ev.Time) {
			e.customers.Dawn(ev.Time)
		}
	}
	if e.customers.Renewing() {
		e.customers.Renew()
	}
	if ev.Kind.Topic() == models.Catalogue {
		item := e.m.Catalogue.Item(shop, ev.Items[0].ID)
		e.follow(shop, item, e.m.Catalogue.Apply(shop, item, ev))
		return
	}
	if ev.Kind == models.Erasure {
		e.erase(shop, ev)
		return
	}
	if e.erased.any() {
		if ev, a = e.withhold(shop, ev, a); ev == nil || e.nobodys(shop, ev) {
			return
		}
	}
	v, contact := e.person(shop, ev, a)
	if !ev.Stale {
		e.intents.Tick(ev.Time)
		e.outlook.Tick()
	}
	switch ev.Kind {
	case models.Identify:
	case models.Logout:
		e.m.People.Logout(v, ev.Time)
		e.customers.Moved(shop, v)
	case models.Purchase:
		if ev.Confirmed() || e.pageOrder(v, contact, ev) {
			e.purchase(shop, v, contact, ev)
		} else {
			e.claim(shop, v, ev)
		}
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
	if effect&catalogue.Moved != 0 {
		e.demand.Add(demand.Interaction{Kinds: demand.Moved, Item: item, Scope: e.m.Catalogue.Innermost(item)})
	}
}

// person returns the visitor and the contact that an event is about, the latter 0 where it names none, and links them.
func (e *Engine) person(shop uint32, ev *models.Event, a *ahead) (v, c uint32) {
	p := e.m.People
	fresh := false
	switch {
	case a.visitor != 0:
		v = a.visitor
	case len(ev.Visitor) > 0:
		v, fresh = p.Keyed(a.visitorHash)
	case len(ev.Contact) == 0: // a refund or a cancellation of an order, whoever placed it
		return 0, 0
	case ev.Vouched():
		v = p.Proxy(shop, ev.Contact)
	default:
		v, fresh = p.Stranger(shop, ev.Contact)
	}
	if ev.Trust != models.Public || ev.Vouched() && len(ev.Contact) > 0 {
		p.Confirm(shop, v)
	} else if fresh {
		e.meet(shop, v, ev.Net)
	}
	switch {
	case len(ev.Contact) == 0:
	case ev.Vouched():
		t := ev.Time
		if !ev.Confirmed() {
			t -= models.MaxPublicAhead + models.Second // a page's clock never wins over the shop's
		}
		c = p.Contact(shop, ev.Contact)
		if ev.Kind != models.Logout && !actingAs(ev) {
			e.baskets.Viewed(e.claims.Without(p.Link(v, c, t), 0))
			e.customers.Moved(shop, v)
		}
		if ev.Kind == models.Identify {
			p.Identify(c, ev.Props, t)
		}
	case ev.Kind == models.Identify:
		p.Lead(shop, ev.Contact, ev.Props, ev.Time)
	default:
		p.Lead(shop, ev.Contact, nil, ev.Time)
	}
	p.Seen(v, ev.Time)
	return v, c
}

// actingAs tells whether an event names a contact that somebody else acts for, a shop's clerk most of the time:
// "acting_as":true. It links nothing.
func actingAs(ev *models.Event) bool {
	if len(ev.Props) == 0 || !bytes.Contains(ev.Props, []byte(`"acting_as"`)) {
		return false
	}
	yes, _ := models.Member(ev.Props, "acting_as").Bool()
	return yes
}

// behaviour takes what a visitor did on the shop's pages.
func (e *Engine) behaviour(shop, v uint32, ev *models.Event, a *ahead) {
	p := e.m.People
	before := p.LastBehaviour(v)
	began := p.Behave(v, ev.Time)
	key := frame.VisitorKey(p.Key(v))
	if declaredBot(ev) && p.MarkBot(v) {
		e.forgetViews(v, key)
	}
	if (ev.Kind == models.ViewItem || ev.Kind == models.PageView) && p.Paces(v, ev.Time) {
		e.forgetViews(v, key)
		e.void(v, ev)
	}
	bot := p.IsBot(v)
	if ev.Kind == models.EmailClick {
		e.mails.Answer(shop, p.ContactOf(v), ev.Time, timing.ClickWithin)
	}
	if began {
		p.Came(shop, v)
		e.mails.Answer(shop, p.ContactOf(v), ev.Time, timing.VisitWithin)
		if len(ev.Visitor) > 0 && !bot {
			e.arrivals.note(ev.Visitor)
		}
	}
	kinds, refused := demand.Viewed, false
	switch {
	case ev.Kind == models.ViewItem && len(ev.Items) == 1 && !bot: // a list of products is not a step of a visitor
		if a.item == 0 {
			a.item = e.m.Catalogue.ItemOf(shop, ev.Items[0].ID, ev, e.StreamTime())
		}
		if refused = a.item == 0; refused {
			if began {
				e.demand.Add(demand.Interaction{Kinds: demand.Ended, Visitor: v})
			}
			break
		}
		if kinds |= demand.Clicked; began {
			kinds |= demand.Ended
		}
		e.category.View(shop, v, a.item, began, ev.IDHash())
	case began:
		e.demand.Add(demand.Interaction{Kinds: demand.Ended, Visitor: v})
	}
	focus := uint32(0) // the one product that the event is about
	for i := range ev.Items {
		it := &ev.Items[i]
		item := a.item
		if refused {
			break
		}
		if i > 0 || item == 0 {
			item = e.m.Catalogue.ItemOf(shop, it.ID, ev, e.StreamTime())
		}
		if item == 0 {
			continue
		}
		e.mention(shop, item, ev, it)
		if ev.Kind == models.AddToCart || ev.Kind == models.ViewItem && len(ev.Items) == 1 {
			focus = item
		}
		if bot {
			continue
		}
		switch ev.Kind {
		case models.ViewItem:
			e.view(ev, demand.Interaction{Kinds: kinds, Visitor: v, Key: key, Item: item, Time: ev.Time, Hash: ev.IDHash()})
		case models.AddToCart:
			p.Carts(shop, v)
			counts := e.cartCounts(ev, v, item)
			p.AddToCart(v, item, uint32(it.Quantity), ev.Time)
			if counts {
				e.demand.Add(demand.Interaction{Kinds: demand.Carted, Item: item, Key: key, Time: ev.Time})
			}
		case models.RemoveFromCart:
			p.Carts(shop, v)
			p.RemoveFromCart(v, item, uint32(it.Quantity), ev.Time)
		}
	}
	if bot {
		e.intents.Drop(v)
	} else {
		e.intents.Behave(shop, v, ev, began, before, focus)
		e.outlook.Behave(shop, v, ev)
	}
}

// forgetViews takes what a visitor has viewed out of social proof: a machine made it.
func (e *Engine) forgetViews(v, key uint32) {
	e.m.People.EachViewed(v, func(item uint32) { e.demand.Add(demand.Interaction{Kinds: demand.Forgotten, Item: item, Key: key}) })
}

// void takes back what the burst of a visitor that an event begins has taught: its steps, and its views of what is popular. The pairs
// of what it has viewed together stay, since their lists keep no single ones.
func (e *Engine) void(v uint32, ev *models.Event) {
	views := e.m.People.Burst(v, ev.Time)
	e.voids = e.voids[:0]
	for _, view := range views {
		e.voids = append(e.voids, view.ID)
		if ev.Trust != models.Public { // of those not every view has counted: see weigh
			e.demand.Add(demand.Interaction{
				Kinds: demand.Voided, Item: view.ID, Scope: e.m.Catalogue.Innermost(view.ID), Time: models.Time(view.Aux) * models.Second,
			})
		}
	}
	e.demand.AddView(demand.Interaction{Kinds: demand.Voided, Visitor: v}, e.voids)
}

// declaredBot tells whether an event says of itself that a crawler made it: "bot":true in props. A page that names a contact
// and no browser does not make a crawler of the contact.
func declaredBot(ev *models.Event) bool {
	if len(ev.Props) == 0 || !bytes.Contains(ev.Props, []byte(`"bot"`)) || !ev.Confirmed() && len(ev.Visitor) == 0 {
		return false
	}
	yes, _ := models.Member(ev.Props, "bot").Bool()
	return yes
}

// view takes a view of a product.
func (e *Engine) view(ev *models.Event, x demand.Interaction) {
	e.claims.View(x.Visitor, x.Item, x.Time)
	again := ev.Trust == models.Public && e.m.People.ViewedWithin(x.Visitor, x.Item, x.Time, models.Day)
	isFirst, session, before := e.m.People.View(x.Visitor, x.Item, x.Time)
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

// orderHash returns the key of an event's order. A purchase without an order id is an order of its own.
func (e *Engine) orderHash(shop uint32, ev *models.Event) uint64 {
	if len(ev.Order) == 0 {
		return e.m.People.HashOfEvent(ev.IDHash())
	}
	return e.m.People.HashOf(shop, ev.Order)
}

func (e *Engine) purchase(shop, v, contact uint32, ev *models.Event) {
	e.m.People.Confirm(shop, v)
	e.buy(e.orderHash(shop, ev), shop, v, contact, ev)
}

// buy takes an order by its key.
func (e *Engine) buy(key uint64, shop, v, contact uint32, ev *models.Event) {
	order := people.Order{
		Hash: key, ID: ev.Order, Contact: contact, Time: ev.Time, Browser: len(ev.Visitor) > 0,
		Value: ev.Amount(), Currency: e.ledger.Currency(ev.Currency), Lines: e.distinct(shop, ev),
	}
	if value, conflict := e.m.People.Part(&order); conflict {
		e.ledger.Conflict(order.Currency, value)
	}
	viewed, money, fresh := e.m.People.Purchase(v, &order)
	if !fresh {
		return
	}
	e.book(money)
	e.customers.Settle(shop, e.m.People.OrderOf(order.Hash))
	e.mails.Answer(shop, cmp.Or(contact, e.m.People.ContactOf(v)), ev.Time, timing.VisitWithin)
	e.teach(shop, v, ev, &order)
	e.baskets.Viewed(viewed)
	if order.Hash == key { // else pages have told of the other one as well
		e.claims.Confirmed(key, e.m.People.OrderOf(key))
	}
}

// teach lets models learn from an order, and count it for the contact whose it is, or for its browser.
func (e *Engine) teach(shop, v uint32, ev *models.Event, order *people.Order) {
	owner := frame.VisitorOwner(v)
	if contact := e.m.People.OrderContact(e.m.People.OrderOf(order.Hash)); contact != 0 {
		owner = frame.ContactOwner(contact)
	}
	visitor := frame.VisitorKey(e.m.People.Key(v))
	e.bought = e.bought[:0]
	for _, l := range order.Lines {
		e.bought = append(e.bought, l.Item)
	}
	e.baskets.Take(&baskets.Order{Shop: shop, Owner: owner, Hash: ev.IDHash(), Time: ev.Time, Products: e.bought})
	for _, item := range e.bought {
		e.demand.Add(demand.Interaction{Kinds: demand.Bought, Item: item, Key: visitor, Scope: e.m.Catalogue.Innermost(item), Time: ev.Time})
		e.intents.Ordered(shop, item)
	}
}

// bestsellers appends what a shop sells best, which rankers of baskets fill up with. It is the one place where a model of persons asks
// what all visitors do in the middle of an event: the ranker learns from what it would have shown at that moment, so it waits for the
// interactions before the order. That is one order in eight.
func (e *Engine) bestsellers(list []uint32, shop uint32, t models.Time) []uint32 {
	e.demand.Settle()
	e.ranked = e.m.Popular.Bestsellers(e.ranked[:0], e.m.Catalogue.Scope(shop, nil), t)
	for _, r := range e.ranked {
		list = append(list, r.Product)
	}
	return list
}

// distinct returns the products of an event in its order, each once, quantities summed.
func (e *Engine) distinct(shop uint32, ev *models.Event) []people.Line {
	e.lines = e.lines[:0]
next:
	for i := range ev.Items {
		it := &ev.Items[i]
		item := e.item(shop, ev, it)
		if item == 0 {
			continue
		}
		for k := range e.lines {
			if e.lines[k].Item == item {
				e.lines[k].Quantity += uint32(it.Quantity)
				continue next
			}
		}
		e.lines = append(e.lines, people.Line{Item: item, Quantity: uint32(it.Quantity)})
	}
	return e.lines
}

// book takes what an order or a refund has done to the money.
func (e *Engine) book(money []people.Change) {
	e.ledger.Book(money)
	e.ledger.Over(e.m.People.Apart())
}

func (e *Engine) refund(shop, contact uint32, ev *models.Event) {
	for i := range ev.Items {
		e.item(shop, ev, &ev.Items[i])
	}
	hash := e.m.People.OrderMeant(e.orderHash(shop, ev), contact)
	e.book(e.m.People.Refund(hash, ev.Amount(), e.ledger.Currency(ev.Currency)))
	e.customers.Settle(shop, e.m.People.OrderOf(hash))
}

func (e *Engine) cancel(shop, contact uint32, ev *models.Event) {
	hash := e.m.People.OrderMeant(e.orderHash(shop, ev), contact)
	e.book(e.m.People.Cancel(hash))
	e.customers.Settle(shop, e.m.People.OrderOf(hash))
}
