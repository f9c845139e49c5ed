package feed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"orrery/models"
	"orrery/models/catalogue"
)

// shop is a catalogue that takes what is written to the log at once.
type shop struct {
	mu      sync.Mutex
	c       *catalogue.Catalogue
	events  []string
	refuses int // Appends that fail first
}

func newShop() *shop { return &shop{c: catalogue.New()} }

const shopNumber = 1

func (s *shop) Append(_ context.Context, records []models.Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuses > 0 {
		s.refuses--
		return models.ErrFull
	}
	for _, r := range records {
		if string(r.Key) == "" || r.Topic != models.Catalogue {
			return fmt.Errorf("a record without a key: %s", r.Value)
		}
		if err := s.apply(string(r.Value)); err != nil {
			return err
		}
	}
	return nil
}

func (s *shop) apply(line string) error {
	var e models.Event
	if err := e.Decode([]byte(line), 1_800_000_000_000); err != nil {
		return err
	}
	s.events = append(s.events, string(e.Name))
	s.c.Advance(e.Time)
	if e.Kind == models.FeedTaken {
		s.c.Feed(shopNumber, &e)
		return nil
	}
	s.c.Apply(shopNumber, s.c.Item(shopNumber, e.Items[0].ID), &e)
	return nil
}

func (s *shop) Said(_, id []byte) (uint64, bool, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	item := s.c.Find(shopNumber, id)
	if item == 0 {
		return 0, false, false
	}
	return s.c.Said(item)
}

func (s *shop) EachListed(_ []byte, f func([]byte) bool) {
	for item := uint32(1); int(item) <= s.c.Items(); item++ {
		if _, listed, _ := s.c.Said(item); listed && !f(s.c.ID(item)) {
			return
		}
	}
}

func (s *shop) FullFeed([]byte) (uint64, bool) {
	at, n := s.c.Full(shopNumber)
	return n, at != 0
}

func (s *shop) HiddenOf([]byte) (h models.HiddenProducts) {
	h.Unlisted, h.Removed, h.SoldOut = s.c.Hidden(shopNumber)
	return h
}

func priced(n int, price func(i int) string) string {
	var b strings.Builder
	b.WriteString("id,title,price,availability\n")
	for i := range n {
		fmt.Fprintf(&b, "P%d,Product %d,%s,in stock\n", i, i, price(i))
	}
	return b.String()
}

