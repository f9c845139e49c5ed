// Package metric holds the figures by which recommenders are judged, their definitions in words, and their intervals.
// Ranking is always over all items; a case has one relevant item, the one that was clicked next.
package metric

import "math"

// Definitions says in a sentence each what the figures mean, to be printed next to them.
var Definitions = map[string]string{
	"hr":         "share of cases whose next item is among the first k of all items (= P@k of the papers, = recall@k with one relevant item)",
	"mrr":        "mean of 1/rank of the next item, 0 where it is not among the first k",
	"ndcg":       "mean of 1/log2(1+rank) of the next item, 0 where it is not among the first k",
	"coverage":   "share of all items that were among the first k of at least one case",
	"popularity": "mean, over all recommended items, of the item's clicks in training divided by those of the most clicked item",
	"interval":   "95 %: bootstrap over test sessions (1,000 Poisson replicates, fixed seed); differences are paired, case by case",
}

// Ranks are the results of one recipe: for each case the rank of the relevant item from 1 on, 0 if it was not among the
// first k.
type Ranks []uint16

// HR returns the hit rate.
func (r Ranks) HR() float64 { return r.mean(hit) }

// MRR returns the mean reciprocal rank.
func (r Ranks) MRR() float64 { return r.mean(reciprocal) }

// NDCG returns the mean normalised discounted cumulative gain.
func (r Ranks) NDCG() float64 { return r.mean(gain) }

func (r Ranks) mean(f func(uint16) float64) float64 {
	sum := 0.0
	for _, v := range r {
		sum += f(v)
	}
	return sum / float64(max(len(r), 1))
}

func hit(rank uint16) float64 {
	if rank > 0 {
		return 1
	}
	return 0
}

func reciprocal(rank uint16) float64 {
	if rank > 0 {
		return 1 / float64(rank)
	}
	return 0
}

func gain(rank uint16) float64 {
	if rank > 0 {
		return 1 / math.Log2(1+float64(rank))
	}
	return 0
}
