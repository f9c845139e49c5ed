// Package forecast turns buy-till-you-die models into the forecasts that a shop sees: it chooses the model by what each
// would have predicted in closed windows of the shop's own past, recalibrates the totals on the same windows, and makes
// whole-number forecasts out of expectations.
//
// A choice costs 50 fits (10 candidates, 4 origins and now), each as fast as those of btyd.
package forecast

import (
	"math"

	"orrery/churn/btyd"
)

// Forecaster is a model with recalibrated totals.
type Forecaster struct {
	Model  btyd.Model
	Factor float64 // of all expectations; 1 changes nothing
}

// Alive returns the probability that the customer still is one.
func (f Forecaster) Alive(h btyd.History) float64 { return f.Model.Alive(h) }

// Expect returns the expected number of purchase days in the time t after h.
func (f Forecaster) Expect(h btyd.History, t float64) float64 { return f.Factor * f.Model.Expect(h, t) }

// Buy returns the probability of at least one purchase in the time t after h. A factor above 1 multiplies the hazard, one
// below 1 the probability: so it stays below the expectation, and it never exceeds the probability of being alive.
func (f Forecaster) Buy(h btyd.History, t float64) float64 {
	p := f.Model.Buy(h, t)
	if f.Factor <= 1 {
		return f.Factor * p
	}
	return min(f.Model.Alive(h), -math.Expm1(f.Factor*math.Log1p(-p)))
}

// Next returns the time by which the next purchase has come with probability q: the inverse of Buy, +Inf where it has
// none.
func (f Forecaster) Next(h btyd.History, q float64) float64 {
	if f.Factor <= 1 {
		return f.Model.Next(h, q/f.Factor)
	}
	if q >= f.Model.Alive(h) {
		return math.Inf(1)
	}
	return f.Model.Next(h, -math.Expm1(math.Log1p(-q)/f.Factor))
}

// Crossing returns the T at which Alive falls to c.
func (f Forecaster) Crossing(h btyd.History, c float64) float64 { return f.Model.Crossing(h, c) }
