package sessions

import (
	"slices"
	"time"

	"orrery/bench/metric"
)

// tally collects the results of a recipe.
type tally struct {
	ranks   metric.Ranks
	us      []float64
	shown   map[uint32]bool
	clicks  map[uint32]float64 // relative to the most clicked item
	popular float64
	listed  int
	items   int
	lists   map[int][]uint32
}

func newTally(set *Set) *tally {
	t := &tally{lists: map[int][]uint32{}, shown: map[uint32]bool{}, clicks: map[uint32]float64{}, items: set.Items}
	most := 0.0
	for _, s := range set.Train {
		for _, item := range s {
			t.clicks[item]++
			most = max(most, t.clicks[item])
		}
	}
	for item := range t.clicks {
		t.clicks[item] /= most
	}
	return t
}

func (t *tally) add(list []uint32, next uint32, took time.Duration) {
	t.ranks = append(t.ranks, uint16(slices.Index(list, next)+1))
	t.us = append(t.us, float64(took.Nanoseconds())/1e3)
	for _, item := range list {
		t.shown[item] = true
		t.popular += t.clicks[item]
	}
	t.listed += len(list)
}

func (t *tally) into(f *Figures) {
	f.ranks, f.lists = t.ranks, t.lists
	f.HR, f.MRR, f.NDCG = t.ranks.HR(), t.ranks.MRR(), t.ranks.NDCG()
	f.Coverage = float64(len(t.shown)) / float64(max(t.items, 1))
	f.Popularity = t.popular / float64(max(t.listed, 1))
	slices.Sort(t.us)
	at := func(q float64) float64 { return t.us[int(q*float64(len(t.us)-1))] }
	f.Query = Times{at(.5), at(.9), at(.99)}
}
