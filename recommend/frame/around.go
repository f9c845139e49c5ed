package frame

import "orrery/recommend/neighbours"

// statistic turns the figures of a pair into the number that ranks it.
type statistic struct {
	of     func(count, left, right, total float32) float32
	atMost func(count, left, right, total float32) float32 // a quick bound of it, or itself
}

var (
	cosine = statistic{of: cosineOf, atMost: cosineOf}
	llr    = statistic{of: neighbours.LLR, atMost: neighbours.LLRAtMost}
)

func cosineOf(count, left, right, _ float32) float32 { return neighbours.Cosine(count, left, right) }

// tie is what a pair's count adds to its score at most: a pair that chance explains still ranks below every one that it
// does not, by its count.
const tie = 1e-6

// maxSources bounds the products that one step walks the lists of.
const maxSources = 32

// around offers the neighbours of the given products, summed where there are several.
func (a *Answerer) around(products []uint32, lists *neighbours.Lists, stat statistic) {
	if len(products) == 1 {
		a.beside(products[0], lists, stat)
		return
	}
	for _, item := range products[:min(len(products), maxSources)] {
		near, pairs := lists.Read(a.near[:0], a.shop, item, a.q.Now)
		for i := range near {
			a.sums.add(rate(item, &near[i], &pairs, stat))
		}
		a.near = near
	}
	a.sums.drain(&a.c)
}

// rate makes a candidate of a neighbour of an item.
func rate(item uint32, n *neighbours.Neighbour, p *neighbours.Pairs, stat statistic) candidate {
	x := stat.of(n.Count, p.Left, n.Right, p.Total)
	return candidate{item: n.Item, score: x + tie*n.Count/(1+n.Count), from: item, count: n.Count, stat: x}
}

// beside offers the neighbours of one product: as many as there is room for first, those of the highest bounds. When they
// are in, hardly any other comes into question, so that neither its statistic nor its stock has to be looked at.
func (a *Answerer) beside(item uint32, lists *neighbours.Lists, stat statistic) {
	near, pairs := lists.Read(a.near[:0], a.shop, item, a.q.Now)
	a.near, a.bounds = near, a.bounds[:0]
	for i := range near {
		n := &near[i]
		a.bounds = append(a.bounds, stat.atMost(n.Count, pairs.Left, n.Right, pairs.Total)+tie)
	}
	a.high = highest(a.high[:0], a.bounds, a.c.room)
	for _, i := range a.high {
		a.c.offer(rate(item, &near[i], &pairs, stat))
		a.bounds[i] = -1 // done
	}
	for i, bound := range a.bounds {
		if bound > a.c.least() {
			a.c.offer(rate(item, &near[i], &pairs, stat))
		}
	}
}

// highest appends the places of the n highest values to dst, in descending order; of equal ones the first come first.
func highest(dst []int, values []float32, n int) []int {
	for i, v := range values {
		if len(dst) == n {
			if n == 0 || v <= values[dst[n-1]] {
				continue
			}
			dst = dst[:n-1]
		}
		dst = append(dst, i)
		for k := len(dst) - 1; k > 0 && values[dst[k-1]] < v; k-- {
			dst[k-1], dst[k] = dst[k], dst[k-1]
		}
	}
	return dst
}
