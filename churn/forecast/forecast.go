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

// At returns the outlook on a customer with history h.
func (f Forecaster) At(h btyd.History) Outlook { return Outlook{f, h, f.Model.Alive(h)} }

// Alive returns the probability that the customer still is one.
func (f Forecaster) Alive(h btyd.History) float64 { return f.Model.Alive(h) }

// Expect returns the expected number of purchase days in the time t after h.
func (f Forecaster) Expect(h btyd.History, t float64) float64 { return f.At(h).Expect(t) }

// Buy returns the probability of at least one purchase in the time t after h.
func (f Forecaster) Buy(h btyd.History, t float64) float64 { return f.At(h).Buy(t) }

// Next returns the time by which the next purchase has come with probability q: the inverse of Buy, +Inf where it has
// none.
func (f Forecaster) Next(h btyd.History, q float64) float64 { return f.At(h).Next(q) }

// Outlook answers several questions about one customer.
type Outlook struct {
	f     Forecaster
	h     btyd.History
	alive float64
}

// Alive returns the probability that the customer still is one.
func (o Outlook) Alive() float64 { return o.alive }

// Expect returns the expected number of purchase days in the time t.
func (o Outlook) Expect(t float64) float64 {
	return o.f.Factor * o.alive * o.f.Model.ExpectAlive(o.h, t)
}

// Buy returns the probability of at least one purchase in the time t. A factor above 1 multiplies the hazard, one below 1
// the probability: so it stays below the expectation, and it never exceeds the probability of being alive.
func (o Outlook) Buy(t float64) float64 {
	p := o.alive * o.f.Model.BuyAlive(o.h, t)
	if o.f.Factor <= 1 {
		return o.f.Factor * p
	}
	return min(o.alive, -math.Expm1(o.f.Factor*math.Log1p(-p)))
}

// Next returns the time by which the next purchase has come with probability q, +Inf where it never does.
func (o Outlook) Next(q float64) float64 {
	if q >= o.alive {
		return math.Inf(1)
	}
	if o.f.Factor <= 1 {
		q /= o.f.Factor
	} else {
		q = -math.Expm1(math.Log1p(-q) / o.f.Factor)
	}
	return o.f.Model.NextAlive(o.h, q/o.alive)
}

// Crossing returns the T at which Alive falls to c.
func (f Forecaster) Crossing(h btyd.History, c float64) float64 { return f.Model.Crossing(h, c) }
