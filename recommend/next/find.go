package next

import (
	"orrery/recommend/ranker"
	"orrery/recommend/session"
)

// Weights of the sum that chooses the candidates, each score divided by the query's best.
const (
	baseKNN      = 1.0
	baseRules    = 0.5
	baseTogether = 0.5
	baseNext     = 0.3
)

// find fills chosen and rows with the candidates of a visitor with these clicks.
func (s *Scratch) find(x *session.Index, clicks []uint32, allow func(uint32) bool) {
	found := s.walker.Walk(x, clicks)
	s.rate(found)
	s.chosen = s.chosen[:0]
	own := min(s.walker.Query.Distinct, len(found))
	for _, p := range s.base[:own] { // the visitor's items, which no score may crowd out
		s.take(&found[p.at], p.score, allow)
	}
	rest := s.base[own:]
	for len(rest) > 0 && len(s.chosen) < chosen {
		n := min(chosen-len(s.chosen), len(rest))
		selectTop(rest, n)
		for _, p := range rest[:n] {
			s.take(&found[p.at], p.score, allow)
		}
		rest = rest[n:]
	}
	if len(s.chosen) < chosen {
		s.fill(x, allow)
	}
	sortCandidates(s.chosen)
	ranker.Fill(s.rows, &s.walker.Query, s.chosen)
}

func (s *Scratch) take(c *session.Candidate, score float32, allow func(uint32) bool) {
	if allow == nil || allow(c.Item) {
		s.chosen = append(s.chosen, ranker.Candidate{Candidate: *c, Base: score})
	}
}

// rate computes the sum that candidates are chosen by.
func (s *Scratch) rate(found []session.Candidate) {
	var knn, rules, together, next float32 = 1e-30, 1e-30, 1e-30, 1e-30
	for i := range found {
		c := &found[i]
		knn, rules = max(knn, c.KNN), max(rules, c.Rules)
		together, next = max(together, c.Together), max(next, c.Next)
	}
	knn, rules, together, next = baseKNN/knn, baseRules/rules, baseTogether/together, baseNext/next
	s.base = s.base[:0]
	for i := range found {
		c := &found[i]
		s.base = append(s.base, place{int32(i), c.KNN*knn + c.Rules*rules + c.Together*together + c.Next*next})
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
