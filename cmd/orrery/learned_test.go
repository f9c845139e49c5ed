package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"orrery/engine"
	"orrery/models"
	"orrery/stream"
	"orrery/stream/broker"
)

// reader is an engine that follows a log, with a fitter where it may learn.
type reader struct {
	*engine.Engine
	pipeline *stream.Pipeline
	fitter   *fitter
	stop     func()
}

func follow(t *testing.T, c stream.Cluster, w *stream.Writer, speaks bool) *reader {
	t.Helper()
	e, err := engine.New(engine.Config{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := stream.Open(t.Context(), stream.Config{Cluster: c, Machine: e})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	r := &reader{Engine: e, pipeline: p}
	r.fitter = startFitter(e, w, func() bool { return speaks }, time.Hour, p.WaitCaughtUp, slog.New(slog.DiscardHandler))
	r.stop = func() {
		r.fitter.Close()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		p.Close()
	}
	t.Cleanup(func() { r.stop() })
	return r
}

// says is what a reader says of all customers.
func (r *reader) says(t *testing.T) (all []string) {
	t.Helper()
	now := r.StreamTime()
	r.EachContact(nil, 0, now, func(id []byte, p *models.Profile) bool {
		all = append(all, fmt.Sprintf("%s %+v", id, *p.Customer))
		return true
	})
	slices.Sort(all)
	grid, _ := r.RFM(nil, now)
	m, _ := r.CustomerModels(nil)
	var calibration models.Calibration
	if m.Calibration != nil {
		calibration, m.Calibration = *m.Calibration, nil
	}
	return append(all, fmt.Sprintf("%+v", grid), fmt.Sprintf("%+v %+v", m, calibration))
}

// What one instance has learned is in the log: another one, and whoever reads the log from its start, say the same of every
// customer and learn nothing themselves.
func TestInstancesLearnTheSame(t *testing.T) {
	b, err := broker.Start(broker.Config{Dir: t.TempDir(), Listen: "127.0.0.1:0", Unsynced: true})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	c := stream.Cluster{Brokers: []string{b.Addr()}}
	if _, err := stream.EnsureTopics(t.Context(), c, stream.Topics{}); err != nil {
		t.Fatal(err)
	}
	w, err := stream.NewWriter(stream.WriterConfig{Cluster: c})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()

	first, second := follow(t, c, w, true), follow(t, c, w, false)
	start := models.TimeOf(time.Now().Add(-300 * 24 * time.Hour))
	var records []models.Record
	for day := range 300 {
		for k := range 12 {
			contact := (day*7 + k*k*31) % 600
			value := fmt.Sprintf(`{"event":"purchase","order":"o-%d-%d","contact":"c%d@example.com","value":%d,"currency":"EUR","time":%q}`,
				day, k, contact, 10+contact%50, (start + models.Time(day)*models.Day).Std().Format(time.RFC3339))
			records = append(records, models.Record{Topic: models.Transactions, Key: fmt.Appendf(nil, "c%d@example.com", contact), Value: []byte(value)})
		}
	}
	if err := w.Append(t.Context(), records); err != nil {
		t.Fatal(err)
	}
	learned := func(r *reader) func() bool {
		return func() bool {
			bases := r.CustomerBases()
			return len(bases) == 1 && bases[0].Orders() == uint64(len(records)) && bases[0].Models() != nil && bases[0].Models().Content == bases[0].Content()
		}
	}
	waitUntil(t, learned(first))
	waitUntil(t, learned(second))
	want := first.says(t)
	if m, _ := first.CustomerModels(nil); m.Gate != "" || len(want) < 500 {
		t.Fatalf("gate %q, %d customers", m.Gate, len(want))
	}
	third := follow(t, c, w, true) // it may learn, and has no reason to
	if err := third.pipeline.WaitCaughtUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, func() bool { return third.fitter.looked.Load() > 0 })
	for i, r := range []*reader{second, third} {
		if got := r.says(t); !slices.Equal(got, want) {
			t.Errorf("reader %d says otherwise: %d lines, want %d; the last\n%s\n%s", i+2, len(got), len(want), got[len(got)-1], want[len(want)-1])
		}
		if n := r.fitter.accepted.Load() + r.fitter.refused.Load() + r.fitter.gated.Load(); n != 0 {
			t.Errorf("reader %d has learned %d times", i+2, n)
		}
		waitUntil(t, func() bool { ok, _ := r.fitter.probe(); return ok })
	}
}

// waitUntil waits until something is so.
func waitUntil(t *testing.T, so func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it did not come to be")
		}
	}
}
