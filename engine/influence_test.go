package engine_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"orrery/bench/shop"
	"orrery/engine"
	"orrery/models"
)

// street is a simulated shop whose visitors come by the public key from networks of their own, and what is shown there.
type street struct {
	t   *testing.T
	e   *engine.Engine
	now models.Time
	hot []byte // the product that is viewed most
}

// evil is the product that attackers push: of its own kind, so that nothing speaks for it but what they do.
var evil = []byte("EVIL")

// Put implements shop.Sink.
func (s *street) Put(_ context.Context, r models.Record) error {
	var ev models.Event
	if ev.Decode(r.Value, s.now) != nil {
		return nil // some are broken on purpose
	}
	if models.Allowed(ev.Kind, models.Public) == nil && ev.Kind != models.Purchase {
		ev.Trust, ev.Net = models.Public, uint64(len(ev.Visitor))<<32|hashed(ev.Visitor)
	}
	s.e.Apply([]*models.Event{&ev})
	return nil
}

func (s *street) Flush(context.Context) error { return nil }

func hashed(b []byte) (h uint64) {
	for _, c := range b {
		h = (h ^ uint64(c)) * 0x100000001b3
	}
	return h >> 20
}

// history is a street's snapshot: it takes seconds to make.
var history struct {
	saved map[string][]byte
	hot   []byte
}

func newStreet(t *testing.T) *street {
	if history.saved == nil {
		s := makeStreet(t)
		history.saved, history.hot = save(t, s.e), s.hot
	}
	s := &street{t: t, e: newEngine(t, engine.Config{}), now: dayZero + 7*models.Day, hot: history.hot}
	restore(t, s.e, history.saved)
	return s
}

