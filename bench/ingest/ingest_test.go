package ingest

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"orrery/engine"
)

func TestMeasureSmall(t *testing.T) {
	r, err := Measure(context.Background(), Config{
		Events: 20_480, Partitions: []int{2}, Rounds: 1, Items: 1000, Visitors: 2000, Dir: t.TempDir(), Command: "test",
	})
	if err != nil {
		t.Fatal(err)
	}
	run := r.Runs[0]
	for name, s := range map[string]Speed{"produce": run.Produce, "raw": run.Raw, "decode": run.Decode, "pipeline": run.Pipeline} {
		if s.PerSecond < 100 || s.CPU <= 0 || math.IsInf(s.PerSecond, 0) {
			t.Errorf("%s: got %+v", name, s)
		}
	}
	if len(r.Direct.Curve) != leastPoints || r.Direct.Apply <= 0 || r.Direct.Decode <= 0 {
		t.Errorf("direct: got %+v", r.Direct)
	}
	if last := r.Direct.Curve[leastPoints-1]; last.Events < 20_480 || last.Bytes == 0 {
		t.Errorf("the curve ends at %+v", last)
	}
	var text bytes.Buffer
	if err := r.WriteText(&text); err != nil || !strings.Contains(text.String(), "pipeline") {
		t.Errorf("text: %v\n%s", err, text.String())
	}
	if raw, err := json.Marshal(r); err != nil || len(raw) < 100 {
		t.Errorf("JSON: %v: %s", err, raw)
	}
	if err := r.Plot(filepath.Join(t.TempDir(), "curve.png")); err != nil {
		t.Error(err)
	}
}

func TestMeasureRefusesNothingToMeasure(t *testing.T) {
	if _, err := Measure(context.Background(), Config{Events: 10, Prefill: 10}); err == nil {
		t.Error("10 events of which 10 fill the state were measured")
	}
}

func TestStageOf(t *testing.T) {
	f := func(want string, functions ...string) {
		t.Helper()
		if got := stageOf(functions); got != want {
			t.Errorf("%v: got %q, want %q", functions, got, want)
		}
	}
	f("social proof", "orrery/models/slab.(*Words).Edit", "orrery/recommend/social.(*window).touch", "orrery/engine.(*Engine).view")
	f("neighbour lists", "runtime.memmove", "orrery/recommend/neighbours.(*Lists).Add", "orrery/engine.(*Engine).view")
	f("session index", "orrery/recommend/session.(*Index).link", "orrery/recommend/next.(*Live).Visit", "orrery/engine.(*Engine).behaviour")
	f("ranker learns (sampled)", "orrery/recommend/session.(*Walker).Walk", "orrery/recommend/next.(*Recommender).LearnBeside")
	f("ranker learns (sampled)", "orrery/recommend/next.(*Scratch).find", "orrery/recommend/next.(*Recommender).LearnBeside", "orrery/recommend/next.(*Live).Visit")
	f("dedupe", "orrery/stream.(*applier).sort", "orrery/stream.(*applier).apply")
	f("decode and check", "orrery/models.scan", "orrery/models.(*Event).Decode", "orrery/stream.decodeRecord")
	f("client", "github.com/twmb/franz-go/pkg/kgo.(*source).fetch")
	f("broker", "github.com/twmb/franz-go/pkg/kfake.(*Cluster).run")
	f(otherStage, "runtime.futex", "runtime.mcall")
}

// The events that are applied directly have the times that they state: else all would belong to one endless session.
func TestDirectTimes(t *testing.T) {
	cfg, err := Config{Events: 2000, Items: 100, Visitors: 200}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	e, err := engine.New(cfg.Engine)
	if err != nil {
		t.Fatal(err)
	}
	b := newBatches(cfg, e)
	if err := b.run(cfg.Events); err != nil {
		t.Fatal(err)
	}
	if got := e.StreamTime(); got != b.load.Time() {
		t.Errorf("the newest event is of %v, not of %v", got.Std(), b.load.Time().Std())
	}
}
