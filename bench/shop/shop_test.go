package shop

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"orrery/models"
)

var now = models.TimeOf(time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC))

// week is what a shop does in a week at a rate.
type week struct {
	s      *Shop
	events map[string]int
	total  int
	broken int
	visits map[string]bool // sessions of persons
	value  models.Money
	pairs  [shelfCount][shelfCount]int // shelves in one order
	hours  [24]int
	bots   int
}

func watch(cfg Config, rate float64) *week {
	cfg.Now, cfg.Days = now, 7
	w := &week{s: New(cfg), events: map[string]int{}, visits: map[string]bool{}}
	w.s.rate = rate
	shelfOf := map[string]shelfID{}
	for _, p := range w.s.products {
		shelfOf[string(p.id)] = p.shelf
	}
	var e models.Event
	last := w.s.now
	for {
		if !w.s.before(now) {
			return w
		}
		r, at := w.s.record, w.s.now
		if at < last {
			panic(fmt.Sprintf("time runs back from %d to %d", last, at))
		}
		last = at
		w.total++
		if err := e.Decode(r.Value, at); err != nil {
			w.broken++
			continue
		}
		if e.Time != at || r.Topic != e.Kind.Topic() {
			panic(fmt.Sprintf("at %d on topic %s: %s", at, r.Topic, r.Value))
		}
		w.take(&e, shelfOf)
	}
}

func (w *week) take(e *models.Event, shelfOf map[string]shelfID) {
	if bytes.Contains(e.Props, []byte("ShopCrawler")) {
		w.bots++
		return
	}
	w.events[string(e.Name)]++
	w.hours[e.Time%models.Day/models.Hour]++
	if len(e.Session) > 0 {
		w.visits[string(e.Session)] = true
	}
	if e.Kind != models.Purchase {
		return
	}
	w.value += e.Value
	for i := range e.Items {
		for j := range i {
			a, b := shelfOf[string(e.Items[i].ID)], shelfOf[string(e.Items[j].ID)]
			w.pairs[a][b]++
			w.pairs[b][a]++
		}
	}
}

func between[T int | float64](t *testing.T, what string, got, low, high T) {
	t.Helper()
	if got < low || got > high {
		t.Errorf("%s: %v, want %v to %v", what, got, low, high)
	}
}

// Both tests below look at the same week.
var aWeek = sync.OnceValue(func() *week { return watch(Config{Seed: 7}, 0.9) })

func TestPlausible(t *testing.T) {
	w := aWeek()
	visits := float64(len(w.visits))
	per := func(name string) float64 { return float64(w.events[name]) / visits }
	between(t, "events of a visit", float64(w.total-w.bots)/visits, 5, 7)
	between(t, "views of a visit", per("view_item"), 3, 5)
	between(t, "carts of a visit", per("add_to_cart"), 0.05, 0.2)
	between(t, "orders of a visit", per("purchase"), 0.02, 0.05)
	between(t, "value of an order", w.value.Float()/float64(w.events["purchase"]), 40, 160)
	between(t, "share of crawlers", float64(w.bots)/float64(w.total), 0.03, 0.09)
	between(t, "share of broken events", float64(w.broken)/float64(w.total), 0.0005, 0.002)
	between(t, "share of returned orders", float64(w.events["refund"]+w.events["cancel"])/float64(w.events["purchase"]), 0.005, 0.05)
	between(t, "night to evening", float64(w.hours[3])/float64(w.hours[20]), 0.03, 0.15)
	between(t, "mails opened", float64(w.events["email_open"])/float64(w.events["email_sent"]), 0.25, 0.45)
	for _, name := range []string{
		"page_view", "view_item", "view_item_list", "select_item", "search", "add_to_wishlist", "add_to_cart",
		"remove_from_cart", "view_cart", "begin_checkout", "email_sent", "email_open", "email_click", "purchase",
		"refund", "cancel", "identify", "product_upsert", "product_price", "product_stock",
	} {
		if w.events[name] == 0 {
			t.Errorf("no %s in a week", name)
		}
	}
}

// What is bought together is what the shelves say: of the shelves in orders with a coffee grinder, coffee comes first.
func TestComplements(t *testing.T) {
	w := aWeek()
	for id := range shelfCount {
		best, other := 0, 0
		for with, n := range w.pairs[id] {
			close := false
			for _, c := range shelves[id].with {
				close = close || c == shelfID(with)
			}
			switch {
			case close:
				best = max(best, n)
			case shelfID(with) != id:
				other = max(other, n)
			}
		}
		if best <= other && best+other >= 10 {
			t.Errorf("%s: %d orders with what goes with it, %d with something else", shelves[id].path, best, other)
		}
	}
	if w.pairs[grinders][beans] <= w.pairs[grinders][tea] {
		t.Errorf("grinders with beans %d, with tea %d", w.pairs[grinders][beans], w.pairs[grinders][tea])
	}
}

