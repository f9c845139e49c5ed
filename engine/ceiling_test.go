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
