// Package next is the recipe "next": what a visitor with these clicks clicks on next. A walk over the session index
// finds and counts candidates (package session), the 100 best under a fixed sum of scores are ordered by the learned
// ranker (package ranker), which goes on learning from the stream. Items of the visitor's own session are ordinary
// candidates; whoever does not want them excludes them with Options.Allow.
package next

import (
	"sync"
	"sync/atomic"

	"orrery/models/pershop"
	"orrery/recommend/embedding"
	"orrery/recommend/ranker"
	"orrery/recommend/session"
	"orrery/recommend/top"
)

const (
	chosen       = 100 // candidates that are ranked
	publishEvery = 32  // steps of learning between two copies of the weights for readers
)

// Recommender is the recipe's state. One goroutine, the writer, calls Click, Learn, Freeze and Restore; any number of
// others call Recommend, each with a Scratch of its own.
type Recommender struct {
	index   *session.Index
	model   *ranker.Model // nil before a shop's first example
	weights atomic.Pointer[ranker.Weights]
	vectors atomic.Pointer[embedding.Vectors]

	live     *Live // whose recommender of a shop it is; nil of one that stands by itself
	shop     uint32
	ordinals *pershop.Ordinals // numbers that the vectors know items by
}

// New returns an empty recommender, which ranks with the default weights.
func New(c session.Config) *Recommender { return NewWith(session.New(c), ranker.NewModel()) }

// NewWith returns a recommender on an index and a model that nobody else writes to.
func NewWith(x *session.Index, m *ranker.Model) *Recommender {
	r := &Recommender{index: x, model: m}
	r.publish()
	return r
}

func (r *Recommender) publish() {
	w := shipped()
	if r.model != nil {
		mean := r.model.Mean()
		w = &mean
	}
	r.weights.Store(w)
}

// shipped are the weights that shops without a model of their own rank with.
var shipped = sync.OnceValue(func() *ranker.Weights {
	w := ranker.Default()
	return &w
})

// Index returns the session index, for its counts.
func (r *Recommender) Index() *session.Index { return r.index }

// Click adds a click of a visitor whose session is row, and returns the row to remember for him: see session.Index.Click.
func (r *Recommender) Click(row session.Row, item uint32) session.Row {
	return r.index.Click(row, item)
}

// SetVectors replaces the item vectors that the ranker uses as features; nil is none. Any goroutine may call it.
func (r *Recommender) SetVectors(v *embedding.Vectors) {
	if r.live != nil {
		r.live.vectors.Put(r.shop, v)
		return
	}
	r.vectors.Store(v)
}

// Vectors returns the item vectors in use, nil if there are none. Any goroutine may call it.
func (r *Recommender) Vectors() *embedding.Vectors {
	if r.live != nil {
		return r.live.vectors.Find(r.shop)
	}
	return r.vectors.Load()
}

// Item is a recommended item.
type Item struct {
	Item  uint32
	Score float32 // the ranker's, comparable within one answer only

	// Because is the visitor's newest item that shares sessions with this one, and Count the number of these sessions
	// among the newest ones that were looked up. Count is 0 for an item from the popular ones, and for an item of the
	// visitor's own that no other session holds.
	Because uint32
	Count   uint32
	Popular bool // found among the recently popular items only
}

// Options of one recommendation.
type Options struct {
	Own   session.Row            // the visitor's session, which is no evidence for himself; 0 where it is not in the index
	N     int                    // items wanted; default 20, at most 100
	Allow func(item uint32) bool // which items may be recommended; nil is all
}

// Scratch is the memory of one goroutine that recommends or learns. It takes about 1.6 MB.
type Scratch struct {
	walker  *session.Walker
	popular []uint32
	chosen  []ranker.Candidate
	base    []top.Place // candidates by their place in the walk, or in chosen
	rows    []ranker.Row
	scores  []float32
	numbers []uint32 // that the vectors know the clicks by
}

// NewScratch returns a Scratch.
func NewScratch() *Scratch {
	return &Scratch{
		walker:  session.NewWalker(),
		popular: make([]uint32, 0, session.Popular),
		chosen:  make([]ranker.Candidate, 0, chosen),
		base:    make([]top.Place, 0, 8192),
		rows:    make([]ranker.Row, chosen),
		scores:  make([]float32, chosen),
	}
}

// Recommend appends what a visitor with these clicks, newest last, clicks on next to dst, best first. It allocates
// nothing if dst has room. Cost: 50 to 300 us.
func (r *Recommender) Recommend(s *Scratch, dst []Item, clicks []uint32, o Options) []Item {
	s.find(r, clicks, o.Own, o.Allow)
	n := len(s.chosen)
	r.weights.Load().Score(s.rows[:n], s.scores[:n])
	s.base = s.base[:0]
	for i, v := range s.scores[:n] {
		s.base = append(s.base, top.Place{At: uint32(i), Score: v})
	}
	want := o.N
	if want == 0 {
		want = 20
	}
	want = min(want, n)
	top.Select(s.base, want)
	top.Sort(s.base[:want])
	for _, p := range s.base[:want] {
		c := &s.chosen[p.At]
		it := Item{Item: c.Item, Score: p.Score, Popular: c.Fill}
		if c.FoundCount > 0 {
			it.Because, it.Count = s.walker.Query.Items[c.Found], c.FoundCount
		}
		dst = append(dst, it)
	}
	return dst
}

// Learn takes a step of learning from a visitor with these clicks, newest last, having clicked on item next. It must be
// called before that click is given to Click, so that nothing is learned from its own trace. It reports the rank that
// the model gave the item before, from 1 on, and 0 if it was not among the candidates: prequential quality.
func (r *Recommender) Learn(s *Scratch, clicks []uint32, item uint32) (rank int) {
	return r.LearnBeside(s, 0, clicks, item)
}

// LearnBeside is Learn for a visitor whose session, own, is in the index already, and must be no evidence for himself.
func (r *Recommender) LearnBeside(s *Scratch, own session.Row, clicks []uint32, item uint32) (rank int) {
	s.find(r, clicks, own, nil)
	positive := -1
	for i := range s.chosen {
		if s.chosen[i].Item == item {
			positive = i
		}
	}
	n := len(s.chosen)
	r.weights.Load().Score(s.rows[:n], s.scores[:n]) // as it would have been shown
	if positive < 0 || n < 2 {
		return 0
	}
	rank = 1
	for i, v := range s.scores[:n] {
		if v > s.scores[positive] || v == s.scores[positive] && i < positive {
			rank++
		}
	}
	if r.model == nil {
		if r.model = r.live.shared.Model(); r.model == nil {
			return rank
		}
	}
	r.model.Learn(s.rows[:n], positive)
	if r.model.Learned()%publishEvery == 0 {
		r.publish()
	}
	return rank
}

// Shown appends the n best items of the last step of learning, as they would have been shown, best first.
func (s *Scratch) Shown(dst []uint32, n int) []uint32 {
	s.base = s.base[:0]
	for i, v := range s.scores[:len(s.chosen)] {
		s.base = append(s.base, top.Place{At: uint32(i), Score: v})
	}
	n = min(n, len(s.base))
	top.Select(s.base, n)
	top.Sort(s.base[:n])
	for _, p := range s.base[:n] {
		dst = append(dst, s.chosen[p.At].Item)
	}
	return dst
}
