package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"orrery/engine"
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
			Shop: []byte("default"), Contact: []byte("anna@example.com"), At: 1_795_000_000_000, Segment: "Champions", SegmentBefore: "Loyal",
			Forecast: true, Alive: 0.9, Band: 0, BandBefore: uint8(next % 4),
		})
	}
	return list, next
}

func (f *fakeScores) ChangesTold(next uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.told = next
}

func (f *fakeScores) ChangesLost() uint64 { return 0 }

func (f *fakeScores) Customers(engine.CustomerMark, int, models.Time) (list []models.CustomerChange, next engine.CustomerMark, more bool) {
	return []models.CustomerChange{{Shop: []byte("default"), Contact: []byte("bert"), Segment: "New", SegmentBefore: "New"}}, next, false
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

// Everybody is told at first; then every change reaches the log once, in order, also when the log fails on the way.
func TestAnnouncer(t *testing.T) {
	f := &fakeScores{n: 3*scoreBatch + 7, failures: 1}
	now := func() models.Time { return 1_795_000_000_000 }
	a := startAnnouncer(f, f, now, func(context.Context) error { return nil }, slog.New(slog.DiscardHandler))
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
		if err := json.Unmarshal(r.Value, &s); err != nil || s.BandBefore == nil || int(*s.BandBefore) != i%4 || s.Segment != "Champions" {
			t.Fatalf("record %d: %s, %v", i, r.Value, err)
		}
		if r.Topic != models.Scores || !bytes.Equal(r.Key, []byte("default\x1fanna@example.com")) {
			t.Fatalf("record %d: topic %s, key %q", i, r.Topic, r.Key)
		}
	}
	const want = `{"shop":"default","contact":"anna@example.com","time":"2026-11-18T11:06:40Z","segment":"Champions","segment_before":"Loyal","alive":0.9,"churn_band":0,"churn_band_before":0}`
	if got := string(f.records[0].Value); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestFitDue(t *testing.T) {
	f := fitter{every: time.Hour}
	ago := func(d time.Duration) time.Time { return time.Now().Add(-d) }
	for _, x := range []struct {
		what   string
		s      *fitState
		orders uint64
		want   bool
	}{
		{"never fitted", nil, 1, true},
		{"nothing new", &fitState{orders: 1000, at: ago(time.Minute)}, 1000, false},
		{"grown by less than a twentieth", &fitState{orders: 1000, at: ago(time.Minute)}, 1049, false},
		{"grown by a twentieth", &fitState{orders: 1000, at: ago(time.Minute)}, 1050, true},
		{"grown, but the last fit was long", &fitState{orders: 1000, at: ago(time.Minute), took: time.Minute}, 1050, false},
		{"the period is over", &fitState{orders: 1000, at: ago(2 * time.Hour)}, 1000, true},
	} {
		if got := f.due(x.s, x.orders); got != x.want {
			t.Errorf("%s: due %v", x.what, got)
		}
	}
}
