package stream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"orrery/models"
)

// Translate turns a record of somebody else's topic into events, JSON objects, and tells how many parts of it are none, by reason. An
// error says that the record is not what its topic is said to hold.
type Translate func(value []byte) (events [][]byte, skipped map[string]int, err error)

// Bridge reads topics that others write in their own words, and puts what their records say into the log. Where it stands is a
// position of a consumer group: instances share the partitions, and what was read before a crash is read again, which ids make harmless: an
// event without one gets the place of its record. A record that cannot be read goes into the log as it is, and so becomes a dead letter.
type Bridge struct {
	client *kgo.Client
	topics map[string]Translate
	log    interface {
		Append(ctx context.Context, records []models.Record) error
	}
	cluster Cluster

	mu      sync.Mutex
	taken   map[string]uint64 // events, by topic
	skipped map[string]uint64 // "TOPIC: reason"
}

// NewBridge makes a bridge that reads as a group. Run drives it.
func NewBridge(c Cluster, group string, topics map[string]Translate, log interface {
	Append(ctx context.Context, records []models.Record) error
}) (*Bridge, error) {
	client, err := c.client(kgo.ConsumerGroup(group), kgo.ConsumeTopics(slices.Sorted(maps.Keys(topics))...),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.DisableAutoCommit(), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.BlockRebalanceOnPoll())
	if err != nil {
		return nil, err
	}
	return &Bridge{client: client, topics: topics, log: log, cluster: c, taken: map[string]uint64{}, skipped: map[string]uint64{}}, nil
}

// Run reads until ctx ends.
func (b *Bridge) Run(ctx context.Context) {
	defer b.client.CloseAllowingRebalance()
	for ctx.Err() == nil {
		fetches := b.client.PollRecords(ctx, 1000)
		fetches.EachError(func(topic string, _ int32, err error) {
			if ctx.Err() == nil {
				b.cluster.log().Warn("cannot read a topic", "topic", topic, "error", err)
			}
		})
		var records []models.Record
		fetches.EachRecord(func(r *kgo.Record) { records = append(records, b.translate(r)...) })
		if b.put(ctx, records) {
			if err := b.client.CommitRecords(ctx, fetches.Records()...); err != nil && ctx.Err() == nil {
				b.cluster.log().Warn("cannot commit where a topic is read to", "error", err)
			}
		}
		b.client.AllowRebalance()
	}
}

// put appends until the log has the records. It gives up only when ctx ends: then they are read again.
func (b *Bridge) put(ctx context.Context, records []models.Record) bool {
	for wait := 100 * time.Millisecond; len(records) > 0; wait = min(2*wait, 5*time.Second) {
		err := b.log.Append(ctx, records)
		if err == nil {
			return true
		}
		if !errors.Is(err, models.ErrFull) && !errors.Is(err, models.ErrStalled) && ctx.Err() == nil {
			b.cluster.log().Warn("cannot append what others wrote", "events", len(records), "error", err)
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(wait):
		}
	}
	return ctx.Err() == nil
}

// translate returns what a record becomes.
func (b *Bridge) translate(r *kgo.Record) []models.Record {
	events, skipped, err := b.topics[r.Topic](r.Value)
	b.mu.Lock()
	defer b.mu.Unlock()
	for why, n := range skipped {
		b.skipped[r.Topic+": "+why] += uint64(n)
	}
	if err != nil {
		return b.letter(r)
	}
	var out []models.Record
	at := models.TimeOf(r.Timestamp)
	for i, event := range events {
		var e models.Event
		if e.Decode(event, at) != nil {
			out = append(out, models.Record{Topic: models.Pageviews, Value: event}) // a dead letter that says why
			b.skipped[r.Topic+": not understood"]++
			continue
		}
		event = event[: len(event)-1 : len(event)-1]
		if len(e.ID) == 0 {
			e.ID = fmt.Appendf(nil, "%s:%d:%d:%d", r.Topic, r.Partition, r.Offset, i)
			event = models.AppendString(append(event, `,"id":`...), e.ID)
		}
		if e.NoTime {
			event = strconv.AppendInt(append(event, `,"time":`...), int64(at), 10)
		}
		out = append(out, models.RecordOf(&e, append(event, '}')))
		b.taken[r.Topic]++
	}
	return out
}

// letter has a record that is none of its topic's become a dead letter, unless it is larger than the log takes.
func (b *Bridge) letter(r *kgo.Record) []models.Record {
	if len(r.Value) > models.MaxRecord {
		b.skipped[r.Topic+": too large"]++
		return nil
	}
	b.skipped[r.Topic+": not understood"]++
	return []models.Record{{Topic: models.Pageviews, Value: r.Value}}
}

// Metrics writes how many events each topic has become, and what of it is none.
func (b *Bridge) Metrics(w io.Writer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, topic := range slices.Sorted(maps.Keys(b.taken)) {
		fmt.Fprintf(w, "orrery_bridged_total{topic=%q} %d\n", topic, b.taken[topic])
	}
	for _, why := range slices.Sorted(maps.Keys(b.skipped)) {
		fmt.Fprintf(w, "orrery_dropped_total{what=\"record\",why=%q} %d\n", why, b.skipped[why])
	}
}
