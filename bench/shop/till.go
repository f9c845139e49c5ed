package shop

import "orrery/models"

// atTheTill is an act of a visitor with a cart.
func (s *Shop) atTheTill(a *actor) (wait models.Time) {
	switch a.state {
	case reviewing:
		s.withCart(a, models.ViewCart)
		switch r := s.rng.Float64(); {
		case r < 0.1:
			return s.then(a, removing, 7*models.Second)
		case r < 0.68:
			return s.toCheckout(a)
		}
		return s.browse(a)
	case removing:
		s.takeOut(a)
		if a.lines > 0 && s.rng.Float64() < 0.6 {
			return s.toCheckout(a)
		}
		return s.browse(a)
	case loggingIn:
		s.identify(a)
		return s.then(a, checkingOut, 20*models.Second)
	case checkingOut:
		s.withCart(a, models.BeginCheckout)
		if s.rng.Float64() < 0.76 {
			return s.then(a, paying, 45*models.Second)
		}
		return gone
	}
	s.pay(a)
	return gone
}

// toCheckout leads on to the till: contacts log in, most others sign up, and some buy as guests.
func (s *Shop) toCheckout(a *actor) models.Time {
	account := false
	s.remember(a, func(p *person) { account = p.account })
	if !a.known && (account || s.rng.Float64() < 0.7) {
		return s.then(a, loggingIn, 15*models.Second)
	}
	return s.then(a, checkingOut, 12*models.Second)
}

func (s *Shop) takeOut(a *actor) {
	at := s.rng.IntN(a.lines)
	l := a.cart[at]
	a.lines--
	a.cart[at] = a.cart[a.lines]
	e := s.of(a, models.RemoveFromCart)
	e.Currency = s.currency
	s.addItem(l.item, l.quantity)
}

// identify says who the visitor is, and what a shop knows of a contact.
func (s *Shop) identify(a *actor) {
	s.remember(a, func(p *person) { p.account = true })
	a.known = true
	e := s.of(a, models.Identify)
	from := len(s.text)
	s.text = append(append(s.text, `"first_name":"`...), s.firstName(a.number)...)
	s.text = append(append(s.text, `","city":"`...), towns[mix(a.number, 7)%uint64(len(towns))]...)
	s.text = append(s.text, `","newsletter":`...)
	if mix(a.number, 8)%4 > 0 {
		s.text = append(s.text, "true"...)
	} else {
		s.text = append(s.text, "false"...)
	}
	e.Props = s.written(from)
}

// pay orders what is in the cart.
func (s *Shop) pay(a *actor) {
	s.orders++
	a.order = s.orders
	e := s.withCart(a, models.Purchase)
	e.Order = s.orderID(a.order)
	e.HasValue = true
	for i := range e.Items {
		e.Value += e.Items[i].Price * models.Money(e.Items[i].Quantity)
	}
	s.remember(a, func(p *person) {
		p.orders++
		p.lastItem = a.cart[0].item
	})
	for _, l := range a.cart[:a.lines] {
		s.sell(l)
	}
	if s.rng.IntN(25) == 0 {
		s.regret(*a)
	}
}

// sell takes a line's pieces from the stock. A product that is sold out comes back after a while, and in twice the
// number, so that a shop with more visitors than goods does not stand empty.
func (s *Shop) sell(l line) {
	p := &s.products[l.item]
	if p.stock <= 0 {
		return // sold out since it was put into the cart: delivered later
	}
	if p.stock -= l.quantity; p.stock <= 0 {
		p.stock = 0
		s.enter(actor{role: supplier, at: s.now + models.Second, item: l.item})
	}
}

// supply says that a product is sold out, and later that it is there again.
func (s *Shop) supply(a *actor) (bool, models.Time) {
	p := &s.products[a.item]
	wait := gone
	if a.state == 0 {
		a.state = 1
		wait = s.pause(30 * models.Minute)
	} else {
		p.stock = p.supply
		p.supply = min(2*p.supply, 1<<20)
	}
	e := s.fresh(models.ProductStock)
	from := len(s.text)
	s.text = appendAvailability(s.text, p)
	e.Items = append(e.Items, models.Item{ID: p.id, Quantity: 1, Props: s.written(from)})
	return true, wait
}

// regret lets a customer cancel the order within the hour, or send some of it back within days.
func (s *Shop) regret(a actor) {
	a.role, a.state = returner, 0
	a.at = s.now + 2*models.Minute + s.pause(20*models.Minute)
	if s.rng.IntN(4) > 0 {
		a.state = 1
		a.at = s.now + models.Day + s.pause(4*models.Day)
		a.lines = 1 + s.rng.IntN(a.lines)
	}
	s.enter(a)
}

func (s *Shop) takeBack(a *actor) (bool, models.Time) {
	if a.state == 0 {
		e := s.of(a, models.Cancel)
		e.Order = s.orderID(a.order)
		return true, gone
	}
	e := s.withCart(a, models.Refund)
	e.Order = s.orderID(a.order)
	e.HasValue = true
	for i := range e.Items {
		e.Value += e.Items[i].Price * models.Money(e.Items[i].Quantity)
	}
	return true, gone
}