// The rate is what it is asked to be: over a week with its rhythm, and flat over a day.
func TestRate(t *testing.T) {
	f := func(flat bool, days int, rate float64) {
		t.Helper()
		s := New(Config{Seed: 5, Now: now, Days: days})
		s.rate, s.flat = rate, flat
		n := 0
		for s.before(now) {
			n++
		}
		between(t, "rate", float64(n)/float64(86400*days), rate*0.95, rate*1.05)
	}
	f(false, 7, 0.4)
	f(true, 1, 3)
}

func TestDeterminism(t *testing.T) {
	run := func(seed uint64) string {
		s := New(Config{Seed: seed, Now: now, Days: 1})
		var b strings.Builder
		for r := range s.Catalogue() {
			fmt.Fprintf(&b, "%s %x %s\n", r.Topic, r.Key, r.Value)
		}
		for range 20_000 {
			r, at := s.Next()
			fmt.Fprintf(&b, "%d %s %s %s\n", at, r.Topic, r.Key, r.Value)
		}
		return b.String()
	}
	first := run(1)
	if run(1) != first {
		t.Error("the same seed gives other bytes")
	}
	if run(2) == first {
		t.Error("another seed gives the same bytes")
	}
}

// A shop that is started again later must not repeat ids: the engine would take its events for retries.
func TestIDsOfAnotherRun(t *testing.T) {
	ids := map[string]bool{}
	var e models.Event
	for _, at := range []models.Time{now, now + 1} {
		s := New(Config{Seed: 1, Now: at, Retries: -1, Broken: -1})
		for range 10_000 {
			r, at := s.Next()
			if err := e.Decode(r.Value, at); err != nil {
				t.Fatal(err)
			}
			if ids[string(e.ID)] {
				t.Fatalf("id %s twice", e.ID)
			}
			ids[string(e.ID)] = true
		}
	}
}

func TestRetries(t *testing.T) {
	s := New(Config{Seed: 1, Now: now, Retries: 0.2, Broken: -1})
	seen := map[string]string{}
	again := 0
	var e models.Event
	for range 20_000 {
		r, at := s.Next()
		if err := e.Decode(r.Value, at); err != nil {
			t.Fatal(err)
		}
		if before, ok := seen[string(e.ID)]; ok {
			again++
			if before != string(r.Value) {
				t.Fatalf("%s was sent again as %s", before, r.Value)
			}
		}
		seen[string(e.ID)] = string(r.Value)
	}
	between(t, "retries", again, 2_800, 3_900)
}

// Nothing but what is broken on purpose is refused, and all of that is.
func TestBroken(t *testing.T) {
	s := New(Config{Seed: 1, Now: now})
	var e models.Event
	reasons := map[string]bool{}
	for range 500 {
		s.breakOne()
		err := e.Decode(s.record.Value, s.now)
		if err == nil {
			t.Fatalf("not refused: %s", s.record.Value)
		}
		reasons[err.Error()] = true
	}
	if len(reasons) < len(faults)-2 {
		t.Errorf("only %d reasons: %v", len(reasons), reasons)
	}
	s = New(Config{Seed: 1, Now: now, Broken: -1})
	for range 50_000 {
		r, at := s.Next()
		if err := e.Decode(r.Value, at); err != nil {
			t.Fatalf("%s: %v", r.Value, err)
		}
	}
}

// Orders are worth what their lines say, and carts hold what was put in.
func TestOrdersAddUp(t *testing.T) {
	s := New(Config{Seed: 9, Now: now, Broken: -1, Retries: -1})
	carts := map[string]map[string]int32{}
	orders := map[string]bool{}
	var e models.Event
	for range 120_000 {
		r, at := s.Next()
		if err := e.Decode(r.Value, at); err != nil {
			t.Fatal(err)
		}
		visit := string(e.Session)
		switch e.Kind {
		case models.AddToCart:
			if carts[visit] == nil {
				carts[visit] = map[string]int32{}
			}
			carts[visit][string(e.Items[0].ID)] = e.Items[0].Quantity
		case models.RemoveFromCart:
			delete(carts[visit], string(e.Items[0].ID))
		case models.Purchase:
			var value models.Money
			for _, item := range e.Items {
				value += item.Price * models.Money(item.Quantity)
				if carts[visit][string(item.ID)] != item.Quantity {
					t.Fatalf("bought what was not in the cart: %s", r.Value)
				}
			}
			if value != e.Value || len(e.Items) != len(carts[visit]) || orders[string(e.Order)] {
				t.Fatalf("an order that does not add up: %s", r.Value)
			}
			orders[string(e.Order)] = true
		case models.Refund, models.Cancel:
			if !orders[string(e.Order)] {
				t.Fatalf("given back and never bought: %s", r.Value)
			}
		}
	}
	if len(orders) < 200 {
		t.Errorf("%d orders", len(orders))
	}
}

