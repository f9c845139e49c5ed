package sessions

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"orrery/recommend/embedding"
	"orrery/recommend/next"
	"orrery/recommend/session"
)

// recipe is a way to predict the next item.
type recipe interface {
	// learn folds a finished session, in order of time. last says that it belongs to the newest part of the training.
	learn(clicks []uint32, last bool)
	// ready ends the training.
	ready()
	// insert folds a test session that has been predicted, in live mode.
	insert(clicks []uint32)
	// recommend appends the best k items for a visitor with these clicks, newest last.
	recommend(dst []uint32, clicks []uint32, k int) []uint32
	// bytes returns the memory of the state, 0 if it is not known.
	bytes() uint64
}

// Baselines are the recipes that are always run, in the order of the table.
var Baselines = []string{"popularity", "repeats", "markov", "cosine", "rules", "knn"}

// Recipes are all names that Config.Recipes may hold.
var Recipes = append(slices.Clone(Baselines), "next")

func newRecipe(ctx context.Context, name string, h *history, c *Config) (recipe, error) {
	count := func(f func(*history, []uint32)) recipe { return &counted{history: h, score: f} }
	switch name {
	case "popularity":
		return count((*history).popularity), nil
	case "repeats":
		return count((*history).repeats), nil
	case "markov":
		return count(func(h *history, clicks []uint32) { h.rules(clicks, 1) }), nil
	case "rules":
		return count(func(h *history, clicks []uint32) { h.rules(clicks, 10) }), nil
	case "cosine":
		return count((*history).cosine), nil
	case "knn":
		w := session.NewWalker()
		w.Limits = session.Limits{Items: session.MaxQuery, Depth: 512, Sessions: 1024}
		return &neighbours{index: session.New(c.index()), walker: w}, nil
	case "next":
		if c.Every > 0 {
			return newStreamed(ctx, c)
		}
		return newNext(c), nil
	}
	return nil, fmt.Errorf("cannot run recipe %q: it is none of %v", name, Recipes)
}

// history is all sessions, unbounded, and what the counting baselines count from them. It is the plainest thing that
// works, so that the baselines owe nothing to the code under test.
// shrink keeps cosines of few shared sessions small, the usual value of item kNN in the published comparisons.
const shrink = 20

type history struct {
	sessions [][]uint32
	places   [][]place // item -> where it was clicked
	clicks   []float64 // item -> clicks
	holding  []float64 // item -> sessions that hold it

	scores  []float64
	touched []uint32
	popular []uint32 // most clicked first, from the training
}

type place struct{ session, at int32 }

func (h *history) add(clicks []uint32) {
	for i, item := range clicks {
		for uint32(len(h.places)) <= item {
			h.places = append(h.places, nil)
			h.clicks, h.holding, h.scores = append(h.clicks, 0), append(h.holding, 0), append(h.scores, 0)
		}
		h.places[item] = append(h.places[item], place{int32(len(h.sessions)), int32(i)})
		h.clicks[item]++
		if !slices.Contains(clicks[:i], item) {
			h.holding[item]++
		}
	}
	h.sessions = append(h.sessions, clicks)
}

func (h *history) score(item uint32, v float64) {
	if int(item) >= len(h.scores) {
		return
	}
	if h.scores[item] == 0 {
		h.touched = append(h.touched, item)
	}
	h.scores[item] += v
}

func (h *history) at(item uint32) []place {
	if int(item) >= len(h.places) {
		return nil
	}
	return h.places[item]
}

func (h *history) popularity([]uint32) {
	if h.popular == nil {
		h.popular = make([]uint32, len(h.clicks))
		for i := range h.popular {
			h.popular[i] = uint32(i)
		}
		slices.SortStableFunc(h.popular, func(a, b uint32) int { return cmp.Compare(h.clicks[b], h.clicks[a]) })
		h.popular = h.popular[:min(100, len(h.popular))]
	}
	for _, item := range h.popular {
		h.score(item, h.clicks[item])
	}
}

// repeats scores the visitor's own items by their count, then by recency.
func (h *history) repeats(clicks []uint32) {
	for i, item := range clicks {
		h.score(item, 1)
		if !slices.Contains(clicks[i+1:], item) {
			h.score(item, float64(i+1)/1e4)
		}
	}
}

// rules scores what followed the last item within reach clicks, by the inverse of the distance; reach 1 is the Markov
// chain.
func (h *history) rules(clicks []uint32, reach int) {
	for _, p := range h.at(clicks[len(clicks)-1]) {
		s := h.sessions[p.session]
		for d := 1; d <= reach && int(p.at)+d < len(s); d++ {
			h.score(s[int(p.at)+d], 1/float64(d))
		}
	}
}

// cosine scores the items of sessions that hold the last item, by
// n_ij / (sqrt(n_i n_j) + 20).
func (h *history) cosine(clicks []uint32) {
	last := clicks[len(clicks)-1]
	for k, p := range h.at(last) {
		if k > 0 && h.places[last][k-1].session == p.session {
			continue
		}
		s := h.sessions[p.session]
		for i, item := range s {
			if item != last && !slices.Contains(s[:i], item) {
				h.score(item, 1/(math.Sqrt(h.holding[item]*h.holding[last])+shrink))
			}
		}
	}
}

