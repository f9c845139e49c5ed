package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"orrery/churn/base"
	"orrery/models"
	"orrery/serve"
)

// scoreSource is where changes of customers come from: the engine.
type scoreSource interface {
	CustomerChanges(most int) (list []models.CustomerChange, next uint64)
	ChangesAcknowledged(next uint64)
	ChangesLost() uint64
	ContactNumber(shop, contact []byte) uint32
	Customers(from base.Mark, most int, now models.Time) (list []models.CustomerChange, next base.Mark, more bool)
}

// scoreSink is where they go: the log.
type scoreSink interface {
	Append(ctx context.Context, records []models.Record) error
}

// scoreHistory hands every record of the topic of scores to a function.
type scoreHistory func(ctx context.Context, each func(key, value []byte) error) error

// announcer passes changes of customers on to the topic of scores, and tells the engine once they are safe there. A
// record says what holds after the change, and what was told before. After a start, when the engine has caught up, it reads
// what has been told, and it tells of everybody of whom that is not true any more, as after a loss: so the newest record of a
// contact is right whatever happened. (Segments have a hysteresis, and need not come out of a crash as they went into it.)
// Of two changes that are told together the second says nothing new, and is not told. Close ends it: changes
// that it has not passed on stay with the engine, and in its snapshots.
type announcer struct {
	beside
	from   scoreSource
	to     scoreSink
	now    serve.Clock
	log    *slog.Logger
	told   atomic.Uint64
	failed atomic.Uint64

	speaks  func() bool // whether this instance is the one that tells
	history scoreHistory
	known   bool            // what has been told is known
	said    publishedStates // that
	since   models.Time     // the day from which changes are told

	all  bool // everybody is being looked at, from mark on
	mark base.Mark
	lost uint64 // that everybody has been told for
}

const (
	scorePause = 200 * time.Millisecond // between looks while nothing changes
	scoreRetry = 2 * time.Second        // after a failure of the log
	scoreBatch = 512
)

// startAnnouncer starts an announcer that waits for ready first.
func startAnnouncer(from scoreSource, to scoreSink, history scoreHistory, speaks func() bool, now serve.Clock, ready func(context.Context) error, log *slog.Logger) *announcer {
	a := &announcer{from: from, to: to, history: history, speaks: speaks, now: now, log: log, all: true, lost: from.ChangesLost()}
	a.beside = startBeside(ready, a.run)
	return a
}

func (a *announcer) run(ctx context.Context) {
	for {
		pause := scorePause
		busy, err := a.pass(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			a.failed.Add(1)
			a.log.Warn("cannot pass changes of customers on", "error", err)
			pause = scoreRetry
		case busy:
			pause = 0
		}
		if now := a.from.ChangesLost(); now != a.lost {
			a.log.Warn("changes of customers came faster than they could be passed on: telling everybody", "lost", now-a.lost)
			a.lost, a.all, a.mark = now, true, base.Mark{}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// pass passes one batch of changes on, and one of everybody where that is due; busy says that there may be more.
func (a *announcer) pass(ctx context.Context) (busy bool, err error) {
	if !a.speaks() {
		return a.listen(), nil
	}
	if !a.known {
		clear(a.said.last)
		err := a.history(ctx, func(key, value []byte) error { return a.said.recall(key, value, a.from.ContactNumber) })
		if err != nil {
			return false, err
		}
		a.known = true
		a.since = a.said.newest - a.said.newest%models.Day
	}
	if a.all {
		list, next, more := a.from.Customers(a.mark, scoreBatch, a.now())
		if err := a.publish(ctx, list); err != nil {
			return false, err
		}
		a.mark, a.all = next, more
	}
	list, next := a.from.CustomerChanges(scoreBatch)
	busy = a.all || len(list) == scoreBatch
	// Who has folded the log anew comes by all changes of its past again, which were told in their time: those of days before the
	// newest that was told of. What was not, the look at everybody makes good.
	list = slices.DeleteFunc(list, func(c models.CustomerChange) bool { return c.At < a.since })
	if err := a.publish(ctx, list); err != nil {
		return false, err
	}
	a.from.ChangesAcknowledged(next)
	return busy, nil
}

// listen lets another instance tell the changes. Once this one speaks it reads what was told, and looks at everybody.
func (a *announcer) listen() (busy bool) {
	list, next := a.from.CustomerChanges(scoreBatch)
	a.from.ChangesAcknowledged(next)
	a.known, a.all, a.mark = false, true, base.Mark{}
	return len(list) == scoreBatch
}

func (a *announcer) publish(ctx context.Context, list []models.CustomerChange) error {
	var records []models.Record
	for i := range list {
		c := &list[i]
		var band *uint8
		if c.Forecast {
			band = &c.Band
		}
		now := a.said.of(c.Segment, band)
		before := a.said.set(c.Number, now)
		if before == now {
			continue
		}
		s := score{Shop: string(c.Shop), Contact: string(c.Contact), Time: c.At.Std(), Segment: c.Segment, SegmentBefore: c.SegmentBefore, Band: band}
		if c.Forecast {
			s.Alive, s.BandBefore = &c.Alive, &c.BandBefore
		}
		if before != 0 {
			s.SegmentBefore, s.BandBefore = a.said.segment(before), before.band()
		}
		r, err := s.record()
		if err != nil {
			return err
		}
		records = append(records, r)
	}
	if len(records) == 0 {
		return nil
	}
	if err := a.to.Append(ctx, records); err != nil {
		a.known = false // some may have been written: the topic knows
		return err
	}
	a.told.Add(uint64(len(records)))
	return nil
}

// score is the value of a record of the topic of scores.
type score struct {
	Shop          string    `json:"shop"`
	Contact       string    `json:"contact"`
	Time          time.Time `json:"time"`
	Segment       string    `json:"segment"`
	SegmentBefore string    `json:"segment_before"`
	Alive         *float64  `json:"alive"` // null while no model speaks; the bands likewise, each for its moment
	Band          *uint8    `json:"churn_band"`
	BandBefore    *uint8    `json:"churn_band_before"`
}

func (s *score) record() (models.Record, error) {
	value, err := json.Marshal(s)
	if err != nil {
		return models.Record{}, fmt.Errorf("cannot encode the scores of contact %q: %w", s.Contact, err)
	}
	key := append(append(append([]byte{}, s.Shop...), models.KeySeparator), s.Contact...)
	return models.Record{Topic: models.Scores, Key: key, Value: value}, nil
}

func (a *announcer) metrics(w io.Writer) {
	fmt.Fprintf(w, "orrery_scores_told_total %d\n", a.told.Load())
	fmt.Fprintf(w, "orrery_scores_failures_total %d\n", a.failed.Load())
	fmt.Fprintf(w, "orrery_scores_lost_total %d\n", a.from.ChangesLost())
}
