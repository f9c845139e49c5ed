package intent

import "math"

// Bayes is a logistic regression that learns from each outcome as it comes and knows how sure it is: the posterior of
// the weights is kept as a Gaussian with its full covariance, moved by one Newton step an outcome (sequential Laplace
// approximation, Spiegelhalter, Lauritzen 1990, doi 10.1002/net.3230200507). It wants no learning rate and learns from
// few outcomes what is to be learned, which is what a small shop has; a step costs d^2, about 1 us for 27 inputs.
//
// Inputs should be of order 1; the first is the bias, always 1.
type Bayes struct {
	mean   []float64
	cov    []float64 // d x d
	prior  []float64 // variances
	column []float64 // scratch of Learn
}

// drift is how much of its prior variance a weight regains with each outcome: shops change, and after some tens of
// thousands of outcomes the old ones have faded.
const drift = 1. / 1e6

// NewBayes returns a learner with prior means and standard deviations of the weights.
func NewBayes(mean, deviation []float64) *Bayes {
	d := len(mean)
	b := &Bayes{mean: append([]float64(nil), mean...), cov: make([]float64, d*d), prior: make([]float64, d), column: make([]float64, d)}
	for i, s := range deviation {
		b.prior[i] = s * s
		b.cov[i*d+i] = s * s
	}
	return b
}

// Clone returns a copy that reads alone: for whoever forecasts beside the one that learns.
func (b *Bayes) Clone() *Bayes {
	return &Bayes{mean: append([]float64(nil), b.mean...), cov: append([]float64(nil), b.cov...), prior: b.prior}
}

// State returns the numbers that Learn changes, means first: d + d*d of them.
func (b *Bayes) State() []float64 { return append(append([]float64(nil), b.mean...), b.cov...) }

// SetState puts back what State returned.
func (b *Bayes) SetState(s []float64) {
	copy(b.mean, s)
	copy(b.cov, s[len(b.mean):])
}

// Weights returns the means of the weights, shared.
func (b *Bayes) Weights() []float64 { return b.mean }

// P returns the probability for inputs x: the logistic function averaged over what the weights may be (MacKay 1992, The
// evidence framework applied to classification networks, equation 17), so that it says less where little is known.
func (b *Bayes) P(x []float64) float64 {
	var logit, variance float64
	d := len(b.mean)
	for i, v := range x {
		if v == 0 {
			continue
		}
		logit += v * b.mean[i]
		var s float64
		row := b.cov[i*d : i*d+d]
		for k, w := range x {
			s += row[k] * w
		}
		variance += v * s
	}
	return Sigmoid(logit / math.Sqrt(1+math.Pi/8*max(0, variance)))
}

// Learn learns an outcome that counts as weight of an independent one: outcomes of one session are less than that.
func (b *Bayes) Learn(x []float64, y bool, weight float64) {
	d := len(b.mean)
	var logit, variance float64
	for i, v := range x {
		var s float64
		row := b.cov[i*d : i*d+d]
		for k, w := range x {
			s += row[k] * w
		}
		b.column[i] = s
		logit += v * b.mean[i]
		variance += v * s
	}
	p := Sigmoid(logit / math.Sqrt(1+math.Pi/8*max(0, variance)))
	e := -p
	if y {
		e++
	}
	curvature := weight * p * (1 - p)
	gain := 1 / (1 + curvature*variance)
	for i, s := range b.column {
		b.mean[i] += weight * e * gain * s
		row := b.cov[i*d : i*d+d]
		f := curvature * gain * s
		for k, t := range b.column {
			row[k] -= f * t
		}
		row[i] = min(b.prior[i], row[i]+drift*b.prior[i])
	}
}
