package stream

import (
	"errors"
	"fmt"
	"testing"

	"orrery/models"
)

// Of what one writer has written a backlog counts what is not applied, and nothing of what others write or what was there
// before: F12.
func TestF12Backlog(t *testing.T) {
	c, ctx := startLog(t, 2), testContext(t)
	b := NewBacklog()
	w := newWriter(t, WriterConfig{Cluster: c, Backlog: b})
	write := func(from, n int) {
		t.Helper()
		var records []models.Record
		for i := range n {
			visitor := fmt.Appendf(nil, "v%d", (from+i)%7)
			records = append(records, models.Record{Topic: models.Pageviews, Key: visitor,
				Value: fmt.Appendf(nil, `{"event":"view_item","visitor":%q,"id":"own%d"}`, visitor, from+i)})
		}
		if err := w.Append(ctx, records); err != nil {
			t.Fatal(err)
		}
	}
	write(0, 300) // before anybody follows
	m, hold := newLedger(), make(chan bool)
	m.slow = func() { <-hold }
	p := run(t, Config{Cluster: c, Machine: m})
	b.Follow(p.Pipeline)
	if n := b.Behind(); n != 0 {
		t.Errorf("%d are behind before anything was written", n)
	}
	produce(t, c, events(3, 2000)) // somebody else's
	write(300, 1000)
	if n := b.Behind(); n != 1000 {
		t.Errorf("%d of 1,000 are behind while nothing is applied", n)
	}
	if err := b.Full(999); !errors.Is(err, models.ErrFull) {
		t.Errorf("one more than may be: %v", err)
	}
	if err := b.Full(1000); err != nil {
		t.Errorf("as many as may be: %v", err)
	}
	close(hold)
	settle(t, p, m)
	if n := b.Behind(); n != 0 {
		t.Errorf("%d are behind when all is applied", n)
	}
	produce(t, c, events(4, 500))
	if n := b.Behind(); n != 0 {
		t.Errorf("%d are behind after others have written", n)
	}
	write(1300, 10)
	settle(t, p, m)
	if n := b.Behind(); n != 0 {
		t.Errorf("%d of ten are behind when all is applied", n)
	}
}

// Whatever the offsets, what is behind is right to within the distance of two marks.
func TestBacklogMarks(t *testing.T) {
	w, all := written{}, []int64{}
	b := Backlog{parts: map[partKey]*written{{"t", 0}: &w}}
	b.pipeline.Store(new(Pipeline))
	offset := int64(0)
	for i := range 5000 {
		offset += int64(1 + i%3*(i%50)) // others' lie between
		b.wrote("t", 0, offset)
		all = append(all, offset)
		if i%97 != 0 {
			continue
		}
		next, behind := offset*3/4, uint64(0)
		for _, o := range all {
			if o >= next {
				behind++
			}
		}
		if got := w.behind(next); got < behind || got > behind+markEvery {
			t.Fatalf("after %d records %d are behind offset %d, want %d to %d more", i+1, got, next, behind, markEvery)
		}
	}
	if got := w.behind(offset + 1); got != 0 {
		t.Errorf("%d are behind the end", got)
	}
}
