package btyd

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