func TestTake(t *testing.T) {
	s := newShop()
	dir := t.TempDir()
	at := models.Time(1_790_000_000_000)
	taker := NewTaker(Config{Dir: dir, Known: s, Log: s, Settle: time.Second})
	take := func(text string, q Request) (string, error) {
		t.Helper()
		at += models.Minute
		q.At = at
		s.events = nil
		r, err := taker.Take(context.Background(), strings.NewReader(text), q)
		if len(s.events) != r.Events {
			t.Errorf("%d events, and the report says %d", len(s.events), r.Events)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, "feed-*")); len(left) > 0 {
			t.Errorf("%d files are left", len(left))
		}
		return fmt.Sprintf("products %d added %d changed %d unchanged %d retired %d events %d hidden %d/%d/%d mend %d", r.Products, r.Added, r.Changed, r.Unchanged, r.Retired, r.Events,
			r.Hidden.Unlisted, r.Hidden.Removed, r.Hidden.SoldOut, r.Mend), err
	}
	same := func(int) string { return "5 EUR" }
	f := func(text string, q Request, want string) {
		t.Helper()
		if got, err := take(text, q); err != nil || got != want {
			t.Errorf("%+v:\n%s, %v\nwant\n%s", q, got, err, want)
		}
	}
	refused := func(text string, q Request, code string) {
		t.Helper()
		_, err := take(text, q)
		var why *models.Invalid
		if !errors.As(err, &why) || why.Code != code || len(s.events) > 0 {
			t.Errorf("%+v: %v, %d events", q, err, len(s.events))
		}
	}
	s.c.Item(shopNumber, []byte("seen")) // events have named it
	s.refuses = 2
	f(priced(100, same), Request{}, "products 100 added 100 changed 0 unchanged 0 retired 0 events 100 hidden 0/0/0 mend 0")
	f(priced(100, same), Request{}, "products 100 added 0 changed 0 unchanged 100 retired 0 events 0 hidden 0/0/0 mend 0")
	f(priced(100, same), Request{Mode: Full}, "products 100 added 0 changed 0 unchanged 100 retired 0 events 1 hidden 1/0/0 mend 0")
	f(priced(100, same), Request{Mode: Full}, "products 100 added 0 changed 0 unchanged 100 retired 0 events 0 hidden 1/0/0 mend 0")
	f(priced(100, func(i int) string { return fmt.Sprintf("%d EUR", 5+i%2) }), Request{Mode: Full}, "products 100 added 0 changed 50 unchanged 50 retired 0 events 51 hidden 1/0/0 mend 0")
	f(priced(60, same), Request{Mode: Full}, "products 60 added 0 changed 30 unchanged 30 retired 40 events 71 hidden 1/40/0 mend 0")
	f(priced(60, same), Request{Mode: Full}, "products 60 added 0 changed 0 unchanged 60 retired 0 events 0 hidden 1/40/0 mend 0")
	refused(priced(29, same), Request{Mode: Full}, "shrunk")
	refused(`<rss><channel><item><id>P1</id><title>x</title></item>`, Request{Mode: Full}, "cut")
	refused("<!doctype html><html>", Request{}, "bad_feed")
	refused(priced(5, same), Request{Mode: "all"}, "bad_parameter")
	f(priced(29, same), Request{Mode: Full, Force: true}, "products 29 added 0 changed 0 unchanged 29 retired 31 events 32 hidden 1/71/0 mend 0")
	f(priced(1, same)+"P50,Product 50,5 EUR,out of stock\n", Request{}, "products 2 added 1 changed 0 unchanged 1 retired 0 events 1 hidden 1/70/1 mend 0")
	// A price by event beats the feed that is older, and the next feed beats the event.
	if err := s.apply(fmt.Sprintf(`{"event":"product_price","time":%d,"currency":"EUR","items":[{"item_id":"P0","price":4}]}`, at+10*models.Minute)); err != nil {
		t.Fatal(err)
	}
	f(priced(1, same), Request{}, "products 1 added 0 changed 1 unchanged 0 retired 0 events 1 hidden 1/70/1 mend 0")
	if got := s.c.Price(s.c.Find(shopNumber, []byte("P0"))); got != 4*models.Micros {
		t.Errorf("the older feed has set %s", got)
	}
	at += models.Hour
	f(priced(1, same), Request{}, "products 1 added 0 changed 1 unchanged 0 retired 0 events 1 hidden 1/70/1 mend 0")
	if got := s.c.Price(s.c.Find(shopNumber, []byte("P0"))); got != 5*models.Micros {
		t.Errorf("the newer feed has set %s", got)
	}
	// The same id twice: the last row counts, and the second run is silent as well.
	twice := priced(2, same) + "P0,Other,7 EUR,in stock\nP1,Product 1,5 EUR,in stock\n"
	f(twice, Request{}, "products 2 added 0 changed 1 unchanged 1 retired 0 events 1 hidden 1/70/1 mend 1")
	f(twice, Request{}, "products 2 added 0 changed 0 unchanged 2 retired 0 events 0 hidden 1/70/1 mend 1")
}

// What a platform does not offer is taken out once, and a variant's parent gets its price.
func TestTakeHidden(t *testing.T) {
	s := newShop()
	text, err := os.ReadFile("testdata/woo_products.csv")
	if err != nil {
		t.Fatal(err)
	}
	taker := NewTaker(Config{Dir: t.TempDir(), Known: s, Log: s})
	for _, want := range []int{4, 0} {
		r, err := taker.Take(context.Background(), strings.NewReader(string(text)), Request{Currency: "EUR"})
		if err != nil || r.Events != want || r.Unoffered != 1 {
			t.Errorf("%+v, %v: want %d events", r, err, want)
		}
	}
	if s.c.Allowed(shopNumber, s.c.Find(shopNumber, []byte("OLD"))) || s.c.Allowed(shopNumber, s.c.Find(shopNumber, []byte("CAP"))) {
		t.Error("what is not offered, or sold out, is shown")
	}
	if tee := s.c.Find(shopNumber, []byte("TEE")); !s.c.OnSale(tee) || s.c.Price(tee) != 20*models.Micros {
		t.Errorf("TEE costs %s", s.c.Price(tee))
	}
}
