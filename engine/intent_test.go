package engine

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"orrery/churn/intent"
	"orrery/churn/session"
	"orrery/models"
)

// reporter is a test, or one try of a property.
type reporter interface {
	Errorf(format string, args ...any)
	Fatal(args ...any)
}

// mostForecasts is how many forecasts of a session there are at most.
const mostForecasts = 8

// listened returns an engine that forecasts after every event, and what became of the forecasts.
func listened(t reporter, every uint64) (*Engine, map[string]session.Outcome) {
	outcomes := map[string]session.Outcome{}
	e, err := New(Config{Outcomes: func(o *session.Outcome) {
		key := fmt.Sprint(o.Visitor, " ", o.At)
		if _, twice := outcomes[key]; twice {
			t.Errorf("two outcomes of one forecast: %s", key)
		}
		outcomes[key] = *o
	}})
	if err != nil {
		t.Fatal(err)
	}
	e.intents.Every(every)
	return e, outcomes
}

func act(name string, v int, at models.Time) *models.Event {
	ev := &models.Event{
		Kind: models.KindOf([]byte(name)), Name: []byte(name), Visitor: id("v", v), Time: dayZero + at,
		ID: fmt.Appendf(nil, "%s-%d-%d", name, v, at),
	}
	if ev.Kind == models.ViewItem || ev.Kind == models.AddToCart {
		ev.Items = []models.Item{{ID: fmt.Appendf(nil, "p%d", at%7), Quantity: 1, Price: 5 * models.Micros, HasPrice: true}}
	}
	return ev
}

// pass lets time go by without anybody known doing anything.
func pass(e *Engine, from, to models.Time) {
	for at := from; at <= to; at += 5 * models.Minute {
		apply(e, []*models.Event{act("page_view", 999, at)})
	}
}

// TestIntentOutcomes: every forecast gets the outcome that a look at all events gives, however late the orders are applied
// within the grace, or how early.
func TestIntentOutcomes(t *testing.T) {
	Alone(t)
	rapid.Check(t, func(t *rapid.T) {
		e, outcomes := listened(t, 1)
		type happening struct {
			ev      *models.Event
			applied models.Time
		}
		var all []happening
		acts, buys := map[int][]models.Time{}, map[int][]models.Time{}
		last := models.Time(0)
		for v := 1; v <= 3; v++ {
			at := models.Time(rapid.IntRange(0, 100).Draw(t, "start")) * models.Minute
			for range rapid.IntRange(1, 7).Draw(t, "events") {
				ev := act("view_item", v, at)
				acts[v] = append(acts[v], at)
				all = append(all, happening{ev, at})
				if rapid.IntRange(0, 2).Draw(t, "buys") == 0 {
					b := at + models.Time(rapid.IntRange(1, 900).Draw(t, "seconds"))*models.Second
					buys[v] = append(buys[v], b)
					buy := order(models.Purchase, 100*v+len(buys[v]), v, 0, models.Micros, euro, b)
					all = append(all, happening{buy, b + models.Time(rapid.IntRange(-9, 9).Draw(t, "delay"))*models.Minute})
				}
				last = max(last, at)
				at += models.Time(rapid.IntRange(1, 45).Draw(t, "minutes"))*models.Minute + models.Second
			}
		}
		for at := models.Time(0); at < last+2*models.Hour; at += 5 * models.Minute {
			all = append(all, happening{act("scroll", 900+int(at/models.Minute), at), at})
		}
		slices.SortStableFunc(all, func(a, b happening) int { return int(a.applied - b.applied) })
		for _, h := range all {
			apply(e, []*models.Event{h.ev})
		}
		for v := 1; v <= 3; v++ {
			number := e.m.People.FindVisitor(1, id("v", v))
			for i, at := range acts[v] {
				end := at
				n := 0
				for j, later := range acts[v] {
					if later >= at && later-end <= 30*models.Minute {
						end = later
					}
					if j <= i && (j == 0 || later-acts[v][j-1] > 30*models.Minute) {
						n = 0
					}
					if j < i {
						n++
					}
				}
				want := slices.ContainsFunc(buys[v], func(b models.Time) bool { return b >= at && b <= end+30*models.Minute })
				got, ok := outcomes[fmt.Sprint(number, " ", dayZero+at)]
				if n < mostForecasts && (!ok || got.Bought != want) {
					t.Fatalf("visitor %d at %v: outcome %v %v, want %v (%v, bought %v)", v, at, got.Bought, ok, want, acts[v], buys[v])
				}
			}
		}
	})
}

