package engine_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"orrery/engine"
	"orrery/models"
	"orrery/models/facts"
)

// told returns the lines of an export.
func told(t *testing.T, e *engine.Engine) (lines []string) {
	t.Helper()
	if err := e.EachFact("test", 0, func(f *models.Fact) error {
		b, err := json.Marshal(f)
		lines = append(lines, string(b))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return lines
}

func taken(t *testing.T, lines []string) *engine.Engine {
	t.Helper()
	e := newEngine(t, engine.Config{})
	for _, line := range lines {
		if err := take(e, line); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
	return e
}

func take(e *engine.Engine, line string) error {
	var f models.Fact
	if err := json.Unmarshal([]byte(line), &f); err != nil {
		return err
	}
	return e.TakeFact(&f)
}

// known is what must be the same after an export and an import.
func known(e *engine.Engine, shops []string, contacts, visitors func(n int) (string, bool)) string {
	b, now := new(strings.Builder), e.StreamTime()
	s := e.Stats()
	fmt.Fprintln(b, s.Orders, s.Refunds, s.Cancels, s.Buyers, s.Repeats, s.Contacts, s.Products, s.Revenue, s.StreamTime)
	for _, shop := range shops {
		person := func(kind, id string, p models.Profile, ok bool) {
			fmt.Fprintf(b, "%s %s %s %v %q %s %d %v\n", kind, shop, id, ok, p.Contact, p.Attributes, p.OrderCount, p.Spent)
			for _, o := range p.Orders {
				fmt.Fprintf(b, "  order %s %d %v %s %v %s\n", o.Order, o.At, o.Value, o.Currency, o.Cancelled, bought(&o))
			}
			if c := p.Customer; c != nil {
				fmt.Fprintf(b, "  customer %d %d %d %d %v %s %v\n", c.First, c.Last, c.Days, c.Orders, c.Spent, c.Currency, c.Score)
			}
		}
		for n := range 40 {
			if id, ok := contacts(n); ok {
				p, ok := e.Contact([]byte(shop), []byte(id), now)
				person("contact", id, p, ok)
			}
			if id, ok := visitors(n); ok {
				if p, _ := e.Visitor([]byte(shop), []byte(id), now); p.Contact != "" || len(p.Orders) > 0 {
					person("visitor", id, p, true)
				}
			}
		}
		r, _ := e.RFM([]byte(shop), now)
		fmt.Fprintln(b, shop, r.Customers, r.Currency, r.Foreign)
	}
	return b.String()
}

// An engine that has taken the facts of another knows the same of everybody, to the cent, and goes on from there alike.
func TestFactsOfTheGoldenScript(t *testing.T) {
	one := newEngine(t, engine.Config{})
	restoreGolden(t, one, "testdata/golden/10.snap.gz")
	lines := told(t, one)
	other := taken(t, lines)
	shops := []string{"default", "north", "süd"}
	contacts := func(n int) (string, bool) { return fmt.Sprintf("c%d@example.com", n), n < 10 }
	visitors := func(n int) (string, bool) { return fmt.Sprintf("v%d", n), n < 22 }
	if want, got := known(one, shops, contacts, visitors), known(other, shops, contacts, visitors); got != want {
		t.Errorf("other facts:\n%s", difference(want, got))
	}
	again := told(t, other)
	slices.Sort(lines)
	slices.Sort(again)
	if want, got := strings.Join(lines, "\n"), strings.Join(again, "\n"); got != want {
		t.Errorf("the export of an import differs:\n%s", difference(want, got))
	}
	for _, id := range []string{"i0", "i3", "i5", "i17"} {
		p, _ := one.Product(nil, []byte(id))
		q, _ := other.Product(nil, []byte(id))
		p.Item, q.Item = 0, 0
		if fmt.Sprintf("%+v", p) != fmt.Sprintf("%+v", q) {
			t.Errorf("product %s: %+v, not %+v", id, q, p)
		}
	}
}

// Whatever a world has seen, its facts survive, twice and in another order of orders, and what comes later falls where it would have.
func TestFactsOfWorlds(t *testing.T) {
	engine.Alone(t)
	contacts := func(n int) (string, bool) { return fmt.Sprintf("c%d", n), n < worldContacts }
	visitors := func(n int) (string, bool) { return fmt.Sprintf("v%d", n), n < worldVisitors }
	for seed := range uint64(6) {
		w := newWorld(100+seed, 2000)
		events := decode(t, w.merged())
		half := len(events) / 2
		one := newEngine(t, engine.Config{})
		apply(one, events[:half], 64)
		lines := told(t, one)
		orders := func(line string) bool { return strings.Contains(line, `"fact":"order"`) }
		first := slices.IndexFunc(lines, orders)
		slices.Reverse(lines[first : len(lines)-1])
		twice := slices.Concat(lines[:first+20], lines[first:])
		other := taken(t, twice)
		if want, got := known(one, []string{"default"}, contacts, visitors), known(other, []string{"default"}, contacts, visitors); got != want {
			t.Errorf("world %d: other facts:\n%s", seed, difference(want, got))
		}
		// But for orders that had been refunded and were not known themselves: no fact speaks of them.
		seen := map[string]bool{}
		for _, ev := range events[:half] {
			if order := string(ev.Order); order != "" {
				seen[order] = seen[order] || ev.Kind == models.Purchase
			}
		}
		var later []*models.Event
		for _, ev := range events[half:] {
			if bought, named := seen[string(ev.Order)]; bought || !named {
				later = append(later, ev)
			}
		}
		if len(later) < half*9/10 {
			t.Fatalf("only %d of %d events are left", len(later), half)
		}
		apply(one, later, 64)
		apply(other, later, 64)
		if want, got := known(one, []string{"default"}, contacts, visitors), known(other, []string{"default"}, contacts, visitors); got != want {
			t.Errorf("world %d, continued: other facts:\n%s", seed, difference(want, got))
		}
		if t.Failed() {
			return
		}
	}
}

// A file that is cut off, changed or of a later format is refused, with the field.
func TestFactsRefused(t *testing.T) {
	one := newEngine(t, engine.Config{})
	restoreGolden(t, one, "testdata/golden/10.snap.gz")
	lines := told(t, one)
	e := newEngine(t, engine.Config{})
	order := 0
	for i, line := range lines[:len(lines)-1] {
		if strings.Contains(line, `"fact":"order"`) && order == 0 {
			order = i
			continue
		}
		if err := take(e, line); err != nil {
			t.Fatal(err)
		}
	}
	if err := take(e, lines[len(lines)-1]); !errors.Is(err, facts.ErrFact) || !strings.Contains(err.Error(), "orders") {
		t.Errorf("a line is missing: %v", err)
	}
	for line, field := range map[string]string{
		`{"fact":"export","format":4}`:                                              "format",
		`{"fact":"dream"}`:                                                          `"dream"`,
		`{"fact":"product"}`:                                                        "product",
		`{"fact":"contact"}`:                                                        "contact",
		`{"fact":"login","contact":"c","time":1}`:                                   "visitor",
		`{"fact":"login","visitor":"00000000000000ff","time":1}`:                    "contact",
		`{"fact":"login","visitor":"00000000000000ff","contact":"c"}`:               "time",
		`{"fact":"login","visitor":"ff","contact":"c"}`:                             "key",
		`{"fact":"order","visitor":"00000000000000ff"}`:                             "order",
		`{"fact":"order","order":"O"}`:                                              "visitor",
		`{"fact":"order","order":"O","visitor":"00000000000000ff","value":12.5}`:    "amount",
		`{"fact":"order","order":"O","visitor":"00000000000000ff","value":"a lot"}`: "",
	} {
		if err := take(e, line); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", line, err)
		}
	}
	if b, _ := json.Marshal(&models.Fact{Fact: models.FactOrder, Value: -1}); !bytes.Contains(b, []byte(`"-0.000001"`)) {
		t.Errorf("a micro is written as %s", b)
	}
}

// Of two orders of one id each is told, refunds beyond an order's value and in another currency included.
func TestFactsOfOddOrders(t *testing.T) {
	one := newEngine(t, engine.Config{})
	apply(one, decode(t, []string{
		`{"event":"purchase","time":1772500000000,"visitor":"v1","contact":"a","order":"O","value":10,"currency":"EUR"}`,
		`{"event":"purchase","time":1772500001000,"visitor":"v2","contact":"b","order":"O","value":7,"currency":"EUR"}`,
		`{"event":"refund","time":1772500002000,"visitor":"v2","contact":"b","order":"O","value":2,"currency":"EUR"}`,
		`{"event":"purchase","time":1772500003000,"visitor":"v3","value":5,"currency":"EUR"}`,
		`{"event":"purchase","time":1772500004000,"visitor":"v3","order":"P","value":5}`,
		`{"event":"refund","time":1772500005000,"visitor":"v3","order":"P","value":1,"currency":"USD"}`,
		`{"event":"purchase","time":1772500006000,"contact":"a","order":"Q","value":3,"currency":"EUR","shop":"other"}`,
		`{"event":"refund","time":1772500007000,"contact":"a","order":"Q","value":4,"currency":"EUR","shop":"other"}`,
	}), 8)
	other := taken(t, told(t, one))
	who := func(ids ...string) func(int) (string, bool) {
		return func(n int) (string, bool) { return ids[n%len(ids)], n < len(ids) }
	}
	shops := []string{"default", "other"}
	want, got := known(one, shops, who("a", "b"), who("v1", "v2", "v3")), known(other, shops, who("a", "b"), who("v1", "v2", "v3"))
	if got != want || strings.Count(want, "order O ") != 4 {
		t.Errorf("other facts:\n%s\nnot\n%s", got, want)
	}
	if a, b := one.Stats().OverRefunded, other.Stats().OverRefunded; fmt.Sprint(a) != fmt.Sprint(b) || len(a) == 0 {
		t.Errorf("refunded beyond: %v, not %v", b, a)
	}
}

// A logout may be older than all logins on a browser: its shop is theirs.
func TestLogoutBeforeLogin(t *testing.T) {
	e := newEngine(t, engine.Config{})
	apply(e, decode(t, []string{
		`{"event":"identify","id":"1","visitor":"v","contact":"anna@example.com","time":"2026-03-02T10:00:00Z"}`,
		`{"event":"logout","id":"2","visitor":"v","time":"2026-03-02T09:00:00Z"}`,
	}), 1)
	var told []string
	if err := e.EachFact("test", 0, func(f *models.Fact) error {
		if f.Fact == models.FactLogin || f.Fact == models.FactLogout {
			told = append(told, f.Fact+" "+f.Shop)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(told, ", "); got != "logout default, login default" && got != "login default" {
		t.Errorf("told: %s", got)
	}
}
