package intent

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// TestBayesAgainstBatch: what is learned outcome by outcome comes close to the posterior mode of all of them at once.
func TestBayesAgainstBatch(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	truth := []float64{-2, 1.5, -0.5, 0, 0.8}
	d := len(truth)
	b := NewBayes(make([]float64, d), []float64{1, 1, 1, 1, 1})
	var rows [][]float64
	var ys []bool
	var record Record
	for range 8000 {
		x := []float64{1, random.NormFloat64(), random.NormFloat64(), random.NormFloat64(), float64(random.IntN(2))}
		var logit float64
		for i := range x {
			logit += x[i] * truth[i]
		}
		y := random.Float64() < Sigmoid(logit)
		record.Note(b.P(x), 0.25, y)
		b.Learn(x, y, 1)
		rows, ys = append(rows, x), append(ys, y)
	}
	mode := posteriorMode(rows, ys)
	for i, w := range b.Weights() {
		if math.Abs(w-mode[i]) > 0.08 {
			t.Errorf("weight %d is %.3f, at once %.3f, in truth %.3f", i, w, mode[i], truth[i])
		}
	}
	if record.Loss >= 0.9*record.BaseLoss || record.ECE() > 0.02 {
		t.Errorf("log loss %.4f, base %.4f, ECE %.4f", record.Loss/record.Weight, record.BaseLoss/record.Weight, record.ECE())
	}
}

// posteriorMode climbs the log posterior with a prior of variance 1 by its gradient.
func posteriorMode(rows [][]float64, ys []bool) []float64 {
	w := make([]float64, len(rows[0]))
	for range 600 {
		g := make([]float64, len(w))
		for n, x := range rows {
			var logit float64
			for i := range x {
				logit += x[i] * w[i]
			}
			e := -Sigmoid(logit)
			if ys[n] {
				e++
			}
			for i := range x {
				g[i] += e * x[i]
			}
		}
		for i := range w {
			w[i] += (g[i] - w[i]) / float64(len(rows)) * 4
		}
	}
	return w
}

// dot returns the log-odds of the mean weights.
func dot(b *Bayes, x []float64) (logit float64) {
	for i, v := range x {
		logit += v * b.mean[i]
	}
	return logit
}

// TestBayesStaysSane: whatever comes, probabilities are probabilities, the covariance stays one, and learning an outcome
// moves the weights towards it.
func TestBayesStaysSane(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const d = 4
		b := NewBayes(make([]float64, d), []float64{2, 1, 1, 0.5})
		for range rapid.IntRange(1, 60).Draw(t, "outcomes") {
			x := []float64{1}
			for range d - 1 {
				x = append(x, rapid.Float64Range(-20, 20).Draw(t, "x"))
			}
			y := rapid.Bool().Draw(t, "y")
			before := dot(b, x)
			b.Learn(x, y, rapid.Float64Range(0.1, 1).Draw(t, "weight"))
			after := dot(b, x)
			if p := b.P(x); !(p >= 0 && p <= 1) {
				t.Fatalf("probability %v", p)
			}
			if y && after < before-1e-9 || !y && after > before+1e-9 {
				t.Fatalf("learned %v at %v, log-odds went from %v to %v", y, x, before, after)
			}
			for i := range d {
				if v := b.cov[i*d+i]; !(v > 0) || v > b.prior[i]*(1+1e-9) {
					t.Fatalf("variance %v of weight %d", v, i)
				}
			}
		}
		again := NewBayes(make([]float64, d), []float64{2, 1, 1, 0.5})
		again.SetState(b.State())
		x := []float64{1, 2, -3, 0.5}
		if again.P(x) != b.P(x) || b.Clone().P(x) != b.P(x) {
			t.Fatal("a copy says something else")
		}
	})
}

func TestRecordBins(t *testing.T) {
	var r Record
	f := func(p float64, want int) {
		t.Helper()
		if got := r.Bin(p); got != want {
			t.Errorf("bin of %v is %d, want %d", p, got, want)
		}
	}
	f(0, 0)
	f(0.0019, 0)
	f(0.002, 1)
	f(0.4, 8)
	f(0.7, 9)
	f(1, 9)
	for range 100000 {
		r.Note(0.25, 0.5, false)
	}
	r.Note(0.25, 0.5, true)
	if r.N != 100001 || r.Positives != 1 || r.Weight > recordMemory || math.Abs(r.Loss/r.Weight-LogLoss(0.25, false)) > 0.001 {
		t.Errorf("record %+v", r)
	}
}

func BenchmarkBayes(b *testing.B) {
	const d = 27
	deviation := make([]float64, d)
	x := make([]float64, d)
	for i := range x {
		deviation[i], x[i] = 1, 1/float64(i+1)
	}
	model := NewBayes(make([]float64, d), deviation)
	b.Run("P", func(b *testing.B) {
		for b.Loop() {
			model.P(x)
		}
	})
	b.Run("Learn", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			model.Learn(x, false, 0.5)
		}
	})
}
