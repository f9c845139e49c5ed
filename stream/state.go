package stream

import (
	"maps"
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/kadm"

	"orrery/models"
)

// fold is everything that a snapshot holds beside the machine: positions, the dedupe sets and the counters. The
// applying goroutine owns it.
type fold struct {
	parts    []partition
	counters counters
}

// partition is where the fold stands in one partition. The first four never change.
type partition struct {
	topic models.Topic
	name  string // of the topic, in full
	part  int32
	id    kadm.TopicID
	next  int64 // offset of the first record that is not applied
	epoch int32 // leader epoch of the last applied record, -1 before the first
	seen  *seen
}

// counters are exact: a crash and a restart do not change them.
type counters struct {
	taken       uint64
	duplicates  uint64
	letters     map[string]uint64 // dead letters by class
	newest      models.Time       // highest record time
	newestEvent models.Time       // highest event time
}

// published is what other goroutines may read of the pipeline.
type published struct {
	// Of the fold, stored after each batch.
	next                []atomic.Int64 // per partition
	taken, duplicates   atomic.Uint64
	newest, newestEvent atomic.Int64
	letters             atomic.Pointer[map[string]uint64] // never changed once stored
	batches             atomic.Int32
	remembered          atomic.Uint64 // bytes of the dedupe sets

	// Of the fetcher and the lister.
	warnings models.WarningCounts // of the events read since the start
	end      []atomic.Int64       // per partition: of what may be read; only grows
	high     []atomic.Int64       // per partition: of all that is written, what open transactions hold back included
	fetched  atomic.Int64

	misplaced atomic.Uint64 // records in other partitions than their persons'

	// Between the two: a partition that ought to deliver and does not, and the offset that the state may go on from there.
	silent []atomic.Bool
	skip   []atomic.Int64
	look   chan struct{} // capacity 1: there is a silent partition
}

func (p *published) init(f *fold, ends []int64) {
	p.next = make([]atomic.Int64, len(f.parts))
	p.end, p.high = make([]atomic.Int64, len(f.parts)), make([]atomic.Int64, len(f.parts))
	p.silent, p.skip = make([]atomic.Bool, len(f.parts)), make([]atomic.Int64, len(f.parts))
	p.look = make(chan struct{}, 1)
	for i, end := range ends {
		p.end[i].Store(end)
		p.high[i].Store(end)
	}
	p.publishLetters(f)
	p.publish(f, 0)
}

// publish stores positions last: who has seen one finds the counters of what lies below it.
func (p *published) publish(f *fold, batches int) {
	remembered := uint64(0)
	for i := range f.parts {
		remembered += f.parts[i].seen.bytes()
	}
	p.remembered.Store(remembered)
	p.taken.Store(f.counters.taken)
	p.duplicates.Store(f.counters.duplicates)
	p.newest.Store(int64(f.counters.newest))
	p.newestEvent.Store(int64(f.counters.newestEvent))
	p.batches.Store(int32(batches))
	for i := range f.parts {
		p.next[i].Store(f.parts[i].next)
	}
}

func (p *published) publishLetters(f *fold) {
	letters := maps.Clone(f.counters.letters)
	p.letters.Store(&letters)
}

// ask has the lister look why partition i delivers nothing.
func (p *published) ask(i int) {
	p.silent[i].Store(true)
	select {
	case p.look <- struct{}{}:
	default:
	}
}

// ended notes an end of partition i that a fetch or a listing has seen.
func (p *published) ended(i int, end int64) {
	for {
		old := p.end[i].Load()
		if end <= old || p.end[i].CompareAndSwap(old, end) {
			return
		}
	}
}
