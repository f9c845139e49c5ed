// Package shop simulates a shop: an invented catalogue, and visitors with tastes who browse, search, fill carts, buy,
// come back, log in, get mail and send goods back, with crawlers and broken events among them. Nothing in it is
// anybody's data, and nothing measured on it says how well recommendations work on people: it is there so that a demo
// moves, and so that load tests have a stream of believable shape and known rate.
//
// Everything follows from a seed: the same configuration gives the same bytes. What is bought together follows from the
// table of shelves (coffee grinders go with beans), so that good recommendations can be told from bad ones by looking.
//
// Load is another generator, for benchmarks: one kind of event of one size.
package shop

import (
	"math"
	"math/rand/v2"

	"orrery/models"
)

// Config describes a simulated shop. The zero value is usable but for
// Now.
type Config struct {
	// Seed of everything that is drawn.
	Seed uint64

	// Now is the wall clock when the shop is made, and Days how many days before it the simulation begins.
	Now  models.Time
	Days int

	// Products in the catalogue, by default 400, at least 50.
	Products int

	// Persons who are remembered, by default 20,000. Once there were more, the newest take the place of the oldest.
	// For thousands of events a second it wants to be more, or they come back all the time: 100 for each event a
	// second make 4 visits a person and day.
	Persons int

	// Crawlers, Broken and Retries are the shares of events that crawlers make, that must be refused, and that are
	// sent twice with the same id. Defaults 0.06, 0.001 and 0.001; negative is none.
	Crawlers float64
	Broken   float64
	Retries  float64

	// Shop and Currency stand in the events; by default no shop and EUR.
	Shop     string
	Currency string

	// BaseURL stands before the paths of pages and images, by default nothing.
	BaseURL string
}

func (c Config) withDefaults() Config {
	if c.Products == 0 {
		c.Products = 400
	}
	c.Products = max(c.Products, minProducts)
	if c.Persons <= 0 {
		c.Persons = 20_000
	}
	if c.Currency == "" {
		c.Currency = "EUR"
	}
	c.Crawlers = share(c.Crawlers, 0.06)
	c.Broken = share(c.Broken, 0.001)
	c.Retries = share(c.Retries, 0.001)
	return c
}

func share(given, other float64) float64 {
	switch {
	case given < 0:
		return 0
	case given == 0:
		return other
	}
	return min(given, 0.9)
}

// Shop is a simulated shop under way. One goroutine uses it.
type Shop struct {
	cfg      Config
	rng      *rand.Rand
	products []product
	ranges   [shelfCount]shelfRange
	footfall alias
	currency []byte
	shop     []byte

	now      models.Time
	rate     float64 // events a second
	flat     bool    // no rhythm of day and week
	heap     []entry
	actors   []actor
	free     []int32
	people   people
	visits   uint64 // visits begun, of persons and crawlers
	events   uint64 // ids given
	orders   uint64
	launches []int32 // products not in the catalogue yet, the next one first
	idStart  []byte  // what tells the ids of this run from those of another

	event  models.Event
	text   []byte // of the event's ids
	record models.Record
	value  []byte
	key    []byte
	again  bool // the record goes out once more
	spoil  bool // a broken one follows
}

// New returns a shop whose simulation stands at its beginning. It makes one event a second on the average until History
// or Run sets another rate.
func New(cfg Config) *Shop {
	cfg = cfg.withDefaults()
	s := &Shop{
		cfg: cfg, rng: rand.New(rand.NewPCG(cfg.Seed, 0x6f727265727921)),
		currency: []byte(cfg.Currency), shop: []byte(cfg.Shop),
	}
	s.now, s.rate = cfg.Now-models.Time(cfg.Days)*models.Day, 1
	s.idStart = appendBase36(nil, uint64(cfg.Now))
	s.stockShelves()
	s.people = newPeople(cfg.Persons)
	for _, role := range []role{doorman, mailer, keeper} {
		s.enter(actor{role: role, at: s.now})
	}
	return s
}

// Now returns the simulated time: that of the newest event.
func (s *Shop) Now() models.Time { return s.now }

// Next returns the next event as a record of the log, and its time. Times never run back. The record lives until the
// following call. It allocates nothing once the shop's buffers have grown.
func (s *Shop) Next() (models.Record, models.Time) {
	s.before(math.MaxInt64)
	return s.record, s.now
}

// before makes the next event, if it lies before a time.
func (s *Shop) before(end models.Time) bool {
	switch {
	case s.again: // the record is there still
		s.again = false
		return true
	case s.spoil:
		s.spoil = false
		s.breakOne()
		return true
	}
	for {
		if s.heap[0].at >= end {
			return false
		}
		if s.step() {
			break
		}
	}
	s.encode()
	s.again = s.rng.Float64() < s.cfg.Retries
	s.spoil = s.rng.Float64() < s.cfg.Broken
	return true
}

// encode turns the event into the record.
func (s *Shop) encode() {
	s.value = models.Append(s.value[:0], &s.event)
	s.record = models.Record{Topic: s.event.Kind.Topic(), Key: s.event.Person(), Value: s.value}
	if s.record.Topic == models.Catalogue {
		s.key = append(s.key[:0], s.cfg.Shop...)
		if len(s.key) == 0 {
			s.key = append(s.key, models.DefaultShop...)
		}
		s.key = append(append(s.key, models.KeySeparator), s.event.Items[0].ID...)
		s.record.Key = s.key
	}
}
