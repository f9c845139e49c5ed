package btyd

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/mathext"
	"pgregory.net/rapid"
)

// near checks a value to an absolute tolerance.
func near(t *testing.T, what string, got, want, tol float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tol) {
		t.Errorf("%s = %.10g, want %.10g", what, got, want)
	}
}

// Reference values: customers.md 1.3.
func TestBetaGeoValues(t *testing.T) {
	m := BetaGeo{R: 0.243, Alpha: 4.414, A: 0.793, B: 2.426}
	f := func(x, tx, T, alive, expect float64) {
		t.Helper()
		h := History{x, tx, T}
		near(t, "P(alive)", m.Alive(h), alive, 1e-6)
		near(t, "CET(39)", m.Expect(h, 39), expect, 1e-6)
	}
	f(2, 30.43, 38.86, 0.72657857, 1.22602817)
	f(0, 0, 38.86, 1, 0.19509805)
	f(1, 1.71, 38.86, 0.212101, 0.203187)
	f(7, 29.43, 38.86, 0.641756, 3.337053)
	f(3, 10, 38.86, 0.136370, 0.327467)

	for i, at := range []float64{0.1429, 1, 3, 31.8571, 32, 78} {
		near(t, "E[X(t)]", m.Expect(History{}, at), []float64{0.0078, 0.0532, 0.1506, 1.0405, 1.0437, 1.8576}[i], 0.005)
	}
	near(t, "P(X(39)=0)", m.PMF(0, 39), 0.5737864, 1e-6)
	near(t, "P(X(2)=10)", m.PMF(10, 2), 1.07869e-7, 1e-11)
	for i, want := range []float64{0.0019995214, 0.0015170236, 0.0011633150} {
		near(t, "P(X(30)=n)", m.PMF(11+i, 30), want, 1e-9)
	}

	m = BetaGeo{R: 0.25, Alpha: 4, A: 0.8, B: 2.5}
	near(t, "BG ll", m.LogLikelihood(History{0, 0, 40}), -0.59947382, 1e-8)
	near(t, "BG ll", m.LogLikelihood(History{200, 38, 40}), 100.7957, 1e-4)
	m.Modified = true
	near(t, "MBG ll", m.LogLikelihood(History{0, 0, 40}), -0.41792826, 1e-8)
	near(t, "MBG ll", m.LogLikelihood(History{200, 38, 40}), 100.7869, 1e-4)

	// Where a + b < 1 and x = 0, F is negative, and where x is in the thousands the published form is Inf * 0.
	m = BetaGeo{R: 0.243, Alpha: 4.414, A: 0.2, B: 0.5}
	near(t, "a+b<1", m.Expect(History{0, 0, 38.86}, 39), 0.19458135, 1e-8)
	m = BetaGeo{R: 0.243, Alpha: 4.414, A: 0.793, B: 2.426}
	h := History{5000, 2000, 2000}
	near(t, "x=5000", m.Expect(h, 365)/m.Alive(h), 851.1687, 1e-4)
}

func TestParetoValues(t *testing.T) {
	m := Pareto{0.5534, 10.5802, 0.6061, 11.6562}
	near(t, "CET(52)", m.Expect(History{26, 30.86, 31}, 52), 25.46, 0.006)
	near(t, "P(alive)", m.Alive(History{26, 30.86, 31}), 0.9979, 5e-5)
	near(t, "CET(52)", m.Expect(History{0, 0, 39}, 52), 0.13544, 5e-6)
	near(t, "P(alive)", m.Alive(History{0, 0, 39}), 0.29414, 5e-6)

	// The published column belongs to the rounded parameters of cran/BTYD: it agrees to all digits there, not at the MLE.
	for i, want := range []float64{0, .05077821, .09916088, .14542507, .18979930, .23247466, .27361274, .31335159, .35181024, .38909211} {
		near(t, "E[X(t)]", Pareto{0.55, 10.56, 0.61, 11.64}.Expect(History{}, float64(i)), want, 1e-7)
	}
	// P(X(10) = x) of somebody whose x purchases lie anywhere is what the published overflow check prints; here the
	// triples that broke it must give finite figures.
	for _, h := range []History{{221, 103.42857, 103.57143}, {161, 94.71429, 98}, {204, 98.57143, 99.42857}, {132, 200, 200}, {133, 200, 200}} {
		if ll, p := m.LogLikelihood(h), m.Alive(h); !finite(ll) || !(p >= 0 && p <= 1) || !finite(m.Expect(h, 10)) {
			t.Errorf("%v: LL %v, P(alive) %v", h, ll, p)
		}
	}
	over := Pareto{0.55, 10.58, 0.61, 11.67}
	near(t, "x=132", over.Expect(History{132, 200, 200}, 10), 6.2060518, 1e-6)
	near(t, "x=133", over.Expect(History{133, 200, 200}, 10), 6.2528722, 1e-6)
}

