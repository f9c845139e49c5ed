package stream

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
)

// Retention is how long a topic keeps its records, where that is not what was asked for.
type Retention struct {
	Topic  string
	Is     time.Duration // negative: for ever
	Wanted time.Duration
}

// EnsureRetention returns the topics that keep records for another time than t says: EnsureTopics leaves topics as it finds
// them. With apply they are changed.
func EnsureRetention(ctx context.Context, c Cluster, t Topics, apply bool) ([]Retention, error) {
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	defer client.Close()
	adm := kadm.NewClient(client)
	wanted := make(map[string]string)
	for topic, spec := range t.withDefaults().specs() {
		if *spec.configs["cleanup.policy"] == "delete" {
			wanted[c.Topic(topic)] = *spec.configs["retention.ms"]
		}
	}
	found, err := adm.DescribeTopicConfigs(ctx, slices.Sorted(maps.Keys(wanted))...)
	if err != nil {
		return nil, fmt.Errorf("cannot look up how long the topics keep records: %w", err)
	}
	var out []Retention
	for _, topic := range found {
		if topic.Err != nil {
			return nil, fmt.Errorf("cannot look up how long topic %q keeps records: %w", topic.Name, topic.Err)
		}
		for _, config := range topic.Configs {
			if config.Key == "retention.ms" && config.MaybeValue() != wanted[topic.Name] {
				out = append(out, Retention{topic.Name, milliseconds(config.MaybeValue()), milliseconds(wanted[topic.Name])})
			}
		}
	}
	slices.SortFunc(out, func(a, b Retention) int { return strings.Compare(a.Topic, b.Topic) })
	if !apply {
		return out, nil
	}
	for _, r := range out {
		if err := setRetention(ctx, adm, r.Topic, wanted[r.Topic]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func milliseconds(text string) time.Duration {
	ms, err := strconv.ParseInt(text, 10, 64)
	if err != nil || ms < 0 || ms > int64(1<<63-1)/int64(time.Millisecond) {
		return -1
	}
	return time.Duration(ms) * time.Millisecond
}

func setRetention(ctx context.Context, adm *kadm.Client, topic, value string) error {
	done, err := adm.AlterTopicConfigs(ctx, []kadm.AlterConfig{{Op: kadm.SetConfig, Name: "retention.ms", Value: &value}}, topic)
	for _, r := range done {
		if err == nil {
			err = r.Err
		}
	}
	if err != nil {
		return fmt.Errorf("cannot change how long topic %q keeps records: %w", topic, err)
	}
	return nil
}
