package engine

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"orrery/churn/intent"
	"orrery/churn/outlook"
	"orrery/models"
)

// returning is visitors who come now and then over some months; those who fill carts buy within days.
func returning(visitors, days int, seed uint64) (events []*models.Event) {
	random := rand.New(rand.NewPCG(seed, 1))
	for v := 1; v <= visitors; v++ {
		eager := v%3 == 0
		for day := random.IntN(20); day < days; day += 1 + random.IntN(25) {
			at := models.Time(day)*models.Day + models.Time(random.IntN(80_000))*models.Second
			for k := range models.Time(1 + random.IntN(6)) {
				ev := act("view_item", v, at+k*40*models.Second)
				ev.Items[0].Category = fmt.Appendf(nil, "shelf %d", (v+int(k))%5)
				ev.Items[0].ID = fmt.Appendf(nil, "p%d-%d", (v+int(k))%5, random.IntN(3))
				events = append(events, ev)
			}
			if eager {
				events = append(events, act("add_to_cart", v, at+5*models.Minute))
				if random.IntN(3) > 0 {
					wait := models.Time(random.ExpFloat64() * 4 * float64(models.Day))
					buy := order(models.Purchase, len(events), v, 0, 9*models.Micros, euro, at+6*models.Minute+wait)
					buy.Items = []models.Item{{ID: fmt.Appendf(nil, "p%d-0", v%5), Quantity: 1}}
					events = append(events, buy)
				}
			}
		}
	}
	slices.SortStableFunc(events, func(a, b *models.Event) int { return int((a.Time - b.Time) / models.Second) })
	return events
}

