package stream

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// emptyUntil returns the offset behind the batches without records that a partition holds from an offset on; from itself
// where the first batch has some. The client moves past such batches and tells nobody.
func emptyUntil(ctx context.Context, client *kgo.Client, l logPart, from int64) (int64, error) {
	part := kmsg.NewFetchRequestTopicPartition()
	part.Partition, part.FetchOffset, part.PartitionMaxBytes = l.part, from, 64<<10
	topic := kmsg.NewFetchRequestTopic()
	topic.Topic, topic.TopicID, topic.Partitions = l.name, l.id, []kmsg.FetchRequestTopicPartition{part}
	req := kmsg.NewPtrFetchRequest()
	req.MaxWaitMillis, req.MinBytes, req.MaxBytes, req.IsolationLevel, req.SessionEpoch = 0, 1, 64<<10, 1, -1
	req.Topics = []kmsg.FetchRequestTopic{topic}
	answer, err := client.Broker(int(l.leader)).Request(ctx, req)
	if err != nil {
		return from, fmt.Errorf("cannot fetch from offset %d: %w", from, err)
	}
	resp := answer.(*kmsg.FetchResponse)
	if err := kerr.ErrorForCode(resp.ErrorCode); err != nil {
		return from, fmt.Errorf("cannot fetch from offset %d: %w", from, err)
	}
	if len(resp.Topics) == 0 || len(resp.Topics[0].Partitions) == 0 {
		return from, nil
	}
	p := resp.Topics[0].Partitions[0] // the one that was asked for
	if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
		return from, fmt.Errorf("cannot fetch from offset %d: %w", from, err)
	}
	return behindEmpty(p.RecordBatches, from), nil
}

// Places within a batch of Kafka's format 2, which all brokers of this decade write.
const (
	batchLength  = 8  // of what comes after it: u32
	batchMagic   = 16 // u8
	batchDelta   = 23 // last offset less the first: u32
	batchRecords = 57 // u32
	batchHeader  = 61
)

// behindEmpty walks over batches without records and returns the offset after the last of them, from where there is none.
func behindEmpty(raw []byte, from int64) int64 {
	for len(raw) >= batchHeader && raw[batchMagic] == 2 {
		last := int64(binary.BigEndian.Uint64(raw)) + int64(binary.BigEndian.Uint32(raw[batchDelta:]))
		if last >= from {
			if binary.BigEndian.Uint32(raw[batchRecords:]) > 0 {
				break
			}
			from = last + 1
		}
		size := batchLength + 4 + int(binary.BigEndian.Uint32(raw[batchLength:]))
		if size > len(raw) {
			break
		}
		raw = raw[size:]
	}
	return from
}

// openProducer names the producer whose transaction holds a partition back, as far as the broker tells.
func openProducer(ctx context.Context, adm *kadm.Client, l logPart) string {
	var parts kadm.TopicsSet
	parts.Add(l.name, l.part)
	described, err := adm.DescribeProducers(ctx, parts)
	if err != nil {
		return "unknown: " + err.Error()
	}
	for _, p := range described[l.name].Partitions[l.part].ActiveProducers {
		if p.CurrentTxnStartOffset == l.end {
			return fmt.Sprintf("id %d, epoch %d", p.ProducerID, p.ProducerEpoch)
		}
	}
	return "unknown"
}
