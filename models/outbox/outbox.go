// Package outbox is a ring of records that wait to be published: written by the goroutine that applies events, read by the one that
// publishes, acknowledged when they are safe elsewhere. It is part of snapshots, so that each is published at least once whenever
// the process dies. Past the ring's size the oldest are lost, and counted. A record costs its words, and nothing waits.
package outbox

import (
	"io"
	"sync/atomic"

	"orrery/models/slab"
)

// Ring is records of one size. One goroutine puts, one other reads what is pending and acknowledges.
type Ring struct {
	words  slab.Words
	stride uint64
	most   uint64
	put    atomic.Uint64
	acked  atomic.Uint64 // of those put; the reader's
	lost   atomic.Uint64 // of those put
}

// New returns an empty ring of records of so many words, in which fewer than most can wait.
func New(stride, most uint64) *Ring { return &Ring{stride: stride, most: most} }

// Put adds a record.
func (r *Ring) Put(record ...uint64) {
	n := r.put.Load()
	at := n % r.most * r.stride
	r.words.Grow(at + r.stride)
	for i, w := range record[:r.stride] {
		r.words.Set(at+uint64(i), w)
	}
	r.put.Store(n + 1)
}

// read copies the record of number n, and tells whether it is there: it may be lost.
func (r *Ring) read(n uint64, record []uint64) bool {
	if r.put.Load()-n >= r.most { // its place may be the one that is being written
		return false
	}
	at := n % r.most * r.stride
	for i := range record {
		record[i] = r.words.Load(at + uint64(i))
	}
	return r.put.Load()-n < r.most
}

// Pending calls take with up to most records that are not acknowledged, oldest first, and returns the number to acknowledge them
// by. Those that are lost count as acknowledged: nobody can publish them any more. take must not keep the record.
func (r *Ring) Pending(most int, take func(record []uint64)) (next uint64) {
	n, put := r.acked.Load(), r.put.Load()
	if waiting := put - n; waiting >= r.most {
		r.lost.Add(waiting - r.most + 1)
		n = put - r.most + 1
		r.acked.Store(n)
	}
	record := make([]uint64, r.stride)
	for ; n < put && most > 0; n++ {
		if !r.read(n, record) { // overtaken just now: the next call counts what is lost
			break
		}
		take(record)
		most--
	}
	return n
}

// Edit calls change with every record that is kept, acknowledged or not; what it has changed, as it says, is written back. The writer's.
func (r *Ring) Edit(change func(record []uint64) bool) {
	record := make([]uint64, r.stride)
	for at := uint64(0); at < r.words.Len(); at += r.stride {
		for i := range record {
			record[i] = r.words.Load(at + uint64(i))
		}
		if change(record) {
			for i, w := range record {
				r.words.Set(at+uint64(i), w)
			}
		}
	}
}

// Acknowledge says that all records below a number have been published.
func (r *Ring) Acknowledge(next uint64) { r.acked.Store(next) }

// Lost returns how many records were lost because nobody published them in time.
func (r *Ring) Lost() uint64 { return r.lost.Load() }

// Bytes returns the memory held.
func (r *Ring) Bytes() uint64 { return r.words.Bytes() }

// Freeze returns the ring of this moment for a snapshot.
func (r *Ring) Freeze() *slab.Parts {
	return slab.Join(slab.Numbers{r.put.Load(), r.acked.Load(), r.lost.Load()}, r.words.Freeze())
}

// ReadFrom replaces the ring by what Freeze wrote.
func (r *Ring) ReadFrom(src io.Reader) (int64, error) {
	head := make(slab.Numbers, 3)
	n, err := slab.ReadAll(src, head, &r.words)
	r.put.Store(head[0])
	r.acked.Store(head[1])
	r.lost.Store(head[2])
	return n, err
}
