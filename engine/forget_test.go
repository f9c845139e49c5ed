package engine_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"orrery/engine"
	"orrery/models"
)

// passers is events of strangers who come once or again, view products of their own name, put some into carts, are caught as
// crawlers, and of whom the shop's servers know some: they log in or order.
func passers(seed uint64, n, visitors int) (lines []string) {
	rng := rand.New(rand.NewPCG(seed, 1))
	for i := range n {
		v := rng.IntN(visitors)
		at := (dayZero + models.Time(i)*20_000).Std().Format(time.RFC3339)
		head := fmt.Sprintf(`"id":"%d","shop":"s%d","time":"%s","visitor":"v%d"`, i, v%3, at, v)
		items := fmt.Sprintf(`,"items":[{"item_id":"p%d-%d","price":9.5,"item_category":"a/b"}]`, v, rng.IntN(4))
		switch k := rng.IntN(100); {
		case k < 80:
			lines = append(lines, `{"event":"view_item","trust":"public",`+head+items+`}`)
		case k < 90:
			lines = append(lines, `{"event":"add_to_cart","trust":"public",`+head+items+`}`)
		case k < 93:
			lines = append(lines, `{"event":"remove_from_cart","trust":"public",`+head+items+`}`)
		case k < 97:
			lines = append(lines, `{"event":"page_view","trust":"public","bot":true,`+head+`}`)
		case k < 98:
			lines = append(lines, fmt.Sprintf(`{"event":"purchase",%s,"order":"o%d","value":5%s}`, head, i, items))
		default:
			lines = append(lines, fmt.Sprintf(`{"event":"identify","contact":"c%d",%s}`, v, head))
		}
	}
	return lines
}

// fresh decodes events as records of their own moments.
func fresh(t testing.TB, lines []string) (events []*models.Event) {
	for _, ev := range decode(t, lines) {
		line := lines[len(events)]
		if err := ev.Decode([]byte(line), ev.Time); err != nil || ev.Stale {
			t.Fatalf("%s: %v, stale: %t", line, err, ev.Stale)
		}
		events = append(events, ev)
	}
	return events
}

// Strangers make room for one another: who has ordered or logged in is never forgotten, nobody finds anything of somebody
// else, and the state does not depend on how events come in batches or on restarts.
func TestForget(t *testing.T) {
	engine.Alone(t)
	const most, visitors = 60, 9_000
	cfg := engine.Config{MaxStrangers: most}
	lines := passers(7, 30_000, visitors)
	events := fresh(t, lines)
	whole, single, halves := newEngine(t, cfg), newEngine(t, cfg), newEngine(t, cfg)
	apply(whole, events, 300)
	apply(single, events, 1)
	cut := len(events) / 2
	apply(halves, events[:cut], 97)
	saved := save(t, halves)
	halves = newEngine(t, cfg)
	restore(t, halves, saved)
	apply(halves, events[cut:], 300)
	same(t, "one after the other", whole, single, whole.StreamTime())
	same(t, "after a restart", whole, halves, whole.StreamTime())

	known := map[string]bool{}
	for _, ev := range events {
		if ev.Trust != models.Public {
			known[string(ev.Visitor)] = true
		}
	}
	there := 0
	for v := range visitors {
		id := fmt.Sprintf("v%d", v)
		p, ok := whole.Visitor(fmt.Appendf(nil, "s%d", v%3), []byte(id), whole.StreamTime())
		if known[id] && (!ok || p.OrderCount == 0 && p.Contact == "") {
			t.Errorf("%s, who is known, has been forgotten", id)
		}
		if ok && !known[id] {
			there++
		}
		for _, touched := range slices.Concat(p.Viewed, p.Cart) {
			if !strings.HasPrefix(string(touched.ID), fmt.Sprintf("p%d-", v)) {
				t.Errorf("%s finds %s of somebody else", id, touched.ID)
			}
		}
	}
	forgotten := whole.Stats().Dropped[0]
	if there != most || forgotten.What != "visitor" || forgotten.N < 10_000 {
		t.Errorf("%d strangers are there, want %d; %+v", there, most, forgotten)
	}
}

// F5: visitors that are made up for long take no more memory than so many, and the shop that nobody makes any up for keeps
// its own.
func TestF5Visitors(t *testing.T) {
	engine.Alone(t)
	const most = 2_000
	e := newEngine(t, engine.Config{MaxStrangers: most})
	var lines []string
	for i := range 500 {
		lines = append(lines, fmt.Sprintf(`{"event":"view_item","trust":"public","shop":"quiet","visitor":"honest%d","items":[{"item_id":"p"}]}`, i))
	}
	apply(e, fresh(t, lines), 256)
	var before, after uint64
	for round := range 30 {
		lines = lines[:0]
		for i := range 2_000 {
			lines = append(lines, fmt.Sprintf(`{"event":"view_item","trust":"public","shop":"loud","visitor":"made up %d-%d","items":[{"item_id":"p"}]}`, round, i))
		}
		apply(e, fresh(t, lines), 256)
		bytes := uint64(0)
		for name, n := range e.Stats().Bytes {
			if name != "sessions" && name != "intent" { // rings and pools with bounds of their own, which time has to pass for
				bytes += n
			}
		}
		if after = bytes; round == 5 { // the quarantine of numbers is full
			before = bytes
		}
	}
	if after > before+512<<10 {
		t.Errorf("%d bytes after 60,000 made-up visitors, %d after 12,000", after, before)
	}
	for i := range 500 {
		if _, ok := e.Visitor([]byte("quiet"), fmt.Appendf(nil, "honest%d", i), e.StreamTime()); !ok {
			t.Fatalf("honest%d of the quiet shop has been forgotten", i)
		}
	}
}