// TestIntentEnds: when all sessions are over nothing of them is left but what was learned.
func TestIntentEnds(t *testing.T) {
	e, outcomes := listened(t, 1)
	for v := range 200 {
		for k := range 12 {
			apply(e, []*models.Event{act("view_item", v+1, models.Time(v+k)*models.Minute)})
		}
	}
	pass(e, 220*models.Minute, 400*models.Minute)
	if got := len(outcomes); got < 200*mostForecasts {
		t.Errorf("%d outcomes of %d forecasts", got, 200*mostForecasts)
	}
	// the one visitor that made time pass is there still
	if visits, points := e.intents.Pending(); visits > 1 || points > mostForecasts {
		t.Errorf("%d visits and %d forecasts are left", visits, points)
	}
	if q, ok := e.IntentQuality(nil); !ok || q.Outcomes < 200*mostForecasts || q.Purchases != 0 || q.Sessions < 200 {
		t.Errorf("quality %+v", q)
	}
}

// TestIntentClock: a visitor whose clock is a day ahead ends nobody's session.
func TestIntentClock(t *testing.T) {
	e, outcomes := listened(t, 1)
	for k := range models.Time(60) {
		apply(e, []*models.Event{
			act("view_item", 1, k*models.Minute), act("page_view", 3+int(k), k*models.Minute),
			act("page_view", 2, models.Day+k*models.Second),
		})
	}
	number := e.m.People.FindVisitor(1, id("v", 1))
	for _, o := range outcomes {
		if o.Visitor == number {
			t.Fatalf("a running session was ended: %+v", o)
		}
	}
}

// TestIntentClockCatchesUp: in a quiet shop, and where the first events are years old, time goes on all the same.
func TestIntentClockCatchesUp(t *testing.T) {
	e, outcomes := listened(t, 1)
	old := act("page_view", 1, -4000*models.Day)
	apply(e, []*models.Event{old})
	for n := range 400 { // four events a day
		apply(e, []*models.Event{act("page_view", 2+n, models.Time(n)*6*models.Hour)})
		if behind := e.StreamTime() - e.intents.Clock(1); n > 0 && behind > 2*models.MaxAhead {
			t.Fatalf("the clock is %v behind after %d events", behind.Std().Sub(models.Time(0).Std()), n)
		}
	}
	if n := len(outcomes); n < 385 {
		t.Errorf("%d outcomes of 400 sessions that are over but for the last few", n)
	}
	if visits, _ := e.intents.Pending(); visits > 10 {
		t.Errorf("%d visits are left", visits)
	}
}

// TestNoForecastsInHindsight: of events that were brought in long after they happened nothing is forecast, since what came of
// them is known already, or will be brought in after them.
func TestNoForecastsInHindsight(t *testing.T) {
	e, outcomes := listened(t, 1)
	visit := func(from int, at models.Time) {
		for v := range 300 {
			for k := range models.Time(3) {
				apply(e, []*models.Event{act("view_item", from+v, at+models.Time(v)*models.Minute+k*models.Second)})
			}
		}
	}
	visit(0, 400*models.Day)
	asked, noted := e.intents.Asked(1), e.outlook.Asked(1)
	if asked < 300 || noted < 10 {
		t.Fatalf("%d forecasts of sessions and %v of weeks", asked, noted)
	}
	visit(1000, 0)
	if a, n := e.intents.Asked(1), e.outlook.Asked(1); a != asked || n != noted {
		t.Errorf("%d and %v more of a year ago", a-asked, n-noted)
	}
	visit(2000, 401*models.Day)
	if a, n := e.intents.Asked(1), e.outlook.Asked(1); a < 2*asked-5 || n < noted+10 {
		t.Errorf("then %d and %v", a, n)
	}
	if p, _ := e.Visitor(nil, id("v", 1001), e.StreamTime()); len(p.Viewed) == 0 || len(outcomes) < 300 {
		t.Errorf("%d products viewed a year ago, %d outcomes", len(p.Viewed), len(outcomes))
	}
}

// visitsOf makes up sessions of which those with a cart often end with an order.
func visitsOf(sessions int) (events []*models.Event, at models.Time) {
	for n := range sessions {
		at += 2 * models.Minute
		v := n + 1
		carted := n%4 == 0
		events = append(events, act("page_view", v, at), act("view_item", v, at+10*models.Second))
		if carted {
			events = append(events, act("add_to_cart", v, at+20*models.Second))
		}
		events = append(events, act("page_view", v, at+30*models.Second))
		if carted && n%12 != 0 || n%50 == 1 {
			events = append(events, order(models.Purchase, v, v, 0, 9*models.Micros, euro, at+60*models.Second))
		}
	}
	return events, at
}

