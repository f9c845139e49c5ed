package engine_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"orrery/engine"
	"orrery/models"
)

// amongOthers puts a shop's events between those of so many others, by time, and leaves out what comes after the shop's last. The
// other shops have products, visitors, contacts and orders of the same names.
func amongOthers(t testing.TB, own []*models.Event, shops, each int) (all []*models.Event) {
	all = slices.Clone(own)
	for n := range shops {
		name := fmt.Appendf(nil, "other%d", n)
		for _, ev := range decode(t, newWorld(uint64(100+n), each).merged()) {
			if ev.Shop = name; ev.Time < own[len(own)-1].Time {
				all = append(all, ev)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b *models.Event) int { return int(a.Time - b.Time) })
	for all[len(all)-1] != own[len(own)-1] {
		all = all[:len(all)-1]
	}
	return all
}

// answers is all that can be asked of a shop of newWorld, by what is asked.
func answers(t testing.TB, e *engine.Engine, shop []byte, now models.Time) map[string]string {
	said := map[string]string{}
	say := func(what string, x ...any) {
		b, err := json.Marshal(x)
		if err != nil {
			t.Fatal(err)
		}
		said[what] += string(b) + "\n"
	}
	var f models.Frame
	ask := func(q models.FrameQuery) {
		q.Shop, q.Now, q.N = shop, now, 12
		if err := e.Frame(&q, &f); err != nil {
			t.Fatal(err)
		}
		for i, it := range f.Items {
			say(string(q.Frame), string(q.Visitor), string(q.Contact), len(q.Products), i, string(it.Product.ID), it.Score, it.Recipe, it.Step,
				string(it.Evidence.ID), it.Evidence.Count, it.Evidence.Score, it.Social)
		}
	}
	for _, name := range e.Frames() {
		for i := range worldItems {
			if i%4 == 0 {
				ask(models.FrameQuery{Frame: []byte(name), Visitor: fmt.Appendf(nil, "v%d", i%worldVisitors), Products: [][]byte{fmt.Appendf(nil, "i%d", i)}})
			}
		}
		ask(models.FrameQuery{Frame: []byte(name), Products: [][]byte{[]byte("i1"), []byte("i2"), []byte("i3")}})
		for c := range worldContacts {
			ask(models.FrameQuery{Frame: []byte(name), Contact: fmt.Appendf(nil, "c%d", c)})
			ask(models.FrameQuery{Frame: []byte(name), Visitor: fmt.Appendf(nil, "v%d", c)})
		}
		ask(models.FrameQuery{Frame: []byte(name), Contact: []byte("c5"), Category: []byte("C1 > D1")})
		ask(models.FrameQuery{Frame: []byte(name), Visitor: []byte("nobody")})
	}
	for v := range worldVisitors {
		p, ok := e.Visitor(shop, fmt.Appendf(nil, "v%d", v), now)
		say("visitor", ok, p)
	}
	for c := range worldContacts {
		p, ok := e.Contact(shop, fmt.Appendf(nil, "c%d", c), now)
		say("contact", ok, p)
	}
	for i := range worldItems {
		s, _ := e.Social(shop, fmt.Appendf(nil, "i%d", i), []byte("v1"), now)
		say("social", s)
	}
	rfm, ok := e.RFM(shop, now)
	say("rfm", ok, rfm)
	models, ok := e.CustomerModels(shop)
	say("models", ok, models)
	say("quality", e.ShopQuality(shop, now))
	stats := e.ShopStats(shop)
	stats.Bytes, stats.Dropped = nil, nil
	say("stats", stats)
	return said
}

// TestShopAmongOthers: the answers of a shop are the same, byte for byte, whether it is alone or there are a hundred others on the
// server; also after a restart, from which both go on.
func TestShopAmongOthers(t *testing.T) {
	engine.Alone(t)
	own := decode(t, newWorld(7, 5000).merged())
	shop := []byte("own")
	for _, ev := range own {
		ev.Shop = shop
	}
	cfg := engine.Config{LearnEvery: 3, Neighbours: 16} // lists that are full, and weights that are learned
	half := len(own) / 2
	alone, among := newEngine(t, cfg), newEngine(t, cfg)
	compare := func(what string, last *models.Event) {
		t.Helper()
		want, got := answers(t, alone, shop, last.Time), answers(t, among, shop, last.Time)
		for _, name := range slices.Sorted(maps.Keys(want)) {
			if want[name] != got[name] {
				t.Errorf("%s: %s differs:\n%s", what, name, firstOf(difference(want[name], got[name]), 3))
			}
		}
	}
	apply(alone, own[:half], 64)
	apply(among, amongOthers(t, own[:half], 100, 40), 256)
	compare("at first", own[half-1])

	alone, among = fromSnapshot(t, alone, cfg), fromSnapshot(t, among, cfg)
	compare("restored", own[half-1])
	apply(alone, own[half:], 64)
	apply(among, amongOthers(t, own[half:], 100, 80), 256)
	compare("after the restart", own[len(own)-1])
	alone, among = fromSnapshot(t, alone, cfg), fromSnapshot(t, among, cfg)
	compare("restored again", own[len(own)-1])
}

func fromSnapshot(t testing.TB, e *engine.Engine, cfg engine.Config) *engine.Engine {
	again := newEngine(t, cfg)
	restore(t, again, save(t, e))
	again.Settle()
	return again
}

// firstOf returns the first lines of a text.
func firstOf(text string, lines int) string {
	all := strings.SplitN(text, "\n", lines+1)
	return strings.Join(all[:min(lines, len(all))], "\n")
}
