package btyd

import "slices"

// newSample makes a sample of cells whose times need not be whole days: production counts days (Counts.Sample).
func newSample(cells []Cell) *Sample {
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
