package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"orrery/engine"
	"orrery/models"
)

// admitted applies what an engine admits, as the stream does, and returns how many it refuses.
func admitted(t testing.TB, e *engine.Engine, lines []string) (refused int) {
	t.Helper()
	var taken []*models.Event
	for _, ev := range decode(t, lines) {
		if why := e.Admit(ev); why == nil {
			taken = append(taken, ev)
		} else if refused++; why.Code != models.NoRoom || why.Field != "shop" || !strings.Contains(why.Reason, "--shops.max") {
			t.Fatalf("an event of %s is refused: %+v", ev.Shop, why)
		}
	}
	apply(e, taken, 256)
	return refused
}

// F5: no sender makes more shops than there may be. Those that are there go on, also under a lower bound after a restart.
func TestF5Shops(t *testing.T) {
	e := newEngine(t, engine.Config{MaxShops: 100})
	var lines []string
	for i := range 5_000 {
		lines = append(lines, fmt.Sprintf(`{"event":"purchase","id":"%d","shop":"s%d","visitor":"v","contact":"c","order":"o","value":1,"time":"2026-03-02T00:00:00Z"}`, i, i))
	}
	if refused := admitted(t, e, lines); refused != 4_900 {
		t.Errorf("%d of 5,000 refused, want 4,900", refused)
	}
	if s := e.Stats(); s.Orders != 100 || s.Total != 100 {
		t.Errorf("%d orders, %d events, want 100", s.Orders, s.Total)
	}
	again := newEngine(t, engine.Config{MaxShops: 10})
	restore(t, again, save(t, e))
	if refused := admitted(t, again, lines); refused != 4_900 {
		t.Errorf("%d of 5,000 refused after a restart, want 4,900", refused)
	}
}

// F14: made-up names of strangers share "other", those of the shop's servers have a bound, and known kinds are counted by
// themselves whoever came first, also in a state of an older build.
func TestF14Names(t *testing.T) {
	e := newEngine(t, engine.Config{})
	var lines []string
	add := func(name, trust string, n int) {
		for range n {
			lines = append(lines, fmt.Sprintf(`{"event":%q,"id":"%d","visitor":"v","trust":%q,"contact":"c","order":"o%d","value":1,"items":[{"item_id":"p"}]}`, name, len(lines), trust, len(lines)))
		}
	}
	for i := range 1_200 {
		add(fmt.Sprintf("stranger's %d", i), "public", 1)
	}
	for i := range 1_200 {
		add(fmt.Sprintf("own %d", i), "", 1)
	}
	add("own 7", "public", 2)
	for _, name := range models.KnownNames[1:] {
		add(name, "", 3)
	}
	admitted(t, e, lines)
	check := func() {
		t.Helper()
		s := e.Stats()
		if got := s.Events["other"]; got != 1_200+200 {
			t.Errorf("%d others, want 1,400", got)
		}
		if got := s.Events["own 7"]; got != 3 {
			t.Errorf("%d of a name of the shop's own, want 3", got)
		}
		for _, name := range models.KnownNames[1:] {
			if got := s.Events[name]; got != 3 {
				t.Errorf("%d of %s, want 3", got, name)
			}
		}
		if len(s.Events) != len(models.KnownNames)+1000 {
			t.Errorf("%d names", len(s.Events))
		}
	}
	check()
	saved := save(t, e)
	e = newEngine(t, engine.Config{})
	restore(t, e, saved)
	check()
}
