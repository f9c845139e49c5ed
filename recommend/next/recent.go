package next

import (
	"math"
	"sync/atomic"

	"orrery/models"
	"orrery/recommend/recent"
	"orrery/recommend/session"
)

const (
	// recentFor is how long an answer holds at most: what it does not look at again is the weights, the vectors, the
	// popular items, and the time.
	recentFor = 10 * models.Second

	recentAnswers = 1 << 15
	recentItems   = 16 // of the longest answer that is kept
)

// Recent keeps answers by question: a visitor who loads a page again, or a page with several frames, asks the same before
// anything has changed for that visitor. A walk and a ranking cost 100 us and more, this one less.
//
// An answer is made of the sessions that hold one of the clicks asked about. Whenever somebody clicks, all items of that
// session are stirred, and an answer holds while none of its clicks is: so a click of anybody shows at once, as ever.
//
// It takes up to 10 MB, and less where little is asked. Any number of goroutines get and put, without a lock.
type Recent struct {
	answers  *recent.Table
	counters [1 << counterBits]atomic.Uint32 // by hash of the item: one that shares it is stirred as well
}

const counterBits = 16

func newRecent() *Recent { return &Recent{answers: recent.New(recentAnswers, 1+2*recentItems)} }

// counterOf returns what counts the changes of sessions with an item.
func (r *Recent) counterOf(item uint32) *atomic.Uint32 {
	return &r.counters[item*0x9e3779b1>>(32-counterBits)]
}

// invalidate says that a session with these items has changed; for the writer, after the change.
func (r *Recent) invalidate(items []uint32) {
	for _, item := range items {
		n := r.counterOf(item)
		n.Store(n.Load() + 1)
	}
}

// Question is what is asked.
type Question struct {
	key   uint64 // hash of the question
	stamp uint64 // hash of the state that the answer depends on
}

// Ask returns the question for what follows these clicks: what must not come back, the visitor's own session, and how
// many are wanted. It is made before the answer is looked for.
func (r *Recent) Ask(clicks, exclude []uint32, own session.Row, n int) Question {
	h, stamp := recent.Mix(uint64(own)+0x9e3779b97f4a7c15, uint64(n)<<32|uint64(len(clicks))), uint64(0)
	for _, c := range clicks {
		h = recent.Mix(h, uint64(c))
		stamp = recent.Mix(stamp, uint64(r.counterOf(c).Load()))
	}
	for _, x := range exclude {
		h = recent.Mix(h, uint64(x)|1<<32)
	}
	return Question{max(h, 1), stamp}
}

// Under is the same question where only some products are allowed: rules is a hash of what says which, 0 where all are.
func (q Question) Under(rules uint64) Question {
	if rules != 0 {
		q.key = max(recent.Mix(q.key, rules), 1)
	}
	return q
}

// Get appends the answer to a question, if one that holds is kept. words is scratch.
func (r *Recent) Get(dst []Item, words *[]uint64, q Question, now models.Time) ([]Item, bool) {
	kept, at, ok := r.answers.Get((*words)[:0], q.key)
	*words = kept
	if age := now - at; !ok || len(kept) == 0 || kept[0] != q.stamp || age < 0 || age >= recentFor {
		return dst, false
	}
	for kept = kept[1:]; len(kept) >= 2; kept = kept[2:] {
		a, b := kept[0], kept[1]
		dst = append(dst, Item{
			Item: uint32(a >> 32), Score: math.Float32frombits(uint32(a)),
			Because: uint32(b >> 32), Count: uint32(b) >> 1, Popular: b&1 == 1,
		})
	}
	return dst, true
}

// Put keeps an answer, unless it is too long. words is scratch.
func (r *Recent) Put(words *[]uint64, q Question, now models.Time, items []Item) {
	w := append((*words)[:0], q.stamp)
	for _, it := range items {
		popular := uint64(0)
		if it.Popular {
			popular = 1
		}
		w = append(w, uint64(it.Item)<<32|uint64(math.Float32bits(it.Score)), uint64(it.Because)<<32|uint64(it.Count)<<1&0xffffffff|popular)
	}
	*words = w
	r.answers.Put(q.key, now, w)
}
