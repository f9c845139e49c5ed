package btyd

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// Pareto is Pareto/NBD: purchases at gamma-distributed rates (r, alpha), dropout at any moment at gamma-distributed
// rates (s, beta).
type Pareto struct {
	R, Alpha float64
	S, Beta  float64
}

// Name implements Model.
func (m Pareto) Name() string { return "pareto/nbd" }

// Params implements Model.
func (m Pareto) Params() []Param {
	return []Param{{"r", m.R}, {"alpha", m.Alpha}, {"s", m.S}, {"beta", m.Beta}}
}

// logSurvived is the log of the likelihood of no purchase since Tx and no dropout until T, up to what all terms
// share; logLost that of a dropout between Tx and T. The latter is the integral over the moment of dropout,
//
//	s times the integral from Tx to T of (alpha+u)^-(r+x) (beta+u)^-(s+1) du,
//
// which the literature writes as a difference of two 2F1. The integrand is positive, so nothing cancels.
func (m Pareto) logSurvived(h History) float64 {
	return -(m.R+h.X)*math.Log(m.Alpha+h.T) - m.S*math.Log(m.Beta+h.T)
}

func (m Pareto) logLost(h History) float64 {
	return math.Log(m.S) + integrand{m.R + h.X, m.Alpha, m.S + 1, m.Beta}.integrate(h.Tx, h.T, nil)
}

// LogLikelihood implements Model.
func (m Pareto) LogLikelihood(h History) float64 {
	l1, l2 := m.logSurvived(h), m.logLost(h)
	ll := lgamma(m.R+h.X) - lgamma(m.R) + m.R*math.Log(m.Alpha) + m.S*math.Log(m.Beta) + l1
	if math.IsInf(l2, -1) {
		return ll
	}
	return ll + softplus(l2-l1)
}

// Fit fits the model, starting at m's parameters, or cold where they are zero.
func (m Pareto) Fit(s *Sample) (Pareto, Report, error) { return m.FitSince(s, nil) }

// FitSince fits to what has happened since before, as BetaGeo.FitSince does.
func (m Pareto) FitSince(s, before *Sample) (Pareto, Report, error) {
	theta := logs([]float64{m.R, m.Alpha, m.S, m.Beta},
		[]float64{1, s.exposure() / s.Repeats() / 2, 1, s.exposure() / s.n / 2})
	rep, err := climb(theta, s, before, func(th []float64) fitted { return m.at(th) })
	return m.at(theta), rep, err
}

func (m Pareto) at(th []float64) Pareto {
	return Pareto{math.Exp(th[0]), math.Exp(th[1]), math.Exp(th[2]), math.Exp(th[3])}
}

func (m Pareto) pass(s *Sample, acc *sums) {
	psi := mathext.Digamma
	scale := [maxK]float64{m.R, m.Alpha, m.S, m.Beta}
	lnAlpha, lnBeta := math.Log(m.Alpha), math.Log(m.Beta)
	grid := newGrids(s, m.Alpha, m.Beta)
	for i := range s.runs {
		r := &s.runs[i]
		n := m.R + r.x
		base := lgamma(n) - lgamma(m.R) + m.R*lnAlpha + m.S*lnBeta
		byR := psi(n) - psi(m.R) + lnAlpha
		lost := grid.run(integrand{n, m.Alpha, m.S + 1, m.Beta}, len(r.w))
		for j, w := range r.w {
			T := s.times[r.t[j]]
			lnT, lnTB := math.Log(m.Alpha+T), math.Log(m.Beta+T)
			var mean moments
			l1 := -n*lnT - m.S*lnTB
			d := math.Log(m.S) + lost(r.tx[j], r.t[j], &mean) - l1
			ll, p := base+l1, sigmoid(-d)
			if p < 1 {
				ll += softplus(d)
			}
			q := 1 - p
			g := [maxK]float64{
				byR - p*lnT - q*mean.ln1,
				m.R/m.Alpha - n*(p/(m.Alpha+T)+q*mean.inv1),
				lnBeta - p*lnTB + q*(1/m.S-mean.ln2),
				m.S/m.Beta - p*m.S/(m.Beta+T) - q*(m.S+1)*mean.inv2,
			}
			for i := range g {
				g[i] *= scale[i]
			}
			acc.add(w, ll, &g)
		}
	}
}

// Alive implements Model.
func (m Pareto) Alive(h History) float64 { return sigmoid(m.logSurvived(h) - m.logLost(h)) }

// Expect implements Model.
func (m Pareto) Expect(h History, t float64) float64 { return m.Alive(h) * m.ExpectAlive(h, t) }

// ExpectAlive implements Model.
func (m Pareto) ExpectAlive(h History, t float64) float64 {
	if t <= 0 {
		return 0
	}
	l := -math.Log1p(t / (m.Beta + h.T))
	return (m.R + h.X) * (m.Beta + h.T) / (m.Alpha + h.T) * -l * expm1Over((m.S-1)*l)
}

// Buy implements Model.
func (m Pareto) Buy(h History, t float64) float64 { return m.Alive(h) * m.BuyAlive(h, t) }