func TestIntentForecast(t *testing.T) {
	e, _ := listened(t, 1)
	if _, ok := e.Intent(nil, []byte("v1"), dayZero); ok {
		t.Error("a forecast of an unknown visitor")
	}
	apply(e, []*models.Event{act("page_view", 1, 0)})
	before, ok := e.Intent(nil, []byte("v1"), dayZero+models.Minute)
	if !ok || !strings.Contains(before.Gate, "so far only 0 outcomes") || math.Abs(before.Probability-0.02) > 1e-9 {
		t.Errorf("without data: %v %+v", ok, before)
	}
	if _, ok := e.Intent(nil, []byte("v1"), dayZero+31*models.Minute); ok {
		t.Error("a forecast of a session that is over")
	}
	events, now := visitsOf(1500)
	apply(e, events)
	pass(e, now+models.Hour, now+2*models.Hour)
	now += 3 * models.Hour
	apply(e, []*models.Event{
		act("page_view", 5001, now), act("view_item", 5001, now+models.Second), act("add_to_cart", 5001, now+20*models.Second),
		act("page_view", 5002, now), act("view_item", 5002, now+10*models.Second),
	})
	with, _ := e.Intent(nil, []byte("v5001"), dayZero+now+models.Minute)
	without, _ := e.Intent(nil, []byte("v5002"), dayZero+now+models.Minute)
	if with.Gate != "" || with.Probability < 0.5 || without.Probability > 0.25 {
		t.Errorf("with a cart %+v, without %+v", with, without)
	}
	if len(with.Because) != intent.MaxReasons || !strings.Contains(fmt.Sprint(with.Because), "cart") || with.Because[0].Effect <= 0 {
		t.Errorf("because %+v", with.Because)
	}
	if q := with.Quality; q.LogLoss >= 0.85*q.BaseLoss || q.ECE > 0.05 || q.Buying < 30 {
		t.Errorf("quality %+v", q)
	}
	if b := with.Bin; b.Customers < 50 || math.Abs(b.Observed-b.Predicted) > 0.1 {
		t.Errorf("bin %+v of %v", b, with.Probability)
	}
}

// TestIntentSnapshot: an engine that is restored in between ends as one that never was.
func TestIntentSnapshot(t *testing.T) {
	e, straight := listened(t, 2)
	events, now := visitsOf(600)
	half := len(events) / 2
	apply(e, events[:half])
	known := len(straight)
	again := restored(t, e)
	after := map[string]session.Outcome{}
	again.intents.Every(2)
	again.intents.Listen(func(o *session.Outcome) { after[fmt.Sprint(o.Visitor, " ", o.At)] = *o })
	for _, e := range []*Engine{e, again} {
		apply(e, events[half:])
		pass(e, now+models.Hour, now+2*models.Hour)
	}
	if len(after) == 0 || len(after) != len(straight)-known {
		t.Errorf("%d outcomes after the restore, %d of %d without", len(after), len(straight)-known, len(straight))
	}
	for key, got := range after {
		if want := straight[key]; got.P != want.P || got.Base != want.Base || got.Bought != want.Bought || got.Learned != want.Learned {
			t.Fatalf("%s: %+v, without a restore %+v", key, got, want)
		}
	}
	x, _ := e.IntentQuality(nil)
	y, _ := again.IntentQuality(nil)
	if fmt.Sprint(x) != fmt.Sprint(y) {
		t.Errorf("quality %+v, without a restore %+v", y, x)
	}
}

// TestIntentBots: a crawler's session is no session.
func TestIntentBots(t *testing.T) {
	e, outcomes := listened(t, 1)
	for k := range models.Time(200) {
		apply(e, []*models.Event{act("page_view", 1, k*200)})
	}
	if _, ok := e.Intent(nil, []byte("v1"), dayZero+models.Minute); ok {
		t.Error("a forecast of a crawler")
	}
	pass(e, 0, 2*models.Hour)
	number := e.m.People.FindVisitor(1, id("v", 1))
	for o := range maps.Values(outcomes) {
		if o.Visitor == number {
			t.Error("learned from a crawler")
		}
	}
}

// TestIntentReaders: readers beside the writer see sessions and forecasts that make sense; for the race detector.
func TestIntentReaders(t *testing.T) {
	e, _ := listened(t, 1)
	events, _ := visitsOf(400)
	done := make(chan struct{})
	go func() {
		defer close(done)
		apply(e, events)
	}()
	for reading := true; reading; {
		select {
		case <-done:
			reading = false
		default:
		}
		for v := 1; v <= 400; v += 7 {
			in, ok := e.Intent(nil, id("v", v), e.StreamTime())
			if ok && !(in.Probability > 0 && in.Probability < 1) {
				t.Fatalf("%+v", in)
			}
		}
		e.IntentQuality(nil)
	}
}

// BenchmarkIntent is the cost of an event and its share of forecasts, outcomes and learning; sessions of five events.
func BenchmarkIntent(b *testing.B) {
	e, err := New(Config{})
	if err != nil {
		b.Fatal(err)
	}
	p := e.m.People
	at := dayZero
	ev := act("view_item", 1, 0)
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		visitor := uint32(n/5%100_000) + 1
		if p.Visitor(1, binary.LittleEndian.AppendUint32(ev.ID[:0], visitor)) != visitor {
			b.Fatal("visitors are not numbered one by one")
		}
		at += 100
		ev.ID = binary.LittleEndian.AppendUint64(ev.ID[:0], uint64(n))
		ev.Time = at
		before := p.LastBehaviour(visitor)
		began := p.Behave(visitor, at)
		e.intents.Tick(1, at)
		e.intents.Behave(1, visitor, ev, began, before, 0)
	}
}
