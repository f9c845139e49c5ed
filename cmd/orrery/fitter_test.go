package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"orrery/engine"
	"orrery/models"
)

// learnedHere is a log that applies what is learned at once.
type learnedHere struct {
	t *testing.T
	e *engine.Engine
}

// Append implements scoreSink.
func (l learnedHere) Append(_ context.Context, records []models.Record) error {
	for _, r := range records {
		shop, _, _ := strings.Cut(string(r.Key), string([]byte{models.KeySeparator}))
		l.e.Apply([]*models.Event{{Kind: models.LearnedRecord, Shop: []byte(shop), Props: r.Value, Time: l.e.StreamTime()}})
	}
	return nil
}

// A history that comes in two parts is learned from whole, though its last part is less than a twentieth of it; until then nobody is told
// that models are current, not even for the two seconds before the next look.
func TestHistoryIsLearnedWhole(t *testing.T) {
	e, err := engine.New(engine.Config{})
	if err != nil {
		t.Fatal(err)
	}
	f := &fitter{
		engine: e, to: learnedHere{t, e}, speaks: func() bool { return true }, every: time.Hour,
		log: slog.New(slog.DiscardHandler), shops: map[string]*fitState{},
	}
	expect := func(when string, ok bool, state, reason string) {
		t.Helper()
		got, why := f.probe()
		if got != ok || !strings.Contains(why, reason) {
			t.Errorf("%s: %v, %s", when, got, why)
		}
		if s := f.FitOf(nil); s.State != state || s.Reason == "" {
			t.Errorf("%s: %+v, want %s", when, s, state)
		}
	}
	buy := func(from, to int) {
		var events []*models.Event
		for day := from; day < to; day++ {
			for k := range 8 {
				ev := new(models.Event)
				line := fmt.Sprintf(`{"event":"purchase","order":"o-%d-%d","contact":"c%d@example.com","value":9,"currency":"EUR","time":%d}`,
					day, k, (day*7+k*k*31)%600, models.TimeOf(time.Date(2024, 1, 1, 0, 0, k, 0, time.UTC))+models.Time(day)*models.Day)
				if err := ev.Decode([]byte(line), models.TimeOf(time.Now())); err != nil {
					t.Fatal(err)
				}
				events = append(events, ev)
			}
		}
		e.Apply(events)
	}
	look := func() (fitted bool) {
		for _, b := range e.CustomerBases() {
			if f.look(b) {
				f.fit(t.Context(), b)
				fitted = true
			}
		}
		f.looked.Store(time.Now().Unix())
		return fitted
	}
	if ok, why := f.probe(); ok || !strings.Contains(why, "when the log has been read") {
		t.Errorf("before the first look: %v, %s", ok, why)
	}
	look()
	if ok, why := f.probe(); !ok || f.FitOf(nil).State != models.FitWaits {
		t.Errorf("nobody has bought: %v, %s", ok, why)
	}
	buy(0, 20)
	expect("a few orders", false, models.FitWaits, "log has been read")
	if look(); !look() {
		t.Error("it was quiet, and nothing was learned")
	}
	expect("too few orders", true, models.FitGated, "current")

	buy(20, 295)
	expect("a history", false, models.FitWaits, "are new to the models in use")
	if look() {
		t.Error("learned from the middle of a history")
	}
	if !look() {
		t.Error("it was quiet, and nothing was learned")
	}
	expect("a part of a history", true, models.FitCurrent, "current")
	buy(295, 300)
	look() // it jumps by days
	expect("less than a twentieth more of it", false, models.FitWaits, "a history is being read")
	if !look() {
		t.Error("the rest of the history is not learned from")
	}
	expect("all of it", true, models.FitCurrent, "current")
	if s := f.FitOf([]byte("default")); !strings.Contains(s.Reason, "all 2400 orders") {
		t.Errorf("%+v", s)
	}
	buy(300, 301)
	look()
	expect("another day's orders", true, models.FitCurrent, "current")
	if s := f.FitOf(nil); !strings.Contains(s.Reason, "8 of 2408 orders have come since") {
		t.Errorf("%+v", s)
	}
}
