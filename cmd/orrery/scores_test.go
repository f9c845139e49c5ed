package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"orrery/churn"
	"orrery/churn/base"
	"orrery/models"
)

// fakeScores hands out n changes, in batches, until they are told, to a log that fails at first.
type fakeScores struct {
	mu       sync.Mutex
	n, told  uint64
	failures int
	records  []models.Record
}

func (f *fakeScores) CustomerChanges(most int) (list []models.CustomerChange, next uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for next = f.told; next < f.n && len(list) < most; next++ {
		list = append(list, models.CustomerChange{
			Shop: []byte("default"), Contact: []byte("anna@example.com"), Number: 1, At: 1_795_000_000_000, Segment: "Champions", SegmentBefore: "Loyal",
			Forecast: true, Alive: 0.9, Band: uint8(next % 4), BandBefore: 3,
		})
	}
	return list, next
}

func (f *fakeScores) ChangesAcknowledged(next uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.told = next
}

func (f *fakeScores) ChangesLost() uint64 { return 0 }

func (f *fakeScores) Customers(base.Mark, int, models.Time) (list []models.CustomerChange, next base.Mark, more bool) {
	return []models.CustomerChange{{Shop: []byte("default"), Contact: []byte("bert"), Number: 2, Segment: "New", SegmentBefore: "New"}}, next, false
}

func (f *fakeScores) ContactNumber(shop, contact []byte) uint32 {
	switch string(contact) {
	case "anna@example.com":
		return 1
	case "bert":
		return 2
	}
	return 0
}

// history hands on what the log has taken.
func (f *fakeScores) history(_ context.Context, each func(key, value []byte) error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.records {
		if err := each(r.Key, r.Value); err != nil {
			return err
		}
	}
	return nil
}

func (f *fakeScores) Append(_ context.Context, records []models.Record) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.failures > 0 {
		f.failures--
		return errors.New("the broker is gone")
	}
	f.records = append(f.records, records...)
	return nil
}

func always() bool { return true }

