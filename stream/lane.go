package stream

import (
	"math"

	"github.com/twmb/franz-go/pkg/kgo"

	"orrery/models"
)

// inputs are the topics that the state is a fold of, in the order in which records of the same time are taken: products
// before what is done with them, who a visitor is before what he does, looking before buying, and last what was learned from all of it,
// and what was set.
var inputs = []models.Topic{models.Catalogue, models.Contacts, models.Pageviews, models.Transactions, models.Learned, models.Settings}

// lane is the part of the pipeline that belongs to one partition, as far as the fetching goroutine owns it.
type lane struct {
	index int // among the lanes
	topic models.Topic
	name  string // of the topic, in full
	part  int32
	of    int32 // partitions that persons are spread over; 0 for topics that are not keyed by person
	raw   bool  // its records are no events: they are handed on as they are

	queue []*kgo.Record // fetched and not yet decoded, from head on
	head  int
	bytes int   // of the queue
	next  int64 // offset after the last fetched record
	end   int64 // end of the partition as far as known
	clock int64 // highest record time taken, ms: the merge never goes back in a partition for a producer's bad clock

	paused  bool
	rest    int64 // nanoseconds since the start of the run until which an error lets the partition alone; 0: it does not
	waiting int64 // nanoseconds since the start of the run when the merge began to wait for this lane; 0: it does not
	given   bool  // waited for in vain; others go on without it until it delivers
}

func (l *lane) empty() bool { return l.head == len(l.queue) }

// behind tells whether the broker holds records that have not been fetched.
func (l *lane) behind() bool { return l.next < l.end }

// push appends a fetched record. While the stream catches up a queue may never be empty, so what was taken from its head
// makes room as soon as it is half of it: each record moves once on average.
func (l *lane) push(r *kgo.Record) {
	if len(l.queue) == cap(l.queue) && l.head >= len(l.queue)/2 {
		n := copy(l.queue, l.queue[l.head:])
		clear(l.queue[n:])
		l.queue, l.head = l.queue[:n], 0
	}
	l.queue = append(l.queue, r)
	l.bytes += recordBytes(r)
	l.next = r.Offset + 1
}

// key is what the merge orders by: the time of the head, never less than that of a record taken before.
func (l *lane) key() int64 {
	if l.empty() {
		return math.MaxInt64
	}
	return max(l.clock, min(l.queue[l.head].Timestamp.UnixMilli(), math.MaxInt64-1))
}

func (l *lane) pop() *kgo.Record {
	l.clock = l.key()
	r := l.queue[l.head]
	l.queue[l.head] = nil // its batch's memory may go as soon as it is applied
	l.head++
	l.bytes -= recordBytes(r)
	return r
}

// recordBytes is what a record is counted as: its bytes and kgo's struct.
func recordBytes(r *kgo.Record) int { return len(r.Key) + len(r.Value) + headerBytes(r.Headers) + 160 }

// headerBytes is what headers are counted as: their bytes, and what each takes beside them, in memory and on the wire.
func headerBytes(headers []kgo.RecordHeader) (n int) {
	for _, h := range headers {
		n += len(h.Key) + len(h.Value) + 40
	}
	return n
}
