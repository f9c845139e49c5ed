package shop

import "strings"

// person is one of the shop's visitors, as far as the simulation has to remember. Tastes are not kept: they follow
// from the number.
type person struct {
	number   uint64 // 0 is nobody yet
	orders   uint16
	account  bool  // has bought or signed up: a contact
	devices  bool  // uses a second browser as well
	lastItem int32 // of the last order
}

// people is the persons of the last time, in a ring.
type people struct {
	ring  []person
	count uint64 // persons ever
}

func newPeople(n int) people { return people{ring: make([]person, n)} }

// arrive puts a new person into the oldest one's place.
func (p *people) arrive() int32 {
	i := int32(p.count % uint64(len(p.ring)))
	p.count++
	p.ring[i] = person{number: p.count}
	return i
}

// known returns how many places of the ring are taken.
func (p *people) known() int { return int(min(p.count, uint64(len(p.ring)))) }

// contact draws a contact; where there are few it may find none.
func (s *Shop) contact() (int32, bool) {
	if n := s.people.known(); n > 0 {
		for range 32 {
			if i := s.rng.IntN(n); s.people.ring[i].account {
				return int32(i), true
			}
		}
	}
	return 0, false
}

// remember changes what is remembered of an actor's person, unless another one has taken the place meanwhile.
func (s *Shop) remember(a *actor, change func(*person)) {
	if p := &s.people.ring[a.person]; p.number == a.number {
		change(p)
	}
}

// taste is what a person likes, always the same for the same person.
type taste struct {
	hash    uint64
	shelves [3]shelfID // favourites: the one on their mind most, one that goes with it, and any other
	level   float32    // 0 buys cheap, 1 buys dear
}

func (s *Shop) taste(number uint64) taste {
	h := mix(s.cfg.Seed^0x7461737465, number)
	t := taste{hash: h, level: float32(unit(mix(h, 1)))}
	t.shelves[0] = shelfID(s.footfall.at(mix(h, 2)))
	with := shelves[t.shelves[0]].with
	t.shelves[1] = with[mix(h, 3)%uint64(len(with))]
	t.shelves[2] = shelfID(s.footfall.at(mix(h, 4)))
	return t
}

// likes reports whether a brand is one of the person's: one in three is.
func (t *taste) likes(p *product) bool {
	return mix(t.hash, uint64(p.brand[0])<<8|uint64(p.brand[1]))%3 == 0
}

// fit says how well a product suits a person: about -1 to 1.3.
func (t *taste) fit(p *product) float32 {
	fit := 1 - 2*max(t.level-p.level, p.level-t.level)
	if t.likes(p) {
		fit += 0.3
	}
	return fit
}

var (
	firsts = strings.Split(firstNames, "|")
	lasts  = strings.Split(lastNames, "|")
	towns  = strings.Split(cities, "|")
)

func (s *Shop) firstName(number uint64) string {
	return firsts[mix(s.cfg.Seed^0x66, number)%uint64(len(firsts))]
}

// appendContact appends a person's address.
func (s *Shop) appendContact(dst []byte, number uint64) []byte {
	dst = append(append(dst, s.firstName(number)...), '.')
	dst = append(append(dst, lasts[mix(s.cfg.Seed^0x6c, number)%uint64(len(lasts))]...), '.')
	return append(appendBase36(dst, number), "@example.com"...)
}

// appendVisitor appends the id of one of a person's browsers.
func (s *Shop) appendVisitor(dst []byte, number uint64, second bool) []byte {
	device := number * 2
	if second {
		device++
	}
	return appendBase36(append(dst, "v-"...), mix(s.cfg.Seed^0x76, device))
}

func appendBase36(dst []byte, n uint64) []byte {
	const digits = "0123456789abcdefghijklmnopqrstuvwxyz"
	var b [13]byte
	i := len(b)
	for {
		i--
		b[i] = digits[n%36]
		if n /= 36; n == 0 {
			return append(dst, b[i:]...)
		}
	}
}
