package shop

import "orrery/models"

// state is what an actor will do next.
type state uint8

// States of a visitor.
const (
	landing state = iota
	listing
	selecting
	searching
	looking
	wishing
	carting
	reviewing
	removing
	loggingIn
	checkingOut
	paying
)

// The chances that make visitors what they are. Chosen so that the shop's figures come out like a middling one's:
// two visits in five end on their first page, one in thirteen fills a cart, one in thirty buys (TestPlausible).
const (
	bounces     = 0.38
	returns     = 0.45 // visits by persons who were there before
	staysIn     = 0.6  // a contact is still logged in
	secondTime  = 0.3  // a person with two browsers uses the second
	refills     = 0.35 // the visit of a customer of consumables is about buying the same again
	cartChance  = 0.02
	wishChance  = 0.015
	goesWith    = 0.6  // who has put a product into the cart looks at what goes with it
	matches     = 0.5  // and takes the very product that is sold with it
	hotChance   = 0.04 // a landing is on the product of the hour
	moodSpan    = 3 * models.Hour
	meanProduct = 6 // products looked at in a visit that does not bounce

	// eventsPerVisit is what a visit comes to with these chances, mails, crawlers and the shop's own events not counted
	// (measured: see TestRate).
	eventsPerVisit = 5.8
)

// openDoor lets somebody in.
func (s *Shop) openDoor(*actor) (bool, models.Time) {
	persons := s.rate * (1 - s.cfg.Crawlers - mailShare) / eventsPerVisit
	crawlers := s.rate * s.cfg.Crawlers / float64(s.crawlLength())
	if s.awake() {
		if s.rng.Float64()*(persons+crawlers) < crawlers {
			s.sendCrawler()
		} else {
			s.letIn()
		}
	}
	return false, s.every(persons + crawlers)
}

// letIn begins a visit.
func (s *Shop) letIn() {
	person := s.somebody()
	p := &s.people.ring[person]
	a := actor{
		role: visitor, at: s.now, item: -1, person: person, number: p.number, taste: s.taste(p.number),
		second: p.devices && s.rng.Float64() < secondTime,
	}
	a.known = p.account && !a.second && s.rng.Float64() < staysIn
	a.left = 1
	if s.rng.Float64() > bounces {
		a.left = 2 + int32(s.rng.ExpFloat64()*(meanProduct-1))
	}
	a.appetite = s.appetite()
	s.land(&a, p)
	s.begin(&a)
}

// begin gives a visit its number and lets it run.
func (s *Shop) begin(a *actor) {
	s.visits++
	a.visit = s.visits
	s.enter(*a)
}

// somebody returns a new person or one who was there before, customers rather than others.
func (s *Shop) somebody() int32 {
	if n := s.people.known(); n > 100 && s.rng.Float64() < returns {
		a, b := int32(s.rng.IntN(n)), int32(s.rng.IntN(n))
		if s.people.ring[b].orders > s.people.ring[a].orders {
			return b
		}
		return a
	}
	person := s.people.arrive()
	s.people.ring[person].devices = s.rng.IntN(5) == 0
	return person
}

// appetite draws how ready to buy a visitor is: half only look around, some came to buy.
func (s *Shop) appetite() float32 {
	switch r := s.rng.Float64(); {
	case r < 0.5:
		return 0.3
	case r < 0.87:
		return 1
	}
	return 3.5
}

// land chooses where a visit begins.
func (s *Shop) land(a *actor, p *person) {
	a.shelf = a.taste.shelves[0]
	if s.rng.IntN(3) == 0 {
		a.shelf = a.taste.shelves[1+s.rng.IntN(2)]
	}
	switch r := s.rng.Float64(); {
	case p.orders > 0 && shelves[s.products[p.lastItem].shelf].consumable && s.rng.Float64() < refills:
		a.state, a.item, a.appetite = looking, p.lastItem, 8
	case r < hotChance:
		a.state, a.item = looking, int32(mix(s.cfg.Seed, uint64(s.now/moodSpan))%uint64(len(s.products)))
	case r < 0.45:
		a.state, a.item, a.found = looking, s.pick(a), s.rng.IntN(3) > 0
	case r < 0.75:
		a.state = landing
	default:
		a.state = listing
	}
	if a.state == looking {
		a.shelf = s.products[a.item].shelf
	}
}

// pick chooses another product of the actor's shelf: what is in demand, and of two such the one that suits.
func (s *Shop) pick(a *actor) int32 {
	i, j := s.drawn(a.shelf), s.drawn(a.shelf)
	if i == a.item || j != a.item && s.rng.Uint64()&3 != 0 && a.taste.fit(&s.products[j]) > a.taste.fit(&s.products[i]) {
		return j
	}
	return i
}

