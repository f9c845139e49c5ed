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

func TestIsotonic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 200).Draw(t, "n")
		var scores []float64
		var y []bool
		for range n {
			scores = append(scores, float64(rapid.IntRange(0, 20).Draw(t, "score")))
			y = append(y, rapid.Bool().Draw(t, "y"))
		}
		iso := NewIsotonic(scores, y)
		last := 0.0
		for s := -1.0; s <= 21; s += 0.25 {
			p := iso.P(s)
			if !(p >= last-1e-12 && p <= 1) {
				t.Fatalf("P(%v) = %v after %v", s, p, last)
			}
			last = p
		}
	})
	random := rand.New(rand.NewPCG(4, 4))
	var scores []float64
	var y []bool
	for range 20000 {
		s := random.Float64()
		scores, y = append(scores, s), append(y, random.Float64() < s*s)
	}
	iso := NewIsotonic(scores, y)
	for _, s := range []float64{0.3, 0.6, 0.9} {
		if got := iso.P(s); math.Abs(got-s*s) > 0.06 {
			t.Errorf("P(%v) = %v, want %v", s, got, s*s)
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

// Purchases at a constant daily rate that depends on a feature come back as probabilities for every horizon.
func TestHorizonLearnsRates(t *testing.T) {
	random := rand.New(rand.NewPCG(8, 8))
	draw := func() []float64 { return []float64{float64(random.IntN(3)), random.Float64()} }
	var sample [][]float64
	for range 500 {
		sample = append(sample, draw())
	}
	h := NewHorizon(sample, Rates{})
	rate := func(row []float64) float64 { return []float64{0.01, 0.05, 0.2}[int(row[0])] }
	for range 30000 {
		row := draw()
		if days := random.ExpFloat64() / rate(row); days < 28 {
			h.Learn(row, days, true)
		} else {
			h.Learn(row, 28, false)
		}
	}
	for k := range 3 {
		row := []float64{float64(k), 0.5}
		c := h.Curve(row)
		for _, days := range []float64{1, 7, 28} {
			if got, want := c.Within(days), -math.Expm1(-rate(row)*days); math.Abs(got-want) > 0.03+0.1*want {
				t.Errorf("rate %v, %v days: %.4f, want %.4f", rate(row), days, got, want)
			}
		}
	}
	if h.Seen() != 30000 {
		t.Errorf("%d seen", h.Seen())
	}
}

func TestPending(t *testing.T) {
	p := Pending{Limit: 2}
	p.Add(1, 0, []float64{1})
	p.Add(1, 5, []float64{9}) // the oldest stays
	p.Add(2, 1, []float64{2})
	p.Add(3, 1, []float64{3}) // full
	if o, ok := p.Bought(1, 6); !ok || o.Days != 6 || !o.Bought || o.Row[0] != 1 {
		t.Errorf("%+v, %v", o, ok)
	}
	if _, ok := p.Bought(3, 6); ok || p.Len() != 1 {
		t.Error("resolved what was never pending")
	}
	p.Add(3, 10, []float64{3})
	if out := p.Expire(28); len(out) != 0 {
		t.Errorf("%+v came early", out)
	}
	if out := p.Expire(29); len(out) != 1 || out[0].Bought || out[0].Days != 28 || out[0].Row[0] != 2 {
		t.Errorf("%+v", out)
	}
	if o, ok := p.Bought(3, 30); !ok || o.Days != 20 || p.Len() != 0 {
		t.Errorf("%+v, %v", o, ok)
	}
	if out := p.Expire(100); len(out) != 0 || len(p.queue) != 0 {
		t.Errorf("%+v left", out)
	}
}

// A forecast that was given up after ten days teaches nothing about the third week.
func TestUnseenPeriodsTeachNothing(t *testing.T) {
	f := func(days float64, bought bool, survived int, hit bool) {
		t.Helper()
		if s, h := periods(days, bought); s != survived || h != hit {
			t.Errorf("%v days, %v: %d, %v", days, bought, s, h)
		}
	}
	f(0, true, 0, true)
	f(0.5, true, 1, true)
	f(10, true, 4, true)
	f(10, false, 4, false)
	f(28, false, 6, false)
	f(40, true, 6, false)
}

func TestMemoryIsFair(t *testing.T) {
	m := NewMemory(1000)
	for i := range 10000 {
		m.Add([]float64{float64(i)}, false)
	}
	early := 0
	for _, row := range m.Rows {
		if row[0] < 5000 {
			early++
		}
	}
	if len(m.Rows) != 1000 || early < 430 || early > 570 {
		t.Errorf("%d of %d are from the first half", early, len(m.Rows))
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
