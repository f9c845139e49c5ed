package next

import (
	"math"

	"orrery/models/pershop"
	"orrery/recommend/embedding"
	"orrery/recommend/ranker"
	"orrery/recommend/session"
	"orrery/recommend/top"
	"orrery/recommend/vector"
)

// Weights of the sum that chooses the candidates, each score divided by the query's best.
const (
	baseKNN      = 1.0
	baseRules    = 0.5
	baseTogether = 0.5
	baseNext     = 0.3
	baseFlat     = 0.5

	likely = 10 // best candidates under that sum whose vectors tell what the others are like
)

// find fills chosen and rows with the candidates of a visitor with these clicks.
func (s *Scratch) find(r *Recommender, clicks []uint32, own session.Row, allow func(uint32) bool) {
	x := r.index
	found := s.walker.Walk(x, clicks, own)
	s.rate(found)
	his := min(s.walker.Query.Distinct, len(found))
	n := s.allow(0, his, found, allow) // the visitor's items, which no score may crowd out
	for next := his; next < len(s.base) && n < chosen; {
		m := min(chosen-n, len(s.base)-next)
		top.Select(s.base[next:], m)
		kept := s.allow(next, next+m, found, allow)
		n += copy(s.base[n:], s.base[next:next+kept])
		next += m
	}
	top.Sort(s.base[:n])
	s.chosen = s.chosen[:n]
	for i, p := range s.base[:n] {
		s.chosen[i] = ranker.Candidate{Candidate: found[p.At], Base: p.Score}
	}
	if n < chosen {
		s.fill(x, allow)
	}
	for i := range s.chosen {
		x.PrefetchPostings(s.chosen[i].Item)
	}
	for i := range s.chosen {
		c := &s.chosen[i]
		c.Age, c.Apart = x.Ages(c.Item)
	}
	if v := r.Vectors(); v != nil && len(clicks) > 0 {
		s.scoreByVectors(v, r.ordinals, clicks)
	}
	ranker.Fill(s.rows, &s.walker.Query, s.chosen)
}

// scoreByVectors adds the scores of the item vectors, which know items by their ordinals.
func (s *Scratch) scoreByVectors(v *embedding.Vectors, o *pershop.Ordinals, clicks []uint32) {
	var session, top [embedding.Dim]float32
	s.numbers = s.numbers[:0]
	for _, item := range clicks {
		s.numbers = append(s.numbers, o.Of(item))
	}
	if !v.Session(&session, s.numbers) {
		return
	}
	last := v.Item(s.numbers[len(clicks)-1])
	for i := range min(len(s.chosen), likely) {
		if e := v.Item(o.Of(s.chosen[i].Item)); e != nil {
			vector.Add64(1, e, &top)
		}
	}
	size := vector.Dot64(&top, &top)
	if size > 0 {
		size = 1 / float32(math.Sqrt(float64(size)))
	}
	for i := range s.chosen {
		c := &s.chosen[i]
		item := o.Of(c.Item)
		c.VectorSession = v.Score(&session, item)
		c.VectorTop = v.Score(&top, item) * size
		if last != nil {
			c.VectorLast = v.Score(last, item)
		}
	}
}

// allow moves the places from..to of base that may be recommended to from and returns how many there are.
func (s *Scratch) allow(from, to int, found []session.Candidate, allow func(uint32) bool) int {
	if allow == nil {
		return to - from
	}
	n := from
	for _, p := range s.base[from:to] {
		if allow(found[p.At].Item) {
			s.base[n] = p
			n++
		}
	}
	return n - from
}

// rate computes the sum that candidates are chosen by.
func (s *Scratch) rate(found []session.Candidate) {
	var knn, rules, together, next, flat float32 = 1e-30, 1e-30, 1e-30, 1e-30, 1e-30
	for i := range found {
		c := &found[i]
		knn, rules = max(knn, c.KNN), max(rules, c.Rules)
		together, next, flat = max(together, c.Together), max(next, c.Next), max(flat, c.Flat)
	}
	knn, rules, together, next, flat = baseKNN/knn, baseRules/rules, baseTogether/together, baseNext/next, baseFlat/flat
	s.base = s.base[:0]
	for i := range found {
		c := &found[i]
		s.base = append(s.base, top.Place{At: uint32(i), Score: c.KNN*knn + c.Rules*rules + c.Together*together + c.Next*next + c.Flat*flat})
	}
}

// fill adds recently popular items that were not found.
func (s *Scratch) fill(x *session.Index, allow func(uint32) bool) {
	s.popular = x.AppendPopular(s.popular[:0])
	have := len(s.chosen)
	for _, item := range s.popular {
		if len(s.chosen) == chosen {
			return
		}
		if s.has(item, have) || allow != nil && !allow(item) {
			continue
		}
		c := ranker.Candidate{Fill: true}
		c.Item, c.Count, c.Newest = item, x.Count(item), 1e6
		s.chosen = append(s.chosen, c)
	}
}

func (s *Scratch) has(item uint32, n int) bool {
	for i := range s.chosen[:n] {
		if s.chosen[i].Item == item {
			return true
		}
	}
	return false
}
