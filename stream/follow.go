package stream

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// lagEvery is how often the ends of the partitions are listed: a fetch says where its own partition ends, but not when
// its fetching is paused or its broker does not answer.
const lagEvery = 5 * time.Second

// follow lists the log now and then until ctx ends, or the log is no longer the one that is read: a topic that was
// deleted, or made anew since, or has got more partitions. Nobody would ever read what comes there.
func (s *source) follow(ctx context.Context) error {
	tick := time.NewTicker(s.lagEvery)
	defer tick.Stop()
	f := follower{source: s, held: make([]hold, len(s.parts))}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-s.heads.look:
		}
		err := f.list(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// follower is what follow remembers from one listing for the next.
type follower struct {
	*source
	strange int // listings in a row that found another log than the one that is read
	held    []hold
}

// hold is how long open transactions have held a partition back.
type hold struct {
	end      int64 // where
	listings int   // that have found it there
	producer string
}

// strangest is how many listings in a row have to say so before a log is taken for another one: a broker that has just
// come back may not know all of it yet, and topics that are altered one after the other differ for a moment.
const strangest = 3

func (f *follower) list(ctx context.Context) error {
	within, cancel := context.WithTimeout(ctx, max(2*f.lagEvery, time.Second))
	defer cancel()
	log, err := listLog(within, f.adm, f.cluster, f.topics...)
	if err == nil {
		err = f.sameLog(log)
	}
	switch {
	case errors.Is(err, ErrGap):
		return err
	case errors.Is(err, ErrNoTopic) || errors.Is(err, ErrPartitions):
		if f.strange++; f.strange >= strangest {
			return err
		}
		return nil
	case err != nil:
		if f.errors.add(listing, err) && ctx.Err() == nil {
			f.cluster.log().Warn("cannot list the log, trying again", "error", err)
		}
		return nil
	}
	f.strange = 0
	f.errors.listed()
	for i, l := range log {
		f.heads.ended(i, l.end)
		f.heads.high[i].Store(l.high)
		if f.heads.silent[i].Load() {
			f.look(within, i, l)
		}
		f.hold(within, i, l)
	}
	return nil
}

// sameLog returns an error where log is not the one that is read.
func (s *source) sameLog(log []logPart) error {
	if len(log) != len(s.parts) {
		return fmt.Errorf("cannot go on reading %d partitions, there are %d now: %w", len(s.parts), len(log), ErrPartitions)
	}
	for i, l := range log {
		if err := sameTopic(topicID(s.parts[i].id), l); err != nil {
			return err
		}
	}
	return nil
}

// look finds out whether a partition that delivers nothing has nothing to deliver: retention and compaction can leave
// batches without records, and the last of a partition would keep the state behind its end for ever.
func (f *follower) look(ctx context.Context, i int, l logPart) {
	from := f.heads.next[i].Load()
	if from >= l.end {
		f.heads.silent[i].Store(false)
		return
	}
	to, err := emptyUntil(ctx, f.side, l, max(from, l.start))
	if err != nil {
		f.cluster.log().Warn("cannot look into a partition that delivers nothing", "topic", l.name, "partition", l.part, "error", err)
		return
	}
	if to > from {
		f.heads.skip[i].Store(to)
	}
}

// hold tells of a transaction that holds a partition back for longer than from one listing to the next.
func (f *follower) hold(ctx context.Context, i int, l logPart) {
	h := &f.held[i]
	if l.high <= l.end || h.end != l.end {
		*h = hold{end: l.end}
	}
	if l.high <= l.end {
		return
	}
	if h.listings++; h.listings < 2 {
		return
	}
	if h.listings == 2 {
		h.producer = openProducer(ctx, f.adm, l)
	}
	err := fmt.Errorf("an open transaction (producer %s) holds partition %d of topic %q back from offset %d on: end it, or abort it with Kafka's kafka-transactions", h.producer, l.part, l.name, l.end)
	if f.errors.silent(i, err) {
		f.cluster.log().Warn("a partition is held back", "records", l.high-l.end, "error", err)
	}
}
