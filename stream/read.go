package stream

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"orrery/models"
)

// ReadTopic hands every record that a topic holds at the moment of the call to each, in the order of its partition, and
// returns when all were seen or each failed. It is for the topics that are read as a whole: settings, dead letters. The
// record is each's to keep.
func ReadTopic(ctx context.Context, c Cluster, topic models.Topic, each func(*kgo.Record) error) error {
	client, err := c.client(
		kgo.ConsumeResetOffset(kgo.NoResetOffset()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.KeepControlRecords(), // or the end would never be reached behind one
	)
	if err != nil {
		return err
	}
	defer client.Close()
	r := &topicReader{client: client, name: c.Topic(topic), left: make(map[int32]int64), next: make(map[int32]int64), each: each}
	if err := untilBorn(ctx, birth/5, func() error { return r.begin(ctx) }); err != nil {
		return err
	}
	for len(r.left) > 0 {
		if err := r.poll(ctx); err != nil {
			return err
		}
	}
	return nil
}

// ReadValues is ReadTopic for whoever wants no more than keys and values.
func ReadValues(ctx context.Context, c Cluster, topic models.Topic, each func(key, value []byte) error) error {
	return ReadTopic(ctx, c, topic, func(r *kgo.Record) error { return each(r.Key, r.Value) })
}

// ReadWhole is ReadTopic for whoever looks at all bytes of a record: its headers one after the other.
func ReadWhole(ctx context.Context, c Cluster, topic models.Topic, each func(key, value, headers []byte) error) error {
	return ReadTopic(ctx, c, topic, func(r *kgo.Record) error {
		var headers []byte
		for _, h := range r.Headers {
			headers = append(append(headers, h.Key...), h.Value...)
		}
		return each(r.Key, r.Value, headers)
	})
}

type topicReader struct {
	client *kgo.Client
	name   string
	left   map[int32]int64 // partitions that are not read to their end -> the end
	next   map[int32]int64 // of them, where to go on
	each   func(*kgo.Record) error
}

// begin consumes the partitions that hold records.
func (r *topicReader) begin(ctx context.Context) error {
	adm := kadm.NewClient(r.client)
	starts, err := adm.ListStartOffsets(ctx, r.name)
	if err != nil {
		return fmt.Errorf("cannot list where topic %q starts: %w", r.name, err)
	}
	ends, err := adm.ListCommittedOffsets(ctx, r.name)
	if err != nil {
		return fmt.Errorf("cannot list where topic %q ends: %w", r.name, err)
	}
	from := make(map[int32]kgo.Offset)
	for part, end := range ends[r.name] {
		start, _ := starts.Lookup(r.name, part)
		if err := errors.Join(start.Err, end.Err); err != nil {
			if errors.Is(err, kerr.UnknownTopicOrPartition) {
				err = ErrNoTopic
			}
			return fmt.Errorf("cannot read topic %q: %w", r.name, err)
		}
		if start.Offset < end.Offset {
			from[part], r.left[part], r.next[part] = kgo.NewOffset().At(start.Offset), end.Offset, start.Offset
		}
	}
	r.client.AddConsumePartitions(map[string]map[int32]kgo.Offset{r.name: from})
	return nil
}

func (r *topicReader) poll(ctx context.Context) error {
	within, cancel := context.WithTimeout(ctx, patience)
	fetches := r.client.PollFetches(within)
	cancel()
	if ctx.Err() != nil {
		return fmt.Errorf("cannot read topic %q: %w", r.name, ctx.Err())
	}
	if fetches.Empty() {
		return r.look(ctx)
	}
	for _, e := range fetches.Errors() {
		if !errors.Is(e.Err, context.DeadlineExceeded) && !kerr.IsRetriable(e.Err) && !kgo.IsRetryableBrokerErr(e.Err) {
			return fmt.Errorf("cannot read topic %q: %w", r.name, e.Err)
		}
	}
	for it := fetches.RecordIter(); !it.Done(); {
		rec := it.Next()
		end, ok := r.left[rec.Partition]
		r.next[rec.Partition] = rec.Offset + 1
		if ok && rec.Offset+1 >= end { // the last one itself may have been compacted away meanwhile
			delete(r.left, rec.Partition)
		}
		if !ok || rec.Offset >= end || rec.Attrs.IsControl() {
			continue // came after the call, or is no record
		}
		if err := r.each(rec); err != nil {
			return err
		}
	}
	return nil
}

// look ends the wait for partitions that hold nothing more: what is left of compaction and retention at a partition's end
// may be a batch without records.
func (r *topicReader) look(ctx context.Context) error {
	details, err := kadm.NewClient(r.client).ListTopics(ctx, r.name)
	if err != nil {
		return fmt.Errorf("cannot look up topic %q: %w", r.name, err)
	}
	d := details[r.name]
	for part, end := range r.left {
		l := logPart{name: r.name, part: part, id: d.ID, leader: d.Partitions[part].Leader}
		to, err := emptyUntil(ctx, r.client, l, r.next[part])
		if err != nil {
			continue // its broker may be away for a moment
		}
		if r.next[part] = to; to >= end {
			delete(r.left, part)
		}
	}
	return nil
}
