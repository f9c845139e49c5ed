package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"orrery/models"
)

const (
	// laneHigh and laneLow bound a partition's queue: above the one its fetching pauses, below the other it resumes.
	// What the client had prefetched for it when it paused is thrown away, up to fetchPartition bytes; a quarter of the
	// distance between the two, so the waste is below a quarter of the slower partitions' volume.
	laneHigh = 3 << 20
	laneLow  = 1 << 20

	fetchPartition = 512 << 10 // bytes of one partition in one fetch
	fetchBytes     = 8 << 20   // bytes in one fetch

	// fetchWait is how long a fetch waits at the broker for records. A partition that comes back from a pause waits for the
	// fetch that is under way.
	fetchWait = 100 * time.Millisecond

	// patience is how long the merge waits for a partition that has records and does not deliver them.
	patience = time.Second

	// fetchRest is how long a partition is let alone after an error that the client hands on. By itself it would ask again
	// at once: ten thousand times a second for a batch that is damaged on the broker's disk.
	fetchRest = 250 * time.Millisecond
)

// fetcher polls the broker, merges the partitions by record time and decodes into batches.
type fetcher struct {
	client *kgo.Client
	lanes  []*lane // sorted by input topic and partition
	byName map[string][]*lane
	keys   []int64 // of the lanes' heads
	full   chan<- *batch
	free   <-chan *batch
	cur    *batch
	start  time.Time
	now    models.Time // of the newest poll
	errors *fetchErrors
	heads  *heads
	log    *slog.Logger
}

// run polls until ctx ends (nil) or the log cannot be followed any longer.
func (f *fetcher) run(ctx context.Context) error {
	defer close(f.full)
	for {
		if err := f.poll(ctx); err != nil || ctx.Err() != nil {
			return err
		}
		if f.skip(ctx) {
			f.merge(ctx)
		}
		f.pause()
	}
}

// poll takes what the client has fetched, or waits for it.
func (f *fetcher) poll(ctx context.Context) error {
	f.resume()
	wait, cancel := f.waitFor(ctx)
	fetches := f.client.PollFetches(wait)
	cancel()
	f.now = models.TimeOf(time.Now())
	var failed error
	fetches.EachPartition(func(p kgo.FetchTopicPartition) {
		if p.Err == nil || len(p.Records) > 0 { // records that stand before a damaged batch come with its error, and only once
			f.take(p)
		}
		if p.Err == nil {
			return
		}
		if err := f.failure(p); err != nil && failed == nil {
			failed = err
		}
	})
	f.giveUp()
	fetched := 0
	for _, l := range f.lanes {
		fetched += l.bytes
	}
	f.heads.fetched.Store(int64(fetched))
	return failed
}

// waitFor bounds a poll when the merge could go on without what it waits for, a partition's rest will be over, or one that
// ought to deliver may have nothing to.
func (f *fetcher) waitFor(ctx context.Context) (context.Context, context.CancelFunc) {
	ready, resting := false, false
	for _, l := range f.lanes {
		ready, resting = ready || !l.empty() || l.behind(), resting || l.rest > 0
	}
	switch {
	case resting:
		return context.WithTimeout(ctx, fetchRest)
	case ready:
		return context.WithTimeout(ctx, patience)
	}
	return ctx, func() {}
}

func (f *fetcher) take(p kgo.FetchTopicPartition) {
	l := f.byName[p.Topic][p.Partition]
	l.end = max(l.end, stableEnd(&p.FetchPartition))
	if len(p.Records) == 0 {
		return
	}
	for _, r := range p.Records {
		l.push(r)
	}
	l.waiting, l.given = 0, false
	l.end = max(l.end, l.next)
	f.heads.ended(l.index, l.end)
	if p.Err == nil {
		f.errors.delivered(l.index)
	}
}

// stableEnd is how far a consumer of committed records can get.
func stableEnd(p *kgo.FetchPartition) int64 {
	if p.LastStableOffset >= 0 {
		return p.LastStableOffset
	}
	return p.HighWatermark
}

// pause stops fetching for lanes that the merge has left full, since it waits for others. It comes after the merge: while a
// partition is paused the client asks the broker for the others only, and when they have nothing that request has to end
// before the partition is asked for again.
func (f *fetcher) pause() {
	for _, l := range f.lanes {
		if (l.bytes > laneHigh || l.rest > 0) && !l.paused {
			l.paused = true
			f.client.PauseFetchPartitions(map[string][]int32{l.name: {l.part}})
		}
	}
}

func (f *fetcher) resume() {
	now := int64(time.Since(f.start))
	for _, l := range f.lanes {
		if l.rest <= now {
			l.rest = 0
		}
		if l.paused && l.bytes < laneLow && l.rest == 0 {
			l.paused = false
			f.client.ResumeFetchPartitions(map[string][]int32{l.name: {l.part}})
		}
	}
}

// awaited tells whether the merge has to wait for lane l before it may take from another.
func awaited(l *lane) bool { return l.empty() && l.behind() && !l.given }

// giveUp ends the wait for lanes that did not deliver in time, and has somebody look why.
func (f *fetcher) giveUp() {
	now := int64(time.Since(f.start))
	for _, l := range f.lanes {
		switch {
		case !l.empty() || !l.behind():
		case l.waiting == 0:
			l.waiting = now
		case now-l.waiting >= int64(patience):
			f.errors.silent(l.index, fmt.Errorf("partition %d of topic %q holds records up to offset %d and delivers none from %d on", l.part, l.name, l.end-1, l.next))
			l.waiting = now
			if !l.given {
				l.given = true
				f.heads.ask(l.index)
			}
		}
	}
}

