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

// F6: what a state of as many shops as there may ever be writes can be read, and costs what the shops are worth of which
// something is known.
func TestF6Shops(t *testing.T) {
	engine.Alone(t)
	const most = 1<<20 - 1
	e := newEngine(t, engine.Config{MaxShops: 1 << 30})
	ev := decode(t, []string{`{"event":"identify","visitor":"v","contact":"c","time":"2026-03-02T00:00:00Z"}`})[0]
	refused := 0
	for i := range most + 100 {
		ev.Shop = fmt.Appendf(ev.Shop[:0], "%x", i)
		if e.Admit(ev) != nil {
			refused++
		}
	}
	if refused != 100 {
		t.Fatalf("%d of 100 too many are refused", refused)
	}
	var lines []string
	for i := range 600 { // in the last shop, so that all of its models are there
		lines = append(lines, fmt.Sprintf(`{"event":"view_item","id":"%d","shop":"%x","visitor":"v%d","time":"2026-03-02T00:%02d:00Z","items":[{"item_id":"p"}]}`, i, most-1, i%7, i/10))
	}
	lines = append(lines, fmt.Sprintf(`{"event":"purchase","shop":"%x","visitor":"v1","contact":"c","order":"o","value":1,"time":"2026-03-02T02:00:00Z"}`, most-1))
	if admitted(t, e, lines) != 0 {
		t.Fatal("the last shop is refused")
	}
	saved, total := save(t, e), 0
	for name, b := range saved {
		if total += len(b); len(b) > 40<<20 {
			t.Errorf("section %s has %d bytes", name, len(b))
		}
	}
	again := newEngine(t, engine.Config{MaxShops: 1 << 30})
	restore(t, again, saved)
	same(t, "after a restart", e, again, e.StreamTime())
	if s := again.Stats(); s.Orders != 1 {
		t.Errorf("%d orders", s.Orders)
	}
	t.Logf("%d shops: %d bytes", most, total)
}
