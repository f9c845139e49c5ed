package baskets

import (
	"cmp"
	"iter"
	"math"
	"slices"

	"github.com/cespare/xxhash/v2"
)

// perBasket is the number of cases that one basket makes at most.
const perBasket = 5

// hash is a fixed hash of two numbers: what is random here is random the same way each time.
func hash(a, b int) uint64 {
	var key [16]byte
	for i := range 8 {
		key[i], key[8+i] = byte(a>>(8*i)), byte(b>>(8*i))
	}
	return xxhash.Sum64(key[:])
}

// cartCases makes the cases of test baskets.
func cartCases(test []Basket) []Case {
	var cases []Case
	group := uint32(0)
	for n, b := range test {
		if len(b.Items) < 2 {
			continue
		}
		order := make([]int, len(b.Items))
		for i := range order {
			order[i] = i
		}
		slices.SortFunc(order, func(x, y int) int { return cmp.Compare(hash(n, x), hash(n, y)) })
		for _, out := range order[:min(perBasket, len(order))] {
			cart := slices.Delete(slices.Clone(b.Items), out, out+1)
			cases = append(cases, Case{Group: group, Cart: cart, Relevant: []uint32{b.Items[out]}})
		}
		group++
	}
	return cases
}

// counts is exact pair counts of all training baskets, the plainest thing that works: the baselines owe nothing to the
// code under test.
type counts struct {
	pairs  [][]pair // by item
	single []float64
	total  float64
	best   []uint32 // most bought first

	scores  []float64 // by item, of the query at hand
	touched []uint32
}

// pair is an item bought in so many baskets together with another one.
type pair struct{ item, baskets uint32 }

func count(train []Basket) *counts {
	c := &counts{total: float64(len(train))}
	var holders [][]int // by item: baskets
	for n, b := range train {
		for _, i := range b.Items {
			for int(i) >= len(holders) {
				holders = append(holders, nil)
			}
			holders[i] = append(holders[i], n)
		}
	}
	c.single, c.pairs, c.scores = make([]float64, len(holders)), make([][]pair, len(holders)), make([]float64, len(holders))
	both := make([]uint32, len(holders))
	for i, held := range holders {
		c.single[i] = float64(len(held))
		var with []uint32
		for _, n := range held {
			for _, j := range train[n].Items {
				if int(j) == i {
					continue
				}
				if both[j] == 0 {
					with = append(with, j)
				}
				both[j]++
			}
		}
		c.pairs[i] = make([]pair, len(with))
		for k, j := range with {
			c.pairs[i][k] = pair{j, both[j]}
			both[j] = 0
		}
	}
	c.best = mostBought(c.single)
	return c
}

// statistic rates a pair by its baskets, those of either item, and all.
type statistic func(pair, left, right, total float64) float64

func cosine(pair, left, right, _ float64) float64 { return pair / math.Sqrt(left*right) }

func llr(pair, left, right, total float64) float64 {
	if pair*total <= left*right {
		return 0
	}
	h := func(v ...float64) float64 {
		sum, s := 0.0, 0.0
		for _, x := range v {
			sum += x
			if x > 0 {
				s += x * math.Log(x)
			}
		}
		return sum*math.Log(sum) - s
	}
	return 2 * (h(left, total-left) + h(right, total-right) - h(pair, left-pair, right-pair, total-left-right+pair))
}

// summed is a baseline: the sum of a statistic over the cart. What each pair is rated at is worked out once.
type summed struct {
	*counts
	ratings [][]float64 // by item, as pairs
}

func newSummed(c *counts, rate statistic) summed {
	s := summed{c, make([][]float64, len(c.pairs))}
	for i, pairs := range c.pairs {
		s.ratings[i] = make([]float64, len(pairs))
		for k, p := range pairs {
			s.ratings[i][k] = rate(float64(p.baskets), c.single[i], c.single[p.item], c.total)
		}
	}
	return s
}

func (s summed) recommend(dst []uint32, c *Case, k int) []uint32 {
	for _, i := range c.Cart {
		if int(i) >= len(s.pairs) {
			continue
		}
		for n, p := range s.pairs[i] {
			if s.ratings[i][n] == 0 {
				continue
			}
			if s.scores[p.item] == 0 {
				s.touched = append(s.touched, p.item)
			}
			s.scores[p.item] += s.ratings[i][n]
		}
	}
	for _, i := range c.Cart {
		if int(i) < len(s.scores) {
			s.scores[i] = 0
		}
	}
	dst = appendTop(dst, func(yield func(uint32, float64) bool) {
		for _, item := range s.touched {
			if !yield(item, s.scores[item]) {
				return
			}
		}
	}, s.single, k)
	for _, item := range s.touched {
		s.scores[item] = 0
	}
	s.touched = s.touched[:0]
	return dst
}

// popular is a baseline: the most bought items that are not in the cart.
type popular struct{ best []uint32 }

func (p popular) recommend(dst []uint32, c *Case, k int) []uint32 {
	for _, item := range p.best {
		if k == 0 {
			break
		}
		if !slices.Contains(c.Cart, item) {
			dst = append(dst, item)
			k--
		}
	}
	return dst
}

// appendTop appends the k items of the highest scores above 0, the more frequent ones of equal scores first.
func appendTop(dst []uint32, scores iter.Seq2[uint32, float64], single []float64, k int) []uint32 {
	type rated struct {
		item  uint32
		score float64
	}
	order := func(a, b rated) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(single[b.item], single[a.item]), cmp.Compare(a.item, b.item))
	}
	top := make([]rated, 0, k+1)
	for item, score := range scores {
		r := rated{item, score}
		if score <= 0 || len(top) == k && order(r, top[k-1]) >= 0 {
			continue
		}
		at, _ := slices.BinarySearchFunc(top, r, order)
		top = slices.Insert(top, at, r)
		top = top[:min(k, len(top))]
	}
	for _, r := range top {
		dst = append(dst, r.item)
	}
	return dst
}