// skip moves lanes past what was found to hold nothing, as if a record without an event had been fetched. It returns
// false when ctx ended.
func (f *fetcher) skip(ctx context.Context) bool {
	for i, l := range f.lanes {
		to := f.heads.skip[i].Load()
		if to <= l.next || !l.empty() {
			continue
		}
		b := f.batch(ctx)
		if b == nil {
			return false
		}
		l.next, l.waiting, l.given = to, 0, false
		f.errors.delivered(i)
		b.entries = append(b.entries, entry{lane: int32(i), event: -1, epoch: -1, offset: to - 1})
		if b.full() && !f.send(ctx) {
			return false
		}
	}
	return true
}

// merge decodes records in the order of their times until a partition that has more to come runs empty.
func (f *fetcher) merge(ctx context.Context) {
	for _, l := range f.lanes {
		if awaited(l) {
			return
		}
	}
	for i, l := range f.lanes {
		f.keys[i] = l.key()
	}
	for {
		i, limit := f.pick()
		if i < 0 {
			break
		}
		l := f.lanes[i]
		for !l.empty() && f.keys[i] <= limit {
			if !f.decode(ctx, i, l.pop()) {
				return
			}
			f.keys[i] = l.key()
		}
		if awaited(l) {
			break
		}
	}
	f.send(ctx)
}

// pick returns the lane with the oldest head, the first of equals, and the time up to which it may be taken from
// before another lane's turn. -1 when all are empty.
func (f *fetcher) pick() (lane int, limit int64) {
	first, second := int64(math.MaxInt64), int64(math.MaxInt64)
	lane = -1
	for i, k := range f.keys {
		switch {
		case k < first:
			first, second, lane = k, first, i
			if second != math.MaxInt64 {
				second-- // an earlier lane with that time goes before this one
			}
		case k < second:
			second = k
		}
	}
	if second == math.MaxInt64 {
		second--
	}
	return lane, max(second, first)
}

// decode puts a record into the current batch. It returns false when ctx ended.
func (f *fetcher) decode(ctx context.Context, i int, r *kgo.Record) bool {
	b := f.batch(ctx)
	if b == nil {
		return false
	}
	at := recordTime(r, f.now)
	e := entry{lane: int32(i), event: -1, epoch: r.LeaderEpoch, offset: r.Offset, at: at}
	if !nothing(f.lanes[i].topic, r) {
		ev := &b.events[b.used]
		if f.lanes[i].raw {
			e.record = r
			b.entries = append(b.entries, e)
			b.bytes += recordBytes(r)
			return !b.full() || f.send(ctx)
		}
		hash, err := decodeRecord(ev, f.lanes[i].topic, r, at, f.now)
		if len(ev.Warnings) > 0 {
			f.heads.warnings.Add(ev.Warnings)
		}
		if err != nil {
			e.letter = newLetter(r, err)
		} else {
			e.event, e.hash, e.record = int32(b.used), hash, r
			b.used++
			if l := f.lanes[i]; l.of > 1 && partitionOf(ev.Person(), l.of) != l.part {
				f.misplaced(l)
			}
		}
	}
	b.entries = append(b.entries, e)
	b.bytes += recordBytes(r)
	if b.full() {
		return f.send(ctx)
	}
	return true
}

// misplaced counts a record that lies in another partition than its person's others, and warns of the first: its repeats are
// not known there, and its order among the others is not kept.
func (f *fetcher) misplaced(l *lane) {
	if f.heads.misplaced.Add(1) == 1 {
		f.log.Warn("a record lies in another partition than Kafka's murmur2 of its visitor (else contact) names: have its producer use that key and "+
			"that partitioner (librdkafka: partitioner=murmur2_random); orrery_misplaced_records_total counts them", "topic", l.name, "partition", l.part)
	}
}

func (f *fetcher) batch(ctx context.Context) *batch {
	if f.cur != nil {
		return f.cur
	}
	select {
	case f.cur = <-f.free:
	case <-ctx.Done():
	}
	return f.cur
}

// send hands the current batch over, if it holds anything. It returns false when ctx ended.
func (f *fetcher) send(ctx context.Context) bool {
	if f.cur == nil || len(f.cur.entries) == 0 {
		return true
	}
	select {
	case f.full <- f.cur:
		f.cur = nil
		return true
	case <-ctx.Done():
		return false
	}
}

// failure returns an error that ends the pipeline, or nil for one that the client goes on after by itself.
func (f *fetcher) failure(p kgo.FetchTopicPartition) error {
	err := p.Err
	switch {
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		return nil // the poll's own
	case errors.Is(err, kerr.OffsetOutOfRange) || errors.As(err, new(*kgo.ErrDataLoss)):
		return fmt.Errorf("cannot follow partition %d of topic %q from offset %d: %w: %w",
			p.Partition, p.Topic, f.byName[p.Topic][p.Partition].next, ErrGap, err)
	case errors.Is(err, kerr.TopicAuthorizationFailed) || errors.Is(err, kgo.ErrClientClosed) ||
		errors.As(err, new(*kgo.ErrDecompressTooLarge)): // the client never asks for that partition again
		return fmt.Errorf("cannot fetch partition %d of topic %q: %w", p.Partition, p.Topic, err)
	}
	where := listing // an error can be of no partition
	if lanes := f.byName[p.Topic]; int(p.Partition) < len(lanes) && p.Partition >= 0 {
		where = lanes[p.Partition].index
		lanes[p.Partition].rest = int64(time.Since(f.start) + fetchRest)
	}
	if f.errors.add(where, err) {
		f.log.Warn("cannot fetch, trying again", "topic", p.Topic, "partition", p.Partition, "error", err)
	}
	return nil
}