// BuyAlive implements Model: the next purchase comes before the dropout and within t, an integral over its moment with
// the posterior rates.
func (m Pareto) BuyAlive(h History, t float64) float64 {
	if t <= 0 {
		return 0
	}
	n, alpha, beta := m.R+h.X, m.Alpha+h.T, m.Beta+h.T
	if y := math.Log1p(t / alpha); y < 0.25 && n*y < 0.5 && max(m.S, 1)*t < beta/8 {
		return m.buySoon(n, alpha, beta, y)
	}
	ln := integrand{n + 1, alpha, m.S, beta}.integrate(0, t, nil)
	return min(1, math.Exp(math.Log(n)+n*math.Log(alpha)+m.S*math.Log(beta)+ln))
}

// buySoon is BuyAlive over a short time, y in the variable ln(alpha+T+t): four nodes are exact to ten digits there.
func (m Pareto) buySoon(n, alpha, beta, y float64) float64 {
	var sum float64
	r := rules()[0]
	for i, x := range r.x {
		sum += r.w[i] * math.Exp(-n*y*x-m.S*math.Log1p(alpha*math.Expm1(y*x)/beta))
	}
	return n * y * sum
}

// Next implements Model.
func (m Pareto) Next(h History, q float64) float64 { return m.NextAlive(h, q/m.Alive(h)) }

// NextAlive implements Model. The log of the probability of no purchase yet is convex in v = ln(alpha+T+t), and a straight
// line where nobody drops out. So Newton's method, begun where it would be without dropout, comes up from the left, and takes
// three or four steps; each adds the integral over what it has moved by.
func (m Pareto) NextAlive(h History, q float64) float64 {
	if q >= 1 {
		return math.Inf(1)
	}
	if q <= 0 {
		return 0
	}
	n, alpha, beta := m.R+h.X, m.Alpha+h.T, m.Beta+h.T
	f := integrand{n + 1, alpha, m.S, beta}
	scale := math.Log(n) + n*math.Log(alpha) + m.S*math.Log(beta)
	target := math.Log1p(-q)
	t := alpha * math.Expm1(-target/n)
	bought := math.Exp(scale + f.integrate(0, t, nil))
	for range 60 {
		density := math.Exp(scale - n*math.Log(alpha+t) - m.S*math.Log(beta+t)) // of v
		move := (math.Log1p(-bought) - target) * (1 - bought) / density
		if math.Abs(move) < 1e-13 {
			return t
		}
		next := (alpha+t)*math.Exp(min(move, 30)) - alpha
		if !(next < longest) {
			return math.Inf(1)
		}
		if math.Abs(move) < 1e-6 { // what is left is its square
			return max(0, next)
		}
		if next > t {
			bought += math.Exp(scale + f.integrate(t, next, nil))
		} else {
			next = max(0, next)
			bought -= math.Exp(scale + f.integrate(next, t, nil))
		}
		t = next
	}
	return falling(func(t float64) float64 { return -m.BuyAlive(h, t) }, -q, 0)
}

// Crossing implements Model. The log-odds of having dropped out are nearly straight in the logarithm of the time since
// the last purchase, at both ends exactly: Newton's method takes some four steps.
func (m Pareto) Crossing(h History, c float64) float64 {
	switch {
	case c <= 0:
		return math.Inf(1)
	case c >= 1:
		return h.Tx
	}
	f := integrand{m.R + h.X, m.Alpha, m.S + 1, m.Beta}
	lnS, target := math.Log(m.S), math.Log(1/c-1)
	since := (m.Beta + h.Tx) / m.S / c * (1 - c)
	for range 60 {
		at := History{h.X, h.Tx, h.Tx + since}
		lost := f.integrate(h.Tx, at.T, nil)
		over := lnS + lost - m.logSurvived(at) - target
		if math.Abs(over) < 1e-12 {
			return at.T
		}
		hazard := math.Exp(-f.n1*math.Log(m.Alpha+at.T)-f.n2*math.Log(m.Beta+at.T)-lost) + f.n1/(m.Alpha+at.T) + m.S/(m.Beta+at.T)
		move := min(3, max(-3, -over/(hazard*since)))
		since *= math.Exp(move)
		if !(since < longest) {
			return math.Inf(1)
		}
		if math.Abs(move) < 1e-5 {
			return h.Tx + since
		}
	}
	return falling(func(t float64) float64 { return m.Alive(History{h.X, h.Tx, t}) }, c, h.Tx)
}

// DERT returns the discounted expected residual transactions: all future purchases, discounted continuously at rate
// delta per unit of time. Instead of Tricomi's function it integrates
//
//	P(alive) (r+x)(beta+T)/(alpha+T) times the integral over u > 0 of exp(-z u) (1+u)^-s, z = delta (beta+T).
func (m Pareto) DERT(h History, delta float64) float64 {
	return m.Alive(h) * (m.R + h.X) * (m.Beta + h.T) / (m.Alpha + h.T) * laplacePower(delta*(m.Beta+h.T), m.S)
}

// laplacePower integrates exp(-zu)(1+u)^-s over u > 0 by the trapezoidal rule in ln u.
func laplacePower(z, s float64) float64 {
	const step = 0.2
	// Left of start the integrand is e^v: a geometric series.
	const start = -38.0
	sum := math.Exp(start) / math.Expm1(step)
	for v := start; ; v += step {
		u := math.Exp(v)
		f := math.Exp(v - z*u - s*math.Log1p(u))
		sum += f
		if v > 0 && f < 1e-17*sum {
			return sum * step
		}
	}
}

// Shape implements Model.
func (m Pareto) Shape(h History) float64 { return m.R + h.X }