func TestDERT(t *testing.T) {
	m := Pareto{0.5629966, 12.559037, 0.4081095, 10.5148048}
	f := func(x, tx, T, delta, want float64) {
		t.Helper()
		near(t, "DERT", m.DERT(History{x, tx, T}, delta), want, 1e-6)
	}
	f(7, 35, 77.86, 0.0027, 1.864183)
	f(1, 30, 77.86, 0.0027, 2.199155)
	f(2, 30, 77.86, 0.0027, 2.843534)
	f(10, 30, 77.86, 0.0027, 0.167928)
	near(t, "P(alive)", m.Alive(History{7, 35, 77.86}), 0.100746, 1e-6)
	m = Pareto{0.5534, 10.5802, 0.6061, 11.6562}
	d := math.Log(1.15) / 52
	f(0, 0, 38.86, d, 0.478143)
	f(2, 30.43, 38.86, d, 6.500514)
	f(7, 29.43, 38.86, d, 16.581160)
	f(0, 0, 0, d, 3.963129)
	// The sum over weeks approaches the integral.
	h := History{2, 30.43, 38.86}
	near(t, "discounted", discounted(m, h, 1, 5000, math.Expm1(d)), 6.4899, 5e-3)
}

// discounted returns the expected number of future purchases, discounted: the sum over n periods of length t of the
// purchases expected in each, divided by (1+d)^i for the i-th. d is the interest of one period.
func discounted(m Model, h History, t float64, n int, d float64) float64 {
	var sum, before float64
	for i := 1; i <= n; i++ {
		upto := m.Expect(h, t*float64(i))
		sum += (upto - before) / math.Pow(1+d, float64(i))
		before = upto
	}
	return sum
}

// The likelihood of Pareto/NBD by its published form with 2F1 (Fader, Hardie 2005), an independent road.
func TestParetoAgainstHypergeometric(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := Pareto{rapid.Float64Range(0.1, 5).Draw(t, "r"), rapid.Float64Range(1, 30).Draw(t, "alpha"),
			rapid.Float64Range(0.1, 5).Draw(t, "s"), rapid.Float64Range(1, 30).Draw(t, "beta")}
		h := History{X: float64(rapid.IntRange(0, 20).Draw(t, "x")), T: rapid.Float64Range(1, 100).Draw(t, "T")}
		if h.X > 0 {
			h.Tx = h.T * rapid.Float64Range(0.01, 0.99).Draw(t, "tx")
		}
		big, d, n := max(m.Alpha, m.Beta), math.Abs(m.Alpha-m.Beta), m.R+m.S+h.X
		q := m.S + 1
		if m.Alpha < m.Beta {
			q = m.R + h.X
		}
		lf := func(y float64) float64 {
			return math.Log(mathext.Hypergeo(n, q, n+1, d/(big+y))) - n*math.Log(big+y)
		}
		lnA0 := lf(h.Tx) + math.Log1p(-math.Exp(lf(h.T)-lf(h.Tx)))
		want := math.Log(m.S/n) + lnA0
		if got := m.logLost(h); math.Abs(got-want) > 1e-9*math.Max(1, math.Abs(want)) && finite(want) {
			t.Fatalf("%+v %+v: %.15g, want %.15g", m, h, got, want)
		}
	})
}

// Series and quadrature of Expect are two roads to the same value.
func TestExpectRoadsAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Float64Range(0.01, 20).Draw(t, "a"), rapid.Float64Range(0.01, 20).Draw(t, "b")
		if rapid.Bool().Draw(t, "pole") {
			a = 1 + rapid.SampledFrom([]float64{0, 1e-12, -1e-9, 1e-6}).Draw(t, "off")
		}
		n := rapid.Float64Range(0.01, 5).Draw(t, "r") + math.Floor(math.Exp(rapid.Float64Range(0, 9.9).Draw(t, "lnx"))) - 1
		if n > 20 {
			b += n
		}
		k := math.Exp(rapid.Float64Range(-8, 2.19).Draw(t, "lnk"))
		x, y := geoSeries(a, b, n, k/(1+k)), geoQuadrature(a, b, n, k)
		if math.Abs(x-y) > 1e-8*math.Max(x, y) {
			t.Fatalf("a %v b %v n %v k %v: %.15g and %.15g", a, b, n, k, x, y)
		}
	})
}

