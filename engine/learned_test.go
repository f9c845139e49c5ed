package engine

import (
	"fmt"
	"slices"
	"testing"

	"orrery/models"
)

// told is the changes that wait to be told, in their order, with their times.
func told(e *Engine) (all []string) {
	for {
		list, next := e.CustomerChanges(1000)
		if len(list) == 0 {
			return all
		}
		for _, ch := range list {
			all = append(all, fmt.Sprintf("%d %s %s>%s %v %d>%d %v", ch.At, ch.Contact, ch.SegmentBefore, ch.Segment, ch.Forecast, ch.BandBefore, ch.Band, ch.Alive))
		}
		e.ChangesAcknowledged(next)
	}
}

// What was learned holds from where it stands in the log: so who reads the log again, in whatever batches and with a restart anywhere,
// tells the same changes and gives the same scores, and has nothing to learn that a record says.
func TestLearnedWhereItStands(t *testing.T) {
	Alone(t)
	events := crowd(700)
	first := newTestEngine(t)
	apply(first, events)
	base := first.CustomerBases()[0]
	m, accepted := base.Fit()
	if !accepted || m.Gate != "" {
		t.Fatalf("accepted %v, gate %q", accepted, m.Gate)
	}
	log := append(slices.Clone(events), recorded(t, first, base, m))
	for day := 401; day < 430; day++ {
		log = append(log, order(models.Purchase, 1_000_000+day, 0, day%90+1, models.Micros, euro, models.Time(day)*models.Day))
	}
	apply(first, log[len(events):])
	want, now := told(first), first.StreamTime()
	scores := profiles(first, now)
	grid, _ := first.RFM(nil, now)
	if base.Models().Content != m.Content || len(want) < 1000 {
		t.Fatalf("%d changes told", len(want))
	}
	for _, way := range [][2]int{{2, 0}, {61, len(events) - 1}, {100_000, len(events)}, {61, len(events) + 1}} {
		size, restart := way[0], way[1]
		e := newTestEngine(t)
		var got []string
		for at := 0; at < len(log); {
			if at == restart && at > 0 {
				e = restored(t, e)
			}
			to := min(at+size, len(log))
			if at < restart {
				to = min(to, restart)
			}
			batch := make([]*models.Event, 0, to-at)
			for _, ev := range log[at:to] {
				clone := *ev
				batch = append(batch, &clone)
			}
			e.Apply(batch)
			got, at = append(got, told(e)...), to
		}
		if !slices.Equal(got, want) {
			t.Fatalf("batches of %d, restart at %d: %d changes told, not the same as the %d", size, restart, len(got), len(want))
		}
		if again := profiles(e, now); !slices.Equal(again, scores) {
			t.Errorf("batches of %d, restart at %d: other scores", size, restart)
		}
		if r, _ := e.RFM(nil, now); r != grid {
			t.Errorf("batches of %d, restart at %d: %+v, not %+v", size, restart, r, grid)
		}
		if b := e.CustomerBases()[0]; b.Content() != base.Content() || b.Models().Content != m.Content || b.Models().Orders != m.Orders {
			t.Errorf("batches of %d, restart at %d: another content", size, restart)
		}
	}
}

// A record that a later version has learned, or that is damaged, is refused and named.
func TestLearnedRefused(t *testing.T) {
	e := newTestEngine(t)
	for _, value := range []string{"", "{}", `{"learned":"customers","version":2,"models":""}`, `{"learned":"vectors","version":1}`, `{"learned":"customers","version":1,"models":"AAAA"}`} {
		ev := &models.Event{Kind: models.LearnedRecord, Shop: []byte("default"), Props: []byte(value)}
		if why := e.Admit(ev); why == nil || why.Code != models.NotLearned {
			t.Errorf("%s: %v", value, why)
		}
		e.Apply([]*models.Event{ev}) // and changes nothing
	}
	if _, ok := e.CustomerModels(nil); ok {
		t.Error("something was learned")
	}
}
