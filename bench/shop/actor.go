package shop

import "orrery/models"

// role is what an actor does.
type role uint8

const (
	doorman  role = iota // lets visitors in
	mailer               // sends mail
	keeper               // launches products and changes prices
	visitor              // a person in the shop
	crawler              // a program that reads the whole catalogue
	reader               // a contact with a mail in the inbox
	returner             // a customer who will cancel an order or send goods back
	supplier             // a product that is sold out
)

// actor is one who does something at a time, and then is asked again when the next time has come.
type actor struct {
	role   role
	state  state
	second bool // on the second browser
	known  bool // logged in: events carry the contact
	found  bool // comes from a search engine, which the first page says
	at     models.Time
	person int32  // place in the ring
	number uint64 // of the person
	visit  uint64 // number of the visit
	order  uint64

	item     int32 // looked at
	shelf    shelfID
	taste    taste
	left     int32   // products that will still be looked at
	appetite float32 // how ready to buy
	lines    int
	cart     [maxLines]line
}

const maxLines = 6

// line is a product in a cart.
type line struct {
	item     int32
	quantity int32
}

// entry is an actor's place in the heap.
type entry struct {
	at    models.Time
	actor int32
}

// enter lets an actor act from its time on.
func (s *Shop) enter(a actor) {
	i := int32(len(s.actors))
	if n := len(s.free); n > 0 {
		i, s.free = s.free[n-1], s.free[:n-1]
		s.actors[i] = a
	} else {
		s.actors = append(s.actors, a)
	}
	s.heap = append(s.heap, entry{a.at, i})
	for at := len(s.heap) - 1; at > 0; {
		parent := (at - 1) / 2
		if s.heap[parent].at <= s.heap[at].at {
			return
		}
		s.heap[parent], s.heap[at] = s.heap[at], s.heap[parent]
		at = parent
	}
}

// step lets the next actor act, and reports whether that made an event. An actor that enters meanwhile does so at this
// time or later, so the one that acts stays at the top of the heap.
func (s *Shop) step() bool {
	top := s.heap[0]
	s.now = top.at
	a := s.actors[top.actor] // a copy: entering may move the slice
	made, wait := s.act(&a)
	if wait < 0 {
		s.free = append(s.free, top.actor)
		last := len(s.heap) - 1
		s.heap[0] = s.heap[last]
		s.heap = s.heap[:last]
	} else {
		a.at = top.at + wait
		s.actors[top.actor] = a
		s.heap[0].at = a.at
	}
	s.sink()
	return made
}

// sink moves the top of the heap to its place.
func (s *Shop) sink() {
	h := s.heap
	for at := 0; ; {
		child := 2*at + 1
		if child >= len(h) {
			return
		}
		if child+1 < len(h) && h[child+1].at < h[child].at {
			child++
		}
		if h[at].at <= h[child].at {
			return
		}
		h[at], h[child] = h[child], h[at]
		at = child
	}
}

// gone is the waiting time of an actor who will not come back.
const gone = models.Time(-1)

// act does what an actor has to do now: at most one event, which it reports, and the time to wait until the next act.
func (s *Shop) act(a *actor) (made bool, wait models.Time) {
	switch a.role {
	case doorman:
		return s.openDoor(a)
	case mailer:
		return s.mail()
	case keeper:
		return s.keep(a)
	case crawler:
		return s.crawl(a)
	case reader:
		return s.readMail(a)
	case returner:
		return s.takeBack(a)
	case supplier:
		return s.supply(a)
	}
	return s.visit(a)
}

// pause draws a waiting time around a mean: never less than a fifth of it, exponential beyond.
func (s *Shop) pause(mean models.Time) models.Time {
	return mean/5 + models.Time(s.rng.ExpFloat64()*float64(mean)*0.8)
}