func TestErlangOfOneIsPlain(t *testing.T) {
	plain, regular := BetaGeo{0.5, 6, 0.9, 1.6, 1, true}, BetaGeo{0.5, 6, 0.9, 1.6, 1, true}
	for _, h := range []History{{0, 0, 30}, {3, 20, 30}, {12, 100, 140}} {
		near(t, "CET", regular.expectRegular(h, 20), plain.ExpectAlive(h, 20), 1e-10)
	}
}

// drawModel draws a model from the ranges that the reference asks to be safe.
func drawModel(t *rapid.T) Model {
	p := func(name string) float64 {
		if rapid.IntRange(0, 4).Draw(t, name+" one") == 0 {
			return 1
		}
		return rapid.Float64Range(0.01, 20).Draw(t, name)
	}
	alpha := rapid.Float64Range(0.01, 50).Draw(t, "alpha")
	r, a, b := p("r"), p("a"), p("b")
	switch rapid.IntRange(0, 4).Draw(t, "model") {
	case 0:
		if a < 1 && rapid.Bool().Draw(t, "a+b=1") {
			b = 1 - a
		}
		return BetaGeo{R: r, Alpha: alpha, A: a, B: b}
	case 1:
		return BetaGeo{R: r, Alpha: alpha, A: a, B: b, Modified: true}
	case 2:
		return BetaGeo{R: r, Alpha: alpha, A: a, B: b, Modified: true, K: rapid.IntRange(2, 4).Draw(t, "k")}
	case 3:
		return Pareto{r, alpha, a, rapid.Float64Range(0.01, 50).Draw(t, "beta")}
	}
	return NBD{r, alpha}
}

func drawHistory(t *rapid.T) History {
	h := History{T: math.Floor(rapid.Float64Range(0, 5000).Draw(t, "T"))}
	if rapid.IntRange(0, 3).Draw(t, "short") == 0 {
		h.T = math.Floor(h.T / 500)
	}
	if rapid.Bool().Draw(t, "repeat") && h.T > 0 {
		h.X = math.Floor(math.Exp(rapid.Float64Range(0, math.Log(20000)).Draw(t, "lnx")))
		h.Tx = math.Floor(h.T * rapid.Float64Range(0, 1).Draw(t, "tx"))
	}
	return h
}

func TestModelsAreProbabilities(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, h := drawModel(t), drawHistory(t)
		step := rapid.Float64Range(0, 2000).Draw(t, "step")
		ll := m.LogLikelihood(h)
		alive := m.Alive(h)
		if !finite(ll) || !(alive >= 0 && alive <= 1) {
			t.Fatalf("%+v %+v: LL %v, P(alive) %v", m, h, ll, alive)
		}
		later := h
		later.T += step
		if m.Alive(later) > alive*(1+1e-9) {
			t.Fatalf("%+v: P(alive) rises from %v at %+v to %v", m, alive, h, m.Alive(later))
		}
		was, wasBuy := 0.0, 0.0
		for _, t1 := range []float64{0, 1e-3, 1, 7, 28, 90, 365, 2000, 5000} {
			e, buy := m.Expect(h, t1), m.Buy(h, t1)
			if !finite(e) || !finite(buy) || e < was*(1-1e-8) || buy < wasBuy*(1-1e-8) {
				t.Fatalf("%+v %+v: at %v CET %v after %v, P(buy) %v after %v", m, h, t1, e, was, buy, wasBuy)
			}
			if buy > alive*(1+1e-9) || buy > e*(1+1e-8)+1e-12 {
				t.Fatalf("%+v %+v: at %v P(buy) %v, P(alive) %v, CET %v", m, h, t1, buy, alive, e)
			}
			was, wasBuy = e, buy
		}
	})
}

func TestTimesAreInverses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, h := drawModel(t), drawHistory(t)
		q := rapid.Float64Range(0.01, 0.99).Draw(t, "q")
		if next := m.Next(h, q); next < 1e8 {
			if got := m.Buy(h, next); math.Abs(got-q) > 1e-6 {
				t.Fatalf("%+v %+v: next(%v) = %v, but P(buy) there is %v", m, h, q, next, got)
			}
		} else if got := m.Buy(h, 1e6); got > q+1e-6 {
			t.Fatalf("%+v %+v: next(%v) = %v, but P(buy in 1e6) is %v", m, h, q, next, got)
		}
		if at := m.Crossing(h, q); at > h.Tx && at < 1e8 {
			if got := m.Alive(History{h.X, h.Tx, at}); math.Abs(got-q) > 1e-6 {
				t.Fatalf("%+v %+v: crosses %v at %v, but P(alive) there is %v", m, h, q, at, got)
			}
		}
	})
}

