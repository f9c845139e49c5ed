package stream

import (
	"context"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"orrery/models"
)

// source is the log as one consumer reads it: a Pipeline, or a Reader. Its fetcher reads, its follower looks after what the log is.
type source struct {
	cluster  Cluster
	topics   []models.Topic
	parts    []logPart // as they were when it was opened
	heads    *heads
	errors   fetchErrors
	side     *kgo.Client // of what is asked beside; it consumes nothing
	adm      *kadm.Client
	client   *kgo.Client // consumes
	lagEvery time.Duration
}

// place is where to go on in a partition.
type place struct {
	next  int64
	epoch int32 // leader epoch of the record before it, -1 where that is not known
}

// first lists the log when the source is opened.
func (s *source) first(ctx context.Context, birth time.Duration) ([]logPart, error) {
	err := untilBorn(ctx, birth, func() (err error) {
		s.parts, err = listLog(ctx, s.adm, s.cluster, s.topics...)
		return err
	})
	return s.parts, err
}

// open makes the consuming client: every partition from a place.
func (s *source) open(from []place) (err error) {
	at := make(map[string]map[int32]kgo.Offset)
	for i, p := range s.parts {
		if at[p.name] == nil {
			at[p.name] = make(map[int32]kgo.Offset)
		}
		at[p.name][p.part] = kgo.NewOffset().At(from[i].next).WithEpoch(from[i].epoch)
	}
	s.client, err = s.cluster.client(
		kgo.ConsumePartitions(at),
		kgo.ConsumeResetOffset(kgo.NoResetOffset()), // never a silent jump
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.KeepControlRecords(), // positions move past them too
		kgo.FetchMaxBytes(fetchBytes),
		kgo.FetchMaxPartitionBytes(fetchPartition),
		kgo.FetchMaxWait(fetchWait),
	)
	return err
}

// close lets go of the consuming client.
func (s *source) close() {
	if s.client != nil {
		s.client.Close()
	}
}

func (s *source) fetcher(full chan<- *batch, free <-chan *batch, from []place) *fetcher {
	f := &fetcher{
		client: s.client, full: full, free: free, start: time.Now(), errors: &s.errors, heads: s.heads, log: s.cluster.log(),
		byName: make(map[string][]*lane), keys: make([]int64, len(s.parts)),
	}
	for i, p := range s.parts {
		l := &lane{index: i, topic: p.topic, name: p.name, part: p.part, next: from[i].next, end: p.end, raw: !slices.Contains(inputs, p.topic)}
		if slices.Contains(copartitioned, p.topic) {
			l.of = s.partitions(p.topic)
		}
		f.lanes = append(f.lanes, l)
		f.byName[p.name] = append(f.byName[p.name], l) // partitions come in order
	}
	return f
}

// partitions returns how many partitions a topic has.
func (s *source) partitions(topic models.Topic) (n int32) {
	for _, p := range s.parts {
		if p.topic == topic {
			n++
		}
	}
	return n
}
