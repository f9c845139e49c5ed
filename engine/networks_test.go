package engine_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"orrery/engine"
	"orrery/models"
)

// byNetwork decodes and applies one event as it stands in the log, recorded at its own moment.
func byNetwork(t interface{ Fatalf(string, ...any) }, e *engine.Engine, at models.Time, net uint64, text string) {
	body := fmt.Sprintf(`{"time":%d,"trust":"public","net":"%016x",%s}`, at, net<<16, text)
	if net == 0 {
		body = fmt.Sprintf(`{"time":%d,%s}`, at, text)
	}
	ev := new(models.Event)
	if err := ev.Decode([]byte(body), at); err != nil || ev.Stale {
		t.Fatalf("%s: %v", body, err)
	}
	e.Apply([]*models.Event{ev})
}

// lost returns how much of something was left out because of its network.
func lost(e *engine.Engine, what string) (n uint64) {
	for _, d := range e.Stats().Dropped {
		if d.What == what && d.Why == "network" {
			n += d.N
		}
	}
	return n
}

// peers is the strangers of one network and shop, those without a cart first, each by its newest session.
type peers [2][]string

func (c *peers) remove(v string) (carted, was bool) {
	for i := range c {
		if at := slices.Index(c[i], v); at >= 0 {
			c[i] = slices.Delete(c[i], at, at+1)
			return i == 1, true
		}
	}
	return false, false
}

// Of one network and shop so many strangers are kept at most, whoever comes, in whatever order and with whatever restart between: the
// same as lists hold that are walked through.
func TestNetworkVisitorsAgainstLists(t *testing.T) {
	engine.Alone(t)
	rapid.Check(t, func(rt *rapid.T) {
		most := rapid.IntRange(1, 4).Draw(rt, "most")
		cfg := engine.Config{NetworkStrangers: most, Alone: true}
		e := newEngine(t, cfg)
		crowds, home := map[string]*peers{}, map[string]string{} // by network and shop; of visitors that are known
		ever, displaced := map[string]bool{}, uint64(0)
		at := models.Time(dayZero)
		for range rapid.IntRange(1, 120).Draw(rt, "events") {
			at += 40 * models.Minute // a session each
			shop, net := rapid.IntRange(0, 1).Draw(rt, "shop"), rapid.Uint64Range(0, 3).Draw(rt, "network")
			v := fmt.Sprintf("s%d v%d", shop, rapid.IntRange(0, 15).Draw(rt, "visitor"))
			head := fmt.Sprintf(`"shop":"s%d","visitor":%q,"items":[{"item_id":"p"}]`, shop, v)
			ever[v] = true
			cart := rapid.IntRange(0, 4).Draw(rt, "cart") == 0
			event := "view_item"
			if cart {
				event = "add_to_cart"
			}
			byNetwork(rt, e, at, net, fmt.Sprintf(`"event":%q,%s`, event, head))
			key := fmt.Sprint(net, shop)
			if _, known := home[v]; !known {
				home[v] = key
				if net != 0 {
					if crowds[key] == nil {
						crowds[key] = new(peers)
					}
					c := crowds[key]
					c[0] = append(c[0], v)
					if len(c[0])+len(c[1]) > most {
						for i := range c {
							if len(c[i]) > 0 && c[i][0] != v {
								delete(home, c[i][0])
								c[i] = c[i][1:]
								displaced++
								break
							}
						}
					}
				}
			}
			if c := crowds[home[v]]; c != nil {
				carted, was := c.remove(v)
				switch {
				case !was:
				case net == 0: // the shop's own server knows it
				case carted || cart:
					c[1] = append(c[1], v)
				default:
					c[0] = append(c[0], v)
				}
			}
			if rapid.IntRange(0, 20).Draw(rt, "restart") == 0 {
				saved := save(t, e)
				e = newEngine(t, cfg)
				restore(t, e, saved)
			}
			for v := range ever {
				_, want := home[v]
				if _, ok := e.Visitor([]byte(v[:2]), []byte(v), at); ok != want {
					rt.Fatalf("%s is there: %t, want %t; %v", v, ok, want, crowds)
				}
			}
		}
		if got := lost(e, "visitor"); got != displaced {
			rt.Fatalf("%d made room in their networks, want %d", got, displaced)
		}
	})
}

// names is what a shop is known to have, by a plain map.
type names struct {
	known   map[string]bool   // product, category or brand of a shop
	brought map[string]int    // by kind, network, shop and day
	of      map[string]string // the category of a product, its brand
	refused map[string]uint64
	most    int
}

func (n *names) take(kind, who string, names ...string) bool {
	if who != "" && n.brought[kind+who]+len(names) > n.most {
		n.refused[kind]++
		return false
	}
	n.brought[kind+who] += len(names)
	for _, name := range names {
		n.known[kind+name] = true
	}
	return true
}

