// Package traffic makes a shop under load out of shop.Load: a catalogue with titles and pictures, views, carts, orders and
// logins that fill the models, and the requests of its pages.
package traffic

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"orrery/bench/shop"
	"orrery/models"
	"orrery/stream"
)

// Config is the size of the shop. Zero values take the defaults.
type Config struct {
	Products int // default 20,000
	Visitors int // default 100,000
	Views    int // default 500,000
	Known    int // visitors with four views in their running session, whom requests ask for; default 20,000
}

func (c Config) WithDefaults() Config {
	def := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	def(&c.Products, 20_000)
	def(&c.Visitors, 100_000)
	def(&c.Views, 500_000)
	def(&c.Known, 20_000)
	return c
}

// Shares of the views that are followed by something else of the same visitor.
const (
	cartEvery  = 30
	orderEvery = 50
	loginEvery = 50
)

// History is the number of products that a known visitor has viewed.
const History = 4

// Site is a shop under load.
type Site struct {
	cfg  Config
	load *shop.Load
	rng  *rand.Rand
	zipf *shop.Zipf
	n    int // events made beside the load's
}

// New returns a site whose next events are of start.
func New(cfg Config, start time.Time, rate float64) *Site {
	cfg = cfg.WithDefaults()
	return &Site{
		cfg: cfg, rng: rand.New(rand.NewPCG(1, 0x73697465)), zipf: shop.NewZipf(cfg.Products, 0.9),
		load: shop.NewLoad(shop.LoadConfig{
			Seed: uint64(start.UnixNano()), Items: cfg.Products, Visitors: cfg.Visitors, Start: models.TimeOf(start), Rate: rate,
		}),
	}
}

// Load returns the load that the views come from.
func (s *Site) Load() *shop.Load { return s.load }

// Known returns the id of a known visitor, and Contact that of the contact of one.
func Known(i int) string { return fmt.Sprintf("known-%07d", i) }

// Contact returns the id of the contact of a known visitor.
func Contact(i int) string { return fmt.Sprintf("c%07d@shop.example", i) }

// product draws a product by demand: its rank.
func (s *Site) product() int { return s.zipf.Draw(s.rng) }

// near returns a product near another in demand: these are the ones viewed together.
func (s *Site) near(rank int) int { return min(max(rank+1+s.rng.IntN(8), 0), s.cfg.Products-1) }

// Fill puts catalogue, views, carts, orders and logins into the log and returns the number of records when they are
// safe.
func (s *Site) Fill(ctx context.Context, bulk *stream.Bulk) (int, error) {
	n, err := s.Each(func(r models.Record) error { return bulk.Put(ctx, r) })
	if err == nil {
		err = bulk.Flush(ctx)
	}
	return n, err
}

// Each hands the records of Fill to put, which may keep them, until it fails, and returns their number.
func (s *Site) Each(put func(models.Record) error) (int, error) {
	f := &filler{site: s, sink: put}
	for rank := range s.cfg.Products {
		f.put(s.upsert(rank, 0))
	}
	for range s.cfg.Views {
		f.view()
	}
	for i := range s.cfg.Known {
		f.known(i)
	}
	return f.n, f.err
}

// filler makes events until the first error.
type filler struct {
	site  *Site
	sink  func(models.Record) error
	event models.Event
	n     int
	err   error
}

func (f *filler) put(value []byte) {
	if f.err != nil {
		return
	}
	if f.err = f.event.Decode(value, f.site.load.Time()); f.err != nil {
		return
	}
	f.err = f.sink(models.RecordOf(&f.event, value))
	f.n++
}

func (f *filler) view() {
	s := f.site
	r := s.load.Next()
	visitor := string(r.Key)
	f.put(append([]byte(nil), r.Value...))
	product := s.product()
	switch {
	case s.rng.IntN(cartEvery) == 0:
		f.put(s.event("add_to_cart", visitor, "", product))
	case s.rng.IntN(orderEvery) == 0:
		f.put(s.event("purchase", visitor, "", product, s.near(product), s.near(product)))
	case s.rng.IntN(loginEvery) == 0:
		f.put(s.event("identify", visitor, visitor+"@shop.example"))
	}
}

// known gives a visitor the history that requests are answered from.
func (f *filler) known(i int) {
	s := f.site
	product := s.product()
	f.put(s.event("identify", Known(i), Contact(i)))
	for range History {
		f.put(s.event("view_item", Known(i), "", product))
		product = s.near(product)
	}
	if i%2 == 0 {
		f.put(s.event("add_to_cart", Known(i), "", product))
	}
}

// Relist returns the record of a product, by its rank, as the feed of another day has it: with another price.
func (s *Site) Relist(rank, day int) (models.Record, error) {
	value := s.upsert(rank%s.cfg.Products, day)
	var e models.Event
	if err := e.Decode(value, s.load.Time()); err != nil {
		return models.Record{}, err
	}
	r := models.RecordOf(&e, value)
	r.Key = append([]byte(nil), r.Key...)
	return r, nil
}

// upsert lists a product.
func (s *Site) upsert(rank, day int) []byte {
	id := s.load.Item(rank)
	return fmt.Appendf(nil, `{"event":"product_upsert","id":"up-%d-%d","items":[{"item_id":"%s","title":"A product of the load test, size %d, colour %d",`+
		`"url":"https://www.shop.example/products/%s","image":"https://images.shop.example/w400/%s.webp","brand":"Brand %d",`+
		`"item_category":"Department %d > Shelf %d","price":%d.%02d,"availability":"in_stock"}],"currency":"EUR"}`,
		day, rank, id, rank%40, rank%12, id, id, rank%300, rank%20, rank%200, 5+(rank+day)%90, rank%100)
}

// event makes an event of now.
func (s *Site) event(name, visitor, contact string, products ...int) []byte {
	s.n++
	b := fmt.Appendf(nil, `{"event":"%s","id":"s-%d-%d","time":%d,"visitor":"%s"`, name, s.load.Time(), s.n, s.load.Time(), visitor)
	if contact != "" {
		b = fmt.Appendf(b, `,"contact":"%s"`, contact)
	}
	if name == "purchase" {
		b = fmt.Appendf(b, `,"order":"O-%d-%d","value":%d,"currency":"EUR"`, s.load.Time(), s.n, 10*len(products))
	}
	for i, rank := range products {
		if i == 0 {
			b = append(b, `,"items":[`...)
		} else {
			b = append(b, ',')
		}
		b = append(strconv.AppendQuote(append(b, `{"item_id":`...), s.load.Item(rank)), '}')
	}
	if len(products) > 0 {
		b = append(b, ']')
	}
	return append(b, '}')
}
