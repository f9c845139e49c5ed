package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
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
		Duplicates: s.Duplicates, DeadLetters: s.DeadLetters, Warnings: s.Warnings, SnapshotAge: -1,
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

// metrics writes what the server does not know of the stream.
func (p progress) metrics(w io.Writer) {
	s := p.Pipeline.Status()
	fmt.Fprintf(w, "orrery_misplaced_records_total %d\n", s.Misplaced)
	fmt.Fprintf(w, "orrery_fetch_errors_total %d\n", s.FetchErrors)
	fmt.Fprintf(w, "orrery_dropped_total{what=\"letter\",why=\"standby\"} %d\n", s.LettersDropped)
	_, epoch, here := p.Pipeline.Speaker()
	speaks := 0
	if here {
		speaks = 1
	}
	fmt.Fprintf(w, "orrery_speaks %d\norrery_speaker_epoch %d\n", speaks, epoch)
}

// spoken tells whether an instance writes what is to be written once: scores, dead letters, committed offsets.
func (p progress) spoken() (ok bool, reason string) {
	name, epoch, here := p.Pipeline.Speaker()
	switch {
	case here && name == "":
		return true, "alone"
	case here:
		return true, fmt.Sprintf("this instance speaks, epoch %d", epoch)
	case name != "":
		return true, fmt.Sprintf("%s speaks, epoch %d", name, epoch)
	}
	return false, "no instance speaks: scores and dead letters wait"
}

// placed tells whether all producers put records where the state looks for their repeats.
func (p progress) placed() (ok bool, reason string) {
	n := p.Pipeline.Status().Misplaced
	if n == 0 {
		return true, "records lie where Kafka's murmur2 of their visitors says"
	}
	return false, strconv.FormatUint(n, 10) + " records since the start lie in other partitions than Kafka's murmur2 of their visitors says: repeats of them count twice"
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

// factsAlong is the way that keeps what was before.
const factsAlong = "orrery snapshot export, and import into another --data-dir, keep the contacts, logins, orders and products"

// waysOut says what can be done about an error of the stream.
var waysOut = []struct {
	of  error
	way string
}{
	{stream.ErrShortLog, "with --snapshot.accept-gap as well it is done all the same, and what came before is lost for the state; " + factsAlong},
	{stream.ErrRepartitioned, "start with --snapshot.rebuild to fold the log anew (events that were sent once before and once after the change count twice then), " +
		"or replay into topics of another --kafka.prefix; " + factsAlong},
	{stream.ErrGap, "--snapshot.accept-gap goes on where the log begins, and what was in the gap is lost for the state; " + factsAlong},
	{stream.ErrNoTopic, "orrery topics ensure makes the topics"},
}

// wayOut adds to an error what can be done about it.
func wayOut(err error) error {
	for _, w := range waysOut {
		if errors.Is(err, w.of) {
			return fmt.Errorf("%w; %s", err, w.way)
		}
	}
	return err
}
