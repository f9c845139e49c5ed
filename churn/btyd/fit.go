package btyd

import (
	"errors"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Report says how a fit went.
type Report struct {
	LL     float64 // log-likelihood at the optimum
	N      float64 // customers
	Passes int     // over the sample
	Steps  int
	Capped bool // a parameter runs away: the optimum lies on the border of the parameter space (see logCap)
}

// ErrSample is returned for samples from which nothing can be learned: no customers, or none who came back.
var ErrSample = errors.New("cannot fit: nobody in the sample has bought again")

var errDiverged = errors.New("cannot fit: the likelihood is not finite")

const (
	// logCap bounds the logarithms of the parameters. Loyal or young cohorts drive s (or a) to 0 and beta (or b) to
	// infinity along a ridge on which the likelihood no longer changes; e^±9 lies far out on it.
	logCap = 9.0
	// maxStep bounds one step in the logarithm of a parameter: the curvature measured here says little further away.
	maxStep = 1.5
	// settled is the gain in log-likelihood that a last step could still bring; a parameter is then within
	// sqrt(2e-9) of its standard error.
	settled  = 1e-9
	patience = 3 // steps without a gain
	maxSteps = 200
	maxK     = 4 // parameters of the largest model
)

// sums collects a pass: the log-likelihood, its gradient in the logarithms of the parameters, and the sum of the
// outer products of the customers' gradients, which estimates the curvature (Berndt, Hall, Hall, Hausman 1974).
type sums struct {
	k     int
	ll    float64
	grad  [maxK]float64
	outer [maxK][maxK]float64
}

// less takes the log-likelihood and the gradient of another pass away.
func (s *sums) less(o *sums) {
	s.ll -= o.ll
	for i := range s.k {
		s.grad[i] -= o.grad[i]
	}
}

func (s *sums) add(w, ll float64, g *[maxK]float64) {
	s.ll += w * ll
	for i := range s.k {
		wg := w * g[i]
		s.grad[i] += wg
		for j := 0; j <= i; j++ {
			s.outer[i][j] += wg * g[j]
		}
	}
}

// maximise climbs f from theta, both in logarithms, by a quasi-Newton method: the first metric is the outer product,
// which for large samples is the Hessian but for sampling noise, and every step improves it (BFGS). It stops by the
// Newton decrement, a quantity in units of log-likelihood, never by an absolute or relative gradient: those depend on
// the sample's size and on the ridge between a and b.
func maximise(theta []float64, f func(theta []float64, s *sums)) (Report, error) {
	k := len(theta)
	var rep Report
	pass := func(th []float64) *sums {
		s := &sums{k: k}
		f(th, s)
		rep.Passes++
		for i, t := range th {
			s.restrain(i, t)
		}
		return s
	}
	cur := pass(theta)
	if !finite(cur.ll) {
		return rep, errDiverged
	}
	metric, stale := cur.metric(), 0
	for rep.Steps = 0; rep.Steps < maxSteps; rep.Steps++ {
		dir, gain := ascent(metric, cur)
		if gain <= settled+1e-15*math.Abs(cur.ll) {
			break
		}
		next, nextTheta := search(theta, dir, gain, cur, pass)
		if next == nil {
			if fresh := cur.metric(); !sameMetric(fresh, metric) {
				metric = fresh // the updates have spoilt it
				continue
			}
			break
		}
		if next.ll-cur.ll > settled {
			stale = 0
		} else if stale++; stale == patience {
			break // a ridge: the promised gain is not there
		}
		update(metric, theta, nextTheta, cur, next)
		copy(theta, nextTheta)
		cur = next
	}
	rep.LL = cur.ll
	for _, t := range theta {
		rep.Capped = rep.Capped || math.Abs(t) > logCap-1
	}
	return rep, nil
}

// fitted is a model that can be fitted by passes: what the fits of all models over a Sample share.
type fitted interface{ pass(s *Sample, acc *sums) }

// climb maximises the log-likelihood of s under at(theta), given what before holds: the likelihood of the whole divided
// by that of the part seen before. A nil before is a plain fit.
func climb(theta []float64, s, before *Sample, at func(theta []float64) fitted) (Report, error) {
	if s.Repeats() == 0 {
		return Report{}, ErrSample
	}
	rep, err := maximise(theta, func(th []float64, acc *sums) {
		m := at(th)
		m.pass(s, acc)
		if before != nil {
			seen := &sums{k: len(th)}
			m.pass(before, seen)
			acc.less(seen)
		}
	})
	rep.N = s.n
	return rep, err
}

// restrain pulls a parameter back that runs off along a ridge, by a parabola outside the cap.
func (s *sums) restrain(i int, t float64) {
	if over := math.Abs(t) - logCap; over > 0 {
		s.ll -= over * over
		s.grad[i] -= math.Copysign(2*over, t)
		s.outer[i][i] += 2
	}
}

// metric returns the inverse of the outer product, made positive definite.
func (s *sums) metric() *mat.SymDense {
	h := mat.NewSymDense(s.k, nil)
	for i := range s.k {
		for j := range i {
			h.SetSym(i, j, s.outer[i][j])
		}
		h.SetSym(i, i, s.outer[i][i]*(1+1e-9)+1e-6)
	}
	var chol mat.Cholesky
	inv := mat.NewSymDense(s.k, nil)
	if !chol.Factorize(h) || chol.InverseTo(inv) != nil {
		for i := range s.k {
			inv.SetSym(i, i, 1/(s.outer[i][i]+1e-6))
		}
	}
	return inv
}

// ascent returns the step to the top of the fitted parabola, shortened to maxStep, and the gain it promises.
func ascent(metric *mat.SymDense, s *sums) (dir []float64, gain float64) {
	dir = make([]float64, s.k)
	longest := 0.0
	for i := range dir {
		for j := range dir {
			dir[i] += metric.At(i, j) * s.grad[j]
		}
		gain += dir[i] * s.grad[i] / 2
		longest = max(longest, math.Abs(dir[i]))
	}
	if longest > maxStep {
		for i := range dir {
			dir[i] *= maxStep / longest
		}
	}
	return dir, gain
}

// search walks along dir until the log-likelihood has risen enough (Armijo), halving the step by the parabola through
// what it saw; nil where it does not rise at all.
func search(theta, dir []float64, gain float64, cur *sums, pass func([]float64) *sums) (*sums, []float64) {
	var slope float64
	for i := range dir {
		slope += dir[i] * cur.grad[i]
	}
	th := make([]float64, len(theta))
	for step := 1.0; step > 1e-8; {
		for i := range th {
			th[i] = theta[i] + step*dir[i]
		}
		s := pass(th)
		if finite(s.ll) && s.ll >= cur.ll+1e-4*step*slope {
			return s, th
		}
		shrink := 0.5
		if finite(s.ll) {
			shrink = step * slope / (2 * (cur.ll + step*slope - s.ll))
		}
		step *= min(0.5, max(0.1, shrink))
	}
	return nil, nil
}

// update is the BFGS update of the inverse metric; steps along which the gradient did not turn are left out.
func update(h *mat.SymDense, from, to []float64, a, b *sums) {
	k := len(from)
	s, y, hy := make([]float64, k), make([]float64, k), make([]float64, k)
	var sy, yhy float64
	for i := range k {
		s[i] = to[i] - from[i]
		y[i] = a.grad[i] - b.grad[i]
		sy += s[i] * y[i]
	}
	for i := range k {
		for j := range k {
			hy[i] += h.At(i, j) * y[j]
		}
		yhy += y[i] * hy[i]
	}
	if sy <= 1e-12*math.Sqrt(yhy) || yhy <= 0 {
		return
	}
	for i := range k {
		for j := 0; j <= i; j++ {
			h.SetSym(i, j, h.At(i, j)+(1+yhy/sy)*s[i]*s[j]/sy-(hy[i]*s[j]+s[i]*hy[j])/sy)
		}
	}
}

func sameMetric(a, b *mat.SymDense) bool { return mat.EqualApprox(a, b, 1e-12) }

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// logs returns the logarithms of parameters, def where one is not positive: the start of a cold fit.
func logs(params, def []float64) []float64 {
	th := make([]float64, len(params))
	cold := false
	for _, p := range params {
		cold = cold || !(p > 0) || math.IsInf(p, 0)
	}
	for i, p := range params {
		if cold {
			p = def[i]
		}
		th[i] = math.Max(-logCap, math.Min(logCap, math.Log(p)))
	}
	return th
}