func makeStreet(t *testing.T) *street {
	s := &street{t: t, e: newEngine(t, engine.Config{}), now: dayZero + 7*models.Day}
	sim := shop.New(shop.Config{Seed: 5, Now: s.now, Days: 7, Products: 300, Persons: 4000})
	s.do(models.Trusted, 0, models.ProductUpsert, "", evil, dayZero-400*models.Day)
	if err := sim.Open(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if _, err := sim.History(t.Context(), 0.2, s); err != nil {
		t.Fatal(err)
	}
	var f models.Frame
	if err := s.e.Frame(&models.FrameQuery{Frame: []byte("most_viewed"), N: 1, Now: s.now}, &f); err != nil || len(f.Items) == 0 {
		t.Fatalf("nothing is viewed: %v", err)
	}
	s.hot = slices.Clone(f.Items[0].Product.ID)
	return s
}

func (s *street) do(trust models.Trust, network uint64, kind models.Kind, visitor string, item []byte, at models.Time) {
	ev := models.Event{
		Kind: kind, Name: []byte(kind.String()), Visitor: []byte(visitor), Time: at, Trust: trust, Net: network,
		ID:    fmt.Appendf(nil, "%s %s %s %d", visitor, kind, item, at),
		Stale: trust == models.Public && at < s.now-models.MaxStale,
		Items: []models.Item{{ID: item, Quantity: 1, Name: []byte("Qwertz"), Category: []byte("Qwertz"), Price: 1, HasPrice: true}},
	}
	s.e.Apply([]*models.Event{&ev})
}

// session is one of an attacker's: from the product that is viewed most to his own, into the cart with it.
func (s *street) session(trust models.Trust, network uint64, visitor string, at models.Time) {
	s.do(trust, network, models.ViewItem, visitor, s.hot, at)
	s.do(trust, network, models.ViewItem, visitor, evil, at+models.Second)
	s.do(trust, network, models.AddToCart, visitor, evil, at+2*models.Second)
}

// warm has 40 visitors from everywhere look at the product during the week, each beside another one.
func (s *street) warm() {
	var f models.Frame
	if err := s.e.Frame(&models.FrameQuery{Frame: []byte("bestsellers"), N: 20, Now: s.now}, &f); err != nil {
		s.t.Fatal(err)
	}
	var others [][]byte
	for _, it := range f.Items {
		if string(it.Product.ID) != string(s.hot) {
			others = append(others, slices.Clone(it.Product.ID))
		}
	}
	for i := range 40 {
		visitor, at := fmt.Sprintf("warm %d", i), s.now-models.Time(20+3*i)*models.Hour
		s.do(models.Trusted, 0, models.ViewItem, visitor, others[i%len(others)], at)
		s.do(models.Trusted, 0, models.ViewItem, visitor, evil, at+models.Minute)
	}
}

// places returns where the product stands among the first 20 of everything that is shown, by recipe: from 1, those only where
// it does.
func (s *street) places() map[string]int {
	found := map[string]int{}
	var f models.Frame
	for _, name := range s.e.Frames() {
		q := models.FrameQuery{Frame: []byte(name), Visitor: []byte("somebody"), Products: [][]byte{s.hot}, N: 20, Now: s.now}
		if err := s.e.Frame(&q, &f); err != nil {
			s.t.Fatal(err)
		}
		for i, it := range f.Items {
			if string(it.Product.ID) == string(evil) {
				found[name] = i + 1
			}
		}
	}
	return found
}

func (s *street) viewers() int32 {
	social, _ := s.e.Social(nil, evil, nil, s.now)
	return social.ViewingNow
}

// B3, F7: one attacker with 2,000 sessions, and a hundred made-up visitors behind one network, move no product into any of the first
// twenty. The same done by the shop itself does, so the test can tell.
func TestB3Influence(t *testing.T) {
	engine.Alone(t)
	alone := func(s *street, trust models.Trust) {
		for i := range 2000 { // 44 days, the last of them in today's time
			s.session(trust, 1, "attacker", s.now-models.Time(i)*31*models.Minute)
		}
	}
	crowd := func(networks int) func(s *street, trust models.Trust) {
		return func(s *street, trust models.Trust) {
			for i := range 100 {
				s.session(trust, uint64(1+i%networks), fmt.Sprintf("made-up %d", i), s.now-models.Minute)
			}
		}
	}
	for _, c := range []struct {
		name   string
		attack func(*street, models.Trust)
		none   bool
	}{
		{"one with 2,000 sessions", alone, true},
		{"100 behind one network", crowd(1), true},
		{"100 behind 100 networks", crowd(100), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStreet(t)
			if at := s.places(); len(at) > 0 {
				t.Fatalf("it stands there before anybody does anything: %v", at)
			}
			c.attack(s, models.Public)
			at := s.places()
			if c.none && (len(at) > 0 || s.viewers() > 3) {
				t.Errorf("it has come to %v, %d look at it", at, s.viewers())
			}
			t.Logf("by strangers: %v, %d look at it", at, s.viewers())
			s = newStreet(t)
			s.warm()
			if at := s.places(); len(at) > 0 {
				t.Fatalf("it stands there when some have looked at it: %v", at)
			}
			c.attack(s, models.Public)
			if at := s.places(); c.none && len(at) > 0 {
				t.Errorf("it has come to %v when some have looked at it before", at)
			} else {
				t.Logf("by strangers, when some have looked at it before: %v", at)
			}
			s = newStreet(t)
			c.attack(s, models.Trusted)
			if at := s.places(); len(at) == 0 {
				t.Error("what the shop says moves nothing either: the test shows nothing")
			} else {
				t.Logf("by the shop: %v", at)
			}
		})
	}
}

// B6: a view by the public key is paired with some products of its session, however long that is; one that the shop tells of
// with all that are remembered.
func TestB6LongSession(t *testing.T) {
	const views = 100
	for trust, want := range map[models.Trust]int{models.Public: 32, models.Trusted: views - 1} {
		s := &street{t: t, e: newEngine(t, engine.Config{}), now: dayZero}
		var item []byte
		for i := range views {
			item = fmt.Appendf(nil, "p%d", i)
			s.do(trust, 0, models.ViewItem, "v", item, dayZero+models.Time(5*i)*models.Second)
		}
		var f models.Frame
		q := models.FrameQuery{Frame: []byte("viewed_together"), Visitor: []byte("somebody"), Products: [][]byte{item}, N: 2 * views, Now: dayZero + models.Hour}
		if err := s.e.Frame(&q, &f); err != nil {
			t.Fatal(err)
		}
		paired := 0
		for _, it := range f.Items {
			if it.Recipe == "viewed_together" {
				paired++
			}
		}
		if paired != want {
			t.Errorf("said by %s: the last of %d products is paired with %d, want %d", trust, views, paired, want)
		}
	}
}
