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

// published is what other goroutines may read of the pipeline: of the fold, stored after each batch, and of the log.
type published struct {
	heads
	taken, duplicates   atomic.Uint64
	newest, newestEvent atomic.Int64
	letters             atomic.Pointer[map[string]uint64] // never changed once stored
	batches             atomic.Int32
	remembered          atomic.Uint64 // bytes of the dedupe sets
}

func (p *published) init(f *fold, ends []int64) {
	p.heads.init(ends)
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
