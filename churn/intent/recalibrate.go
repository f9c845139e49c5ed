package intent

import (
	"cmp"
	"math"
	"slices"
)

// Platt is a running logistic recalibration of log-odds: p = sigmoid(A x + B), learned by Newton steps on decayed sums,
// in the manner of Platt 1999 but online. The zero Platt changes nothing.
type Platt struct {
	a, b    float64 // less the identity, so that the zero value is it
	h       [3]float64
	started bool
}

// plattPrior keeps A near 1 and B near 0 until there is evidence: that of so many outcomes of maximal curvature.
const plattPrior = 20

// plattMemory is over how many outcomes the curvature fades to its e-th part.
const plattMemory = 5000

// Logit returns the recalibrated log-odds.
func (p *Platt) Logit(x float64) float64 { return (1+p.a)*x + p.b }

// Learn moves the calibration towards an outcome: one Newton step on the log loss of this case with the curvature of all
// before.
func (p *Platt) Learn(x float64, y bool) {
	if !p.started {
		p.h = [3]float64{plattPrior, 0, plattPrior}
		p.started = true
	}
	q := Sigmoid(p.Logit(x))
	e := -q
	if y {
		e++
	}
	const fade = 1 - 1./plattMemory
	c := q * (1 - q)
	p.h[0] = p.h[0]*fade + c*x*x + plattPrior*(1-fade)
	p.h[1] = p.h[1]*fade + c*x
	p.h[2] = p.h[2]*fade + c + plattPrior*(1-fade)
	det := p.h[0]*p.h[2] - p.h[1]*p.h[1]
	p.a += e * (p.h[2]*x - p.h[1]) / det
	p.b += e * (p.h[0] - p.h[1]*x) / det
}

// Isotonic is a rising step function from scores to probabilities, fitted by pooling adjacent violators. It fixes any
// rising distortion and wants a thousand cases or more (Niculescu-Mizil, Caruana 2005).
type Isotonic struct{ upto, p []float64 }

// NewIsotonic fits scores to outcomes. Cases with equal scores are one; every step holds half a case of the base rate, so
// that no step claims certainty.
func NewIsotonic(scores []float64, y []bool) *Isotonic {
	idx := make([]int, len(scores))
	base := 0.0
	for i := range idx {
		idx[i] = i
		if y[i] {
			base += 1 / float64(len(y))
		}
	}
	slices.SortStableFunc(idx, func(a, b int) int { return cmp.Compare(scores[a], scores[b]) })
	type block struct{ upto, n, sum float64 }
	var blocks []block
	for _, i := range idx {
		b := block{scores[i], 1, 0}
		if y[i] {
			b.sum = 1
		}
		for k := len(blocks) - 1; k >= 0; k-- {
			last := blocks[k]
			if last.upto < b.upto && last.sum/last.n < b.sum/b.n {
				break
			}
			b.n, b.sum = b.n+last.n, b.sum+last.sum
			blocks = blocks[:k]
		}
		blocks = append(blocks, b)
	}
	out := &Isotonic{}
	for _, b := range blocks {
		out.upto = append(out.upto, b.upto)
		out.p = append(out.p, (b.sum+base/2)/(b.n+0.5))
	}
	return out
}

// P returns the probability of a score, between steps by a straight line.
func (s *Isotonic) P(score float64) float64 {
	if len(s.p) == 0 {
		return math.NaN()
	}
	i, _ := slices.BinarySearch(s.upto, score)
	switch {
	case i == len(s.p):
		return s.p[i-1]
	case i == 0:
		return s.p[0]
	}
	t := (score - s.upto[i-1]) / (s.upto[i] - s.upto[i-1])
	return s.p[i-1] + t*(s.p[i]-s.p[i-1])
}
