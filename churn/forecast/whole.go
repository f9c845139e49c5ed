package forecast

import (
	"math"

	"orrery/churn/btyd"
)

// Most is the largest number of purchases that a whole-number forecast gives.
const Most = 1000

// Whole returns a whole number of purchases for every customer in the time t from now on, such that the absolute
// error is least among all forecasts with the expected total. An expectation is not that: who is expected to buy 0.2
// times will most likely not buy at all. Each gets the same quantile of the own predictive distribution, and the level is
// the one at which the total comes out right.
func (f Forecaster) Whole(customers []btyd.History, t float64) []int {
	out := make([]int, len(customers))
	tails := make([]tail, len(customers))
	var total float64
	for i, h := range customers {
		total += f.Expect(h, t)
		tails[i] = f.tail(h, t)
	}
	lo, hi := 0.0, 1.0 // levels with too many, and too few purchases
	for range 40 {
		level, sum := (lo+hi)/2, 0
		for i := range tails {
			sum += tails[i].over(level)
		}
		if float64(sum) > total {
			lo = level
		} else {
			hi = level
		}
	}
	for i := range tails {
		out[i] = tails[i].over(hi)
	}
	return out
}

// Error returns the absolute error that a forecast of the number of purchases in the time t after h is to be expected to
// have if the model is true: E|N-c| = E(N) - c + 2 E(max(0, c-N)), the last a finite sum. What no expectation gets below
// is no fault of the fit: purchases are rare and scattered, and the least error is the median's.
func (f Forecaster) Error(h btyd.History, t, forecast float64) float64 {
	d := f.tail(h, t)
	pmf := d.stays * math.Exp(-d.shape*math.Log1p(d.mean/d.shape))
	q := d.mean / (d.mean + d.shape)
	short := forecast * (1 - d.stays)
	for n := 0.0; n < forecast; n++ {
		short += (forecast - n) * pmf
		pmf *= (d.shape + n) / (n + 1) * q
	}
	return d.stays*d.mean - forecast + 2*short
}

// tail is the predictive distribution of a number of purchases: none with probability 1-stays, otherwise negative
// binomial. It has the model's expectation and the model's probability of none, and the shape of the customer's
// posterior purchase rate.
type tail struct{ stays, shape, mean float64 }

func (f Forecaster) tail(h btyd.History, t float64) tail {
	e, buy := f.Expect(h, t), f.Buy(h, t)
	shape := f.Model.Shape(h)
	lo, hi := buy, 1.0
	for range 40 { // P(at least one) rises with stays at a given mean
		if mid := (lo + hi) / 2; -mid*math.Expm1(-shape*math.Log1p(e/(mid*shape))) < buy {
			lo = mid
		} else {
			hi = mid
		}
	}
	return tail{hi, shape, e / hi}
}

// over returns the least n such that more than n purchases have at most probability level.
func (d tail) over(level float64) int {
	if level <= 0 {
		return Most
	}
	pmf := math.Exp(-d.shape * math.Log1p(d.mean/d.shape))
	rest := 1 - pmf
	q := d.mean / (d.mean + d.shape)
	n := 0
	for ; d.stays*rest > level && n < Most; n++ {
		pmf *= (d.shape + float64(n)) / float64(n+1) * q
		rest -= pmf
	}
	return n
}
