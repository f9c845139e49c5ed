package stream

import (
	"github.com/twmb/franz-go/pkg/kgo"

	"orrery/models"
)

const (
	// batchEvents is the size of a batch. 256 decoded events are about 100 KB: they stay in the second-level cache
	// between the goroutine that decodes and the one that applies.
	batchEvents = 256
	// batchBytes ends a batch of large records early, so that the ring of batches does not hold more than 16 MiB.
	batchBytes = 1 << 20
	// batches is the length of the ring between the two goroutines: enough that neither waits for the other's hiccups.
	batches = 16
	// batchesAtOnce is how many batches are applied at once when the stream runs ahead, 6 ms of work: a Machine can split
	// the work on two thousand events better than that on a few hundred (measured on two cores, 325,000 events a second
	// with 8, 295,000 with 4, 237,000 with 1), and the fetching goroutine fills the rest of the ring meanwhile.
	batchesAtOnce = 8
)

// batch is a run of records in merged order, decoded. Batches are recycled: their events keep their buffers.
type batch struct {
	entries []entry
	events  [batchEvents]models.Event
	used    int // events
	most    int // events that may hold on to what they were read from
	limit   int // entries
	bytes   int
}

// entry is one record.
type entry struct {
	lane   int32
	event  int32 // index into events; -1 where there is none: a control record, or a letter
	epoch  int32
	offset int64
	at     models.Time // the record's time
	hash   uint64      // of the event's id
	letter *letter     // what went wrong, where something did
	record *kgo.Record // what an event was read from: the machine may refuse it; of a raw lane, the record
}

func newBatch(limit int) *batch {
	return &batch{limit: limit, entries: make([]entry, 0, batchEvents)}
}

func (b *batch) full() bool { return len(b.entries) == b.limit || b.bytes >= batchBytes }

// reset empties the batch. Events hold on to the fetch that they were read from until they are used again. Once the stream
// has slowed down, those of full batches might not be for long, and would keep the buffers of whole fetches: they are let go.
func (b *batch) reset() {
	b.most = max(b.most, b.used)
	if b.most > batchEvents/2 && b.used < batchEvents/8 {
		clear(b.events[b.used:b.most])
		b.most = b.used
	}
	clear(b.entries)
	b.entries, b.used, b.bytes = b.entries[:0], 0, 0
}
