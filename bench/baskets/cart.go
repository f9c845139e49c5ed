package baskets

import (
	"cmp"
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
	pairs  []map[uint32]float64
	single []float64
	total  float64
	scores map[uint32]float64
	best   []uint32 // most bought first
}

func count(train []Basket) *counts {
	c := &counts{scores: map[uint32]float64{}}
	for _, b := range train {
		c.total++
		for _, i := range b.Items {
			for int(i) >= len(c.single) {
				c.single, c.pairs = append(c.single, 0), append(c.pairs, map[uint32]float64{})
			}
			c.single[i]++
		}
		for _, i := range b.Items {
			for _, j := range b.Items {
				if i != j {
					c.pairs[i][j]++
				}
			}
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

// summed is a baseline: the sum of a statistic over the cart; nil is popularity.
type summed struct {
	*counts
	stat statistic
}

func (s summed) recommend(dst []uint32, c *Case, k int) []uint32 {
	clear(s.scores)
	if s.stat == nil {
		for _, item := range s.best[:min(k+len(c.Cart), len(s.best))] {
			s.scores[item] = s.single[item]
		}
	} else {
		for _, i := range c.Cart {
			if int(i) < len(s.pairs) {
				for j, n := range s.pairs[i] {
					s.scores[j] += s.stat(n, s.single[i], s.single[j], s.total)
				}
			}
		}
	}
	for _, i := range c.Cart {
		delete(s.scores, i)
	}
	return appendTop(dst, s.scores, s.single, k)
}

// appendTop appends the k items of the highest scores, the more frequent ones of equal scores first.
func appendTop(dst []uint32, scores map[uint32]float64, single []float64, k int) []uint32 {
	items := make([]uint32, 0, len(scores))
	for item, v := range scores {
		if v > 0 {
			items = append(items, item)
		}
	}
	slices.SortFunc(items, func(a, b uint32) int {
		return cmp.Or(cmp.Compare(scores[b], scores[a]), cmp.Compare(single[b], single[a]), cmp.Compare(a, b))
	})
	return append(dst, items[:min(k, len(items))]...)
}
