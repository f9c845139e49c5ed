package btyd

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// BetaGeo is the family of models in which a customer buys at gamma-distributed rates (r, alpha) and may drop out
// after each purchase with a beta-distributed probability (a, b):
//
//	BG/NBD       Modified false, K 1   the first purchase never ends it: who bought once is alive for ever
//	MBG/NBD      Modified true,  K 1   the first purchase may end it as well
//	(M)BG/CNBD-k K > 1                 gaps are Erlang-k: customers buy at regular intervals
//
// The zero K means 1.
type BetaGeo struct {
	R, Alpha float64 // of the purchase rate: shape, and rate in units of time
	A, B     float64 // of the dropout probability
	K        int
	Modified bool
}

// Name implements Model.
func (m BetaGeo) Name() string {
	name := "bg/nbd"
	if m.k() > 1 {
		name = "bg/cnbd-" + string(rune('0'+m.k()))
	}
	if m.Modified {
		name = "m" + name
	}
	return name
}

// Params implements Model.
func (m BetaGeo) Params() []Param {
	return []Param{{"r", m.R}, {"alpha", m.Alpha}, {"a", m.A}, {"b", m.B}}
}

func (m BetaGeo) k() int { return max(m.K, 1) }

// survivals is the number of purchases that a living customer has survived less B: x in BG, x+1 in MBG. So
// B + survivals is the second parameter of the posterior dropout probability.
func (m BetaGeo) survivals(x float64) float64 {
	if m.Modified {
		return x + 1
	}
	return x
}

// logAlive returns the log of the likelihood that the history went on until T without a purchase since Tx, up to what
// dropped shares (A3 of Hardie's note 027, with the Erlang terms).
func (m BetaGeo) logAlive(h History) float64 {
	n := m.R + float64(m.k())*h.X
	lnQ, _, _ := m.erlang(n, (h.T-h.Tx)/(m.Alpha+h.T))
	return lnQ - n*math.Log(m.Alpha+h.T)
}

// logDropped is the same for a dropout right after the last purchase (A4); -Inf where the model knows none.
func (m BetaGeo) logDropped(h History) float64 {
	s := m.survivals(h.X)
	if s == 0 {
		return math.Inf(-1)
	}
	return math.Log(m.A/(m.B+s-1)) - (m.R+float64(m.k())*h.X)*math.Log(m.Alpha+h.Tx)
}

// erlang returns ln Q for Q = sum over j < K of (n)_j/j! rho^j, the weight of all hidden stages since the last
// purchase, with the derivatives of ln Q by n and rho. For K = 1, Q is 1.
func (m BetaGeo) erlang(n, rho float64) (lnQ, byN, byRho float64) {
	k := m.k()
	if k == 1 {
		return 0, 0, 0
	}
	q, qn, qr := 1.0, 0.0, 0.0
	term, termN := 1.0, 0.0 // (n)_j/j! rho^j and its derivative by n
	for j := 1; j < k; j++ {
		c := n + float64(j-1)
		qr += term * c // the derivative of the j-th term by rho is the (j-1)-th times (n+j-1)
		termN = (termN*c + term) * rho / float64(j)
		term *= c * rho / float64(j)
		q, qn = q+term, qn+termN
	}
	return math.Log(q), qn / q, qr / q
}

// LogLikelihood implements Model. For K > 1 the sum (K-1) ln(gap) over the customer's gaps is left out: it does not
// depend on the parameters, and a History does not hold it. Fit adds it for the whole sample.
func (m BetaGeo) LogLikelihood(h History) float64 {
	ll := m.perX(h.X).ll
	a3, a4 := m.logAlive(h), m.logDropped(h)
	if math.IsInf(a4, -1) {
		return ll + a3
	}
	return ll + a3 + softplus(a4-a3)
}

// geoX is the part of log-likelihood and gradient that depends on x alone.
type geoX struct {
	ll   float64
	grad [maxK]float64 // by r, alpha, a, b
}

func (m BetaGeo) perX(x float64) geoX {
	n, s, k := m.R+float64(m.k())*x, m.survivals(x), float64(m.k())
	return geoX{ll: lgamma(n) - lgamma(m.R) + m.R*math.Log(m.Alpha) + lbeta(m.A, m.B+s) - lbeta(m.A, m.B) - x*lgamma(k)}
}

func (m BetaGeo) perXGrad(x float64) geoX {
	g := m.perX(x)
	n, s := m.R+float64(m.k())*x, m.survivals(x)
	psi := mathext.Digamma
	all := psi(m.A+m.B) - psi(m.A+m.B+s)
	g.grad = [maxK]float64{psi(n) - psi(m.R) + math.Log(m.Alpha), m.R / m.Alpha, all, psi(m.B+s) - psi(m.B) + all}
	return g
}

// Fit fits the family member that m names (K, Modified), starting at m's parameters, or cold where they are zero.
func (m BetaGeo) Fit(s *Sample) (BetaGeo, Report, error) { return m.FitSince(s, nil) }

// FitSince fits to what has happened since before, given before: it maximises the likelihood of the histories in s
// divided by that of the same customers' histories in before. Where customers behave differently in their first weeks
// than ever after, as they do in all logs seen so far, this predicts better than the plain fit.
func (m BetaGeo) FitSince(s, before *Sample) (BetaGeo, Report, error) {
	k := float64(m.k())
	theta := logs([]float64{m.R, m.Alpha, m.A, m.B}, []float64{1, k * s.exposure() / s.Repeats() / 2, 1, 1})
	rep, err := climb(theta, s, before, func(th []float64) fitted { return m.at(th) })
	rep.LL += (k - 1) * s.Gaps
	if before != nil {
		rep.LL -= (k - 1) * before.Gaps
	}
	return m.at(theta), rep, err
}

