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
	start, end int64
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
	starts, err := adm.ListStartOffsets(ctx, names...)
	if err != nil {
		return nil, fmt.Errorf("cannot list where the partitions start: %w", err)
	}
	ends, err := adm.ListCommittedOffsets(ctx, names...)
	if err != nil {
		return nil, fmt.Errorf("cannot list where the partitions end: %w", err)
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
			start, _ := starts.Lookup(name, part)
			end, ok := ends.Lookup(name, part)
			if !ok { // born between the questions
				end.Err = kerr.UnknownTopicOrPartition
			}
			if err := errors.Join(start.Err, end.Err); err != nil {
				return nil, fmt.Errorf("cannot list partition %d of topic %q: %w", part, name, err)
			}
			log = append(log, logPart{inputs[i], name, part, d.ID, start.Offset, end.Offset})
		}
		found[inputs[i]] = len(d.Partitions)
	}
	_, err = samePartitions(c, found)
	return log, err
}

// lagEvery is how often the ends of the partitions are listed: a fetch says where its own partition ends, but not when
// its fetching is paused or its broker does not answer.
const lagEvery = 5 * time.Second

// follow lists the log now and then until ctx ends, or the log is no longer the one that is read: a topic that was
// deleted, or made anew since, or has got more partitions. Nobody would ever read what comes there.
func (p *Pipeline) follow(ctx context.Context) error {
	tick := time.NewTicker(p.cfg.lagEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		log, err := listLog(ctx, p.adm, p.cfg.Cluster)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, ErrNoTopic) || errors.Is(err, ErrPartitions):
			return err
		case err != nil:
			p.errors.add(err)
			continue
		}
		if len(log) != len(p.fold.parts) {
			return fmt.Errorf("cannot go on reading %d partitions, there are %d now: %w", len(p.fold.parts), len(log), ErrPartitions)
		}
		for i, l := range log {
			if err := sameTopic(topicID(p.fold.parts[i].id), l); err != nil {
				return err
			}
			p.public.ended(i, l.end)
		}
	}
}
