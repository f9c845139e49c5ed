package engine

import "orrery/models"

// person returns the visitor and the contact that an event is about, the latter 0 where it names none, and links them.
func (e *Engine) person(shop uint32, ev *models.Event, a *prefetched) (v, contact uint32) {
	if v = e.visitor(shop, ev, a); v == 0 {
		return 0, 0
	}
	if len(ev.Contact) > 0 {
		contact = e.contact(shop, v, ev)
	}
	e.m.People.Seen(v, ev.Time)
	e.silence.Saw(v, ev.Time)
	return v, contact
}

// visitor returns the visitor that an event is about, 0 where it names nobody: a refund or a cancellation of an order, whoever placed it.
func (e *Engine) visitor(shop uint32, ev *models.Event, a *prefetched) (v uint32) {
	v, fresh := e.named(shop, ev, a)
	if v == 0 {
		return 0
	}
	if !fresh && e.silence.Over(v, ev.Time) && !e.awaited(v) { // somebody new
		e.silence.Depart(v)
		e.forget(v)
		a.visitor = 0
		v, fresh = e.named(shop, ev, a)
	}
	if fresh && e.silence.Returns(v) {
		e.ledger.Shops().Returned()
	}
	p := e.m.People
	if ev.Trust != models.Public || ev.Vouched() && len(ev.Contact) > 0 {
		p.Confirm(shop, v)
	} else if fresh {
		e.meet(shop, v, ev.Net)
	}
	return v
}

// named returns the visitor that an event names, or that stands for the contact which it names, and whether it is a new one.
func (e *Engine) named(shop uint32, ev *models.Event, a *prefetched) (v uint32, fresh bool) {
	p := e.m.People
	switch {
	case a.visitor != 0:
		return a.visitor, false
	case len(ev.Visitor) > 0:
		return p.Keyed(a.visitorHash)
	case len(ev.Contact) == 0:
		return 0, false
	case ev.Vouched():
		return p.Proxy(shop, ev.Contact), false
	default:
		return p.Stranger(shop, ev.Contact)
	}
}

// contact returns the contact that an event names and logs it in on the visitor; where nobody vouches for it, it is a lead and 0 is
// returned.
func (e *Engine) contact(shop, v uint32, ev *models.Event) (c uint32) {
	p := e.m.People
	if !ev.Vouched() {
		var said []byte
		if ev.Kind == models.Identify {
			said = ev.Props
		}
		p.Lead(shop, ev.Contact, said, ev.Time)
		return 0
	}
	t := ev.Time
	if !ev.Confirmed() {
		t -= models.MaxPublicAhead + models.Second // a page's clock never wins over the shop's
	}
	c = p.Contact(shop, ev.Contact)
	if ev.Kind != models.Logout && !ev.ActsForAnother() {
		e.baskets.Viewed(e.claims.Without(p.Link(v, c, t), 0))
		e.customers.Moved(shop, v)
	}
	if ev.Kind == models.Identify {
		p.Identify(c, ev.Props, t)
	}
	return c
}
