package btyd

import "slices"

// Cell is a history and how many customers share it.
type Cell struct {
	History
	N float64
}

// Sample is what a fit reads: the counts of distinct histories, grouped by X, times coded as indexes into a table of
// the distinct times, so that a pass over it takes one logarithm per distinct time instead of two per history.
type Sample struct {
	times []float64
	runs  []run
	n     float64 // customers

	// Gaps is the sum over all customers of the logarithms of the gaps between their purchase days, in the sample's
	// unit. Only models with regular timing (BetaGeo with K > 1) read it.
	Gaps float64
}

// run holds the histories with one x.
type run struct {
	x     float64
	tx, t []int32 // indexes into times
	w     []float64
}

// NewSample makes a sample of cells. It costs a sort of the distinct times and one pass.
func NewSample(cells []Cell) *Sample {
	s := &Sample{}
	times := make(map[float64]int32)
	for _, c := range cells {
		times[c.Tx], times[c.T] = 0, 0
	}
	for t := range times {
		s.times = append(s.times, t)
	}
	slices.Sort(s.times)
	for i, t := range s.times {
		times[t] = int32(i)
	}
	at := make(map[float64]int)
	for _, c := range cells {
		s.add(at, c.X, times[c.Tx], times[c.T], c.N)
	}
	s.order()
	return s
}

func (s *Sample) add(at map[float64]int, x float64, tx, t int32, w float64) {
	i, ok := at[x]
	if !ok {
		i = len(s.runs)
		at[x] = i
		s.runs = append(s.runs, run{x: x})
	}
	r := &s.runs[i]
	r.tx, r.t, r.w = append(r.tx, tx), append(r.t, t), append(r.w, w)
	s.n += w
}

// order makes sums over the sample independent of the order in which runs were met.
func (s *Sample) order() {
	slices.SortFunc(s.runs, func(a, b run) int { return int(a.x) - int(b.x) })
}

// N returns the number of customers.
func (s *Sample) N() float64 { return s.n }

// Repeats returns the number of repeat purchase days, the sum of X.
func (s *Sample) Repeats() float64 {
	var sum float64
	for _, r := range s.runs {
		for _, w := range r.w {
			sum += r.x * w
		}
	}
	return sum
}

// Cells calls f for every distinct history.
func (s *Sample) Cells(f func(Cell)) {
	for _, r := range s.runs {
		for i, w := range r.w {
			f(Cell{History{r.x, s.times[r.tx[i]], s.times[r.t[i]]}, w})
		}
	}
}

// Len returns the number of distinct histories.
func (s *Sample) Len() int {
	n := 0
	for _, r := range s.runs {
		n += len(r.w)
	}
	return n
}

// exposure returns the summed T of all customers.
func (s *Sample) exposure() float64 {
	var sum float64
	for _, r := range s.runs {
		for i, w := range r.w {
			sum += w * s.times[r.t[i]]
		}
	}
	return sum
}

// LogLikelihood returns the log-likelihood of the sample under m. BetaGeo with K > 1 leaves out what does not depend on
// its parameters: see BetaGeo.LogLikelihood.
func (s *Sample) LogLikelihood(m Model) float64 {
	var ll float64
	s.Cells(func(c Cell) { ll += c.N * m.LogLikelihood(c.History) })
	return ll
}