// counted is a baseline that history counts.
type counted struct {
	history *history
	score   func(*history, []uint32)
}

func (c *counted) learn([]uint32, bool) {} // the history is shared: Run feeds it
func (c *counted) ready()               {}
func (c *counted) insert([]uint32)      {}
func (c *counted) bytes() uint64        { return 0 }

func (c *counted) recommend(dst []uint32, clicks []uint32, k int) []uint32 {
	h := c.history
	c.score(h, clicks)
	dst = appendTop(dst, h.touched, h.scores, h.clicks, k)
	for _, item := range h.touched {
		h.scores[item] = 0
	}
	h.touched = h.touched[:0]
	return dst
}

// appendTop appends the k items of the highest scores, the more clicked ones of equal scores first.
func appendTop(dst, items []uint32, scores, clicks []float64, k int) []uint32 {
	slices.SortFunc(items, func(a, b uint32) int {
		if scores[a] != scores[b] {
			return cmp.Compare(scores[b], scores[a])
		}
		if clicks[a] != clicks[b] {
			return cmp.Compare(clicks[b], clicks[a])
		}
		return cmp.Compare(a, b)
	})
	return append(dst, items[:min(k, len(items))]...)
}

// neighbours is session kNN by the session index, without anything learned: the row that "neighbours alone" means.
type neighbours struct {
	index  *session.Index
	walker *session.Walker
	scores []float64
	places []int
}

// Session kNN adds to its scores for items of the visitor's own session; weights of the common default.
const (
	ownWeight  = 8.0
	lastWeight = 1.0
	idfPower   = 0.3
)

func (n *neighbours) learn(clicks []uint32, _ bool) { n.insert(clicks) }
func (n *neighbours) ready()                        {}
func (n *neighbours) bytes() uint64                 { return n.index.Bytes() }

func (n *neighbours) insert(clicks []uint32) {
	var row session.Row
	for _, item := range clicks {
		row = n.index.Click(row, item)
	}
}

func (n *neighbours) recommend(dst []uint32, clicks []uint32, k int) []uint32 {
	found := n.walker.Walk(n.index, clicks, 0)
	n.scores, n.places = n.scores[:0], n.places[:0]
	for i := range found {
		n.scores = append(n.scores, knnScore(&found[i], float64(n.walker.Query.Sessions)))
	}
	// k passes would be slow and a whole sort is: the list is kept in order while it is gathered.
	for i, v := range n.scores {
		if len(n.places) == k && v <= n.scores[n.places[k-1]] {
			continue
		}
		at := len(n.places)
		for at > 0 && n.scores[n.places[at-1]] < v {
			at--
		}
		n.places = slices.Insert(n.places, at, i)
		n.places = n.places[:min(k, len(n.places))]
	}
	for _, i := range n.places {
		dst = append(dst, found[i].Item)
	}
	return dst
}

func knnScore(c *session.Candidate, total float64) float64 {
	if c.KNN == 0 {
		return 0
	}
	s := float64(c.KNN) * math.Pow(math.Log1p(total/float64(max(c.Count, 1))), idfPower)
	if c.Seen > 0 {
		s *= ownWeight
		if c.Since == 0 {
			s *= lastWeight
		}
	}
	return s
}

// ranked is the recipe next. Its item vectors are trained as the engine's background task does: from the index, first
// when the ranker begins to learn, so that it learns with vectors that do not know its examples, then again whenever
// the training has brought a good part more.
type ranked struct {
	recommender *next.Recommender
	scratch     *next.Scratch
	items       []next.Item
	trainer     *embedding.Trainer
	trained     uint32 // newest block that the vectors know
	sessions    int    // learned so far
	due         int    // number of them at which the vectors are trained again
}

func newNext(c *Config) *ranked {
	r := &ranked{recommender: next.New(c.index()), scratch: next.NewScratch()}
	if !c.NoVectors {
		r.trainer = embedding.NewTrainer(embedding.Config{})
	}
	return r
}

func (r *ranked) learn(clicks []uint32, last bool) {
	if last {
		if r.sessions >= r.due {
			r.train()
		}
		for n := 1; n < len(clicks); n++ {
			r.recommender.Learn(r.scratch, clicks[:n], clicks[n])
		}
	}
	r.insert(clicks)
	r.sessions++
}

// train brings the vectors up to date; the next time is when the sessions have grown by a sixth.
func (r *ranked) train() {
	_, newest := r.recommender.Index().Range()
	if r.trainer != nil {
		r.trainer.Train(r.recommender.Index(), r.trained+1, newest, nil)
		r.recommender.SetVectors(r.trainer.Vectors())
	}
	r.trained, r.due = newest, r.sessions+max(r.sessions/6, 100)
}

func (r *ranked) ready() { r.train() }

func (r *ranked) bytes() uint64 { return r.recommender.Index().Bytes() }

func (r *ranked) insert(clicks []uint32) {
	var row session.Row
	for _, item := range clicks {
		row = r.recommender.Click(row, item)
	}
}

func (r *ranked) recommend(dst []uint32, clicks []uint32, k int) []uint32 {
	r.items = r.recommender.Recommend(r.scratch, r.items[:0], clicks, next.Options{N: k})
	for _, it := range r.items {
		dst = append(dst, it.Item)
	}
	return dst
}
