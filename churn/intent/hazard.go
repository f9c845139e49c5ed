package intent

import "math"

// Horizons are the ends of the periods that a purchase may fall into, in days from the moment of the forecast. The first is
// the rest of the session. A probability for any number of days in between is interpolated by a constant hazard.
var Horizons = [...]float64{1. / 48, 1, 3, 7, 14, 28}

// Periods is the number of periods.
const Periods = len(Horizons)

// Curve is the hazard of each period: the probability of a purchase in it if there was none before.
type Curve [Periods]float64

// Within returns the probability of a purchase within a number of days: 1 - product of (1 - hazard). It rises with days, so
// that the answers for all horizons agree, whatever the hazards.
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

// periods returns how many periods a forecast survived, and whether the next brought a purchase, when a purchase came
// after so many days or, if not, none was seen for so many.
func periods(days float64, bought bool) (survived int, hit bool) {
	for i, to := range Horizons {
		if bought && days < to {
			return i, true
		}
		if !bought && days < to {
			return i, false
		}
	}
	return Periods, false
}

// Horizon is the discrete-time hazard model: one Online learner whose last feature is the period, so that all periods
// share what the features say, and a recalibration for each period.
type Horizon struct {
	online *Online
	platt  [Periods]Platt
	seen   uint64
}

// NewHorizon returns a model that has learned nothing; sample sets bins and scales, as in NewOnline.
func NewHorizon(sample [][]float64, rate Rates) *Horizon {
	rows := make([][]float64, 0, len(sample)*Periods)
	for i, row := range sample {
		rows = append(rows, withPeriod(nil, row, i%Periods))
	}
	return &Horizon{online: NewOnline(rows, rate)}
}

func withPeriod(buf, row []float64, period int) []float64 {
	return append(append(buf, row...), float64(period))
}

// Curve returns the hazards of a row.
func (h *Horizon) Curve(row []float64) (c Curve) {
	var buf [128]float64
	for i := range c {
		x := h.online.Logit(withPeriod(buf[:0], row, i))
		c[i] = Sigmoid(h.platt[i].Logit(x))
	}
	return c
}

// Learn learns what became of a forecast: a purchase after so many days, or none for so many. Periods that were not seen to
// their end teach nothing, so that an outcome that is not known yet is never taken for a no.
func (h *Horizon) Learn(row []float64, days float64, bought bool) {
	var buf [128]float64
	survived, hit := periods(days, bought)
	for i := range survived {
		h.learn(withPeriod(buf[:0], row, i), i, false)
	}
	if hit {
		h.learn(withPeriod(buf[:0], row, survived), survived, true)
	}
	h.seen++
}

func (h *Horizon) learn(row []float64, period int, y bool) {
	x := h.online.Learn(row, y)
	h.platt[period].Learn(x, y)
}

// Seen returns the number of outcomes that were learned from.
func (h *Horizon) Seen() uint64 { return h.seen }
