package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"orrery/engine"
	"orrery/models"
)

// ordersSay is what orders come to: of the shop, and of a contact.
func ordersSay(e *engine.Engine, contacts ...string) string {
	var b strings.Builder
	now := dayZero + 300*models.Day
	s := e.Stats()
	fmt.Fprintf(&b, "orders %d, buyers %d, refunds %d, repeats %d, revenue %v, over %d %v\n", s.Orders, s.Buyers, s.Refunds, s.Repeats, s.Revenue, s.OverRefunds, s.OverRefunded)
	for _, name := range contacts {
		p, _ := e.Contact(nil, []byte(name), now)
		var orders []string
		for _, o := range p.Orders { // those of one moment stand as they came
			orders = append(orders, fmt.Sprintf("  %s %s %v %v %s %v %s\n", name, o.Order, o.At, o.Value, o.Currency, o.Cancelled, bought(&o)))
		}
		slices.Sort(orders)
		fmt.Fprint(&b, orders)
		if c := p.Customer; c != nil {
			fmt.Fprintf(&b, "  %v %v %d %d %v %v\n", c.First, c.Last, c.Days, c.Orders, c.Spent, c.Gap)
		}
	}
	r, _ := e.RFM(nil, now)
	fmt.Fprintf(&b, "%d %v %v %v\n", r.Customers, r.Recency, r.Frequency, r.Monetary)
	return b.String()
}

// Of purchases with one id the one placed first counts, in whatever order they come, with refunds and cancellations in between, over
// restarts; what customers, totals and profiles say is the same.
func TestEarliestCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var lines []string
		say := func(day int, format string, args ...any) {
			at := (dayZero + models.Time(day)*models.Day).Std().Format("2006-01-02T15:04:05Z")
			lines = append(lines, fmt.Sprintf(`{"time":%q,"id":"%d",`, at, len(lines))+fmt.Sprintf(format, args...)+"}")
		}
		for c := range 3 {
			for o := range rapid.IntRange(0, 3).Draw(t, "orders") {
				for range rapid.IntRange(1, 3).Draw(t, "copies") {
					say(rapid.IntRange(0, 200).Draw(t, "day"), `"event":"purchase",%s,"order":"o-%d-%d","currency":"EUR","items":[{"item_id":"i%[4]d","price":%[4]d}]`,
						rapid.SampledFrom([]string{fmt.Sprintf(`"contact":"c%d"`, c), fmt.Sprintf(`"visitor":"v%d"`, c)}).Draw(t, "by"), c, o, rapid.IntRange(1, 9).Draw(t, "price"))
				}
				if rapid.IntRange(0, 3).Draw(t, "refunded") == 0 {
					say(210, `"event":"refund","contact":"c%d","order":"o-%d-%d","value":1,"currency":"EUR"`, c, c, o)
				}
				if rapid.IntRange(0, 5).Draw(t, "cancelled") == 0 {
					say(211, `"event":"cancel","contact":"c%d","order":"o-%d-%d"`, c, c, o)
				}
			}
		}
		n := len(lines)
		for c := range 3 {
			say(0, `"event":"identify","visitor":"v%d","contact":"c%d"`, c, c)
		}
		say(250, `"event":"page_view","visitor":"v"`)
		first := lines[n:]
		fold := func(lines []string, restart int) string {
			e := newSeeded(t)
			applyLines(t, e, append(slices.Clone(first), lines[:restart]...), 4)
			again := newSeeded(t)
			restoreAll(t, again, saved(t, e))
			applyLines(t, again, lines[restart:], 4)
			return ordersSay(again, "c0", "c1", "c2")
		}
		lines = lines[:n]
		want := fold(lines, 0)
		mixed := rapid.Permutation(lines).Draw(t, "order")
		if got := fold(mixed, rapid.IntRange(0, len(mixed)).Draw(t, "restart")); got != want {
			t.Fatalf("in the order\n%s\ngot\n%s\nwant, as in the order\n%s\n%s", strings.Join(mixed, "\n"), got, strings.Join(lines, "\n"), want)
		}
	})
}

func restoreAll(t rapid.TB, e *engine.Engine, sections map[string][]byte) {
	for name, b := range sections {
		section, version, _ := strings.Cut(name, "/")
		if err := e.Restore(section, uint16(number(version)), strings.NewReader(string(b))); err != nil {
			t.Fatal(err)
		}
	}
}

// What a page has said was bought, where that counts, and what the shop's server says of it are one order with the server's value, and no
// repeat; a reloaded page is one.
func TestPageOrderThenServer(t *testing.T) {
	page := `{"event":"purchase","visitor":"v","order":"1","value":7,"currency":"EUR","items":[{"item_id":"A"}]}`
	server := `{"event":"purchase","contact":"anna","order":"1","value":5,"currency":"EUR","items":[{"item_id":"A"}]}`
	events := [3][2]string{{"public", page}, {"public", page}, {"secret", server}}
	for _, way := range [][]int{{0, 1, 2}, {0, 2, 1}, {2, 0, 1}, {0, 2}, {2, 0}} {
		r := newRightsRig(t, engine.Config{PageOrders: true})
		for _, k := range way {
			r.must(events[k][0], noon, "%s", events[k][1])
		}
		s := r.e.Stats()
		if s.Orders != 1 || s.Revenue["EUR"] != 5*models.Micros || s.Repeats != uint64(len(way)-2) || s.Buyers != 1 {
			t.Errorf("%v: %d orders, %d repeats, %d buyers, %v", way, s.Orders, s.Repeats, s.Buyers, s.Revenue)
		}
		if p, _ := r.e.Contact(nil, []byte("anna"), noon+models.Day); len(p.Orders) != 1 || p.Orders[0].Value != 5*models.Micros {
			t.Errorf("%v: %+v", way, p.Orders)
		}
		if p, _ := r.e.Visitor(nil, []byte("v"), noon+models.Day); len(p.Orders) != 0 {
			t.Errorf("%v: the order is the browser's as well: %+v", way, p.Orders)
		}
	}
}
