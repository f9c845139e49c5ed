package engine_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"orrery/engine"
	"orrery/models"
)

// restarted returns a new engine with the state of one.
func restarted(t rapid.TB, e *engine.Engine) *engine.Engine {
	again := newBareEngine()
	for _, section := range e.Freeze() {
		var b bytes.Buffer
		if _, err := section.Data.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		section.Close()
		if err := again.Restore(section.Name, section.Version, &b); err != nil {
			t.Fatal(err)
		}
	}
	return again
}

func newBareEngine() *engine.Engine {
	e, err := engine.New(engine.Config{Floor: 1})
	if err != nil {
		panic(err)
	}
	return e
}

func spentOf(e *engine.Engine, contact string) (profile, customer models.Money, orders int) {
	p, _ := e.Contact(nil, []byte(contact), e.StreamTime())
	if p.Customer == nil {
		return p.Spent["EUR"], -1, 0
	}
	return p.Spent["EUR"], p.Customer.Spent, int(p.Customer.Orders)
}

// Case 10 of the files: a credit note with a number of its own takes its money off the customer who it names, or off the order
// that it says it is for.
func TestCreditNotes(t *testing.T) {
	const sale = `{"event":"purchase","id":"1","time":"2026-03-01T10:00:00Z","contact":"c1","order":"700","value":100,"currency":"EUR"}` + "\n"
	f := func(note string, profile, customer models.Money, orders int, revenue string) {
		t.Helper()
		for _, lines := range []string{sale + note, note + "\n" + sale} {
			e := newBareEngine()
			applyAt(t, e, strings.TrimSpace(lines), caseTime)
			if p, c, n := spentOf(e, "c1"); p != profile || c != customer || n != orders {
				t.Errorf("%s: spent %s, %s in %d orders", lines, p, c, n)
			}
			if got := e.Stats().Revenue["EUR"].String(); got != revenue {
				t.Errorf("%s: revenue %s", lines, got)
			}
		}
	}
	const note = `{"event":"refund","id":"2","time":"2026-03-02T10:00:00Z",%s"value":%d,"currency":"%s"}`
	f(fmt.Sprintf(note, `"contact":"c1","order":"C701",`, 100, "EUR"), 0, 0, 1, "0.00")
	f(fmt.Sprintf(note, `"contact":"c1","order":"C701",`, 30, "EUR"), 70*models.Micros, 70*models.Micros, 1, "70.00")
	f(fmt.Sprintf(note, `"contact":"c1","order":"C701",`, 130, "EUR"), 0, 0, 1, "-30.00")
	f(fmt.Sprintf(note, `"contact":"c1","order":"C701",`, 30, "USD"), 100*models.Micros, 100*models.Micros, 1, "100.00")
	f(fmt.Sprintf(note, `"contact":"c2","order":"C701",`, 30, "EUR"), 100*models.Micros, 100*models.Micros, 1, "70.00")
	f(fmt.Sprintf(note, `"contact":"c1","order":"700",`, 30, "EUR"), 70*models.Micros, 70*models.Micros, 1, "70.00")
	f(fmt.Sprintf(note, `"contact":"c9","order":"C701","original_order":"700",`, 30, "EUR"), 70*models.Micros, 70*models.Micros, 1, "70.00")
	f(fmt.Sprintf(note, `"contact":"c9","order":"C701","original_order":"700",`, 130, "EUR"), 0, -1, 0, "0.00")
}

