package stream

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"orrery/models"
)

// Topics says how EnsureTopics lays out the topics.
type Topics struct {
	// Partitions of pageviews, transactions, contacts, decisions and scores. Default 4: more than a small machine has
	// cores, so that it can grow onto other machines, and few enough that one synced write stays one.
	Partitions int
	// Replication is the number of copies. Default: the broker's own.
	Replication int
	// Retention is how long events are kept. Default 7 days. The state does not need them longer than the age of the
	// newest snapshot, a rebuild of the state does.
	Retention time.Duration
	// RetentionBytes bounds each partition of an event topic, and makes segments small accordingly. Default: no bound.
	RetentionBytes int64
}

func (t Topics) withDefaults() Topics {
	if t.Partitions == 0 {
		t.Partitions = 4
	}
	if t.Replication == 0 {
		t.Replication = -1
	}
	if t.Retention == 0 {
		t.Retention = 7 * 24 * time.Hour
	}
	if t.RetentionBytes == 0 {
		t.RetentionBytes = -1
	}
	return t
}

// TopicState is what EnsureTopics found or made of one topic.
type TopicState struct {
	Name       string `json:"name"`
	Partitions int    `json:"partitions"`
	Created    bool   `json:"created"`
}

// ErrPartitions says that topics which have to be partitioned alike are not: the same visitor's page views and orders
// would lie in partitions of different numbers.
var ErrPartitions = errors.New("unequal numbers of partitions")

// copartitioned are the topics keyed by person; partition k of one belongs with partition k of the others.
var copartitioned = []models.Topic{models.Pageviews, models.Transactions, models.Contacts}

// maxLetterBytes bounds a record of the dead-letter topic: twice Kafka's default, because a letter carries a record
// that may itself have the largest size, and the headers.
const maxLetterBytes = 2 << 20

// EnsureTopics creates those of Orrery's topics that are not there yet, leaves the others as they are, and
// returns all of them sorted by name. Topics that exist with unequal partition counts are refused with ErrPartitions;
// missing ones get the count of those that exist, whatever t asks for. Several may do so at the same time: until ctx ends
// it looks again where others were quicker, or brokers do not agree yet on what there is.
func EnsureTopics(ctx context.Context, c Cluster, t Topics) ([]TopicState, error) {
	t = t.withDefaults()
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	defer client.Close()
	adm := kadm.NewClient(client)
	created := make(map[string]bool)
	for {
		out, all, err := ensureOnce(ctx, adm, c, t, created)
		if err == nil && all {
			return out, waitForTopics(ctx, client, out)
		}
		if err != nil && (!kerr.IsRetriable(err) || ctx.Err() != nil) {
			return nil, err
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("cannot wait until the brokers agree on the topics: %w", ctx.Err()), err)
		}
	}
}

// ensureOnce looks at the topics, and creates those that are missing: all says that they were all there or are made now.
// created collects the names of those that this process has made.
func ensureOnce(ctx context.Context, adm *kadm.Client, c Cluster, t Topics, created map[string]bool) (out []TopicState, all bool, err error) {
	specs := t.specs()
	found, err := listTopics(ctx, adm, c, slices.Sorted(maps.Keys(specs)))
	if err != nil {
		return nil, false, err
	}
	n, err := samePartitions(c, found)
	if err != nil {
		return nil, false, err
	}
	if n == 0 {
		n = t.Partitions
	}
	for _, topic := range slices.Sorted(maps.Keys(specs)) { // in an order, so that whoever makes the first decides for all
		name, spec := c.Topic(topic), specs[topic]
		have, ok := found[topic]
		if !ok {
			if have = spec.partitions; have == 0 {
				have = n
			}
			spec.partitions = have
			made, err := createTopic(ctx, adm, name, spec, t.Replication)
			if err != nil || !made && !created[name] { // another's may have other partitions: look
				return nil, false, err
			}
			created[name] = true
		}
		out = append(out, TopicState{Name: name, Partitions: have, Created: created[name]})
	}
	return out, true, nil
}

// waitForTopics returns when every broker that answers lists all topics with their partitions, and says that somebody
// leads these: a cluster says that a topic is created when its controller knows of it, its brokers learn of it some moments
// later, and any of them may be the next that is asked.
func waitForTopics(ctx context.Context, client *kgo.Client, topics []TopicState) error {
	for {
		err := allServe(ctx, client, topics)
		if err == nil {
			return nil
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("cannot wait until the brokers know the topics: %w", ctx.Err()), err)
		}
	}
}

