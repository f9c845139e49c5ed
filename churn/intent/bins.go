package intent

import (
	"math"
	"slices"
	"sort"
)

// MaxBins is the largest number of bins of a feature.
const MaxBins = 254

// Bins cuts every feature into at most MaxBins: one for each value where there are few, quantiles of a sample otherwise.
// Not-a-number is a bin of its own, number 0: what is not known is an answer too.
type Bins struct {
	edges [][]float64 // per feature: code i+1 holds values below edges[i] and not below edges[i-1]
}

// NewBins cuts the features of sample, row by row.
func NewBins(sample [][]float64) *Bins {
	if len(sample) == 0 {
		return &Bins{}
	}
	b := &Bins{edges: make([][]float64, len(sample[0]))}
	column := make([]float64, 0, len(sample))
	for f := range b.edges {
		column = column[:0]
		for _, row := range sample {
			if !math.IsNaN(row[f]) {
				column = append(column, row[f])
			}
		}
		b.edges[f] = cutPoints(column)
	}
	return b
}

// cutPoints returns midpoints between neighbouring values, as many as fit, at equal counts.
func cutPoints(values []float64) []float64 {
	slices.Sort(values)
	var edges []float64
	distinct := slices.Compact(slices.Clone(values))
	if len(distinct) < MaxBins {
		for i := 1; i < len(distinct); i++ {
			edges = append(edges, distinct[i-1]+(distinct[i]-distinct[i-1])/2)
		}
		return edges
	}
	return quantiles(values, distinct)
}

// quantiles cuts where a share of the values has passed. A value that fills a bin alone, like the zero of a feature that
// is mostly zero, gets it, and leaves the other bins to the rest.
func quantiles(values, distinct []float64) []float64 {
	var edges []float64
	left, free := len(values), MaxBins-2
	at, filled := 0, 0
	for i, v := range distinct[:len(distinct)-1] {
		from := at
		for at < len(values) && values[at] == v {
			at++
		}
		n := at - from
		filled += n
		share := max(1, left/max(1, free))
		next := distinct[i+1]
		if (filled >= share || heavy(values, at, share)) && free > 0 {
			edges = append(edges, v+(next-v)/2)
			left, filled = left-filled, 0
			free--
		}
	}
	return edges
}

// heavy says whether the value that starts at index at fills a bin of so many values.
func heavy(values []float64, at, share int) bool {
	return at+share <= len(values) && values[at] == values[at+share-1]
}

// Features returns the number of features.
func (b *Bins) Features() int { return len(b.edges) }

// code returns the bin of a value of feature f.
func (b *Bins) code(f int, v float64) uint8 {
	if math.IsNaN(v) {
		return 0
	}
	e := b.edges[f]
	return uint8(1 + sort.Search(len(e), func(i int) bool { return v < e[i] }))
}

// Codes appends the bins of a row.
func (b *Bins) Codes(dst []uint8, row []float64) []uint8 {
	for f, v := range row {
		dst = append(dst, b.code(f, v))
	}
	return dst
}
