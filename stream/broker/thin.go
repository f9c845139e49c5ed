package broker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
)

// indexEntry is what kfake's .idx files hold of a batch; in memory it is 72 bytes, up to twice that while slices grow.
const indexEntry = 15

// shelf is the segments of one partition, as far as they may be dropped.
type shelf struct {
	topic     string
	partition int32
	segments  []segment
	batches   []int // of each segment
	total     int
	bytes     []int64 // of each segment
	size      int64
	committed int64 // nothing from here on is dropped; -1: the group does not read this partition
}

// thin drops the oldest segments while there are more batches than memory is meant for, or more bytes than the disk. A live
// shop of 100 events a second writes 100 batches a second: 4 GB of index in a week. The partition with the most batches, or
// bytes, goes first; what the group has not committed stays, and so does each partition's newest segment.
func (b *Broker) thin(ctx context.Context, adm *kadm.Client) error {
	shelves, read, err := b.shelves(ctx, adm)
	if err != nil {
		return err
	}
	total := 0
	for _, s := range shelves {
		total += s.total
	}
	drop := make(kadm.Offsets)
	dropFirst := func(s *shelf) {
		s.dropFirst()
		drop.Add(kadm.Offset{Topic: s.topic, Partition: s.partition, At: s.segments[0].base})
	}
	for total > b.cfg.MaxBatches {
		s := fullest(shelves, func(s *shelf) int64 { return int64(s.total) })
		if s == nil {
			break
		}
		total -= s.batches[0]
		dropFirst(s)
	}
	if b.crowded() && read { // before the group's first commit nothing says what has been read
		for size := b.size.Load(); size > b.roomy(); {
			s := fullest(shelves, func(s *shelf) int64 { return s.size })
			if s == nil {
				break
			}
			size -= s.bytes[0]
			dropFirst(s)
		}
	}
	if len(drop) == 0 {
		return nil
	}
	done, err := adm.DeleteRecords(ctx, drop)
	if err := errors.Join(err, done.Error()); err != nil {
		return fmt.Errorf("cannot drop the oldest records: %w", err)
	}
	return nil
}

func (s *shelf) dropFirst() {
	s.total -= s.batches[0]
	s.size -= s.bytes[0]
	s.segments, s.batches, s.bytes = s.segments[1:], s.batches[1:], s.bytes[1:]
}

// droppable tells whether the first segment may go.
func (s *shelf) droppable() bool {
	return len(s.segments) > 1 && (s.committed < 0 || s.segments[1].base <= s.committed)
}

func fullest(shelves []*shelf, of func(*shelf) int64) *shelf {
	var out *shelf
	for _, s := range shelves {
		if s.droppable() && (out == nil || of(s) > of(out)) {
			out = s
		}
	}
	return out
}

// shelves lists the partitions that may lose records. read tells whether the group has committed anything.
func (b *Broker) shelves(ctx context.Context, adm *kadm.Client) (out []*shelf, read bool, err error) {
	topics, err := readTopics(b.cfg.Dir)
	if err != nil {
		return nil, false, err
	}
	committed, err := adm.FetchOffsets(ctx, b.cfg.Group)
	if err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
		return nil, false, fmt.Errorf("cannot look up what group %q has committed: %w", b.cfg.Group, err)
	}
	for _, t := range topics {
		if t.compacted() {
			continue
		}
		for i := range t.Partitions {
			s := &shelf{topic: t.Name, partition: int32(i), committed: -1}
			if o, ok := committed.Lookup(t.Name, int32(i)); ok {
				s.committed = o.At
			}
			if err := s.fill(partitionDir(b.cfg.Dir, t.Name, i)); err != nil {
				return nil, false, err
			}
			out = append(out, s)
		}
	}
	return out, len(committed) > 0, nil
}

func (s *shelf) fill(dir string) error {
	var err error
	if s.segments, err = segmentsOf(dir); err != nil {
		return err
	}
	for _, seg := range s.segments {
		info, err := os.Stat(filepath.Join(dir, seg.index()))
		n := 0
		if err == nil {
			n = int(info.Size() / indexEntry)
		} else if !errors.Is(err, os.ErrNotExist) {
			return err
		}
		s.batches = append(s.batches, n)
		s.total += n
		size := int64(n) * indexEntry
		if info, err := os.Stat(filepath.Join(dir, seg.data())); err == nil {
			size += info.Size()
		}
		s.bytes = append(s.bytes, size)
		s.size += size
	}
	return nil
}
