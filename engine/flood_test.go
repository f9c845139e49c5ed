package engine_test

import (
	"fmt"
	"testing"

	"orrery/engine"
	"orrery/models"
	"orrery/models/flood"
)

// A seed decides where names lie, and nothing that anybody is told.
func TestSeedChangesNoAnswer(t *testing.T) {
	w := newWorld(11, 3000)
	answers := func(seed uint64) (string, models.Time) {
		e := newEngine(t, engine.Config{})
		e.Seed(seed)
		events := decode(t, w.merged())
		apply(e, events[:len(events)/2], 64)
		saved := save(t, e)
		again := newEngine(t, engine.Config{}) // a restart in the middle
		again.Seed(seed)
		restore(t, again, saved)
		apply(again, events[len(events)/2:], 64)
		return digest(t, again, again.StreamTime()), again.StreamTime()
	}
	want, _ := answers(0)
	for _, seed := range []uint64{1, 1 << 60} {
		if got, _ := answers(seed); got != want {
			t.Errorf("seed %d changes answers:\n%s", seed, difference(want, got))
		}
	}
}

// B5, F11: every name that an event can hold, made up for the tables, is taken and found like any other. How few slots that
// takes is shown by the tables' own tests; here it would take minutes if one table were without the seed.
func TestB5CraftedNames(t *testing.T) {
	const n = 20_000
	e := newEngine(t, engine.Config{})
	e.Seed(3)
	flood := flood.IDs(n)
	events := make([]models.Event, n)
	batch := make([]*models.Event, n)
	for i := range events {
		id := flood[i]
		events[i] = models.Event{
			Kind: models.Purchase, Name: []byte("purchase"), ID: id, Visitor: id, Contact: id, Time: models.MinTime + models.Time(i)*models.Second,
			Items: []models.Item{{ID: id, Name: id, Category: id, Quantity: 1}}, Currency: []byte("EUR"), HasValue: true, Value: 1,
		}
		if i%2 == 0 {
			events[i].Order = id
		}
		batch[i] = &events[i]
	}
	apply(e, batch, 256)
	s := e.Stats()
	if got := fmt.Sprint(s.Visitors, s.Contacts, s.Orders); got != fmt.Sprint(n, n, n) {
		t.Errorf("visitors, contacts, orders: %s, want %d of each", got, n)
	}
	full := map[string]bool{}
	for _, table := range e.Tables() {
		full[table.Name] = table.Names >= n
		if table.Probes > 3*table.Names || table.Longest > 512 {
			t.Errorf("%s: %d probes for %d names, %d for one", table.Name, table.Probes, table.Names, table.Longest)
		}
	}
	for _, name := range []string{"visitors", "contacts", "orders", "items", "categories", "features", "owners"} {
		if !full[name] {
			t.Errorf("the table of %s is not full of them", name)
		}
	}
}