func foreseeing(t testing.TB, into *[]outlook.Outcome) *Engine {
	e, err := New(Config{Horizons: func(o *outlook.Outcome) { *into = append(*into, *o) }})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// Every outcome is what a look at all orders gives; the model learns who buys; and an engine that is restored in between ends
// as one that never was.
func TestHorizonOutcomes(t *testing.T) {
	Alone(t)
	var straight, after []outlook.Outcome
	e := foreseeing(t, &straight)
	events := returning(500, 150, 1)
	bought := map[uint32][]models.Time{}
	half := len(events) / 2
	apply(e, events[:half])
	known := len(straight)
	again := restored(t, e)
	again.outlook.Listen(func(o *outlook.Outcome) { after = append(after, *o) })
	apply(e, events[half:])
	apply(again, events[half:])
	if fmt.Sprint(after) != fmt.Sprint(straight[known:]) || len(after) < 100 {
		t.Fatalf("%d outcomes after a restart, %d without", len(after), len(straight)-known)
	}
	for _, ev := range events {
		if ev.Kind == models.Purchase {
			v := e.m.People.FindVisitor(1, ev.Visitor)
			bought[v] = append(bought[v], ev.Time)
		}
	}
	var model, base [2]float64
	silent := 0
	for _, o := range straight {
		for i, days := range []models.Time{7, 28} {
			want := slices.ContainsFunc(bought[o.Visitor], func(b models.Time) bool { return b > o.At && b <= o.At+days*models.Day })
			if o.Came[i] != want {
				t.Fatalf("visitor %d at %v: came %v within %d days, want %v", o.Visitor, o.At, o.Came[i], days, want)
			}
			model[i] += intent.LogLoss(o.Within[i], o.Came[i])
			base[i] += intent.LogLoss(o.Base[i], o.Came[i])
		}
		if o.Within[0] > o.Within[1]+1e-3 || o.Came[0] && !o.Came[1] {
			t.Fatalf("horizons disagree: %+v", o)
		}
		if o.SinceActive > 1 {
			silent++
		}
	}
	if model[0] >= 0.9*base[0] || model[1] >= 0.9*base[1] || silent < len(straight)/5 {
		t.Errorf("log loss %v, of base rates %v; %d of %d after a silence", model, base, silent, len(straight))
	}
}

// A purchase within the session is never likelier than within 7 days, and that never likelier than within 28; a product is
// never likelier than its session; and silence changes the answer without an event.
func TestHorizonsAgree(t *testing.T) {
	Alone(t)
	var outcomes []outlook.Outcome
	e := foreseeing(t, &outcomes)
	e.intents.Every(1)
	events := returning(600, 200, 2)
	apply(e, events)
	now := e.StreamTime()
	spoke, moved := 0, 0
	check := func(v int, now models.Time) *models.Outlook {
		p, ok := e.Visitor(nil, id("v", v), now)
		if !ok || p.Outlook == nil {
			t.Fatal("no outlook")
		}
		session := 0.0
		if p.Intent != nil {
			session = p.Intent.Probability
			if product := p.Intent.Product; product != nil && product.Probability > session+1e-12 {
				t.Fatalf("product %+v, session %v", product, session)
			}
		}
		if o := p.Outlook; session > o.Within[0]+1e-12 || o.Within[0] > o.Within[1]+1e-12 || o.Within[1] > 1 {
			t.Fatalf("session %v, days %v", session, o.Within)
		}
		return p.Outlook
	}
	for v := 1; v <= 600; v++ {
		before, after := check(v, now), check(v, now+9*models.Day)
		if before.Gate == "" {
			spoke++
			if len(before.Because) != intent.MaxReasons || before.Within[1] != after.Within[1] {
				moved++
			}
		}
		apply(e, []*models.Event{act("add_to_cart", v, now-dayZero+models.Time(v)*models.Second)})
		check(v, e.StreamTime())
	}
	if spoke < 600 || moved < 590 {
		t.Errorf("the model spoke of %d of 600, silence moved %d", spoke, moved)
	}
	apply(e, []*models.Event{identify(3, 1, now-dayZero+models.Hour)})
	now = e.StreamTime()
	p, _ := e.Contact(nil, id("c", 1), now)
	e.EachContact(nil, 0, now, func(_ []byte, x *models.Profile) bool {
		if x.Outlook.Within != p.Outlook.Within || x.Mail.Gate != p.Mail.Gate {
			t.Errorf("exported %+v, in the profile %+v", x.Outlook, p.Outlook)
		}
		return true
	})
	report, _ := e.CustomerModels(nil)
	if len(report.Outlook) != 2 || report.Product == nil || report.Shelf == nil || report.Shelf.LogLoss >= report.Shelf.BaseLoss {
		t.Errorf("%+v", report)
	}
}

// Where visitors go from one category to the next in a ring, the next one is known.
func TestShelfRing(t *testing.T) {
	e := newTestEngine(t)
	view := func(v, shelf int, at models.Time) {
		ev := act("view_item", v, at)
		ev.Items[0].Category, ev.Items[0].ID = fmt.Appendf(nil, "Shop > %d", shelf), fmt.Appendf(nil, "p%d", shelf)
		apply(e, []*models.Event{ev})
	}
	for v := 1; v <= 700; v++ {
		for k := range 5 {
			view(v, (v+k)%6, models.Time(v)*models.Minute+models.Time(k)*5*models.Second)
		}
	}
	now := 701 * models.Minute
	view(1000, 3, now)
	p, _ := e.Visitor(nil, id("v", 1000), dayZero+now)
	s := p.Intent.Shelf
	if s == nil || s.Gate != "" || string(s.From) != "Shop > 3" || string(s.Next[0].Category) != "Shop > 4" || s.Next[0].Probability < 0.5 || s.Next[0].Moves < 400 {
		t.Errorf("%+v", s)
	}
	if q := s.Quality; q.MoveHits < 0.9 || q.MoveBase > 0.4 || q.LogLoss > 0.6*q.BaseLoss {
		t.Errorf("%+v", q)
	}
}

// Forecasts take no memory from the garbage collector's heap once the pools have grown.
func TestBehaviourAllocates(t *testing.T) {
	Alone(t)
	e := newTestEngine(t)
	apply(e, returning(300, 60, 3))
	shop, v := uint32(1), e.m.People.FindVisitor(1, id("v", 3))
	item := e.m.Catalogue.Find(1, []byte("p0-0"))
	ev := act("view_item", 3, 61*models.Day)
	n := 0
	f := func() {
		n++
		ev.ID = strconv.AppendInt(ev.ID[:0], int64(n), 10)
		ev.Time += models.Second
		e.intents.Tick(shop, ev.Time)
		e.outlook.Tick(shop)
		e.category.View(shop, v, item, false, ev.IDHash())
		e.intents.Behave(shop, v, ev, n%9 == 0, 0, item)
		e.outlook.Behave(shop, v, ev)
	}
	for range 5000 {
		f()
	}
	if got := testing.AllocsPerRun(5000, f); got > 0.2 { // what was learned is published now and then
		t.Errorf("%v allocations an event", got)
	}
}
