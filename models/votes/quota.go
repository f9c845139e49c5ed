package votes

import (
	"io"

	"orrery/models"
	"orrery/models/intern"
	"orrery/models/slab"
)

// quotaBuckets is the size of a quota's table: 256 KiB, for 32,768 pairs of network and subject a day.
const quotaBuckets = 1 << 12

// Quota bounds how much of a subject one network brings on a day, in a table as Votes has. No memory until something is brought.
// One goroutine uses it.
type Quota struct {
	table slab.Words // pair<<32 | day<<16 | how much
	seed  intern.Seed
}

// Seed sets what decides where pairs lie: see intern.Seed.
func (q *Quota) Seed(s intern.Seed) { q.seed = s }

// Take counts n that a network brings at moment t, and tells whether they are within most of the day; else nothing is counted. Of
// network 0 nothing is known: it may bring anything. most is at most 65,535; 0 is any number.
func (q *Quota) Take(network uint64, subject uint32, n, most uint64, t models.Time) bool {
	if network == 0 || most == 0 {
		return true
	}
	at, pair, day := find(&q.table, quotaBuckets, q.seed, network, subject, t)
	have := uint64(0)
	if word := q.table.Load(at); is(word, pair, day) {
		have = word & 0xffff
	}
	if have+n > min(most, 0xffff) {
		return false
	}
	q.table.Set(at, pair|day|have+n)
	return true
}

// Bytes returns the memory held, in bytes. Any goroutine may call it.
func (q *Quota) Bytes() uint64 { return q.table.Bytes() }

// Freeze returns the counts of this moment for a snapshot.
func (q *Quota) Freeze() *slab.Frozen { return q.table.Freeze() }

// ReadFrom replaces the counts by what Freeze wrote. It must not run beside readers.
func (q *Quota) ReadFrom(r io.Reader) (int64, error) { return q.table.ReadFrom(r) }
