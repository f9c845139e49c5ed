package shop

import (
	"bytes"
	"math/rand/v2"

	"orrery/models"
)

// LoadConfig describes a Load. The zero value of a field is its default.
type LoadConfig struct {
	Seed     uint64
	Items    int         // default 200,000
	Visitors int         // default 1,000,000: 4 bytes each
	Start    models.Time // time of the first event; by default 2026-01-01
	Rate     float64     // events a second of simulated time, default 20,000

	// Session is the mean number of views of a visit: then visitors come, view, and leave for others, half a minute between
	// their views. With the default, 0, every event is another visitor's and visits only end by silence.
	Session float64
}

func (c LoadConfig) withDefaults() LoadConfig {
	if c.Items <= 0 {
		c.Items = 200_000
	}
	if c.Visitors <= 0 {
		c.Visitors = 1_000_000
	}
	if c.Start == 0 {
		c.Start = 1_767_225_600_000
	}
	if c.Rate <= 0 {
		c.Rate = 20_000
	}
	return c
}

// LoadBytes is the size of each event of a Load: a ratio to the raw client's speed depends on the size of a record, so
// it is fixed.
const LoadBytes = 284

// Shapes of the load that the figures of the project are measured with.
const (
	itemSkew    = 0.9 // zipf exponent of products
	visitorSkew = 0.5 // zipf exponent of visitors
	follows     = 0.5 // clicks that go from the visitor's previous product to one related to it
	pause       = 30  // seconds between two views of a visit
	relatedSpan = 8   // related products are so many ranks up or down: the law of demand stays what it is
)

// loadEvent is the event; zeros are filled in.
const loadEvent = `{"event":"view_item","id":"00000000-0000-7000-8000-000000000000","time":"0000-00-00T00:00:00.000Z",` +
	`"visitor":"v-00000000000000000000","page":{"url":"https://www.shop.example/p/SKU00000000"},` +
	`"items":[{"item_id":"SKU00000000","price":10.00,"item_category":"cat-0000"}],"currency":"EUR"}`

// Load makes the events that throughput is measured with: product views of one size, products and visitors by zipf's
// law, half of the clicks following from the visitor's previous one. It allocates nothing and costs a fraction of what
// decoding the event does. One goroutine uses it.
type Load struct {
	cfg      LoadConfig
	rng      *rand.Rand
	items    *Zipf
	visitors *Zipf
	previous []uint32 // rank of each visitor's last product, plus one
	present  []uint32 // visitors who are in a visit; see LoadConfig.Session
	sent     uint64
	at       models.Time

	buf                                       []byte
	id, time, who, url, item, price, category int // where the fields lie
}

// NewLoad returns a Load at its first event.
func NewLoad(cfg LoadConfig) *Load {
	cfg = cfg.withDefaults()
	l := &Load{
		cfg: cfg, rng: rand.New(rand.NewPCG(cfg.Seed, 0x6c6f6164)),
		items: NewZipf(cfg.Items, itemSkew), visitors: NewZipf(cfg.Visitors, visitorSkew),
		previous: make([]uint32, cfg.Visitors), buf: []byte(loadEvent),
	}
	if cfg.Session > 0 {
		l.present = make([]uint32, max(1, int(cfg.Rate*pause)))
		for i := range l.present {
			l.present[i] = uint32(l.visitors.Draw(l.rng))
		}
	}
	field := func(name string) int { return bytes.Index(l.buf, []byte(name)) + len(name) }
	l.id, l.time, l.who = field(`"id":"`), field(`"time":"`), field(`"visitor":"v-`)
	l.url, l.item = field(`/p/SKU`), field(`"item_id":"SKU`)
	l.price, l.category = field(`"price":`), field(`"item_category":"cat-`)
	return l
}

// Next returns the next event. It lives until the following call.
func (l *Load) Next() models.Record {
	visitor := l.visitor()
	item := l.nextItem(visitor)
	l.previous[visitor] = uint32(item) + 1
	l.clock()
	l.sent++
	l.writeID()
	l.writeVisitor(visitor)
	l.writeItem(item)
	return models.Record{Topic: models.Pageviews, Key: l.buf[l.who-2 : l.who+20], Value: l.buf}
}

// visitor draws who views next.
func (l *Load) visitor() int {
	if len(l.present) == 0 {
		return l.visitors.Draw(l.rng)
	}
	place := &l.present[l.rng.IntN(len(l.present))]
	visitor := int(*place)
	if l.rng.Float64()*l.cfg.Session < 1 {
		*place = uint32(l.visitors.Draw(l.rng))
	}
	return visitor
}

// Time returns the time of the newest event.
func (l *Load) Time() models.Time { return l.at }

// nextItem draws what a visitor looks at: a rank.
func (l *Load) nextItem(visitor int) int {
	before := int(l.previous[visitor]) - 1
	if before < 0 || l.rng.Float64() >= follows {
		return l.items.Draw(l.rng)
	}
	step := 1 + l.rng.IntN(relatedSpan)
	if l.rng.Uint64()&1 == 0 {
		step = -step
	}
	if next := before + step; next >= 0 && next < l.cfg.Items {
		return next
	}
	return before
}

// clock moves the time on, and writes it where it has changed.
func (l *Load) clock() {
	at := l.cfg.Start + models.Time(float64(l.sent)*1000/l.cfg.Rate)
	if at != l.at {
		l.at = at
		models.AppendTime(l.buf[:l.time], at)
	}
}

// writeID writes an id that no other event of this seed has, in the shape of a version 7 UUID.
func (l *Load) writeID() {
	hex(l.buf[l.id:l.id+8], mix(l.cfg.Seed, 1))
	hex(l.buf[l.id+24:l.id+36], l.sent)
}

func (l *Load) writeVisitor(visitor int) {
	h := mix(l.cfg.Seed, uint64(visitor))
	hex(l.buf[l.who:l.who+4], h>>48)
	hex(l.buf[l.who+4:l.who+20], h)
}

func (l *Load) writeItem(rank int) {
	number := l.number(rank)
	decimal(l.buf[l.url:l.url+8], number)
	decimal(l.buf[l.item:l.item+8], number)
	cents := number % 9000
	decimal(l.buf[l.price:l.price+2], 10+cents/100)
	decimal(l.buf[l.price+3:l.price+5], cents%100)
	decimal(l.buf[l.category:l.category+4], number%500)
}

// number spreads ranks over the numbers of products, so that neighbours in demand are none in name. The factor is a
// prime larger than any number of items that eight digits hold, so no two ranks share a number.
func (l *Load) number(rank int) uint64 { return uint64(rank) * 2_654_435_761 % uint64(l.cfg.Items) }

// Item returns the id of the product of a rank, 0 for the one most in demand.
func (l *Load) Item(rank int) string {
	id := []byte("SKU00000000")
	decimal(id[3:], l.number(rank))
	return string(id)
}

// hex writes the low digits of a number.
func hex(dst []byte, n uint64) {
	for i := len(dst) - 1; i >= 0; i-- {
		dst[i] = "0123456789abcdef"[n&15]
		n >>= 4
	}
}

// decimal writes the low digits of a number.
func decimal(dst []byte, n uint64) {
	for i := len(dst) - 1; i >= 0; i-- {
		dst[i] = byte('0' + n%10)
		n /= 10
	}
}
