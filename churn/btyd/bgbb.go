package btyd

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// BGBB is BG/BB, for opportunities that are taken or not (a yearly appeal, a weekly mail): each is taken with a
// beta-distributed probability (alpha, beta), and before each a customer drops out with another one (gamma, delta).
type BGBB struct{ Alpha, Beta, Gamma, Delta float64 }

// Chances is a history in opportunities: x of n were taken, the last of them was number tx (0 where none was).
type Chances struct{ X, Tx, N int }

// ChancesCell is a history and how many customers share it.
type ChancesCell struct {
	Chances
	Count float64
}

// Name returns "bg/bb".
func (m BGBB) Name() string { return "bg/bb" }

// Params returns the parameters in the published order.
func (m BGBB) Params() []Param {
	return []Param{{"alpha", m.Alpha}, {"beta", m.Beta}, {"gamma", m.Gamma}, {"delta", m.Delta}}
}

// term returns the log-likelihood of dropping out after opportunity tx+i, or of living on where that is n.
func (m BGBB) term(h Chances, i int) (ll float64, g [maxK]float64) {
	x, miss := float64(h.X), float64(h.Tx-h.X+i)
	dropped, lived := 1.0, float64(h.Tx+i)
	if h.Tx+i == h.N {
		dropped = 0
	}
	ll = lbeta(m.Alpha+x, m.Beta+miss) - lbeta(m.Alpha, m.Beta) + lbeta(m.Gamma+dropped, m.Delta+lived) - lbeta(m.Gamma, m.Delta)
	psi := mathext.Digamma
	ab := psi(m.Alpha+m.Beta) - psi(m.Alpha+m.Beta+x+miss)
	gd := psi(m.Gamma+m.Delta) - psi(m.Gamma+m.Delta+dropped+lived)
	g = [maxK]float64{
		m.Alpha * (psi(m.Alpha+x) - psi(m.Alpha) + ab), m.Beta * (psi(m.Beta+miss) - psi(m.Beta) + ab),
		m.Gamma * (psi(m.Gamma+dropped) - psi(m.Gamma) + gd), m.Delta * (psi(m.Delta+lived) - psi(m.Delta) + gd),
	}
	return ll, g
}

func (m BGBB) sum(h Chances) (ll float64, g [maxK]float64) {
	terms := make([]float64, h.N-h.Tx+1)
	grads := make([][maxK]float64, len(terms))
	top := math.Inf(-1)
	for i := range terms {
		terms[i], grads[i] = m.term(h, i)
		top = max(top, terms[i])
	}
	var total float64
	for i, t := range terms {
		e := math.Exp(t - top)
		total += e
		for j := range g {
			g[j] += e * grads[i][j]
		}
	}
	for j := range g {
		g[j] /= total
	}
	return top + math.Log(total), g
}

// LogLikelihood returns the log-likelihood of one history. It costs n - tx + 1 terms.
func (m BGBB) LogLikelihood(h Chances) float64 {
	ll, _ := m.sum(h)
	return ll
}

// Alive returns the probability of being alive at opportunity n+1.
func (m BGBB) Alive(h Chances) float64 {
	x, n := float64(h.X), float64(h.N)
	return math.Exp(lbeta(m.Alpha+x, m.Beta+n-x) - lbeta(m.Alpha, m.Beta) +
		lbeta(m.Gamma, m.Delta+n+1) - lbeta(m.Gamma, m.Delta) - m.LogLikelihood(h))
}

// Expect returns how many of the next opportunities are expected to be taken: the sum over each of the chance to be
// alive at it, times the posterior mean of taking it. The closed form of the paper has a pole at gamma = 1, this none.
func (m BGBB) Expect(h Chances, next int) float64 {
	x, n := float64(h.X), float64(h.N)
	base := lbeta(m.Alpha+x+1, m.Beta+n-x) - lbeta(m.Alpha, m.Beta) - m.LogLikelihood(h)
	var sum float64
	for i := 1; i <= next; i++ {
		sum += math.Exp(base + lbeta(m.Gamma, m.Delta+n+float64(i)) - lbeta(m.Gamma, m.Delta))
	}
	return sum
}

// Fit fits the model, starting at m's parameters, or cold where they are zero.
func (m BGBB) Fit(cells []ChancesCell) (BGBB, Report, error) {
	var n, taken float64
	for _, c := range cells {
		n += c.Count
		taken += c.Count * float64(c.X)
	}
	if taken == 0 {
		return m, Report{}, ErrSample
	}
	theta := logs([]float64{m.Alpha, m.Beta, m.Gamma, m.Delta}, []float64{1, 1, 1, 3})
	at := func(th []float64) BGBB {
		return BGBB{math.Exp(th[0]), math.Exp(th[1]), math.Exp(th[2]), math.Exp(th[3])}
	}
	rep, err := maximise(theta, func(th []float64, acc *sums) {
		mm := at(th)
		for _, c := range cells {
			ll, g := mm.sum(c.Chances)
			acc.add(c.Count, ll, &g)
		}
	})
	rep.N = n
	return at(theta), rep, err
}
