package btyd

import (
	"math"

	"gonum.org/v1/gonum/integrate/quad"
)

// nodes is the grid of a sample's distinct times with Gauss-Legendre nodes between each two, and all logarithms that a
// pass of Pareto/NBD needs there. One serves all runs of a pass.
type nodes struct {
	times      []float64
	ln1, ln2   []float64 // of alpha + time, beta + time
	per        int       // nodes between two times
	w          []float64
	nl1, nl2   []float64 // the same logarithms at the nodes
	inv1, inv2 []float64
}

func newNodes(times []float64, alpha, beta float64, per int) *nodes {
	g := &nodes{times: times, per: per, w: make([]float64, per)}
	x := make([]float64, per)
	quad.Legendre{}.FixedLocations(x, g.w, 0, 1)
	for i, t := range times {
		g.ln1, g.ln2 = append(g.ln1, math.Log(alpha+t)), append(g.ln2, math.Log(beta+t))
		if i+1 == len(times) {
			break
		}
		for _, x := range x {
			u := t + x*(times[i+1]-t)
			g.nl1, g.nl2 = append(g.nl1, math.Log(alpha+u)), append(g.nl2, math.Log(beta+u))
			g.inv1, g.inv2 = append(g.inv1, 1/(alpha+u)), append(g.inv2, 1/(beta+u))
		}
	}
	return g
}

// cumulative holds, for each time of the grid, the integral of f and of its moments from there to the grid's end, divided
// by f at that time. An integral between two times is the difference of two entries: the sums run from the right,
// where f is smallest, so that little cancels, and the division keeps everything near 1, whatever the powers.
type cumulative struct {
	lf  []float64 // logarithm of f
	sum []moments5
}

// moments5 is an integral and its four moments, not normalised.
type moments5 struct{ one, ln1, inv1, ln2, inv2 float64 }

func (f integrand) accumulate(g *nodes, c *cumulative) {
	n := len(g.times)
	if cap(c.lf) < n {
		c.lf, c.sum = make([]float64, n), make([]moments5, n)
	}
	c.lf, c.sum = c.lf[:n], c.sum[:n]
	for i := range g.times {
		c.lf[i] = -f.n1*g.ln1[i] - f.n2*g.ln2[i]
	}
	c.sum[n-1] = moments5{}
	for i := n - 2; i >= 0; i-- {
		s, e := c.sum[i+1], math.Exp(c.lf[i+1]-c.lf[i])
		s.one, s.ln1, s.inv1, s.ln2, s.inv2 = s.one*e, s.ln1*e, s.inv1*e, s.ln2*e, s.inv2*e
		width := g.times[i+1] - g.times[i]
		for j := range g.per {
			at := i*g.per + j
			w := g.w[j] * width * math.Exp(-f.n1*g.nl1[at]-f.n2*g.nl2[at]-c.lf[i])
			s.one += w
			s.ln1 += w * g.nl1[at]
			s.inv1 += w * g.inv1[at]
			s.ln2 += w * g.nl2[at]
			s.inv2 += w * g.inv2[at]
		}
		c.sum[i] = s
	}
}

// between returns what integrand.integrate does, between two times of the grid.
func (c *cumulative) between(lo, hi int32, mean *moments) float64 {
	if lo >= hi {
		return math.Inf(-1)
	}
	a, b, e := &c.sum[lo], &c.sum[hi], math.Exp(c.lf[hi]-c.lf[lo])
	one := a.one - e*b.one
	*mean = moments{(a.ln1 - e*b.ln1) / one, (a.inv1 - e*b.inv1) / one, (a.ln2 - e*b.ln2) / one, (a.inv2 - e*b.inv2) / one}
	return c.lf[lo] + math.Log(one)
}

// grids picks, run by run, between the grid and single integrals.
type grids struct {
	s           *Sample
	alpha, beta float64
	widest      float64
	coarse      *nodes // 3 nodes a step
	fine        *nodes // 5 nodes a step
	c           cumulative
}

func newGrids(s *Sample, alpha, beta float64) *grids {
	g := &grids{s: s, alpha: alpha, beta: beta}
	for i := 1; i < len(s.times); i++ {
		g.widest = max(g.widest, s.times[i]-s.times[i-1])
	}
	return g
}

// run returns a function that integrates f between two times of the sample.
func (g *grids) run(f integrand, histories int) func(lo, hi int32, mean *moments) float64 {
	// Gauss-Legendre with k nodes errs by the 2k-th derivative, and that of (c+u)^-n is about ((n+k)/c)^2k times it: with
	// 3 nodes a step below 0.3 is good for 1e-11, with 5 one below 1.5 for 1e-10.
	step := g.widest * ((f.n1+3)/(f.c1+g.s.times[0]) + (f.n2+3)/(f.c2+g.s.times[0]))
	// A single integral takes some 20 nodes with three logarithms or exponentials each, the grid one at each of its nodes.
	const single = 60
	switch {
	case histories*single < 5*len(g.s.times) || step > 1.5:
		return func(lo, hi int32, mean *moments) float64 {
			return f.integrate(g.s.times[lo], g.s.times[hi], mean)
		}
	case step > 0.3:
		if g.fine == nil {
			g.fine = newNodes(g.s.times, g.alpha, g.beta, 5)
		}
		f.accumulate(g.fine, &g.c)
	default:
		if g.coarse == nil {
			g.coarse = newNodes(g.s.times, g.alpha, g.beta, 3)
		}
		f.accumulate(g.coarse, &g.c)
	}
	return g.c.between
}