// One network brings a shop so many new names of each kind a day and no more, the same as maps count.
func TestNetworkNamesAgainstMaps(t *testing.T) {
	engine.Alone(t)
	rapid.Check(t, func(rt *rapid.T) {
		n := &names{map[string]bool{}, map[string]int{}, map[string]string{}, map[string]uint64{}, rapid.IntRange(1, 6).Draw(rt, "most")}
		cfg := engine.Config{NetworkInvented: n.most, Alone: true}
		e := newEngine(t, cfg)
		now, items := models.Time(dayZero), 0
		count := rapid.IntRange(1, 150).Draw(rt, "events")
		for i := range count {
			now += models.Time(rapid.IntRange(0, 60).Draw(rt, "minutes")) * models.Minute
			late := models.Time(rapid.IntRange(0, 20).Draw(rt, "late")) * models.Hour // which day it is the stream says, not the sender
			shop, net := rapid.IntRange(0, 1).Draw(rt, "shop"), rapid.Uint64Range(0, 2).Draw(rt, "network")
			product := fmt.Sprint(shop, " p", rapid.IntRange(0, 40).Draw(rt, "product"))
			upper := fmt.Sprint("a", rapid.IntRange(0, 10).Draw(rt, "category"))
			path := fmt.Sprint(upper, " > b", rapid.IntRange(0, 2).Draw(rt, "below"))
			brand := fmt.Sprint("b", rapid.IntRange(0, 20).Draw(rt, "brand"))
			at := now
			if net != 0 {
				at = max(at-late, dayZero)
			}
			byNetwork(rt, e, at, net, fmt.Sprintf(`"id":"%d","event":"view_item","shop":"s%d","visitor":"v%d","items":[{"item_id":%q,"item_category":%q,"item_brand":%q}]`, i, shop, i, product, path, brand))
			who := ""
			if net != 0 {
				who = fmt.Sprint(net, shop, e.StreamTime()/models.Day)
			}
			if !n.known["product"+product] {
				if !n.take("product", who, product) {
					continue
				}
				items++
			}
			if n.of["category"+product] != "" {
				continue // nothing that is not known is said
			}
			var levels []string
			for _, level := range []string{upper, path} {
				if level = fmt.Sprint(shop, level); !n.known["category"+level] {
					levels = append(levels, level)
				}
			}
			if len(levels) == 0 || n.take("category", who, levels...) {
				n.of["category"+product] = path
			}
			if n.of["brand"+product] == "" && (n.known["brand"+fmt.Sprint(shop, brand)] || n.take("brand", who, fmt.Sprint(shop, brand))) {
				n.of["brand"+product] = brand
			}
			if rapid.IntRange(0, 20).Draw(rt, "restart") == 0 {
				saved := save(t, e)
				e = newEngine(t, cfg)
				restore(t, e, saved)
			}
		}
		s := e.Stats()
		if s.Items != uint64(items) || s.Total != uint64(count) {
			rt.Fatalf("%d products, %d events; want %d, %d", s.Items, s.Total, items, count)
		}
		for _, kind := range []string{"product", "category", "brand"} {
			if got := lost(e, kind); got != n.refused[kind] {
				rt.Fatalf("%d of %s refused, want %d", got, kind, n.refused[kind])
			}
		}
	})
}

// F5: one network that makes visitors, products and categories up for long takes no more memory than its share, though the ceilings
// are far; visitors of other networks, and those of it who log in, stay.
func TestF5Network(t *testing.T) {
	engine.Alone(t)
	const mine, products = 1_000, 100
	cfg := engine.Config{NetworkStrangers: mine, NetworkInvented: products}
	e := newEngine(t, cfg)
	at := models.Time(dayZero)
	for i := range 300 {
		byNetwork(t, e, at, 100+uint64(i%30), fmt.Sprintf(`"event":"view_item","visitor":"honest%d","items":[{"item_id":"p%d"}]`, i, i))
	}
	byNetwork(t, e, at, 7, `"event":"view_item","visitor":"anna","items":[{"item_id":"p1"}]`)
	byNetwork(t, e, at, 0, `"event":"identify","visitor":"anna","contact":"anna@shop.example"`)
	var before, after uint64
	for i := range 40_000 {
		if i == 20_000 { // the middle
			saved := save(t, e)
			e = newEngine(t, cfg)
			restore(t, e, saved)
		}
		at += 100
		byNetwork(t, e, at, 7, fmt.Sprintf(`"event":"view_item","visitor":"made up %d","items":[{"item_id":"made up %d","item_category":"a%d > b > c > d > e > f > g > h"}]`, i, i, i))
		if i%10_000 != 9_999 {
			continue
		}
		after = 0
		for name, n := range e.Stats().Bytes {
			if name != "sessions" && name != "session_rankers" && name != "intent" && name != "outlook" { // rings and pools with bounds of their own, which time has to pass for
				after += n
			}
		}
		if before == 0 {
			before = after
		}
	}
	if after > before+512<<10 {
		t.Errorf("%d bytes after 40,000 made-up visitors, %d after 10,000", after, before)
	}
	there := 0
	for i := range 40_000 {
		if _, ok := e.Visitor(nil, fmt.Appendf(nil, "made up %d", i), at); ok {
			there++
		}
	}
	if there != mine || lost(e, "visitor") != 40_000-mine {
		t.Errorf("%d visitors of the network are there, %d made room", there, lost(e, "visitor"))
	}
	if got := e.Stats().Items; got != 300+products-1+1 { // p1 was there already
		t.Errorf("%d products", got)
	}
	if got := lost(e, "product"); got != 40_000-products {
		t.Errorf("%d products were refused", got)
	}
	for i := range 300 {
		id := fmt.Appendf(nil, "honest%d", i)
		if p, ok := e.Visitor(nil, id, at); !ok || len(p.Viewed) != 1 {
			t.Fatalf("%s: there %t, viewed %v", id, ok, p.Viewed)
		}
	}
	if p, ok := e.Visitor(nil, []byte("anna"), at); !ok || len(p.Viewed) != 1 {
		t.Errorf("anna, who has logged in: there %t, viewed %v", ok, p.Viewed)
	}
	if s := e.Stats(); s.Total != 40_302 {
		t.Errorf("%d events", s.Total)
	}
}
