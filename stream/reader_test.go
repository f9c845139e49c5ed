package stream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"orrery/models"
)

// reading is what a reader has been given: each record's place, in order.
type reading struct {
	order  []string
	events int
	why    map[string]int
}

func (r *reading) take(records []Record) error {
	for _, rec := range records {
		r.order = append(r.order, fmt.Sprintf("%s/%d@%d", rec.Topic, rec.Partition, rec.Offset))
		if rec.Event != nil {
			r.events++
		}
		if rec.Why != nil {
			r.why[rec.Why.Code]++
		}
	}
	return nil
}

// readAll reads what the log holds from where cfg says, and returns where that ended.
func readAll(t testing.TB, cfg ReaderConfig, upTo int) (*reading, *Reader) {
	t.Helper()
	r, err := OpenReader(testContext(t), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	got := &reading{why: map[string]int{}}
	if err := r.Run(testContext(t), func(records []Record) error {
		if err := got.take(records); err != nil {
			return err
		}
		if len(got.order) >= upTo {
			return ErrDone
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return got, r
}

// Two readers beside the pipeline: all three take everything once, and the readers in the same order, that of the times.
func TestReadersBesideThePipeline(t *testing.T) {
	c := startLog(t, 4)
	all := events(3, 6000)
	produce(t, c, all)
	m := newLedger()
	p := run(t, Config{Cluster: c, Machine: m})
	got := make(chan *reading, 2)
	for range 2 {
		go func() {
			r, _ := readAll(t, ReaderConfig{Cluster: c}, len(all))
			got <- r
		}()
	}
	one, two := <-got, <-got
	if err := p.WaitCaughtUp(testContext(t)); err != nil {
		t.Fatal(err)
	}
	if m.total() != len(all) {
		t.Errorf("the pipeline took %d of %d", m.total(), len(all))
	}
	if !slices.Equal(one.order, two.order) {
		t.Error("two readers of one log have read it in different orders")
	}
	distinct := slices.Compact(slices.Sorted(slices.Values(one.order)))
	if len(one.order) != len(all) || len(distinct) != len(all) || one.events != len(all) {
		t.Errorf("%d records, %d of them distinct, %d events, want %d", len(one.order), len(distinct), one.events, len(all))
	}
}

// A reader goes on where another one was: nothing is missing and nothing comes twice, wherever it was stopped.
func TestReaderGoesOn(t *testing.T) {
	c := startLog(t, 3)
	all := events(4, 2000)
	produce(t, c, all)
	want, _ := readAll(t, ReaderConfig{Cluster: c}, len(all))
	var got []string
	cfg := ReaderConfig{Cluster: c}
	for stops := 0; len(got) < len(all); stops++ {
		part, r := readAll(t, cfg, min(300+stops, len(all)-len(got)))
		got = append(got, part.order...)
		cfg.From = r.Positions()
	}
	if slices.Sort(got); !slices.Equal(got, slices.Sorted(slices.Values(want.order))) {
		t.Errorf("in parts %d records were read, at once %d", len(got), len(want.order))
	}
}

// Topics that hold no events are read as they are; what cannot be understood comes with the reason.
func TestReaderOfOtherTopics(t *testing.T) {
	c := startLog(t, 2)
	produce(t, c, []models.Record{
		{Topic: Turns, Key: []byte("frames"), Value: []byte("any text")},
		{Topic: Turns, Key: []byte("frames"), Value: nil},
		{Topic: models.Pageviews, Key: []byte("v"), Value: []byte("no json")},
	})
	got, _ := readAll(t, ReaderConfig{Cluster: c, Topics: []models.Topic{Turns}}, 2)
	if got.events != 0 || len(got.why) != 0 {
		t.Errorf("records of turns were read as events: %+v", got)
	}
	if got, _ = readAll(t, ReaderConfig{Cluster: c}, 1); got.why[models.NotJSON] != 1 {
		t.Errorf("got %v, want one that is no JSON", got.why)
	}
}

// Positions that the log has passed are a gap: an error, or told of.
func TestReaderGap(t *testing.T) {
	c := startLog(t, 1)
	produce(t, c, events(5, 50))
	_, r := readAll(t, ReaderConfig{Cluster: c, Topics: []models.Topic{models.Pageviews}}, 1)
	from := r.Positions()
	from[0].Next = 1 << 40
	cfg := ReaderConfig{Cluster: c, Topics: []models.Topic{models.Pageviews}, From: from}
	if _, err := OpenReader(testContext(t), cfg); !errors.Is(err, ErrGap) {
		t.Fatalf("got %v, want ErrGap", err)
	}
	cfg.AcceptGap = true
	if _, r = readAll(t, cfg, 1); len(r.Gaps()) != 1 || r.Gaps()[0].From != 1<<40 {
		t.Errorf("got gaps %+v", r.Gaps())
	}
}

// take is called now and then without records as well, and what it answers ends the reader.
func TestReaderTicks(t *testing.T) {
	c := startLog(t, 1)
	r, err := OpenReader(testContext(t), ReaderConfig{Cluster: c, Every: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	broken := errors.New("broken")
	if err := r.Run(testContext(t), func(records []Record) error {
		if len(records) > 0 {
			t.Error("records came out of an empty log")
		}
		return broken
	}); !errors.Is(err, broken) {
		t.Errorf("got %v, want what take has said", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := r.Run(ctx, func([]Record) error { return nil }); err != nil {
		t.Errorf("got %v, want nil when ctx ends", err)
	}
}
