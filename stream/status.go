package stream

import (
	"time"

	"orrery/models"
)

// Status is how a Pipeline is doing, for /v1/stats, /readyz and metrics.
type Status struct {
	Ready       bool              `json:"ready"` // everything that was in the log at Open is applied
	Lag         int64             `json:"lag"`   // records in the log that are not applied
	Held        int64             `json:"held"`  // of them, what open transactions of other producers hold back
	Taken       uint64            `json:"taken"` // events applied, ever; exact
	Duplicates  uint64            `json:"duplicates"`
	DeadLetters map[string]uint64 `json:"dead_letters"` // by class

	Warnings map[models.WarningCount]uint64 `json:"-"` // of fields that were not taken as they are, since the start

	NewestRecord models.Time `json:"newest_record"` // time of the newest record applied
	NewestEvent  models.Time `json:"newest_event"`  // newest event time applied

	Partitions []PartitionStatus `json:"partitions"`
	Batches    int               `json:"batches"`    // decoded batches that wait to be applied
	Capacity   int               `json:"capacity"`   // the most that can wait
	Fetched    int64             `json:"fetched"`    // bytes fetched and not yet decoded, at the newest poll
	Remembered uint64            `json:"remembered"` // bytes of memory for the ids of events that came before

	LettersDropped uint64         `json:"letters_dropped"`       // that this instance kept for another one, and had no room for
	Misplaced      uint64         `json:"misplaced"`             // records since the start in other partitions than their persons'
	FetchErrors    uint64         `json:"fetch_errors"`          // that the client went on from
	FetchError     string         `json:"fetch_error,omitempty"` // what stands in the way now
	Snapshot       SnapshotStatus `json:"snapshot"`
}

// PartitionStatus is where the state stands in one partition.
type PartitionStatus struct {
	Topic     models.Topic `json:"topic"`
	Partition int32        `json:"partition"`
	Next      int64        `json:"next"` // offset of the first record that is not applied
	End       int64        `json:"end"`  // of the partition, as far as known: at most lagEvery ago
	Lag       int64        `json:"lag"`
	Held      int64        `json:"held"` // of the lag, what open transactions hold back
}

// DeadLetterCount returns the number of dead letters of all classes.
func (s *Status) DeadLetterCount() uint64 {
	n := uint64(0)
	for _, k := range s.DeadLetters {
		n += k
	}
	return n
}

// Status returns the figures of this moment. Any goroutine may ask.
func (p *Pipeline) Status() Status {
	s := Status{
		Ready: p.CaughtUp(), Capacity: batches, Batches: int(p.public.batches.Load()), Fetched: p.public.fetched.Load(),
		Remembered: p.public.remembered.Load(), Misplaced: p.public.misplaced.Load(), LettersDropped: p.letters.lost(),
		Taken: p.public.taken.Load(), Duplicates: p.public.duplicates.Load(), DeadLetters: *p.public.letters.Load(), Warnings: p.public.warnings.Each(),
		NewestRecord: models.Time(p.public.newest.Load()), NewestEvent: models.Time(p.public.newestEvent.Load()),
	}
	for i := range p.fold.parts {
		part := PartitionStatus{
			Topic: p.fold.parts[i].topic, Partition: p.fold.parts[i].part,
			Next: p.public.next[i].Load(),
		}
		stable := p.public.end[i].Load()
		part.End = max(stable, p.public.high[i].Load())
		part.Lag = max(part.End-part.Next, 0)
		part.Held = min(part.End-stable, part.Lag)
		s.Lag += part.Lag
		s.Held += part.Held
		s.Partitions = append(s.Partitions, part)
	}
	var open error
	if s.FetchErrors, open = p.source.errors.read(); open != nil {
		s.FetchError = open.Error()
	}
	if p.saver != nil {
		s.Snapshot = p.saver.read()
	}
	return s
}

// SnapshotAge returns how old the newest snapshot is at now; false before the first.
func (s *Status) SnapshotAge(now time.Time) (time.Duration, bool) {
	return now.Sub(s.Snapshot.Written), s.Snapshot.Sequence > 0
}
