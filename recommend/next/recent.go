package next

import (
	"math"
	"sync/atomic"

	"orrery/models"
	"orrery/recommend/session"
)

const (
	// recentFor is how long an answer holds: as long as a page takes to ask for its frames. A visitor's own click makes a
	// new question; this bounds how long what others do meanwhile is left out.
	recentFor = models.Second / 10

	recentSlots = 1 << 14
	recentItems = 16 // of the longest answer that is kept
	recentWords = 2 + 2*recentItems
)

// Recent keeps answers for a moment, by question: a visitor who loads the same page again, or a page with several frames,
// asks the same before anything has changed for that visitor. A walk and a ranking cost 100 us and more, this one less.
//
// It is a table of fixed size, 4.5 MB, of which what is used takes memory; a question lies in the one place that its hash
// names. Any number of goroutines get and put, without a lock: who reads a place while it is written misses, who would
// write a place that is being written leaves it.
type Recent struct{ words []uint64 }

func newRecent() *Recent { return &Recent{make([]uint64, recentSlots*recentWords)} }

// busy stands in a place for the question while it is written.
const busy = 1

// Question returns the hash of what is asked: the clicks, what must not come back, the visitor's own session, and how
// many are wanted.
func Question(clicks, exclude []uint32, own session.Row, n int) uint64 {
	h := mix(uint64(own)+0x9e3779b97f4a7c15, uint64(n)<<32|uint64(len(clicks)))
	for _, c := range clicks {
		h = mix(h, uint64(c))
	}
	for _, x := range exclude {
		h = mix(h, uint64(x)|1<<32)
	}
	return max(h, busy+1)
}

func mix(h, x uint64) uint64 {
	h = (h ^ x) * 0xbf58476d1ce4e5b9
	return h ^ h>>31
}

// place returns the words of a question's place: the question, when it was answered and how many items, the items.
func (r *Recent) place(question uint64) []uint64 {
	at := question % recentSlots * recentWords
	return r.words[at : at+recentWords]
}

// Get appends the answer to a question, if one of the last moments is kept.
func (r *Recent) Get(dst []Item, question uint64, now models.Time) ([]Item, bool) {
	p := r.place(question)
	if atomic.LoadUint64(&p[0]) != question {
		return dst, false
	}
	head := atomic.LoadUint64(&p[1])
	if age := now - models.Time(head>>8); age < 0 || age >= recentFor {
		return dst, false
	}
	start := len(dst)
	for i := range int(head & 0xff) {
		a, b := atomic.LoadUint64(&p[2+2*i]), atomic.LoadUint64(&p[3+2*i])
		dst = append(dst, Item{
			Item: uint32(a >> 32), Score: math.Float32frombits(uint32(a)),
			Because: uint32(b >> 32), Count: uint32(b) >> 1, Popular: b&1 == 1,
		})
	}
	if atomic.LoadUint64(&p[1]) != head || atomic.LoadUint64(&p[0]) != question {
		return dst[:start], false
	}
	return dst, true
}

// Put keeps an answer, unless it is too long.
func (r *Recent) Put(question uint64, now models.Time, items []Item) {
	if len(items) > recentItems {
		return
	}
	p := r.place(question)
	old := atomic.LoadUint64(&p[0])
	if old == busy || !atomic.CompareAndSwapUint64(&p[0], old, busy) {
		return
	}
	atomic.StoreUint64(&p[1], uint64(now)<<8|uint64(len(items)))
	for i, it := range items {
		popular := uint64(0)
		if it.Popular {
			popular = 1
		}
		atomic.StoreUint64(&p[2+2*i], uint64(it.Item)<<32|uint64(math.Float32bits(it.Score)))
		atomic.StoreUint64(&p[3+2*i], uint64(it.Because)<<32|uint64(it.Count)<<1&0xffffffff|popular)
	}
	atomic.StoreUint64(&p[0], question)
}
