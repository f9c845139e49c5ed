// Package btyd holds the buy-till-you-die models of customer base analysis: BG/NBD, MBG/NBD and their Erlang-k
// relatives (BetaGeo), Pareto/NBD, NBD, BG/BB for yes-or-no opportunities, and Gamma-Gamma for spend. Each says, from
// nothing but how often, how lately and since when somebody bought: is this customer still one, how much will they
// buy, when next, and what is that worth.
//
// Sources: Fader, Hardie, Lee 2005 (BG/NBD, doi 10.1287/mksc.1040.0098; DERT, doi 10.1509/jmkr.2005.42.4.415),
// Batislam, Denizel, Filiztekin 2007 (MBG/NBD), Schmittlein, Morrison, Colombo 1987 (Pareto/NBD), Reutterer, Platzer,
// Schroeder 2020 ((M)BG/CNBD-k, doi 10.1016/j.ijresmar.2020.09.002), Fader, Hardie, Shang 2010 (BG/BB, doi
// 10.1287/mksc.1100.0580), Fader, Hardie 2013 (Gamma-Gamma, note 025).
//
// All likelihoods are formed in logs and without differences of large numbers, so that a customer with 20,000
// purchases is as good as one with two. A fit needs the counts of distinct histories only (Counts), about 25 ns per
// distinct history and pass.
package btyd

import "math"

// History is what a model knows of one customer. Times are in the unit of the model's parameters; all reference
// figures of the literature are in weeks.
type History struct {
	X  float64 // repeat purchase days: distinct days with a purchase, less one
	Tx float64 // time from the first to the last purchase; 0 where X is 0
	T  float64 // time from the first purchase until now
}

// Model is a fitted model of repeat purchases in continuous time. The zero History is a new customer, at the moment
// of the first purchase.
type Model interface {
	Name() string
	Params() []Param
	// LogLikelihood returns the log-likelihood of one history.
	LogLikelihood(h History) float64
	// Alive returns the probability that the customer still is one. It does not increase with h.T.
	Alive(h History) float64
	// Expect returns the expected number of purchase days in (T, T+t].
	Expect(h History, t float64) float64
	// Buy returns the probability of at least one purchase in (T, T+t].
	Buy(h History, t float64) float64
	// Next returns the time from now by which the next purchase has come with probability q, churn included; +Inf
	// where that probability is never reached.
	Next(h History, q float64) float64
	// ExpectAlive, BuyAlive and NextAlive are Expect, Buy and Next of a customer who is alive for sure: whoever asks for
	// several of them computes Alive once. Expect is Alive times ExpectAlive, Buy is Alive times BuyAlive, and Next(q) is
	// NextAlive(q / Alive).
	ExpectAlive(h History, t float64) float64
	BuyAlive(h History, t float64) float64
	NextAlive(h History, q float64) float64
	// Shape returns the shape parameter of the customer's purchase rate, its posterior gamma distribution.
	Shape(h History) float64
	// Crossing returns the T at which Alive falls to c if nothing is bought until then; +Inf where it never does.
	Crossing(h History, c float64) float64
}

// Param is a parameter with its published symbol.
type Param struct {
	Name  string
	Value float64
}

func lgamma(x float64) float64 {
	v, _ := math.Lgamma(x)
	return v
}

func lbeta(a, b float64) float64 { return lgamma(a) + lgamma(b) - lgamma(a+b) }

// softplus returns ln(1 + e^x).
func softplus(x float64) float64 {
	if x > 0 {
		return x + math.Log1p(math.Exp(-x))
	}
	return math.Log1p(math.Exp(x))
}

// sigmoid returns 1 / (1 + e^-x).
func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// expm1Over returns (e^y - 1) / y, 1 at 0.
func expm1Over(y float64) float64 {
	if math.Abs(y) < 1e-300 {
		return 1
	}
	return math.Expm1(y) / y
}

// longest is a time that no clock of a shop runs to, whatever its unit.
const longest = 1e9

// falling solves f(t) = target for a function that does not increase in t >= lo; +Inf where it stays above target. It
// brackets by doubling and then runs Ridders' method, some 20 calls in all, to a relative accuracy of 1e-12.
func falling(f func(float64) float64, target, lo float64) float64 {
	flo := f(lo) - target
	if flo <= 0 {
		return lo
	}
	step := 1 + lo
	hi := lo + step
	fhi := f(hi) - target
	for fhi > 0 {
		lo, flo, step = hi, fhi, 4*step
		if hi += step; hi > longest {
			return math.Inf(1)
		}
		fhi = f(hi) - target
	}
	for range 60 {
		if hi-lo <= 1e-12*hi || fhi == 0 {
			break
		}
		mid := lo + (hi-lo)/2
		fmid := f(mid) - target
		x := mid + (mid-lo)*fmid/math.Sqrt(fmid*fmid-flo*fhi)
		if !(x > lo && x < hi) {
			x = mid
		}
		fx := f(x) - target
		for _, p := range [2][2]float64{{mid, fmid}, {x, fx}} {
			if p[1] > 0 && p[0] > lo {
				lo, flo = p[0], p[1]
			}
			if p[1] <= 0 && p[0] < hi {
				hi, fhi = p[0], p[1]
			}
		}
	}
	return hi
}
