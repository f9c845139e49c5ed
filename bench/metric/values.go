package metric

import "slices"

// Mean returns the interval of the mean of values, one for each case.
func (b *Bootstrap) Mean(values []float32) Interval { return b.means(values, nil) }

// Difference returns the paired difference of the means of values and of a baseline's values.
func (b *Bootstrap) Difference(values, baseline []float32) Difference {
	sum := 0.0
	for i, v := range values {
		sum += float64(v) - float64(baseline[i])
	}
	return Difference{sum / float64(max(len(values), 1)), b.means(values, baseline)}
}

func (b *Bootstrap) means(values, baseline []float32) Interval {
	groups := len(b.weights[0])
	sums, sizes := make([]float64, groups), make([]float64, groups)
	for i, g := range b.groups {
		sums[g] += float64(values[i])
		if baseline != nil {
			sums[g] -= float64(baseline[i])
		}
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
