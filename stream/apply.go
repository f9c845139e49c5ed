package stream

import (
	"context"
	"errors"
	"time"

	"orrery/models"
)

// applier is the goroutine that owns the fold: it applies batches and freezes the state between them.
type applier struct {
	p    *Pipeline
	ctx  context.Context // ends some time after Run's
	full <-chan *batch
	free chan<- *batch

	batches []*batch        // being applied
	events  []*models.Event // of these, what survives the dedupe

	asks    []chan error // snapshots that were asked for
	due     bool         // a snapshot is to be taken as soon as the one before is written
	records uint64       // applied since the last one
	moved   bool         // the state is not the newest snapshot's
}

func (p *Pipeline) newApplier(ctx context.Context, full <-chan *batch, free chan<- *batch) *applier {
	return &applier{p: p, ctx: ctx, full: full, free: free, moved: p.based}
}

// run applies batches until the fetcher closes full, and saves what it came to.
func (a *applier) run() error {
	if a.p.saver == nil {
		for b := range a.full {
			if err := a.apply(b); err != nil {
				return err
			}
		}
		return a.p.letters.wait(a.ctx, a.p.letters.sent())
	}
	defer close(a.p.saver.jobs)
	defer a.refuse()
	if err := a.loop(); err != nil {
		return err
	}
	return a.last()
}

func (a *applier) loop() error {
	tick := time.NewTicker(a.p.cfg.SnapshotEvery)
	defer tick.Stop()
	for {
		var token chan bool
		if a.due {
			token = a.p.saver.token
		}
		select {
		case b, ok := <-a.full:
			if !ok {
				return nil
			}
			if err := a.apply(b); err != nil {
				return err
			}
			a.due = a.due || a.records >= a.p.cfg.SnapshotRecords
		case <-tick.C:
			a.due = true
		case ask := <-a.p.asks:
			a.asks = append(a.asks, ask)
			a.due = true
		case lost := <-token:
			a.moved = a.moved || lost
			a.freeze()
		}
	}
}

// freeze uses the token up, if there is something to save.
func (a *applier) freeze() {
	a.due = false
	s := a.p.saver
	if !a.moved {
		for _, ask := range a.asks {
			ask <- nil
		}
		a.asks = nil
		s.token <- false
		return
	}
	start := time.Now()
	f := a.p.freeze(start)
	s.stalled(time.Since(start))
	f.asks, a.asks = a.asks, nil
	a.moved, a.records = false, 0
	s.jobs <- f
}

// last saves the state that Run ends with.
func (a *applier) last() error {
	s := a.p.saver
	s.hurry.Store(true)
	a.moved = <-s.token || a.moved
	if !a.moved || a.p.cfg.crash {
		return nil
	}
	done := make(chan error, 1)
	a.asks = append(a.asks, done)
	a.freeze()
	return <-done
}

var errStopped = errors.New("the stream has stopped")

// refuse answers those who wait for a snapshot that will not be taken.
func (a *applier) refuse() {
	for _, ask := range a.asks {
		ask <- errStopped
	}
}

// apply folds a batch, with those that are ready behind it, and gives them back.
func (a *applier) apply(b *batch) error {
	f := a.p.fold
	a.events = a.events[:0]
	a.batches = a.take(append(a.batches[:0], b))
	for _, b := range a.batches {
		if err := a.sort(b); err != nil {
			return err
		}
		a.records += uint64(len(b.entries))
	}
	if len(a.events) > 0 {
		a.p.cfg.Machine.Apply(a.events)
		f.counters.taken += uint64(len(a.events))
	}
	a.moved = true
	a.p.public.publish(f, len(a.full))
	a.p.checkReady() // who has waited for it finds the positions published
	for _, b := range a.batches {
		b.reset()
		a.free <- b // its capacity is the number of batches
	}
	return nil
}

// take appends the batches that are ready, up to what is applied at once.
func (a *applier) take(to []*batch) []*batch {
	for len(to) < batchesAtOnce {
		select {
		case b, ok := <-a.full:
			if !ok {
				return to
			}
			to = append(to, b)
		default:
			return to
		}
	}
	return to
}

// sort moves the positions past the batch, and tells new events from repeats and dead letters.
func (a *applier) sort(b *batch) error {
	f := a.p.fold
	for i := range b.entries {
		if e := &b.entries[i]; e.event >= 0 {
			f.parts[e.lane].seen.touch(e.hash)
		}
	}
	letters := false
	for i := range b.entries {
		e := &b.entries[i]
		part := &f.parts[e.lane]
		part.next, part.epoch = e.offset+1, e.epoch
		f.counters.newest = max(f.counters.newest, e.at)
		if e.event >= 0 {
			if why := a.p.cfg.Machine.Admit(&b.events[e.event]); why != nil {
				e.letter = newLetter(e.record, why)
			}
		}
		switch {
		case e.letter != nil:
			f.counters.letters[e.letter.why.Code]++
			letters = true
			if err := a.p.letters.send(a.ctx, e.letter, e.lane); err != nil {
				return err
			}
		case e.event < 0: // a control record
		case part.seen.add(e.hash):
			ev := &b.events[e.event]
			f.counters.newestEvent = max(f.counters.newestEvent, ev.Time)
			a.events = append(a.events, ev)
		default:
			f.counters.duplicates++
		}
	}
	if letters {
		a.p.public.publishLetters(f)
	}
	return nil
}