func TestCatalogue(t *testing.T) {
	for _, n := range []int{0, 50, 400, 5_000} {
		s := New(Config{Seed: 1, Now: now, Products: n})
		ids, names := map[string]bool{}, map[string]bool{}
		var e models.Event
		offers := 0
		for r := range s.Catalogue() {
			if err := e.Decode(r.Value, now); err != nil {
				t.Fatalf("%s: %v", r.Value, err)
			}
			item := e.Items[0]
			ids[string(item.ID)], names[string(item.Name)] = true, true
			for _, member := range []string{"url", "image", "brand", "availability"} {
				if models.Member(item.Props, member) == nil {
					t.Errorf("no %s: %s", member, r.Value)
				}
			}
			if sale, ok := models.Member(item.Props, "sale_price").Money(); ok {
				offers++
				if sale >= item.Price || sale <= 0 {
					t.Errorf("no offer: %s", r.Value)
				}
			}
			if want := "default\x1f" + string(item.ID); string(r.Key) != want {
				t.Errorf("key %q, want %q", r.Key, want)
			}
		}
		want := max(n, minProducts)
		if n == 0 {
			want = 400
		}
		between(t, "products", len(ids)+len(s.launches), want, want+int(shelfCount))
		if len(names) != len(ids) {
			t.Errorf("%d names for %d products", len(names), len(ids))
		}
		between(t, "offers", offers, len(ids)/30, len(ids)/6)
	}
}

// The table of shelves is sound: prices, words, and what goes with what.
func TestShelves(t *testing.T) {
	paths := map[string]bool{}
	for i := range shelves {
		sh := &shelves[i]
		if sh.path == "" || paths[sh.path] || sh.low <= 0 || sh.high <= sh.low || sh.footfall <= 0 || len(sh.with) == 0 {
			t.Errorf("shelf %d: %+v", i, sh)
		}
		paths[sh.path] = true
		for _, w := range sh.with {
			if w == shelfID(i) {
				t.Errorf("%s goes with itself", sh.path)
			}
		}
		for _, brand := range words(sh.brands) {
			if len(brand) < 2 {
				t.Errorf("%s: brand %q", sh.path, brand)
			}
		}
	}
}

func TestRhythm(t *testing.T) {
	sum, most := 0.0, 0.0
	for at := now; at < now+7*models.Day; at += models.Minute {
		sum += rhythm(at)
		most = max(most, rhythm(at))
	}
	if mean := sum / (7 * 24 * 60); math.Abs(mean-1) > 0.005 {
		t.Errorf("mean %g", mean)
	}
	if most > peak {
		t.Errorf("peak %g", most)
	}
}

// counter is a sink that counts, keeps the newest record, and checks that what it was given before stays as it was.
type counter struct {
	n, flushed int
	first      models.Record
	was        string
	fail       error
}

func (c *counter) Put(_ context.Context, r models.Record) error {
	if c.n++; c.n == 1 {
		c.first, c.was = r, string(r.Key)+string(r.Value)
	}
	return c.fail
}

func (c *counter) Flush(context.Context) error { c.flushed++; return nil }

func TestHistoryThenLive(t *testing.T) {
	start := models.TimeOf(time.Now())
	s := New(Config{Seed: 1, Now: start, Days: 2})
	c := &counter{}
	if err := s.Open(context.Background(), c); err != nil {
		t.Fatal(err)
	}
	between(t, "catalogue", c.n, 340, 460)
	n, err := s.History(context.Background(), 0.2, c)
	if err != nil {
		t.Fatal(err)
	}
	between(t, "history", int(n), 26_000, 42_000)
	between(t, "ms from the end of the history to now", int(s.Now()-start), 0, 0)
	before := c.n
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := s.Run(ctx, 400, c); err != nil {
		t.Fatal(err)
	}
	seconds := float64(s.Now()-start) / 1000 // that it took to come here is caught up with
	between(t, "live events a second", float64(c.n-before)/seconds, 100, 700)
	if c.flushed != 3 {
		t.Errorf("%d flushes", c.flushed)
	}
	if string(c.first.Key)+string(c.first.Value) != c.was {
		t.Error("a record that was given away has changed")
	}
}

func TestSinkFails(t *testing.T) {
	failure := fmt.Errorf("broker gone")
	s := New(Config{Seed: 1, Now: models.TimeOf(time.Now()), Days: 1})
	c := &counter{fail: failure}
	if err := s.Open(context.Background(), c); err == nil {
		t.Error("Open says nothing")
	}
	if _, err := s.History(context.Background(), 1, c); err == nil {
		t.Error("History says nothing")
	}
	if err := s.Run(context.Background(), 1, c); err == nil {
		t.Error("Run says nothing")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	c.fail = nil
	if _, err := s.History(ctx, 1, c); err != context.Canceled {
		t.Errorf("History: %v", err)
	}
}

func TestNoAllocations(t *testing.T) {
	s := New(Config{Seed: 1, Now: now, Broken: -1})
	s.rate, s.flat = 200, true
	s.fill()
	for range 60_000 {
		s.Next()
	}
	if n := testing.AllocsPerRun(10_000, func() { s.Next() }); n > 0.01 {
		t.Errorf("%g allocations an event", n)
	}
}