// Analytic gradients against differences, for every family and at random parameters.
func TestGradients(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var cells []Cell
		for range 20 {
			h := History{T: float64(rapid.IntRange(0, 100).Draw(t, "T"))}
			if h.T > 1 && rapid.Bool().Draw(t, "repeat") {
				h.X = float64(rapid.IntRange(1, 30).Draw(t, "x"))
				h.Tx = float64(rapid.IntRange(1, int(h.T)).Draw(t, "tx"))
			}
			cells = append(cells, Cell{h, float64(rapid.IntRange(1, 5).Draw(t, "n"))})
		}
		s := newSample(cells)
		theta := make([]float64, 4)
		for i := range theta {
			theta[i] = rapid.Float64Range(-2, 2.5).Draw(t, "theta")
		}
		geo := func(m BetaGeo) func([]float64, *sums) {
			return func(th []float64, acc *sums) { m.at(th).pass(s, acc) }
		}
		for name, f := range map[string]func([]float64, *sums){
			"bg": geo(BetaGeo{}), "mbg": geo(BetaGeo{Modified: true}), "mbg/cnbd-3": geo(BetaGeo{Modified: true, K: 3}),
			"pareto": func(th []float64, acc *sums) { Pareto{}.at(th).pass(s, acc) },
		} {
			at := &sums{k: 4}
			f(theta, at)
			for i := range theta {
				const h = 1e-5
				up, down := append([]float64(nil), theta...), append([]float64(nil), theta...)
				up[i] += h
				down[i] -= h
				a, b := &sums{k: 4}, &sums{k: 4}
				f(up, a)
				f(down, b)
				want := (a.ll - b.ll) / (2 * h)
				if math.Abs(at.grad[i]-want) > 1e-4*math.Max(1, math.Abs(want)) {
					t.Fatalf("%s at %v: gradient %d = %.10g, want %.10g", name, theta, i, at.grad[i], want)
				}
			}
			// The pass and the single likelihood are the same function.
			var m Model = Pareto{}.at(theta)
			switch name {
			case "bg":
				m = BetaGeo{}.at(theta)
			case "mbg":
				m = BetaGeo{Modified: true}.at(theta)
			case "mbg/cnbd-3":
				m = BetaGeo{Modified: true, K: 3}.at(theta)
			}
			if ll := s.LogLikelihood(m); math.Abs(ll-at.ll) > 1e-9*math.Abs(ll) {
				t.Fatalf("%s: pass %v, sum of singles %v", name, at.ll, ll)
			}
		}
	})
}

func TestCountsAreARebuild(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := make(map[int]Key)
		c := NewCounts()
		for range rapid.IntRange(0, 200).Draw(t, "moves") {
			id := rapid.IntRange(0, 20).Draw(t, "customer")
			from, to := now[id], Key{}
			if n := rapid.IntRange(0, 5).Draw(t, "days"); n > 0 {
				first := rapid.IntRange(1, 30).Draw(t, "first")
				to = Key{uint32(n), Day(first), Day(first + (n-1)*2)}
			}
			c.Move(from, to)
			now[id] = to
		}
		rebuilt := NewCounts()
		for _, k := range now {
			rebuilt.Move(Key{}, k)
		}
		if c.Len() != rebuilt.Len() {
			t.Fatalf("%d distinct histories, rebuilt %d", c.Len(), rebuilt.Len())
		}
		got := make(map[Key]uint32)
		c.Each(func(k Key, n uint32) { got[k] = n })
		rebuilt.Each(func(k Key, n uint32) {
			if got[k] != n {
				t.Fatalf("%+v: %d, rebuilt %d", k, got[k], n)
			}
		})
	})
}

func TestCountsGrow(t *testing.T) {
	c := NewCounts()
	const many = 5000
	for i := range many {
		c.Move(Key{}, Key{1 + uint32(i), 1, 2})
	}
	if c.Len() != many {
		t.Fatalf("%d histories, want %d", c.Len(), many)
	}
	for round := range 100 { // histories that come and go must not fill the table
		for i := range many {
			c.Move(Key{1 + uint32(i), 1, Day(2 + round)}, Key{1 + uint32(i), 1, Day(3 + round)})
		}
	}
	if c.Len() != many || c.Bytes() > 12*4*many {
		t.Errorf("%d histories in %d bytes", c.Len(), c.Bytes())
	}
}

