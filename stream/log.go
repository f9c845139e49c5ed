package stream

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
)

// ErrNoTopic says that an input topic does not exist: EnsureTopics makes them.
var ErrNoTopic = errors.New("the topic does not exist")

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
	for i, name := range names {
		d, ok := details[name]
		if !ok || errors.Is(d.Err, kerr.UnknownTopicOrPartition) {
			return nil, fmt.Errorf("cannot read topic %q: %w", name, ErrNoTopic)
		}
		if d.Err != nil {
			return nil, fmt.Errorf("cannot look up topic %q: %w", name, d.Err)
		}
		for part := range int32(len(d.Partitions)) {
			start, _ := starts.Lookup(name, part)
			end, ok := ends.Lookup(name, part)
			if err := errors.Join(start.Err, end.Err); err != nil || !ok {
				return nil, fmt.Errorf("cannot list partition %d of topic %q: %w", part, name, err)
			}
			log = append(log, logPart{inputs[i], name, part, d.ID, start.Offset, end.Offset})
		}
	}
	return log, nil
}
