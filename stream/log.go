package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"orrery/models"
)

// ErrNoTopic says that an input topic does not exist: EnsureTopics makes them.
var ErrNoTopic = errors.New("the topic does not exist")

// logPart is one partition of the input as the broker has it.
type logPart struct {
	topic      models.Topic
	name       string
	part       int32
	id         kadm.TopicID
	leader     int32
	start, end int64
	high       int64 // end of what is written; above end while a transaction is open
}

// listLog looks all partitions of the input topics up, sorted by input and partition.
func listLog(ctx context.Context, adm *kadm.Client, c Cluster) ([]logPart, error) {
	names := make([]string, len(inputs))
	for i, t := range inputs {
		names[i] = c.Topic(t)
	}
	details, err := adm.ListTopics(ctx, names...)
	if err != nil {
		return nil, fmt.Errorf("cannot look up the topics: %w", err)
	}
	var at offsetsOf
	if err := at.list(ctx, adm, names); err != nil {
		return nil, err
	}
	var log []logPart
	found := make(map[models.Topic]int)
	for i, name := range names {
		d, ok := details[name]
		if !ok || errors.Is(d.Err, kerr.UnknownTopicOrPartition) {
			return nil, fmt.Errorf("cannot read topic %q: %w", name, ErrNoTopic)
		}
		if d.Err != nil {
			return nil, fmt.Errorf("cannot look up topic %q: %w", name, d.Err)
		}
		if inputs[i] == models.Catalogue && len(d.Partitions) != 1 {
			return nil, fmt.Errorf("cannot keep the products in order: topic %q has %d partitions, not 1: %w", name, len(d.Partitions), ErrPartitions)
		}
		for part := range int32(len(d.Partitions)) {
			l := logPart{topic: inputs[i], name: name, part: part, id: d.ID, leader: d.Partitions[part].Leader}
			if err := at.place(&l); err != nil {
				return nil, fmt.Errorf("cannot list partition %d of topic %q: %w", part, name, err)
			}
			log = append(log, l)
		}
		found[inputs[i]] = len(d.Partitions)
	}
	_, err = samePartitions(c, found)
	return log, err
}

// offsetsOf are the offsets that partitions begin and end at.
type offsetsOf struct{ starts, ends, highs kadm.ListedOffsets }

func (o *offsetsOf) list(ctx context.Context, adm *kadm.Client, names []string) (err error) {
	if o.starts, err = adm.ListStartOffsets(ctx, names...); err != nil {
		return fmt.Errorf("cannot list where the partitions start: %w", err)
	}
	if o.ends, err = adm.ListCommittedOffsets(ctx, names...); err != nil {
		return fmt.Errorf("cannot list where the partitions end: %w", err)
	}
	if o.highs, err = adm.ListEndOffsets(ctx, names...); err != nil {
		return fmt.Errorf("cannot list how far the partitions are written: %w", err)
	}
	return nil
}

func (o *offsetsOf) place(l *logPart) error {
	start, _ := o.starts.Lookup(l.name, l.part)
	high, _ := o.highs.Lookup(l.name, l.part)
	end, ok := o.ends.Lookup(l.name, l.part)
	if !ok { // born between the questions
		end.Err = kerr.UnknownTopicOrPartition
	}
	l.start, l.end, l.high = start.Offset, end.Offset, max(high.Offset, end.Offset)
	return errors.Join(start.Err, end.Err, high.Err)
}

// birth is how long a topic may be unknown to some brokers after others have made it.
const birth = 10 * time.Second

// firstLog lists the log when the pipeline is opened.
func (p *Pipeline) firstLog(ctx context.Context) (log []logPart, err error) {
	err = untilBorn(ctx, p.cfg.birth, func() error {
		log, err = listLog(ctx, p.adm, p.cfg.Cluster)
		return err
	})
	return log, err
}

// untilBorn repeats what finds no topic, or brokers that do not agree, for a while: other instances may have made the topics
// a moment ago, and what one broker knows by now another may not.
func untilBorn(ctx context.Context, most time.Duration, ask func() error) error {
	for began := time.Now(); ; {
		err := ask()
		passes := errors.Is(err, ErrNoTopic) || kerr.IsRetriable(err)
		if err == nil || !passes || time.Since(began) >= most {
			return err
		}
		select {
		case <-time.After(most / 50):
		case <-ctx.Done():
			return err
		}
	}
}

// lagEvery is how often the ends of the partitions are listed: a fetch says where its own partition ends, but not when
// its fetching is paused or its broker does not answer.
const lagEvery = 5 * time.Second

// follow lists the log now and then until ctx ends, or the log is no longer the one that is read: a topic that was
// deleted, or made anew since, or has got more partitions. Nobody would ever read what comes there.
func (p *Pipeline) follow(ctx context.Context) error {
	tick := time.NewTicker(p.cfg.lagEvery)
	defer tick.Stop()
	f := follower{p: p, held: make([]hold, len(p.fold.parts))}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-p.public.look:
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
	p       *Pipeline
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
	p := f.p
	within, cancel := context.WithTimeout(ctx, max(2*p.cfg.lagEvery, time.Second))
	defer cancel()
	log, err := listLog(within, p.adm, p.cfg.Cluster)
	if err == nil {
		err = p.sameLog(log)
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
		if p.errors.add(listing, err) && ctx.Err() == nil {
			p.cfg.Cluster.log().Warn("cannot list the log, trying again", "error", err)
		}
		return nil
	}
	f.strange = 0
	p.errors.listed()
	for i, l := range log {
		p.public.ended(i, l.end)
		p.public.high[i].Store(l.high)
		if p.public.silent[i].Load() {
			f.look(within, i, l)
		}
		f.hold(within, i, l)
	}
	return nil
}

// sameLog returns an error where log is not the one that is read.
func (p *Pipeline) sameLog(log []logPart) error {
	if len(log) != len(p.fold.parts) {
		return fmt.Errorf("cannot go on reading %d partitions, there are %d now: %w", len(p.fold.parts), len(log), ErrPartitions)
	}
	for i, l := range log {
		if err := sameTopic(topicID(p.fold.parts[i].id), l); err != nil {
			return err
		}
	}
	return nil
}

// look finds out whether a partition that delivers nothing has nothing to deliver: retention and compaction can leave
// batches without records, and the last of a partition would keep the state behind its end for ever.
func (f *follower) look(ctx context.Context, i int, l logPart) {
	p := f.p
	from := p.public.next[i].Load()
	if from >= l.end {
		p.public.silent[i].Store(false)
		return
	}
	to, err := emptyUntil(ctx, p.letters.client, l, max(from, l.start))
	if err != nil {
		p.cfg.Cluster.log().Warn("cannot look into a partition that delivers nothing", "topic", l.name, "partition", l.part, "error", err)
		return
	}
	if to > from {
		p.public.skip[i].Store(to)
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
		h.producer = openProducer(ctx, f.p.adm, l)
	}
	err := fmt.Errorf("an open transaction (producer %s) holds partition %d of topic %q back from offset %d on: end it, or abort it with Kafka's kafka-transactions", h.producer, l.part, l.name, l.end)
	if f.p.errors.silent(i, err) {
		f.p.cfg.Cluster.log().Warn("a partition is held back", "records", l.high-l.end, "error", err)
	}
}