// The grid's differences and single integrals are two roads to the same value, moments included.
func TestCumulativeRoadsAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := integrand{rapid.Float64Range(0.05, 30).Draw(t, "n1"), rapid.Float64Range(0.5, 40).Draw(t, "c1"),
			rapid.Float64Range(1.05, 10).Draw(t, "n2"), rapid.Float64Range(0.5, 40).Draw(t, "c2")}
		s := &Sample{}
		for d := range rapid.IntRange(2, 800).Draw(t, "days") {
			s.times = append(s.times, float64(d)/7)
		}
		lo := rapid.IntRange(0, len(s.times)-2).Draw(t, "lo")
		hi := rapid.IntRange(lo+1, len(s.times)-1).Draw(t, "hi")
		var a, b moments
		x := newGrids(s, f.c1, f.c2).run(f, 1e9)(int32(lo), int32(hi), &a)
		y := f.integrate(s.times[lo], s.times[hi], &b)
		close := func(a, b float64) bool { return math.Abs(a-b) <= 1e-9*math.Max(1, math.Abs(b)) }
		if !close(x, y) || !close(a.ln1, b.ln1) || !close(a.ln2, b.ln2) || !close(a.inv1, b.inv1) || !close(a.inv2, b.inv2) {
			t.Fatalf("%+v from %v to %v: %.15g %+v, single %.15g %+v", f, s.times[lo], s.times[hi], x, a, y, b)
		}
	})
}

// The short way to the probability of a purchase soon is taken where it is exact to ten digits, also for customers who drop
// out fast.
func TestBuySoon(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		log := func(name string, low, high float64) float64 {
			return math.Exp(rapid.Float64Range(math.Log(low), math.Log(high)).Draw(t, name))
		}
		m := Pareto{R: log("r", 0.05, 20), Alpha: log("alpha", 0.05, 300), S: log("s", 0.02, 30), Beta: log("beta", 0.05, 300)}
		h := History{X: float64(rapid.IntRange(0, 50).Draw(t, "x")), T: log("T", 0.01, 300)}
		soon := rapid.Float64Range(0.01, 0.5).Draw(t, "t") * (m.Beta + h.T) // below, the integral is the less exact one
		n, alpha, beta := m.R+h.X, m.Alpha+h.T, m.Beta+h.T
		want := math.Exp(math.Log(n) + n*math.Log(alpha) + m.S*math.Log(beta) + integrand{n + 1, alpha, m.S, beta}.integrate(0, soon, nil))
		if got := m.BuyAlive(h, soon); math.Abs(got-want) > 1e-10*want {
			t.Fatalf("%+v %+v: within %v %v, by the integral %v", m, h, soon, got, want)
		}
	})
}

// Newton's answers for Pareto/NBD are those of a search that knows nothing of derivatives.
func TestParetoAgainstSearch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := Pareto{R: math.Exp(rapid.Float64Range(-3, 2).Draw(t, "r")), Alpha: math.Exp(rapid.Float64Range(-2, 5).Draw(t, "alpha")),
			S: math.Exp(rapid.Float64Range(-4, 2).Draw(t, "s")), Beta: math.Exp(rapid.Float64Range(-2, 5).Draw(t, "beta"))}
		h := History{T: rapid.Float64Range(0, 200).Draw(t, "T")}
		if rapid.Bool().Draw(t, "repeat") {
			h.X, h.Tx = float64(rapid.IntRange(1, 300).Draw(t, "x")), h.T*rapid.Float64Range(0, 1).Draw(t, "tx")
		}
		q := rapid.Float64Range(0.01, 0.99).Draw(t, "q")
		near := func(what string, got, want float64) {
			if !(math.Abs(got-want) <= 1e-7*(1+want)) && !(math.IsInf(want, 1) && got > longest/2) && !(math.IsInf(got, 1) && want > longest/2) {
				t.Fatalf("%s(%v, %v) of %+v is %v, by search %v", what, h, q, m, got, want)
			}
		}
		near("next", m.NextAlive(h, q), falling(func(t float64) float64 { return -m.BuyAlive(h, t) }, -q, 0))
		near("crossing", m.Crossing(h, q), falling(func(t float64) float64 { return m.Alive(History{h.X, h.Tx, t}) }, q, h.Tx))
	})
}
