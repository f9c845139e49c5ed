package baskets

import (
	"fmt"
	"math"
	"slices"
)

// measure is one figure of merit: a kind at a list length.
type measure struct {
	kind string
	k    int
}

func (m measure) name() string { return fmt.Sprintf("%s@%d", m.kind, m.k) }

// definitions says in a sentence each what the figures mean.
var definitions = map[string]string{
	"hr":       "share of cases whose left-out item is among the first k of all items (= recall@k with one relevant item)",
	"mrr":      "mean of 1/rank of the left-out item, 0 where it is not among the first k",
	"recall":   "mean share of the test basket's distinct items that are among the first k",
	"ndcg":     "mean of sum over hits of 1/log2(1+rank), divided by what a perfect list of k would have",
	"phr":      "share of customers with at least one hit among the first k",
	"interval": "95 %: bootstrap over baskets or customers (1,000 Poisson replicates, fixed seed); differences are paired, case by case",
}

// of judges a list, best first.
func (m measure) of(list, relevant []uint32) float32 {
	list = list[:min(m.k, len(list))]
	hits, first, gain := 0, 0, 0.0
	for i, item := range list {
		if slices.Contains(relevant, item) {
			hits++
			gain += discount(i)
			if first == 0 {
				first = i + 1
			}
		}
	}
	if hits == 0 {
		return 0
	}
	switch m.kind {
	case "hr", "phr":
		return 1
	case "mrr":
		return 1 / float32(first)
	case "recall":
		return float32(hits) / float32(len(relevant))
	}
	best := 0.0
	for i := range min(m.k, len(relevant)) {
		best += discount(i)
	}
	return float32(gain / best)
}

func discount(place int) float64 { return 1 / math.Log2(float64(place)+2) }
