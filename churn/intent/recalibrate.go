package intent

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

// PlattWords is the length of a Platt's State.
const PlattWords = 6

// State returns the numbers that Learn changes.
func (p *Platt) State() []float64 {
	started := 0.0
	if p.started {
		started = 1
	}
	return []float64{p.a, p.b, p.h[0], p.h[1], p.h[2], started}
}

// SetState puts back what State returned.
func (p *Platt) SetState(s []float64) {
	*p = Platt{a: s[0], b: s[1], h: [3]float64{s[2], s[3], s[4]}, started: s[5] != 0}
}
