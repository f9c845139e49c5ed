// Package recent keeps answers for a moment, by question: visitors of a page ask for what others have just asked for, or
// ask again before anything has changed for them.
//
// A Table is of fixed size, and what is not used of it takes no memory. A question lies in one of the two records that
// its hash names. Any number of goroutines get and put without a lock: a record carries a number that is odd while it
// is written and another one afterwards, so who reads it meanwhile misses, and who would write it meanwhile leaves it.
package recent

import (
	"sync/atomic"

	"orrery/models"
)

// The words of a record; its content follows.
const (
	wSeq   = iota // odd while somebody writes
	wKey          // hash of the question, 0 where the record is empty
	wStamp        // when it was answered<<8 | words of content in use
	headWords
)

// ways is how many records a question may lie in.
const ways = 2

// maxContent is the most words of content: their number is eight bits.
const maxContent = 255

// Table keeps answers.
type Table struct {
	words   []uint64
	content int // words a record
	sets    uint64
}

// New returns an empty table of about so many records, each of at most content words.
func New(records, content int) *Table {
	content = min(content, maxContent)
	t := &Table{content: content, sets: uint64(max(records/ways, 1))}
	t.words = make([]uint64, int(t.sets)*ways*(headWords+content))
	return t
}

// record returns one of the records of a question.
func (t *Table) record(key uint64, way int) []uint64 {
	n := headWords + t.content
	at := (int(key%t.sets)*ways + way) * n
	return t.words[at : at+n : at+n]
}

// Mix adds x to the hash of a question.
func Mix(h, x uint64) uint64 {
	h = (h ^ x) * 0xbf58476d1ce4e5b9
	return h ^ h>>31
}

// Get appends the content kept for a question, whose hash is not 0, to dst, and says when it was put.
func (t *Table) Get(dst []uint64, key uint64) (content []uint64, at models.Time, ok bool) {
	for way := range ways {
		r := t.record(key, way)
		seq := atomic.LoadUint64(&r[wSeq])
		if seq&1 != 0 || atomic.LoadUint64(&r[wKey]) != key {
			continue
		}
		stamp := atomic.LoadUint64(&r[wStamp])
		content = dst
		for i := range r[headWords : headWords+min(int(stamp&maxContent), t.content)] {
			content = append(content, atomic.LoadUint64(&r[headWords+i]))
		}
		if atomic.LoadUint64(&r[wSeq]) == seq {
			return content, models.Time(stamp >> 8), true
		}
	}
	return dst, 0, false
}

// Put keeps content for a question, whose hash is not 0, in place of what was kept for it, else of the older record. What
// is too long is not kept.
func (t *Table) Put(key uint64, at models.Time, content []uint64) {
	if len(content) > t.content {
		return
	}
	r := t.record(key, 0)
	if atomic.LoadUint64(&r[wKey]) != key {
		other := t.record(key, 1)
		if atomic.LoadUint64(&other[wKey]) == key || atomic.LoadUint64(&other[wStamp]) < atomic.LoadUint64(&r[wStamp]) {
			r = other
		}
	}
	seq := atomic.LoadUint64(&r[wSeq])
	if seq&1 != 0 || !atomic.CompareAndSwapUint64(&r[wSeq], seq, seq+1) {
		return
	}
	atomic.StoreUint64(&r[wKey], key)
	atomic.StoreUint64(&r[wStamp], uint64(max(at, 0))<<8|uint64(len(content)))
	for i, w := range content {
		atomic.StoreUint64(&r[headWords+i], w)
	}
	atomic.StoreUint64(&r[wSeq], seq+2)
}

// Bytes returns the memory that a full table takes, in bytes.
func (t *Table) Bytes() uint64 { return 8 * uint64(len(t.words)) }
