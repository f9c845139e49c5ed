package intent

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// sessions draws rows whose outcome depends on one feature, on the product of two others, and on chance.
func sessions(n int, seed uint64) (rows [][]float64, y []bool, p []float64) {
	random := rand.New(rand.NewPCG(seed, 1))
	for range n {
		a, b, c := random.NormFloat64(), random.ExpFloat64(), float64(random.IntN(4))
		if random.IntN(10) == 0 {
			b = math.NaN()
		}
		x := -2 + 1.2*a
		if c == 2 && b > 1 {
			x += 3
		}
		rows = append(rows, []float64{a, b, c, random.Float64()})
		p = append(p, Sigmoid(x))
		y = append(y, random.Float64() < Sigmoid(x))
	}
	return rows, y, p
}

func logLoss(y []bool, p func(i int) float64) float64 {
	var sum float64
	for i, v := range y {
		q := p(i)
		if !v {
			q = 1 - q
		}
		sum -= math.Log(q)
	}
	return sum / float64(len(y))
}

func TestLearnersComeNearTheTruth(t *testing.T) {
	rows, y, _ := sessions(20000, 1)
	test, testY, p := sessions(10000, 2)
	best := logLoss(testY, func(i int) float64 { return p[i] })
	trees := Boost(rows, y, Boosting{Rounds: 100, Rate: 0.07, Bags: 1})
	online := NewOnline(rows[:1000], Rates{})
	for i, row := range rows {
		online.Learn(row, y[i])
	}
	byTrees := logLoss(testY, func(i int) float64 { return Sigmoid(trees.Logit(test[i])) })
	byOnline := logLoss(testY, func(i int) float64 { return Sigmoid(online.Logit(test[i])) })
	t.Logf("truth %.4f, trees %.4f, online %.4f", best, byTrees, byOnline)
	if byTrees > best+0.01 || byOnline > best+0.03 {
		t.Errorf("truth %.4f, trees %.4f, online %.4f", best, byTrees, byOnline)
	}
	again := Boost(rows, y, Boosting{Rounds: 100, Rate: 0.07, Bags: 1})
	for _, row := range test[:100] {
		if trees.Logit(row) != again.Logit(row) {
			t.Fatal("the same data gave other trees")
		}
	}
}

func TestTreesOfNothing(t *testing.T) {
	f := func(rows [][]float64, y []bool) {
		t.Helper()
		m := Boost(rows, y, Boosting{Rounds: 5})
		if got := m.Logit([]float64{1, math.NaN()}); math.IsNaN(got) || math.IsInf(got, 0) {
			t.Errorf("log-odds %v", got)
		}
	}
	f([][]float64{{1, 2}}, []bool{true})
	f([][]float64{{1, 2}, {1, 2}}, []bool{true, false})
	f([][]float64{{math.NaN(), math.Inf(1)}, {math.Inf(-1), 0}}, []bool{true, false})
}

func TestBinsKeepOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 3000).Draw(t, "n")
		random := rand.New(rand.NewPCG(uint64(n), 3))
		var sample [][]float64
		for range n {
			v := math.Floor(random.ExpFloat64() * 1000)
			if random.IntN(2) == 0 {
				v = 0
			}
			sample = append(sample, []float64{v})
		}
		b := NewBins(sample)
		if len(b.edges[0]) > MaxBins-1 || !slices.IsSorted(b.edges[0]) {
			t.Fatalf("%d edges", len(b.edges[0]))
		}
		last := uint8(0)
		for _, v := range []float64{math.NaN(), math.Inf(-1), 0, 1, 10, 500, 3000, math.Inf(1)} {
			c := b.code(0, v)
			if c < last || math.IsNaN(v) != (c == 0) {
				t.Fatalf("%v has code %d after %d", v, c, last)
			}
			last = c
		}
	})
}

func TestPlattUndoesADistortion(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 9))
	var p Platt
	if p.Logit(1.5) != 1.5 {
		t.Error("the zero Platt changes something")
	}
	for range 50000 {
		x := 2*random.NormFloat64() - 1
		p.Learn((x-0.7)/1.6, random.Float64() < Sigmoid(x)) // what it gets is distorted
	}
	for _, x := range []float64{-3, -1, 0, 2} {
		if got := p.Logit((x - 0.7) / 1.6); math.Abs(got-x) > 0.2 {
			t.Errorf("%v came back as %v", x, got)
		}
	}
}

func TestCurveRises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var c Curve
		for i := range c {
			c[i] = rapid.Float64Range(0, 1).Draw(t, "hazard")
		}
		last, none := 0.0, 1.0
		for d := 0.0; d <= 30; d += 0.125 {
			p := c.Within(d)
			if !(p >= last-1e-12 && p <= 1) {
				t.Fatalf("within %v days %v, before %v", d, p, last)
			}
			last = p
		}
		for _, h := range c {
			none *= 1 - h
		}
		if math.Abs(c.Within(28)-(1-none)) > 1e-9 {
			t.Fatalf("within all %v, want %v", c.Within(28), 1-none)
		}
	})
}

// Purchases at a constant daily rate that depends on a feature come back as probabilities for every horizon, when each
// period is learned as it ends; and a state that is put back says the same.
func TestHazardLearnsRates(t *testing.T) {
	random := rand.New(rand.NewPCG(8, 8))
	h := NewHazard(3, 1, Curve{0.01, 0.01, 0.02, 0.03, 0.05}, 1)
	draw := func() []float64 { return []float64{float64(random.IntN(3)), random.Float64(), float64(random.IntN(2))} }
	rate := func(x []float64, days float64) float64 {
		r := []float64{0.01, 0.05, 0.2}[int(x[0])]
		if days < 1 && x[2] == 1 { // an input that tells of the first day alone
			r *= 3
		}
		return r
	}
	for range 12000 {
		x, from := draw(), 0.0
		for k, to := range Horizons {
			bought := random.Float64() < -math.Expm1(-rate(x, from)*(to-from))
			h.Learn(x, k, bought)
			if bought {
				break
			}
			from = to
		}
	}
	again := NewHazard(3, 1, Curve{}, 1)
	again.SetState(h.State())
	for level := range 3 {
		for early := range 2 {
			x := []float64{float64(level), 0.5, float64(early)}
			c := h.Curve(x)
			if again.Curve(x) != c || h.Clone().Curve(x) != c {
				t.Fatal("a copy says something else")
			}
			for _, days := range []float64{1, 7, 28} {
				want := -math.Expm1(-rate(x, 0) - rate(x, 1)*(days-1))
				if got := c.Within(days); math.Abs(got-want) > 0.05+0.1*want {
					t.Errorf("%v within %v days: %.3f, want %.3f", x, days, got, want)
				}
			}
		}
	}
	if c := h.Curve([]float64{0, 0.5, 0}).AtLeast(0.4); c.Within(1) < 0.4 || c.Within(7) <= c.Within(1) {
		t.Errorf("curve %v", c)
	}
}

func BenchmarkOnline(b *testing.B) {
	rows, y, _ := sessions(5000, 1)
	m := NewOnline(rows, Rates{})
	for i := 0; b.Loop(); i++ {
		m.Learn(rows[i%5000], y[i%5000])
	}
}

func BenchmarkTrees(b *testing.B) {
	rows, y, _ := sessions(5000, 1)
	m := Boost(rows, y, Boosting{})
	for i := 0; b.Loop(); i++ {
		m.Logit(rows[i%5000])
	}
}