func (m BetaGeo) at(th []float64) BetaGeo {
	m.R, m.Alpha, m.A, m.B = math.Exp(th[0]), math.Exp(th[1]), math.Exp(th[2]), math.Exp(th[3])
	return m
}

// pass sums log-likelihood and gradient over the sample. Logarithms and reciprocals of alpha + time are taken once
// per distinct time.
func (m BetaGeo) pass(s *Sample, acc *sums) {
	ln, inv := make([]float64, len(s.times)), make([]float64, len(s.times))
	for i, t := range s.times {
		ln[i], inv[i] = math.Log(m.Alpha+t), 1/(m.Alpha+t)
	}
	scale := [maxK]float64{m.R, m.Alpha, m.A, m.B}
	for i := range s.runs {
		r := &s.runs[i]
		base := m.perXGrad(r.x)
		n, surv := m.R+float64(m.k())*r.x, m.survivals(r.x)
		droppable := surv > 0
		lnDrop := math.Log(m.A / (m.B + surv - 1))
		for j, w := range r.w {
			lnT, invT, lnTx, invTx := ln[r.t[j]], inv[r.t[j]], ln[r.tx[j]], inv[r.tx[j]]
			a3, byN, byAlpha := -n*lnT, 0.0, 0.0
			if m.K > 1 {
				rho := (s.times[r.t[j]] - s.times[r.tx[j]]) * invT
				lnQ, qn, qr := m.erlang(n, rho)
				a3, byN, byAlpha = a3+lnQ, qn, -qr*rho*invT
			}
			alive, dropped, ll := 1.0, 0.0, base.ll+a3
			if droppable {
				d := lnDrop - n*lnTx - a3
				e := math.Exp(-math.Abs(d))
				if d > 0 {
					ll += d
					dropped = 1 / (1 + e)
				} else {
					dropped = e / (1 + e)
				}
				ll += math.Log1p(e)
				alive = 1 - dropped
			}
			g := base.grad
			g[0] += alive*(byN-lnT) - dropped*lnTx
			g[1] += alive*(byAlpha-n*invT) - dropped*n*invTx
			g[2] += dropped / m.A
			g[3] -= dropped / (m.B + surv - 1)
			if !droppable {
				g[3] = base.grad[3]
			}
			for i := range g {
				g[i] *= scale[i]
			}
			acc.add(w, ll, &g)
		}
	}
}

// Alive implements Model.
func (m BetaGeo) Alive(h History) float64 { return sigmoid(m.logAlive(h) - m.logDropped(h)) }

// Buy implements Model.
func (m BetaGeo) Buy(h History, t float64) float64 { return m.Alive(h) * m.BuyAlive(h, t) }

// BuyAlive implements Model. It is exact: a living customer can only leave at a purchase, so whoever is alive and has a
// gap that ends in the window buys in it.
func (m BetaGeo) BuyAlive(h History, t float64) float64 {
	if m.k() == 1 {
		return -math.Expm1(-(m.R + h.X) * math.Log1p(t/(m.Alpha+h.T)))
	}
	later := h
	later.T += t
	return -math.Expm1(min(0, m.logAlive(later)-m.logAlive(h)))
}

// Next implements Model.
func (m BetaGeo) Next(h History, q float64) float64 { return m.NextAlive(h, q/m.Alive(h)) }

// NextAlive implements Model.
func (m BetaGeo) NextAlive(h History, q float64) float64 {
	if q >= 1 {
		return math.Inf(1)
	}
	if m.k() == 1 {
		return (m.Alpha + h.T) * math.Expm1(-math.Log1p(-q)/(m.R+h.X))
	}
	return falling(func(t float64) float64 { return -m.BuyAlive(h, t) }, -q, 0)
}

// Crossing implements Model; for K = 1 in closed form.
func (m BetaGeo) Crossing(h History, c float64) float64 {
	s := m.survivals(h.X)
	if s == 0 || c <= 0 {
		return math.Inf(1)
	}
	if m.k() > 1 {
		return falling(func(t float64) float64 { return m.Alive(History{h.X, h.Tx, t}) }, c, h.Tx)
	}
	odds := math.Log((1/c - 1) * (m.B + s - 1) / m.A)
	return max(h.Tx, (m.Alpha+h.Tx)*math.Exp(odds/(m.R+h.X))-m.Alpha)
}

// PMF returns the probability of exactly n purchases in (0, t] of a new customer under BG/NBD, equation 8 of Fader,
// Hardie, Lee 2005. Only BG/NBD (K 1, not modified) has it.
func (m BetaGeo) PMF(n int, t float64) float64 {
	x, z := float64(n), t/(m.Alpha+t)
	p := math.Exp(lbeta(m.A, m.B+x) - lbeta(m.A, m.B) + lgamma(m.R+x) - lgamma(m.R) - lgamma(x+1) +
		m.R*math.Log(m.Alpha/(m.Alpha+t)) + x*math.Log(z))
	if n > 0 {
		p += math.Exp(lbeta(m.A+1, m.B+x-1)-lbeta(m.A, m.B)) * mathext.RegIncBeta(x, m.R, z)
	}
	return p
}

// Shape implements Model.
func (m BetaGeo) Shape(h History) float64 { return m.R + float64(m.k())*h.X }