// Everybody is told at first; then every change reaches the log once, in order, also when the log fails on the way.
func TestAnnouncer(t *testing.T) {
	f := &fakeScores{n: 3*scoreBatch + 7, failures: 1}
	now := func() models.Time { return 1_795_000_000_000 }
	a := startAnnouncer(f, f, f.history, always, now, func(context.Context) error { return nil }, slog.New(slog.DiscardHandler))
	defer a.Close()
	for deadline := time.Now().Add(20 * time.Second); ; {
		f.mu.Lock()
		told := f.told
		f.mu.Unlock()
		if told == f.n {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d told", told, f.n)
		}
		time.Sleep(10 * time.Millisecond)
	}
	a.Close()
	if len(f.records) == 0 || !bytes.HasSuffix(f.records[0].Key, []byte("bert")) {
		t.Fatal("not everybody was told")
	}
	f.records = f.records[1:]
	if len(f.records) != int(f.n) {
		t.Errorf("%d records, want %d", len(f.records), f.n)
	}
	for i, r := range f.records {
		var s score
		if err := json.Unmarshal(r.Value, &s); err != nil || *s.Band != uint8(i%4) || *s.BandBefore != uint8((i+3)%4) || s.Segment != "Champions" {
			t.Fatalf("record %d: %s, %v", i, r.Value, err)
		}
		if r.Topic != models.Scores || !bytes.Equal(r.Key, []byte("default\x1fanna@example.com")) {
			t.Fatalf("record %d: topic %s, key %q", i, r.Topic, r.Key)
		}
	}
	const want = `{"shop":"default","contact":"anna@example.com","time":"2026-11-18T11:06:40Z","segment":"Champions","segment_before":"Loyal","alive":0.9,"churn_band":0,"churn_band_before":3}`
	if got := string(f.records[0].Value); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

// tell has an announcer without a goroutine tell a list, and returns what it wrote: segment and band, before and after.
func tell(t *testing.T, a *announcer, f *fakeScores, list ...models.CustomerChange) (out []string) {
	t.Helper()
	from := len(f.records)
	if err := a.publish(context.Background(), list); err != nil {
		t.Fatal(err)
	}
	for _, r := range f.records[from:] {
		var s score
		if err := json.Unmarshal(r.Value, &s); err != nil {
			t.Fatal(err)
		}
		band := func(b *uint8) string {
			if b == nil {
				return "-"
			}
			return strconv.Itoa(int(*b))
		}
		out = append(out, s.SegmentBefore+">"+s.Segment+" "+band(s.BandBefore)+">"+band(s.Band))
	}
	return out
}

// What a record says was before is what was told before: in one batch, after a start, after a failure, whatever the engine
// takes for it. What is known is not told again.
func TestAnnouncerBefore(t *testing.T) {
	f := &fakeScores{}
	discard := slog.New(slog.DiscardHandler)
	change := func(from, to string, band int) models.CustomerChange {
		c := models.CustomerChange{Shop: []byte("s"), Contact: []byte("bert"), Number: 2, Segment: to, SegmentBefore: from}
		if band >= 0 {
			c.Forecast, c.Alive, c.Band, c.BandBefore = true, .5, uint8(band), uint8(band)
		}
		return c
	}
	a := &announcer{from: f, to: f, history: f.history, speaks: always, log: discard}
	step := func(want string, list ...models.CustomerChange) {
		t.Helper()
		if got := strings.Join(tell(t, a, f, list...), ", "); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	step("None>New ->-", change("None", "New", -1))
	step("New>Loyal ->1", change("New", "Loyal", 1), change("Promising", "Loyal", 1)) // two changes of one batch: both say what holds in the end
	step("", change("Loyal", "Loyal", 1))
	step("Loyal>Loyal 1>2, Loyal>Lost 2>2", change("Loyal", "Loyal", 2), change("New", "Lost", 2))

	a = &announcer{from: f, to: f, history: f.history, speaks: always, log: discard} // a start, or another instance
	if _, err := a.pass(context.Background()); err != nil {
		t.Fatal(err)
	}
	a.now = func() models.Time { return 0 }
	step("Lost>New 2>-", change("Loyal", "New", -1))
	step("New>Lost ->3", change("x", "Lost", 3))

	f.failures = 1 // nobody knows whether it was written: the topic is asked
	if err := a.publish(context.Background(), []models.CustomerChange{change("Lost", "New", 3)}); err == nil || a.known {
		t.Errorf("got %v and known %v, want a failure", err, a.known)
	}
	if _, err := a.pass(context.Background()); err != nil {
		t.Fatal(err)
	}
	step("Lost>New 3>3", change("Lost", "New", 3))

	// Another instance tells meanwhile; this one goes on from there.
	speaks := false
	a.speaks = func() bool { return speaks }
	f.n = 5
	if _, err := a.pass(context.Background()); err != nil || f.told != 5 || a.known {
		t.Errorf("got %v, told %d, known %v, want that it only listens", err, f.told, a.known)
	}
	other := &announcer{from: f, to: f, history: f.history, speaks: always, log: discard}
	if _, err := other.pass(context.Background()); err != nil {
		t.Fatal(err)
	}
	tell(t, other, f, change("New", "Loyal", 2))
	speaks = true
	if _, err := a.pass(context.Background()); err != nil {
		t.Fatal(err)
	}
	step("New>Lost ->3", change("x", "Lost", 3)) // everybody was looked at, and this engine says New

	f.records = append(f.records, models.Record{Topic: models.Scores, Key: []byte("s\x1fbert")}) // erased
	a = &announcer{from: f, to: f, history: f.history, speaks: always, log: discard}
	if _, err := a.pass(context.Background()); err != nil {
		t.Fatal(err)
	}
	step("None>New 0>0", change("None", "New", 0))
}

func TestFitDue(t *testing.T) {
	f := fitter{every: time.Hour}
	ago := func(d time.Duration) time.Time { return time.Now().Add(-d) }
	m := &churn.Models{Orders: 1000, Content: 7, Day: 50}
	for _, x := range []struct {
		what   string
		s      fitState
		m      *churn.Models
		orders uint64
		quiet  bool
		want   bool
	}{
		{"never fitted, and quiet", fitState{at: ago(0), content: 9}, nil, 1, true, true},
		{"never fitted, just seen", fitState{at: ago(0), content: 9}, nil, 1, false, false},
		{"never fitted, and seen for a while", fitState{at: ago(time.Minute), content: 9}, nil, 1, false, true},
		{"nothing new", fitState{at: ago(time.Minute), content: 7, day: 90}, m, 1000, true, false},
		{"refused, nothing new", fitState{at: ago(time.Minute), content: 9, fitted: 9, day: 90}, m, 1100, true, false},
		{"grown by less than a twentieth", fitState{at: ago(time.Minute), content: 9, day: 50}, m, 1049, true, false},
		{"grown by a twentieth", fitState{at: ago(time.Minute), content: 9, day: 50}, m, 1050, false, true},
		{"grown, but the last fit was long", fitState{at: ago(time.Minute), content: 9, took: time.Minute}, m, 1050, false, false},
		{"grown, the last fit was long, and quiet", fitState{at: ago(time.Minute), content: 9, took: time.Minute}, m, 1050, true, true},
		{"another day", fitState{at: ago(time.Minute), content: 9, day: 51}, m, 1001, false, true},
		{"grown by less than a twentieth, the end of a history, and quiet", fitState{at: ago(0), content: 9, day: 50, history: true}, m, 1001, true, true},
		{"the end of a history, never quiet", fitState{at: ago(time.Minute), content: 9, day: 50, history: true}, m, 1001, false, true},
		{"the end of a history, learned from", fitState{at: ago(time.Minute), content: 7, day: 50, history: true}, m, 1001, true, false},
		{"the period is over", fitState{at: ago(2 * time.Hour), content: 9, day: 50}, m, 1001, false, true},
		{"the period is over, and only a refund has come", fitState{at: ago(2 * time.Hour), content: 9, day: 50}, m, 1000, false, true},
	} {
		if got := f.due(&x.s, x.m, x.orders, x.quiet); got != x.want {
			t.Errorf("%s: due %v", x.what, got)
		}
	}
}

// Who has folded the log anew does not tell again what was told of days before; of the newest day it does, where it is not known.
func TestAnnouncerAfterRebuild(t *testing.T) {
	const at = 1_795_000_000_000 // of the fake's changes
	for told, want := range map[models.Time]int{at - models.Day: 3, at + 1: 3, at + models.Day: 0} {
		s := score{Shop: "default", Contact: "anna@example.com", Time: told.Std(), Segment: "Lost"}
		r, err := s.record()
		if err != nil {
			t.Fatal(err)
		}
		f := &fakeScores{n: 3, records: []models.Record{r}}
		a := &announcer{from: f, to: f, history: f.history, speaks: always, now: func() models.Time { return at }, log: slog.New(slog.DiscardHandler)}
		if _, err := a.pass(context.Background()); err != nil || f.told != 3 || len(f.records)-1 != want {
			t.Errorf("told up to %d: %d records for %d changes, %v", told, len(f.records)-1, f.told, err)
		}
	}
}
