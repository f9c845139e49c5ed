package btyd

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/mathext"
)

// GammaGamma is the model of spend per purchase: a customer's amounts are gamma-distributed with shape p and a rate
// that itself is gamma-distributed (q, v) over customers. It assumes that spend and frequency are independent.
type GammaGamma struct{ P, Q, V float64 }

// Spend is the mean amount Z of X purchases of each of N customers. Who has bought nothing that counts is left out.
type Spend struct {
	X, Z float64
	N    float64
}

// Name returns "gamma-gamma".
func (m GammaGamma) Name() string { return "gamma-gamma" }

// Params returns the parameters in the published order.
func (m GammaGamma) Params() []Param { return []Param{{"p", m.P}, {"q", m.Q}, {"v", m.V}} }

// LogLikelihood returns the log-likelihood of one mean.
func (m GammaGamma) LogLikelihood(x, z float64) float64 {
	px := m.P * x
	return lgamma(px+m.Q) - lgamma(px) - lgamma(m.Q) + m.Q*math.Log(m.V) +
		(px-1)*math.Log(z) + px*math.Log(x) - (px+m.Q)*math.Log(x*z+m.V)
}

// Mean returns the mean amount over all customers; +Inf where q is 1 or less.
func (m GammaGamma) Mean() float64 {
	if m.Q <= 1 {
		return math.Inf(1)
	}
	return m.P * m.V / (m.Q - 1)
}

// Expect returns the expected amount of a customer's next purchase: between the mean of all and the customer's own,
// nearer to the latter with every purchase seen. It needs px + q > 1.
func (m GammaGamma) Expect(x, z float64) float64 { return m.P * (m.V + x*z) / (m.P*x + m.Q - 1) }

// Fit fits the model, starting at m's parameters, or cold where they are zero. Means or counts that are not positive
// are left out.
func (m GammaGamma) Fit(spends []Spend) (GammaGamma, Report, error) {
	var n, total float64
	var kept []Spend
	for _, s := range spends {
		if s.X > 0 && s.Z > 0 {
			kept = append(kept, s)
			n += s.N
			total += s.N * s.Z
		}
	}
	if n == 0 {
		return m, Report{}, ErrSample
	}
	slices.SortStableFunc(kept, func(a, b Spend) int { return cmp.Compare(a.X, b.X) })
	theta := logs([]float64{m.P, m.Q, m.V}, []float64{3, 3, total / n})
	at := func(th []float64) GammaGamma { return GammaGamma{math.Exp(th[0]), math.Exp(th[1]), math.Exp(th[2])} }
	rep, err := maximise(theta, func(th []float64, acc *sums) {
		mm := at(th)
		for from, to := 0, 0; from < len(kept); from = to {
			for to = from; to < len(kept) && kept[to].X == kept[from].X; to++ {
			}
			mm.pass(kept[from].X, kept[from:to], acc)
		}
	})
	rep.N = n
	return at(theta), rep, err
}

func (m GammaGamma) pass(x float64, spends []Spend, acc *sums) {
	psi := mathext.Digamma
	px := m.P * x
	base := lgamma(px+m.Q) - lgamma(px) - lgamma(m.Q) + m.Q*math.Log(m.V) + px*math.Log(x)
	byP := x * (psi(px+m.Q) - psi(px) + math.Log(x))
	byQ := psi(px+m.Q) - psi(m.Q) + math.Log(m.V)
	for _, s := range spends {
		lnZ, lnSum := math.Log(s.Z), math.Log(x*s.Z+m.V)
		g := [maxK]float64{
			m.P * (byP + x*(lnZ-lnSum)),
			m.Q * (byQ - lnSum),
			m.Q - m.V*(px+m.Q)/(x*s.Z+m.V),
		}
		acc.add(s.N, base+(px-1)*lnZ-(px+m.Q)*lnSum, &g)
	}
}
