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

// listLog looks all partitions of some topics up, sorted by their order and by partition; of the inputs where none are named.
func listLog(ctx context.Context, adm *kadm.Client, c Cluster, topics ...models.Topic) ([]logPart, error) {
	if len(topics) == 0 {
		topics = inputs
	}
	names := make([]string, len(topics))
	for i, t := range topics {
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
		if topics[i] == models.Catalogue && len(d.Partitions) != 1 {
			return nil, fmt.Errorf("cannot keep the products in order: topic %q has %d partitions, not 1: %w", name, len(d.Partitions), ErrPartitions)
		}
		for part := range int32(len(d.Partitions)) {
			l := logPart{topic: topics[i], name: name, part: part, id: d.ID, leader: d.Partitions[part].Leader}
			if err := at.place(&l); err != nil {
				return nil, fmt.Errorf("cannot list partition %d of topic %q: %w", part, name, err)
			}
			log = append(log, l)
		}
		found[topics[i]] = len(d.Partitions)
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
