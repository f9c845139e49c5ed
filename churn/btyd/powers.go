package btyd

import (
	"math"
	"sync"

	"gonum.org/v1/gonum/integrate/quad"
)

// integrand is (c1+u)^-n1 (c2+u)^-n2, the density over the moment u of a dropout or of a next purchase, whose
// integral all of Pareto/NBD rests on.
type integrand struct{ n1, c1, n2, c2 float64 }

// moments are means under the normalised integrand: what the gradients need.
type moments struct{ ln1, inv1, ln2, inv2 float64 }

// depth is how far below its peak the integrand is followed, in logarithms: e^-40 is less than rounding.
const depth = 40

// integrate returns the logarithm of the integral over [lo, hi]; -Inf where it is empty. With mean not nil it sets the
// moments as well. The variable is v = ln(m+u), m the smaller constant: in it the integrand is log-concave and its
// nearest singularity lies pi away, so a few Gauss-Legendre nodes give full precision, whatever the powers.
func (f integrand) integrate(lo, hi float64, mean *moments) float64 {
	if !(hi > lo) {
		return math.Inf(-1)
	}
	m := min(f.c1, f.c2)
	v0 := math.Log(m + lo)
	v1 := v0 + math.Log1p((hi-lo)/(m+lo))
	top, at := f.peak(m, v0, v1)
	v1, end := f.cut(m, at, v1, top)
	if at > v0 {
		end = min(end, f.log(m, v0))
	}
	panels, rule := pick(v1-v0, top-end)
	width := (v1 - v0) / float64(panels)
	var sum float64
	var mom moments
	for p := range panels {
		start := v0 + float64(p)*width
		for i, x := range rule.x {
			v := start + width*x
			u := math.Exp(v) - m
			ln1, ln2 := v, v // of m+u; the other constant's is another
			if f.c1 > m {
				ln1 = math.Log(f.c1 + u)
			} else {
				ln2 = math.Log(f.c2 + u)
			}
			w := rule.w[i] * math.Exp(v-f.n1*ln1-f.n2*ln2-top)
			sum += w
			if mean != nil {
				mom.ln1 += w * ln1
				mom.ln2 += w * ln2
				mom.inv1 += w / (f.c1 + u)
				mom.inv2 += w / (f.c2 + u)
			}
		}
	}
	if mean != nil {
		*mean = moments{mom.ln1 / sum, mom.inv1 / sum, mom.ln2 / sum, mom.inv2 / sum}
	}
	return top + math.Log(sum*width)
}

// log returns the logarithm of the integrand in v.
func (f integrand) log(m, v float64) float64 {
	u := math.Exp(v) - m
	return v - f.n1*math.Log(f.c1+u) - f.n2*math.Log(f.c2+u)
}

// peak returns the highest value in [v0, v1] and where it is.
func (f integrand) peak(m, v0, v1 float64) (top, at float64) {
	near, far, d := f.n1, f.n2, f.c2-f.c1
	if f.c2 < f.c1 {
		near, far, d = f.n2, f.n1, f.c1-f.c2
	}
	at = v0
	if near < 1 { // rises at first; the slope is 1 - near - far y/(y+d) with y = e^v
		at = v1
		if q := (1 - near) / far; q < 1 {
			at = min(v1, max(v0, math.Log(q*d/(1-q))))
		}
	}
	return f.log(m, at), at
}

// cut returns where the integrand has fallen by depth right of its peak, at most v1, and its logarithm there: Newton's
// method from the outside, safe on a concave function.
func (f integrand) cut(m, at, v1, top float64) (v, end float64) {
	v = v1
	for range 60 {
		end = f.log(m, v)
		over := top - depth - end
		if over <= 1 {
			return v, end
		}
		u := math.Exp(v) - m
		slope := 1 - f.n1*(m+u)/(f.c1+u) - f.n2*(m+u)/(f.c2+u)
		v = max(at, v+over/slope)
	}
	return v, f.log(m, v)
}

// pick picks nodes by the width of the interval and the fall of the integrand's logarithm over it.
func pick(width, fall float64) (panels int, r *gauss) {
	switch {
	case width < 0.25 && fall < 0.5:
		return 1, rules()[0]
	case width < 0.6 && fall < 1.5:
		return 1, rules()[1]
	case width < 1 && fall < 3:
		return 1, rules()[2]
	case width < 2.5 && fall < 12:
		return 1, rules()[3]
	case width < 5:
		return 1, rules()[4]
	}
	return int(math.Ceil(width / 5)), rules()[4]
}

// gauss is a Gauss-Legendre rule on [0, 1].
type gauss struct{ x, w []float64 }

var rules = sync.OnceValue(func() [5]*gauss {
	var all [5]*gauss
	for i, n := range []int{4, 6, 8, 16, 40} {
		g := &gauss{make([]float64, n), make([]float64, n)}
		quad.Legendre{}.FixedLocations(g.x, g.w, 0, 1)
		all[i] = g
	}
	return all
})