// Products, categories and brands that only the public key has named have a ceiling each: past it new ones are refused and
// counted, the events count, what is known goes on, the shop's own feed may name any number, and a quiet shop its share.
func TestF5Products(t *testing.T) {
	engine.Alone(t)
	const most = 100
	cfg := engine.Config{MaxInvented: most}
	e := newEngine(t, cfg)
	n := 0
	line := func(event, trust, shop, item, category string) string {
		n++
		return fmt.Sprintf(`{"event":%q,"id":"%d","trust":%q,"shop":%q,"visitor":"v%d","time":"2027-04-05T23:00:00Z","items":[{"item_id":%q,"item_category":%q,"item_brand":%q,"price":1}]}`,
			event, n, trust, shop, n/30, item, category, "brand of "+item)
	}
	var lines []string
	for i := range 40 {
		lines = append(lines, line("view_item", "public", "quiet", fmt.Sprint("q", i), "shoes"))
	}
	for i := range 500 {
		lines = append(lines, line("view_item", "public", "loud", fmt.Sprint("p", i), fmt.Sprintf("a%d > b > c", i)))
	}
	for i := range 500 {
		lines = append(lines, line("product_upsert", "", "loud", fmt.Sprint("own", i), fmt.Sprintf("own%d > b", i)))
	}
	lines = append(lines, line("add_to_cart", "public", "loud", "p1", "a1 > b > c"), line("view_item", "public", "quiet", "q40", "boots"))
	apply(e, fresh(t, lines), 64)
	check := func() {
		t.Helper()
		dropped := map[string]uint64{}
		for _, d := range e.Stats().Dropped {
			dropped[d.What] += d.N // none because of networks, of which nothing is known here
		}
		if want := uint64(500 - 60); dropped["product"] != want || dropped["category"] == 0 || dropped["brand"] != 0 {
			t.Errorf("refused: %v, want %d products, and some categories of the 60 that were not", dropped, want)
		}
		if got := e.Stats().Items; got != 40+60+500+1 {
			t.Errorf("%d products", got)
		}
	}
	check()
	if s := e.Stats(); s.Total != uint64(len(lines)) || s.Events["view_item"] != 541 {
		t.Errorf("%d events of %d, %v", s.Total, len(lines), s.Events)
	}
	if p, _ := e.Visitor([]byte("loud"), fmt.Appendf(nil, "v%d", (n-1)/30), e.StreamTime()); len(p.Cart) != 1 {
		t.Errorf("%d products in the cart: what is known goes on", len(p.Cart))
	}
	if p, _ := e.Visitor([]byte("loud"), []byte("v3"), e.StreamTime()); len(p.Viewed) != 11 {
		t.Errorf("%d products viewed of 30, 11 of which found room", len(p.Viewed))
	}
	saved := save(t, e)
	e = newEngine(t, cfg)
	restore(t, e, saved)
	check()
	// Those that the shop names itself make room for others.
	lines = lines[:0]
	for i := range 60 {
		lines = append(lines, line("product_price", "", "loud", fmt.Sprint("p", i), ""))
	}
	for i := range 60 {
		lines = append(lines, line("view_item", "public", "loud", fmt.Sprint("other", i), ""))
	}
	apply(e, fresh(t, lines), 64)
	if got := e.Stats().Items; got != 601+59 { // one is the quiet shop's
		t.Errorf("%d products after the shop has named 60", got)
	}
}

// Who asks while visitors make room finds a visitor's own products or none.
func TestForgetBesideReaders(t *testing.T) {
	const visitors = 6_000
	e := newEngine(t, engine.Config{MaxStrangers: 30})
	events := fresh(t, passers(11, 12_000, visitors))
	done := make(chan struct{})
	var wg sync.WaitGroup
	for reader := range uint64(2) {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(reader, 3))
			var f models.Frame
			for {
				select {
				case <-done:
					return
				default:
				}
				v := rng.IntN(visitors)
				shop, id := fmt.Appendf(nil, "s%d", v%3), fmt.Appendf(nil, "v%d", v)
				p, _ := e.Visitor(shop, id, e.StreamTime())
				for _, touched := range slices.Concat(p.Viewed, p.Cart) {
					if !strings.HasPrefix(string(touched.ID), fmt.Sprintf("p%d-", v)) {
						t.Errorf("v%d finds %s of somebody else", v, touched.ID)
						return
					}
				}
				q := models.FrameQuery{Frame: []byte("recently_viewed"), Shop: shop, Visitor: id, N: 10, Now: e.StreamTime()}
				if err := e.Frame(&q, &f); err != nil {
					t.Error(err)
					return
				}
				for _, it := range f.Items {
					if it.Recipe == "recently_viewed" && !strings.HasPrefix(string(it.Product.ID), fmt.Sprintf("p%d-", v)) {
						t.Errorf("v%d is shown %s of somebody else", v, it.Product.ID)
						return
					}
				}
			}
		})
	}
	apply(e, events, 64)
	close(done)
	wg.Wait()
}
