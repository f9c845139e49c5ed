package metric

import (
	"math"
	"math/rand/v2"
	"slices"
)

const replicates = 1000

// Interval is a 95 % interval.
type Interval struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// Difference is a paired comparison with a baseline.
type Difference struct {
	Mean float64 `json:"mean"`
	Interval
}

// Bootstrap resamples whole test sessions, since the cases of one session are not independent.
type Bootstrap struct {
	groups  []uint32    // group of each case
	weights [][]float32 // weight of each group in each replicate: Poisson(1)
}

// NewBootstrap returns a bootstrap over cases whose groups (sessions) are given, from 0 on.
func NewBootstrap(groups []uint32) *Bootstrap {
	n := uint32(0)
	for _, g := range groups {
		n = max(n, g+1)
	}
	random := rand.New(rand.NewPCG(1, 2))
	b := &Bootstrap{groups: groups, weights: make([][]float32, replicates)}
	for i := range b.weights {
		b.weights[i] = make([]float32, n)
		for g := range b.weights[i] {
			b.weights[i][g] = poisson(random)
		}
	}
	return b
}

func poisson(random *rand.Rand) float32 {
	limit, p := math.Exp(-1), random.Float64()
	k := float32(0)
	for ; p > limit; k++ {
		p *= random.Float64()
	}
	return k
}

// HR returns the interval of the hit rate.
func (b *Bootstrap) HR(r Ranks) Interval { return b.interval(of(r, hit)) }

// MRR returns the interval of the mean reciprocal rank.
func (b *Bootstrap) MRR(r Ranks) Interval { return b.interval(of(r, reciprocal)) }

// Against returns the paired differences of hit rate and MRR to a baseline's.
func (b *Bootstrap) Against(r, baseline Ranks) (hr, mrr Difference) {
	hr = Difference{r.HR() - baseline.HR(), b.interval(less(of(r, hit), of(baseline, hit)))}
	mrr = Difference{r.MRR() - baseline.MRR(), b.interval(less(of(r, reciprocal), of(baseline, reciprocal)))}
	return hr, mrr
}

// Mean returns the interval of the mean of values, one for each case.
func (b *Bootstrap) Mean(values []float32) Interval { return b.interval(each(values)) }

// Difference returns the paired difference of the means of values and of a baseline's values.
func (b *Bootstrap) Difference(values, baseline []float32) Difference {
	sum, diff := 0.0, less(each(values), each(baseline))
	for i := range values {
		sum += diff(i)
	}
	return Difference{sum / float64(max(len(values), 1)), b.interval(diff)}
}

// A value tells what a case counts for.
type value func(i int) float64

func of(r Ranks, f func(uint16) float64) value { return func(i int) float64 { return f(r[i]) } }

func each(values []float32) value { return func(i int) float64 { return float64(values[i]) } }

func less(a, b value) value { return func(i int) float64 { return a(i) - b(i) } }

// interval returns that of the mean of v.
func (b *Bootstrap) interval(v value) Interval {
	groups := len(b.weights[0])
	sums, sizes := make([]float64, groups), make([]float64, groups)
	for i, g := range b.groups {
		sums[g] += v(i)
		sizes[g]++
	}
	means := make([]float64, len(b.weights))
	for i, w := range b.weights {
		sum, size := 0.0, 0.0
		for g, v := range w {
			sum += float64(v) * sums[g]
			size += float64(v) * sizes[g]
		}
		means[i] = sum / max(size, 1)
	}
	slices.Sort(means)
	return Interval{means[len(means)*25/1000], means[len(means)*975/1000-1]}
}