// An export holds credit notes, so that who takes it knows as well what a customer has spent.
func TestCreditNotesAreFacts(t *testing.T) {
	e := newBareEngine()
	applyAt(t, e, `{"event":"purchase","id":"1","time":"2026-03-01T10:00:00Z","contact":"c1","order":"700","value":100,"currency":"EUR"}
{"event":"refund","id":"2","time":"2026-03-02T10:00:00Z","contact":"c1","order":"C701","value":30,"currency":"EUR"}
{"event":"refund","id":"3","time":"2026-03-02T10:00:00Z","contact":"c1","order":"C702","value":20}
{"event":"cancel","id":"4","time":"2026-03-02T10:00:00Z","contact":"c1","order":"C702"}`, caseTime)
	again := newBareEngine()
	var told []models.Fact
	if err := e.EachFact("test", 0, func(f *models.Fact) error { told = append(told, *f); return nil }); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for i := range told {
			if err := again.TakeFact(&told[i]); err != nil {
				t.Fatalf("%+v: %v", told[i], err)
			}
		}
	}
	for _, e := range []*engine.Engine{e, again} {
		if p, c, n := spentOf(e, "c1"); p != 70*models.Micros || c != 70*models.Micros || n != 1 || e.Stats().Revenue["EUR"] != 70*models.Micros {
			t.Errorf("spent %s and %s in %d orders, revenue %s", p, c, n, e.Stats().Revenue["EUR"])
		}
	}
}

// Purchases, refunds, credit notes, notes whose order comes after all, and cancellations, in any order and over a restart: a
// contact has spent what its orders come to, less its notes, and not less than nothing.
func TestCreditNotesInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type order struct {
			contact                int // that the purchase names; 0: it never comes
			value, refunded, noted int // noted names contact by
			by                     int
			cancelled              bool
		}
		var lines []string
		spent, orders := map[int]int{}, map[int]int{}
		notes := map[int]int{}
		for i := range rapid.IntRange(1, 7).Draw(t, "orders") {
			o := order{
				contact: rapid.IntRange(0, 2).Draw(t, "contact"), value: rapid.IntRange(1, 9).Draw(t, "value") * 10,
				refunded: rapid.IntRange(0, 3).Draw(t, "refunded"), noted: rapid.IntRange(0, 2).Draw(t, "noted") * 15,
				by: rapid.IntRange(1, 2).Draw(t, "by"), cancelled: rapid.IntRange(0, 5).Draw(t, "cancelled") == 0,
			}
			day := rapid.IntRange(1, 28).Draw(t, "day")
			line := func(event, rest string) {
				lines = append(lines, fmt.Sprintf(`{"event":%q,"id":"%s%d-%d","time":"2026-03-%02dT10:00:00Z","order":"o%d",%s}`, event, event, i, len(lines), day, i, rest))
			}
			if o.contact != 0 {
				line("purchase", fmt.Sprintf(`"contact":"c%d","value":%d,"currency":"EUR"`, o.contact, o.value))
			}
			if o.refunded != 0 {
				line("refund", fmt.Sprintf(`"visitor":"v","value":%d,"currency":"EUR"`, o.refunded))
			}
			if o.noted != 0 {
				line("refund", fmt.Sprintf(`"contact":"c%d","value":%d,"currency":"EUR"`, o.by, o.noted))
			}
			if o.cancelled {
				line("cancel", `"visitor":"v"`)
			}
			left := max(0, o.value-o.refunded-o.noted)
			switch {
			case o.cancelled:
			case o.contact != 0 && left > 0:
				spent[o.contact] += left
				orders[o.contact]++
			case o.contact == 0 && o.noted != 0: // the refunds of one number are one note
				notes[o.by] += o.noted + o.refunded
			}
		}
		lines = rapid.Permutation(lines).Draw(t, "order")
		cut := rapid.IntRange(0, len(lines)).Draw(t, "restart")
		e := newBareEngine()
		for i, l := range lines {
			if i == cut {
				e = restarted(t, e)
			}
			ev := new(models.Event)
			if err := ev.Decode([]byte(l), caseTime); err != nil {
				t.Fatal(err)
			}
			e.Apply([]*models.Event{ev})
		}
		for c := 1; c <= 2; c++ {
			want := models.Money(max(0, spent[c]-notes[c])) * models.Micros
			p, customer, n := spentOf(e, fmt.Sprintf("c%d", c))
			if orders[c] == 0 {
				if customer > 0 || n != 0 {
					t.Fatalf("c%d: a customer of %d orders, %s", c, n, customer)
				}
				continue
			}
			if p != want || customer != want || n != orders[c] {
				t.Fatalf("c%d: spent %s and %s in %d orders, want %s in %d\n%s", c, p, customer, n, want, orders[c], strings.Join(lines, "\n"))
			}
		}
	})
}
