package btyd

import "math"

// seriesA is the a up to which the series is summed: above it (1-z)^(a-1) and the sum it scales over- and underflow.
const seriesA = 30

// seriesEnd is the z = t/(alpha+T+t) up to which the series of Expect is summed: at 0.9 it takes some 300 terms, and
// nearer to 1 the quadrature is cheaper.
const seriesEnd = 0.9

// Expect implements Model.
func (m BetaGeo) Expect(h History, t float64) float64 { return m.Alive(h) * m.ExpectAlive(h, t) }

// ExpectAlive implements Model. For K = 1 it is the Euler-transformed form
//
//	c/(a-1) [1 - (1-z)^(a-1) F(c-r-x, a-1; c; z)],  B = b + survivals, c = a+B-1, z = t/(alpha+T+t),
//
// with both poles divided out before anything is summed. With y = (a-1) ln(1-z) and F = 1 + (a-1)/c G the bracket
// times c/(a-1) is  -c ln(1-z) (e^y-1)/y - e^y G,  which is regular at a = 1 and at c = 0; G starts at
// (c-r-x) z, and each term follows from the one before. Above seriesEnd it is summed by quadrature.
func (m BetaGeo) ExpectAlive(h History, t float64) float64 {
	if t <= 0 {
		return 0
	}
	if m.k() > 1 {
		return m.expectRegular(h, t)
	}
	z := t / (m.Alpha + h.T + t)
	b := m.B + m.survivals(h.X)
	if z > seriesEnd || m.A > seriesA {
		return geoQuadrature(m.A, b, m.R+h.X, t/(m.Alpha+h.T))
	}
	return geoSeries(m.A, b, m.R+h.X, z)
}

// geoSeries returns the expected purchases of a living customer by the series above; n = r + x.
func geoSeries(a, b, n, z float64) float64 {
	c := a + b - 1
	l := math.Log1p(-z)
	y := (a - 1) * l
	a1 := c - n
	g, term := 0.0, a1*z
	for i := 1.0; i < 20000; i++ {
		g += term
		// The ratio first: so the divisions of several terms overlap, and a term waits for one product only.
		ratio := (a1 + i) * (a + i - 1) * z / ((c + i) * (i + 1))
		next := term * ratio
		// Past the hump of the terms each is at most about z times the last: what is left is a geometric tail.
		if math.Abs(next) <= 1e-15*math.Abs(g)*(1-z) && math.Abs(next) <= math.Abs(term) {
			break
		}
		term = next
	}
	return max(0, -c*l*expm1Over(y)-math.Exp(y)*g)
}

// geoQuadrature returns the same as the mean over p ~ Beta(a, b) of (1 - (1+pk)^-n)/p, k = t/(alpha+T), by the
// trapezoidal rule in logit p, which converges exponentially there: densities and integrand are smooth, and both
// tails fall exponentially. The left tail, slow where a is small, is a geometric series and summed in closed form.
func geoQuadrature(a, b, n, k float64) float64 {
	step := 0.3 / math.Sqrt(1+max(a, 0))
	peak := math.Log(a / b)
	spread := math.Sqrt(1/a + 1/b)
	lo := max(-36-math.Log(max(b, n*k, 1)), peak-40/a-12*spread)
	hi := max(peak+40/b+12*spread, 45/max(b, 0.02))
	top := a*-softplus(-peak) - b*softplus(peak)
	var sum, norm float64
	var g float64
	for y := lo; ; y += step {
		lnP, lnQ := -softplus(-y), -softplus(y)
		f := math.Exp(a*lnP + b*lnQ - top)
		p := math.Exp(lnP)
		g = -math.Expm1(-n*math.Log1p(p*k)) / p
		if y == lo {
			tail := f / math.Expm1(a*step) // sum over all steps left of lo
			sum, norm = tail*g, tail
		}
		sum, norm = sum+f*g, norm+f
		if y > peak && (f*g <= 1e-17*sum && f <= 1e-17*norm || y > hi) {
			return sum / norm
		}
	}
}

// expectRegular is ExpectAlive for Erlang-k gaps. The hidden stage j since the last purchase has the weights of the
// likelihood's alive term; given j the number of stages N to come is negative binomial, M = floor((N+j)/k) purchases
// are possible, and the dropout lets E[(1-(1-p)^M)/p] of them happen. That is a sum over m of P(M >= m) times the
// chance to survive m-1 purchases, B(a, B+m-1)/B(a, B), so no simulation is needed.
func (m BetaGeo) expectRegular(h History, t float64) float64 {
	k := m.k()
	n := m.R + float64(k)*h.X
	rho := (h.T - h.Tx) / (m.Alpha + h.T)
	b := m.B + m.survivals(h.X)
	var total, weights float64
	weight := 1.0
	for j := range k {
		total += weight * m.expectStage(n+float64(j), j, b, h.T, t)
		weights += weight
		weight *= (n + float64(j)) * rho / float64(j+1)
	}
	return total / weights
}

func (m BetaGeo) expectStage(n float64, j int, b, T, t float64) float64 {
	z := t / (m.Alpha + T + t)
	pmf := math.Exp(n * math.Log1p(-z)) // P(N = 0)
	const most = 1 << 20
	if pmf == 0 { // far out the distribution is narrow around its mean
		return m.expectMean(n, j, b, z)
	}
	tail, survive, sum := 1.0, 1.0, 0.0 // P(N >= i), and the chance to survive the purchases before
	for i := 0; i < most; i++ {
		if i+j > 0 && (i+j)%m.k() == 0 {
			sum += tail * survive
			passed := float64((i+j)/m.k() - 1)
			survive *= (b + passed) / (m.A + b + passed)
		}
		tail -= pmf
		pmf *= (n + float64(i)) * z / float64(i+1)
		if tail <= 1e-13 || float64(i) > n*z/(1-z) && pmf < 1e-17 { // the tail is rounding by then
			break
		}
	}
	return sum
}

// expectMean sums the survivals up to the mean number of purchases.
func (m BetaGeo) expectMean(n float64, j int, b, z float64) float64 {
	mean := (n*z/(1-z) + float64(j)) / float64(m.k())
	survive, sum := 1.0, 0.0
	for i := 0.0; i < mean && i < 1e6; i++ {
		sum += survive * min(1, mean-i)
		survive *= (b + i) / (m.A + b + i)
	}
	return sum
}
