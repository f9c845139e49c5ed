package shop

import (
	"context"
	"fmt"
	"time"

	"orrery/models"
)

// Sink takes the records of a shop, in order. Put may keep a record's bytes: they are never written again.
// stream.Bulk is one.
type Sink interface {
	Put(ctx context.Context, r models.Record) error

	// Flush returns when everything put is safe.
	Flush(ctx context.Context) error
}

// Open sends the catalogue, and returns when it is safe.
func (s *Shop) Open(ctx context.Context, sink Sink) error {
	var out giver
	for r := range s.Catalogue() {
		if err := out.put(ctx, sink, r); err != nil {
			return err
		}
	}
	return sink.Flush(ctx)
}

// History sends everything from the beginning of the simulation to Config.Now, as fast as the sink takes it: rate events
// a second of simulated time on the average, with the rhythm of day and week. It returns the number of events when they
// are safe.
func (s *Shop) History(ctx context.Context, rate float64, sink Sink) (events int64, err error) {
	s.rate, s.flat = rate, false
	var out giver
	for s.before(s.cfg.Now) {
		if err := out.put(ctx, sink, s.record); err != nil {
			return events, err
		}
		if events++; events%1024 == 0 && ctx.Err() != nil {
			return events, ctx.Err()
		}
	}
	s.now = max(s.now, s.cfg.Now)
	return events, sink.Flush(ctx)
}

// Of the live shop: how often it looks at the clock (the events of a tick leave together), and how long it waits at the
// end for what is on its way.
const (
	tick       = 5 * time.Millisecond
	flushGrace = 5 * time.Second
)

// Run sends events as the wall clock goes, about rate a second at every hour, until the context ends, which is no error.
// It begins where the simulation stands, which is Config.Now or a moment later, and catches up with the clock first.
func (s *Shop) Run(ctx context.Context, rate float64, sink Sink) error {
	s.rate, s.flat = rate, true
	s.fill()
	clock := time.NewTicker(tick)
	defer clock.Stop()
	var out giver
	for {
		for now := models.TimeOf(time.Now()); ctx.Err() == nil && s.before(now); {
			if err := out.put(ctx, sink, s.record); err != nil && ctx.Err() == nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushGrace)
			defer cancel()
			return sink.Flush(grace)
		case <-clock.C:
		}
	}
}

// meanGap is the time between two events of a visit, and visitTime how long visits last.
const meanGap = 20 * models.Second

// fill lets in as many visitors as a shop with this rate has at any moment, so that it does not begin empty and take
// minutes to come to its rate.
func (s *Shop) fill() {
	visitors := int(s.rate * float64(meanGap) / float64(models.Second))
	now := s.now
	for range visitors {
		s.now = now + models.Time(s.rng.Int64N(int64(meanGap)))
		s.letIn()
	}
	s.now = now
}

// giver gives records away: copies of them, from chunks that the garbage collector takes back.
type giver struct{ chunk []byte }

const giverChunk = 256 << 10

func (g *giver) put(ctx context.Context, sink Sink, r models.Record) error {
	if n := len(r.Key) + len(r.Value); cap(g.chunk)-len(g.chunk) < n {
		g.chunk = make([]byte, 0, max(giverChunk, n))
	}
	r.Key, r.Value = g.copy(r.Key), g.copy(r.Value)
	if err := sink.Put(ctx, r); err != nil {
		return fmt.Errorf("cannot send a simulated event: %w", err)
	}
	return nil
}

func (g *giver) copy(b []byte) []byte {
	from := len(g.chunk)
	g.chunk = append(g.chunk, b...)
	return g.chunk[from:len(g.chunk):len(g.chunk)]
}
