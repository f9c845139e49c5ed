package intent

import "math"

// Horizons are the ends of the periods that a purchase may fall into, in days from the moment of the forecast.
var Horizons = [...]float64{1, 3, 7, 14, 28}

// Periods is the number of periods.
const Periods = len(Horizons)

// Curve is the hazard of each period: the probability of a purchase in it if there was none before.
type Curve [Periods]float64

// Within returns the probability of a purchase within a number of days, at most the last horizon: 1 - product of
// (1 - hazard), within a period by a constant hazard. It rises with days, so that the answers for all horizons agree,
// whatever the hazards.
func (c Curve) Within(days float64) float64 {
	var logNone, from float64
	for i, to := range Horizons {
		l := math.Log1p(-min(c[i], 1-1e-12))
		if days < to {
			return -math.Expm1(logNone + l*max(0, days-from)/(to-from))
		}
		logNone += l
		from = to
	}
	return -math.Expm1(logNone)
}

// AtLeast returns the curve with a first hazard that is not below p: what is known of the next hours is a part of the
// first day.
func (c Curve) AtLeast(p float64) Curve {
	c[0] = max(c[0], p)
	return c
}

// Hazard is a discrete-time hazard model (Cox 1972, section 6; Singer, Willett 1993, doi 10.3102/10769986018002155): one
// logistic regression for all periods, with a level of its own for each, and a recalibration of each. Inputs come in two
// parts: the shared ones act in all periods, the early ones in the first only. A period is learned when it is over, and
// periods that nobody has seen to their end teach nothing: an outcome that is not known yet is never taken for a no.
type Hazard struct {
	model *Bayes
	platt [Periods]Platt
	early int
	row   []float64 // scratch of Learn
}

// NewHazard returns a model of so many inputs, the last early ones of which act in the first period only. rates are the
// hazards to be expected of a shop that nothing is known of; no input is expected to move the odds by more than e^deviation.
func NewHazard(inputs, early int, rates Curve, deviation float64) *Hazard {
	mean, spread := make([]float64, Periods+inputs), make([]float64, Periods+inputs)
	for i := range spread {
		spread[i] = deviation
	}
	for k, r := range rates {
		mean[k], spread[k] = Logit(r), 1.5
	}
	return &Hazard{model: NewBayes(mean, spread), early: early, row: make([]float64, Periods+inputs)}
}

// expand writes the row of a period.
func (h *Hazard) expand(dst, x []float64, period int) {
	clear(dst[:Periods])
	dst[period] = 1
	copy(dst[Periods:], x)
	if period > 0 {
		clear(dst[len(dst)-h.early:])
	}
}

// maxInputs bounds the inputs of a Hazard.
const maxInputs = 64

// Curve returns the hazards for inputs. Any number of goroutines may ask a clone.
func (h *Hazard) Curve(x []float64) (c Curve) {
	var buf [Periods + maxInputs]float64
	row := buf[:Periods+len(x)]
	for k := range c {
		h.expand(row, x, k)
		c[k] = Sigmoid(h.platt[k].Logit(Logit(h.model.P(row))))
	}
	return c
}

// Learn learns what became of a period: whether a purchase came in it, when there was none before.
func (h *Hazard) Learn(x []float64, period int, bought bool) {
	h.expand(h.row, x, period)
	h.platt[period].Learn(Logit(h.model.P(h.row)), bought)
	h.model.Learn(h.row, bought, 1)
}

// Weights returns the means of the inputs' weights, shared.
func (h *Hazard) Weights() []float64 { return h.model.Weights()[Periods:] }

// Clone returns a copy that reads alone: for whoever forecasts beside the one that learns.
func (h *Hazard) Clone() *Hazard {
	return &Hazard{model: h.model.Clone(), platt: h.platt, early: h.early}
}

// State returns the numbers that Learn changes.
func (h *Hazard) State() []float64 {
	s := h.model.State()
	for k := range h.platt {
		s = append(s, h.platt[k].State()...)
	}
	return s
}

// SetState puts back what State returned.
func (h *Hazard) SetState(s []float64) {
	d := len(h.model.mean)
	h.model.SetState(s[:d+d*d])
	for k := range h.platt {
		h.platt[k].SetState(s[d+d*d+k*PlattWords:])
	}
}
