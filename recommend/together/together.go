// Package together orders the products that go with a cart: the recipes bought_together (a cart of one) and complements.
//
// The candidates are the neighbours of the cart's products in the lists of what is bought together, and bestsellers.
// What the pairs of a candidate say (counts, cosine, log-likelihood ratio, lift, confidence both ways, summed over the
// cart) and its popularity are the features of a small learned ranker: a linear score and a few rectified units, softmax
// over the candidates. It learns from the orders themselves, prequentially: before an order is counted, one of its
// products, chosen by a hash, is left out, and the ranker takes a step towards it. So the weight of popularity against
// surprise, which differs from shop to shop, is the shop's own.
//
// Cost: about 30 ns a neighbour read and 100 ns a candidate ranked: 20 to 100 us a cart; as much again to learn.
package together

import (
	"io"
	"slices"

	"orrery/models"
	"orrery/recommend/listwise"
	"orrery/recommend/neighbours"
	"orrery/recommend/top"
)

const (
	maxCart   = 32   // products of a cart that are looked up: the first ones
	maxFound  = 2048 // candidates that are counted
	maxRanked = 192  // candidates that are ranked, chosen by a fixed sum
	tableBits = 13
	tableSize = 1 << tableBits
)

// Ranker is the learned part of the recipe. One goroutine learns, any number recommend.
type Ranker struct{ *listwise.Shops }

// Version is that of the layout that Freeze writes.
const Version = 13

// ReadVersion replaces the rankers by what Freeze wrote, in this version or those before, which had one for all shops.
func (r *Ranker) ReadVersion(from io.Reader, version uint16) error {
	if version < Version {
		return r.ReadShared(from)
	}
	_, err := r.ReadFrom(from)
	return err
}

// New returns a ranker that has learned nothing: it orders by surprise and popularity.
func New() *Ranker {
	return &Ranker{listwise.NewShops(features, map[int]float32{logAt: 1, ratioAt + 1: 1, logAt + 1: 1, popularity: 1})}
}

// Item is a recommended product.
type Item struct {
	Item  uint32
	Score float32 // the ranker's, comparable within one answer only
	From  uint32  // product of the cart with the most surprising pair, 0 for a bestseller that none leads to
	Count float32 // orders that hold both
	LLR   float32 // log-likelihood ratio of that pair
}

// Scratch is the memory of one goroutine, about 300 KiB.
type Scratch struct {
	near       []neighbours.Neighbour
	found      []candidate
	table      [tableSize]uint16
	rows       rows
	order      []top.Place
	regression regression
	ranked     []candidate
}

// NewScratch returns a Scratch.
func NewScratch() *Scratch {
	return &Scratch{found: make([]candidate, 0, maxFound)}
}

// Query is a cart to be completed.
type Query struct {
	Shop  uint32
	Cart  []uint32               // products, the most important first
	Fill  []uint32               // bestsellers: candidates, too
	Now   models.Time            // moment at which counts are read
	Allow func(item uint32) bool // which products may be recommended; nil is all. Those of the cart never are
}

// Recommend appends the n products that go best with the cart to dst, best first.
func (r *Ranker) Recommend(s *Scratch, dst []Item, lists *neighbours.Lists, q Query, n int) []Item {
	s.find(lists, q)
	w := r.Weights(q.Shop)
	s.order = s.order[:0]
	for i := range s.ranked {
		s.order = append(s.order, top.Place{At: uint32(i), Score: w.Score(s.rows.of(i))})
	}
	for _, p := range top.Of(s.order, n) {
		c := &s.ranked[p.At]
		it := Item{Item: c.item, Score: p.Score}
		if c.pairs > 0 {
			it.From, it.Count, it.LLR = c.from, c.count, c.stat
		}
		dst = append(dst, it)
	}
	return dst
}

// Learn takes a step from an order that held the cart and one product more. It must be called before the order is
// counted in the lists. It reports the rank that the ranker gave that product before, from 1 on, 0 if it was not among
// the candidates.
func (r *Ranker) Learn(s *Scratch, lists *neighbours.Lists, q Query, product uint32) (rank int) {
	s.find(lists, q)
	relevant := slices.IndexFunc(s.ranked, func(c candidate) bool { return c.item == product })
	if relevant < 0 || len(s.ranked) < 2 {
		return 0
	}
	return r.Shops.Learn(q.Shop, s.rows.flat(len(s.ranked)), relevant)
}

// find fills ranked and rows with the candidates of a cart.
func (s *Scratch) find(lists *neighbours.Lists, q Query) {
	clear(s.table[:])
	s.found, s.near = s.found[:0], s.near[:0]
	cart := q.Cart[:min(len(q.Cart), maxCart)]
	s.regression.begin(len(cart))
	var pairs [maxCart]neighbours.Pairs
	var ends [maxCart + 1]int
	for i, item := range cart {
		s.near, pairs[i] = lists.Read(s.near, q.Shop, item, q.Now)
		ends[i+1] = len(s.near)
		s.regression.side(i, pairs[i])
		for _, n := range s.near[ends[i]:] {
			if j := slices.Index(cart, n.Item); j >= 0 {
				s.regression.pair(i, j, n.Count)
			}
		}
	}
	s.regression.solve()
	for i, item := range cart {
		weight := 1 / logOf(2.7182818+pairs[i].Left)
		for _, n := range s.near[ends[i]:ends[i+1]] {
			if c := s.candidate(n.Item, n.Right); c != nil {
				c.add(item, n, pairs[i], weight)
				c.linear += float32(s.regression.w[i]) * n.Count
			}
		}
	}
	for _, item := range q.Fill {
		s.candidate(item, lists.Count(item, q.Now))
	}
	s.choose(q)
	fill(&s.rows, s.ranked, len(cart), &s.regression)
}

// candidate returns the candidate for item, a new one while there is room.
func (s *Scratch) candidate(item uint32, right float32) *candidate {
	at := item * 0x9e3779b1 >> (32 - tableBits)
	for s.table[at] != 0 {
		if c := &s.found[s.table[at]-1]; c.item == item {
			return c
		}
		at = (at + 1) % tableSize
	}
	if len(s.found) == maxFound {
		return nil
	}
	s.found = append(s.found, candidate{item: item, right: right, none: 1})
	s.table[at] = uint16(len(s.found))
	return &s.found[len(s.found)-1]
}

// choose fills ranked with the best of found by a fixed sum.
func (s *Scratch) choose(q Query) {
	s.order, s.ranked = s.order[:0], s.ranked[:0]
	best, most := float32(1e-30), float32(1e-30)
	for i := range s.found {
		best, most = max(best, s.found[i].sum[1]), max(most, s.found[i].right)
	}
	for i := range s.found {
		c := &s.found[i]
		s.order = append(s.order, top.Place{At: uint32(i), Score: c.sum[1]/best + 0.2*c.right/most})
	}
	// What may not be recommended is looked up for the best only: as many of them as it takes.
	for rest := s.order; len(rest) > 0; {
		front := top.Of(rest, maxRanked)
		for _, p := range front {
			c := &s.found[p.At]
			if slices.Contains(q.Cart, c.item) || q.Allow != nil && !q.Allow(c.item) {
				continue
			}
			if s.ranked = append(s.ranked, *c); len(s.ranked) == maxRanked {
				return
			}
		}
		rest = rest[len(front):]
	}
}