// allServe asks each broker for its view of the topics. Those that do not answer are not waited for, if one does.
func allServe(ctx context.Context, client *kgo.Client, topics []TopicState) error {
	brokers, err := kadm.NewClient(client).ListBrokers(ctx)
	if err != nil {
		return fmt.Errorf("cannot list the brokers: %w", err)
	}
	req := kmsg.NewPtrMetadataRequest()
	for _, t := range topics {
		topic := kmsg.NewMetadataRequestTopic()
		topic.Topic = kmsg.StringPtr(t.Name)
		req.Topics = append(req.Topics, topic)
	}
	answered := 0
	for _, b := range brokers {
		within, cancel := context.WithTimeout(ctx, time.Second)
		resp, e := client.Broker(int(b.NodeID)).Request(within, req)
		cancel()
		if e != nil {
			err = fmt.Errorf("cannot ask broker %d: %w", b.NodeID, e)
			continue
		}
		answered++
		known := make(map[string]kmsg.MetadataResponseTopic)
		for _, t := range resp.(*kmsg.MetadataResponse).Topics {
			if t.Topic != nil {
				known[*t.Topic] = t
			}
		}
		for _, t := range topics {
			if !served(known[t.Name], t.Partitions) {
				return fmt.Errorf("broker %d does not serve topic %q", b.NodeID, t.Name)
			}
		}
	}
	if answered == 0 {
		return errors.Join(errors.New("no broker answers"), err)
	}
	return nil
}

func served(t kmsg.MetadataResponseTopic, partitions int) bool {
	if t.ErrorCode != 0 || len(t.Partitions) < partitions {
		return false
	}
	for _, p := range t.Partitions {
		if p.ErrorCode == kerr.LeaderNotAvailable.Code || p.Leader < 0 {
			return false
		}
	}
	return true
}

type topicSpec struct {
	partitions int // 0: as the co-partitioned topics
	configs    map[string]*string
}

func (t Topics) specs() map[models.Topic]topicSpec {
	events := map[string]string{
		"cleanup.policy":  "delete",
		"retention.ms":    strconv.FormatInt(t.Retention.Milliseconds(), 10),
		"retention.bytes": strconv.FormatInt(t.RetentionBytes, 10),
	}
	// Kafka ignores retention on compacted topics; the embedded broker does not unless it is unlimited.
	compacted := map[string]string{"cleanup.policy": "compact", "retention.ms": "-1", "retention.bytes": "-1"}
	if t.RetentionBytes > 0 {
		size := strconv.FormatInt(min(max(t.RetentionBytes/16, 4<<20), 1<<30), 10)
		events["segment.bytes"], compacted["segment.bytes"] = size, size
	}
	letters := maps.Clone(events)
	letters["retention.ms"] = strconv.FormatInt((4 * t.Retention).Milliseconds(), 10)
	letters["max.message.bytes"] = strconv.Itoa(maxLetterBytes)
	return map[models.Topic]topicSpec{
		models.Pageviews:    {0, pointers(events)},
		models.Transactions: {0, pointers(events)},
		models.Contacts:     {0, pointers(events)},
		models.Decisions:    {0, pointers(events)},
		models.Scores:       {0, pointers(compacted)},
		models.Catalogue:    {1, pointers(compacted)},
		models.Settings:     {1, pointers(compacted)},
		models.DeadLetter:   {1, pointers(letters)},
		models.Learned:      {1, pointers(events)},
		Turns:               {1, pointers(events)},
	}
}

func pointers(m map[string]string) map[string]*string {
	out := make(map[string]*string, len(m))
	for k, v := range m {
		out[k] = kadm.StringPtr(v)
	}
	return out
}

// listTopics returns the partition counts of those topics that exist.
func listTopics(ctx context.Context, adm *kadm.Client, c Cluster, topics []models.Topic) (map[models.Topic]int, error) {
	names := make([]string, len(topics))
	for i, t := range topics {
		names[i] = c.Topic(t)
	}
	details, err := adm.ListTopics(ctx, names...)
	if err != nil {
		return nil, fmt.Errorf("cannot list the topics: %w", err)
	}
	found := make(map[models.Topic]int)
	for i, t := range topics {
		d, ok := details[names[i]]
		switch {
		case !ok || errors.Is(d.Err, kerr.UnknownTopicOrPartition):
		case d.Err != nil:
			return nil, fmt.Errorf("cannot look up topic %q: %w", names[i], d.Err)
		default:
			found[t] = len(d.Partitions)
		}
	}
	return found, nil
}

// samePartitions returns the number of partitions of the co-partitioned topics among found, 0 if there are none.
func samePartitions(c Cluster, found map[models.Topic]int) (int, error) {
	var counts []string
	n, equal := 0, true
	for _, t := range copartitioned {
		if have, ok := found[t]; ok {
			counts = append(counts, fmt.Sprintf("%s has %d", c.Topic(t), have))
			equal = equal && (n == 0 || n == have)
			n = have
		}
	}
	if !equal {
		return 0, fmt.Errorf("cannot use these topics together: %s: %w", strings.Join(counts, ", "), ErrPartitions)
	}
	return n, nil
}

// createTopic returns false when another process was quicker.
func createTopic(ctx context.Context, adm *kadm.Client, name string, spec topicSpec, replication int) (bool, error) {
	_, err := adm.CreateTopic(ctx, int32(spec.partitions), int16(replication), spec.configs, name)
	if errors.Is(err, kerr.TopicAlreadyExists) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("cannot create topic %q: %w", name, err)
	}
	return true, nil
}
