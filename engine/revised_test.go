package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"orrery/models"
)

// Of an order that is told of in several states the newest counts, up or down, in whatever order they come, with copies that do not say
// of when they are, refunds and cancellations in between, over restarts: orders, money, buyers, profiles, segments.
func TestRevisions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var lines []string
		say := func(day int, format string, args ...any) {
			at := (dayZero + models.Time(day)*models.Day).Std().Format("2006-01-02T15:04:05Z")
			lines = append(lines, fmt.Sprintf(`{"time":%q,"id":"%d",`, at, len(lines))+fmt.Sprintf(format, args...)+"}")
		}
		for c := range 2 {
			for o := range rapid.IntRange(1, 3).Draw(t, "orders") {
				for k := range rapid.IntRange(1, 4).Draw(t, "copies") {
					revised := ""
					if rapid.IntRange(0, 3).Draw(t, "says of when") > 0 {
						revised = fmt.Sprintf(`,"props":{"revised_at":%q}`, (dayZero + models.Time(rapid.IntRange(1, 4).Draw(t, "revised"))*models.Hour).Std().Format("2006-01-02T15:04:05Z"))
					}
					more := ""
					if rapid.Bool().Draw(t, "more lines") {
						more = fmt.Sprintf(`,{"item_id":"j%d","price":%d}`, k, k+1)
					}
					// Two states of one moment differ in their value, or are the same.
					say(rapid.IntRange(0, 200).Draw(t, "day"), `"event":"purchase","contact":"c%d","order":"o-%d-%d","currency":"EUR","items":[{"item_id":"i%d","price":%d}%s]%s`,
						c, c, o, k, 10*k+rapid.IntRange(1, 9).Draw(t, "price"), more, revised)
				}
				if rapid.IntRange(0, 2).Draw(t, "refunded") == 0 {
					say(210, `"event":"refund","order":"o-%d-%d","value":3,"currency":"EUR"`, c, o)
				}
				if rapid.IntRange(0, 5).Draw(t, "cancelled") == 0 {
					say(211, `"event":"cancel","order":"o-%d-%d"`, c, o)
				}
			}
		}
		say(250, `"event":"page_view","visitor":"v"`)
		last := lines[len(lines)-1]
		lines = lines[:len(lines)-1]
		fold := func(lines []string, restart int) string {
			e := newSeeded(t)
			applyLines(t, e, append([]string{last}, lines[:restart]...), 4)
			again := newSeeded(t)
			restoreAll(t, again, saved(t, e))
			applyLines(t, again, lines[restart:], 4)
			return ordersSay(again, "c0", "c1")
		}
		want := fold(lines, 0)
		mixed := rapid.Permutation(lines).Draw(t, "order")
		if got := fold(mixed, rapid.IntRange(0, len(mixed)).Draw(t, "restart")); got != want {
			t.Fatalf("in the order\n%s\ngot\n%s\nwant, as in the order\n%s\n%s", strings.Join(mixed, "\n"), got, strings.Join(lines, "\n"), want)
		}
	})
}

// What a shop's platform says later of an order counts, to the cent, refunds of it too; what changes nothing leaves everything as it is;
// a page can revise nothing.
func TestOrderEditedUpwards(t *testing.T) {
	order := func(value, items, revised string) string {
		return fmt.Sprintf(`{"event":"purchase","id":"r%s","contact":"anna","time":"2025-03-01T10:00:00Z","order":"7","value":%s,"currency":"EUR","items":[%s],"props":{"revised_at":"2025-03-%sT12:00:00Z"}}`, revised, value, items, revised)
	}
	e := newSeeded(t)
	applyLines(t, e, []string{
		order("20.10", `{"item_id":"A"}`, "02"),
		order("35.05", `{"item_id":"A"},{"item_id":"B","quantity":2}`, "04"),
		`{"event":"refund","id":"f","order":"7","value":5.05,"currency":"EUR","time":"2025-03-05T10:00:00Z"}`,
		order("20.10", `{"item_id":"A"}`, "03"), // came late
		order("35.05", `{"item_id":"A"},{"item_id":"B","quantity":2}`, "06"),
	}, 1)
	s := e.Stats()
	p, _ := e.Contact(nil, []byte("anna"), e.StreamTime())
	if s.Orders != 1 || s.Buyers != 1 || s.Revenue["EUR"] != 30*models.Micros || len(p.Orders) != 1 || p.Orders[0].Value != 30*models.Micros || len(p.Orders[0].Items) != 2 || p.Customer.Spent != 30*models.Micros {
		t.Errorf("%d orders, %v, %+v", s.Orders, s.Revenue, p.Orders)
	}
}
