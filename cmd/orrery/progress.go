package main

import (
	"errors"
	"time"

	"orrery/serve"
	"orrery/stream"
)

// progress tells the server how far the pipeline has come, in the server's words.
type progress struct{ *stream.Pipeline }

// Status implements serve.Stream.
func (p progress) Status() serve.StreamStatus {
	s := p.Pipeline.Status()
	out := serve.StreamStatus{
		Ready: s.Ready, Lag: s.Lag, Held: s.Held, Records: s.Taken + s.Duplicates + s.DeadLetterCount(),
		Duplicates: s.Duplicates, DeadLetters: s.DeadLetters, SnapshotAge: -1,
	}
	if age, ok := s.SnapshotAge(time.Now()); ok {
		out.SnapshotAge = age
	}
	if s.Lag > s.Held && s.NewestRecord > 0 {
		out.Delay = max(0, time.Since(s.NewestRecord.Std()))
	}
	if s.FetchError != "" {
		out.Err = errors.New(s.FetchError)
	}
	for _, q := range s.Partitions {
		out.Partitions = append(out.Partitions, serve.PartitionStatus{Topic: string(q.Topic), Partition: q.Partition, Position: q.Next, End: q.End})
	}
	return out
}

// writes tells whether the log takes events. Frames do not need it.
type writes struct{ *stream.Writer }

func (w writes) probe() (ok bool, reason string) {
	s := w.Status()
	if s.Stalled.IsZero() {
		return true, "events are acknowledged"
	}
	return false, "the log has not acknowledged anything for " + time.Since(s.Stalled).Round(time.Second).String() + ": events are refused with 503"
}
