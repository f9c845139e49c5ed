package btyd

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// NBD is the benchmark without churn: purchases at gamma-distributed rates (r, alpha), for ever.
type NBD struct{ R, Alpha float64 }

// Name implements Model.
func (m NBD) Name() string { return "nbd" }

// Params implements Model.
func (m NBD) Params() []Param { return []Param{{"r", m.R}, {"alpha", m.Alpha}} }

// LogLikelihood implements Model.
func (m NBD) LogLikelihood(h History) float64 {
	return lgamma(m.R+h.X) - lgamma(m.R) + m.R*math.Log(m.Alpha) - (m.R+h.X)*math.Log(m.Alpha+h.T)
}

// Fit fits the model, starting at m's parameters, or cold where they are zero.
func (m NBD) Fit(s *Sample) (NBD, Report, error) {
	theta := logs([]float64{m.R, m.Alpha}, []float64{1, s.exposure() / s.Repeats()})
	at := func(th []float64) NBD { return NBD{math.Exp(th[0]), math.Exp(th[1])} }
	rep, err := climb(theta, s, nil, func(th []float64) fitted { return at(th) })
	return at(theta), rep, err
}

func (m NBD) pass(s *Sample, acc *sums) {
	ln := make([]float64, len(s.times))
	for i, t := range s.times {
		ln[i] = math.Log(m.Alpha + t)
	}
	for i := range s.runs {
		r := &s.runs[i]
		n := m.R + r.x
		base := lgamma(n) - lgamma(m.R) + m.R*math.Log(m.Alpha)
		byR := mathext.Digamma(n) - mathext.Digamma(m.R) + math.Log(m.Alpha)
		for j, w := range r.w {
			t := r.t[j]
			g := [maxK]float64{m.R * (byR - ln[t]), m.R - m.Alpha*n/(m.Alpha+s.times[t])}
			acc.add(w, base-n*ln[t], &g)
		}
	}
}

// Alive implements Model: it is 1.
func (m NBD) Alive(History) float64 { return 1 }

// Expect implements Model.
func (m NBD) Expect(h History, t float64) float64 { return (m.R + h.X) / (m.Alpha + h.T) * max(t, 0) }

// Buy implements Model.
func (m NBD) Buy(h History, t float64) float64 {
	return -math.Expm1(-(m.R + h.X) * math.Log1p(max(t, 0)/(m.Alpha+h.T)))
}

// Next implements Model.
func (m NBD) Next(h History, q float64) float64 {
	if q >= 1 {
		return math.Inf(1)
	}
	return (m.Alpha + h.T) * math.Expm1(-math.Log1p(-q)/(m.R+h.X))
}

// Crossing implements Model: it never comes.
func (m NBD) Crossing(History, float64) float64 { return math.Inf(1) }

// Shape implements Model.
func (m NBD) Shape(h History) float64 { return m.R + h.X }

// ExpectAlive implements Model.
func (m NBD) ExpectAlive(h History, t float64) float64 { return m.Expect(h, t) }

// BuyAlive implements Model.
func (m NBD) BuyAlive(h History, t float64) float64 { return m.Buy(h, t) }

// NextAlive implements Model.
func (m NBD) NextAlive(h History, q float64) float64 { return m.Next(h, q) }