// drawn draws a product of a shelf by demand, the first where the drawn one is not launched yet.
func (s *Shop) drawn(id shelfID) int32 {
	r := &s.ranges[id]
	i := r.from + r.demand.at(s.rng.Uint64())
	if s.products[i].launch > s.now {
		i = r.from
	}
	return int32(i)
}

// companion chooses a product to go with the actor's: from a shelf that goes with its shelf, and half of the time the
// very product that shops sell with it.
func (s *Shop) companion(a *actor) int32 {
	with := shelves[a.shelf].with
	choice := 0
	for choice < len(with)-1 && s.rng.IntN(5) < 2 {
		choice++
	}
	first := a.item
	a.shelf = with[choice]
	r := &s.ranges[a.shelf]
	if s.rng.Float64() < matches {
		i := r.from + int(mix(s.cfg.Seed^uint64(first), uint64(a.shelf))%uint64(min(r.n, 5)))
		if s.products[i].launch <= s.now {
			return int32(i)
		}
	}
	return s.pick(a)
}

// visit is one act of a visitor.
func (s *Shop) visit(a *actor) (bool, models.Time) {
	switch a.state {
	case landing:
		s.pageView(a)
		return true, s.browse(a)
	case listing:
		s.list(a)
		if s.rng.Float64() < 0.55 {
			return true, s.then(a, selecting, 8*models.Second)
		}
		return true, s.browse(a)
	case selecting:
		s.about(a, models.SelectItem)
		return true, s.then(a, looking, models.Second)
	case searching:
		s.search(a)
		a.item = s.pick(a)
		return true, s.then(a, looking, 9*models.Second)
	case looking:
		s.about(a, models.ViewItem)
		return true, s.afterLook(a)
	case wishing:
		s.about(a, models.AddToWishlist)
		return true, s.browse(a)
	case carting:
		return true, s.putInCart(a)
	}
	return true, s.atTheTill(a)
}

func (s *Shop) then(a *actor, next state, mean models.Time) models.Time {
	a.state = next
	return s.pause(mean)
}

// browse decides what is looked at next, if anything.
func (s *Shop) browse(a *actor) models.Time {
	if a.left--; a.left <= 0 {
		return s.leave(a)
	}
	switch r := s.rng.Float64(); {
	case r < 0.12:
		a.shelf = a.taste.shelves[s.rng.IntN(3)]
		a.state = listing
	case r < 0.19:
		a.shelf = a.taste.shelves[s.rng.IntN(3)]
		a.state = searching
	case r < 0.3:
		a.item = s.companion(a)
		a.state = looking
	default:
		a.item = s.pick(a)
		a.state = looking
	}
	return s.pause(24 * models.Second)
}

// leave ends a visit, or leads to the cart first.
func (s *Shop) leave(a *actor) models.Time {
	if a.lines > 0 && s.rng.Float64() < 0.7 {
		return s.then(a, reviewing, 12*models.Second)
	}
	return gone
}

func (s *Shop) afterLook(a *actor) models.Time {
	p := &s.products[a.item]
	wants := cartChance * float64(a.appetite) * float64(min(max(0.35+a.taste.fit(p), 0.1), 1.6))
	switch {
	case a.lines < maxLines && !a.has(a.item) && p.stock > 0 && s.rng.Float64() < wants:
		return s.then(a, carting, 9*models.Second)
	case s.rng.Float64() < wishChance:
		return s.then(a, wishing, 6*models.Second)
	}
	return s.browse(a)
}

func (a *actor) has(item int32) bool {
	for _, l := range a.cart[:a.lines] {
		if l.item == item {
			return true
		}
	}
	return false
}

func (s *Shop) putInCart(a *actor) models.Time {
	quantity := int32(1)
	if shelves[a.shelf].consumable && s.rng.IntN(3) == 0 {
		quantity = 2 + int32(s.rng.IntN(2))
	}
	a.cart[a.lines] = line{a.item, quantity}
	a.lines++
	e := s.of(a, models.AddToCart)
	e.Currency = s.currency
	s.addItem(a.item, quantity)
	switch r := s.rng.Float64(); {
	case r < goesWith:
		a.item = s.companion(a)
		a.left = max(a.left, 2)
		a.appetite = min(a.appetite*5, 20)
		return s.then(a, looking, 10*models.Second)
	case r < 0.85:
		return s.then(a, reviewing, 8*models.Second)
	}
	return s.browse(a)
}
