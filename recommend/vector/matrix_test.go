package vector

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestMultiplyEqualsLoops(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, n := 4*rapid.IntRange(0, 4).Draw(t, "m"), 16*rapid.IntRange(0, 3).Draw(t, "n")
		k, pad := rapid.IntRange(0, 40).Draw(t, "k"), rapid.IntRange(0, 5).Draw(t, "pad")
		seed := rapid.Uint32().Draw(t, "seed")
		numbers := func(size int) []float32 {
			v := make([]float32, size)
			for i := range v {
				seed = seed*1664525 + 1013904223
				v[i] = float32(int32(seed)) / (1 << 31)
			}
			return v
		}
		a := Rows(numbers(m*(k+pad)), k+pad)
		if rapid.Bool().Draw(t, "transposed") {
			a = Rows(numbers(k*(m+pad)), m+pad).T()
		}
		b, c := Rows(numbers(k*(n+pad)), n+pad), Rows(numbers(m*(n+pad)), n+pad)
		want := Rows(append([]float32(nil), c.Data...), n+pad)
		multiply(want, a, b, m, k, n)
		Multiply(c, a, b, m, k, n)
		for i := range c.Data {
			if math.Abs(float64(c.Data[i]-want.Data[i])) > 1e-4 {
				t.Fatalf("place %d: %g; want %g", i, c.Data[i], want.Data[i])
			}
		}
	})
}

func TestExpsEqualLoops(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := 8 * rapid.IntRange(0, 5).Draw(t, "n")
		number := rapid.Float32Range(-120, 120)
		x, shift, want, sum := make([]float32, n), make([]float32, n), make([]float64, n), 0.0
		by := rapid.Float32Range(-3, 3).Draw(t, "by")
		for i := range x {
			x[i], shift[i] = number.Draw(t, "x"), number.Draw(t, "shift")
			want[i] = math.Exp(float64(max(-85, min(85, x[i]*by-shift[i]))))
			sum += want[i]
		}
		got := float64(Exps(x, shift, by))
		for i := range x {
			if math.Abs(float64(x[i])-want[i]) > 3e-5*want[i] {
				t.Fatalf("place %d: %g; want %g", i, x[i], want[i])
			}
		}
		if math.Abs(got-sum) > 3e-5*sum {
			t.Fatalf("sum %g; want %g", got, sum)
		}
	})
}

func BenchmarkMultiply(b *testing.B) {
	const m, k, n = 64, 64, 1024
	x, y, z := Rows(make([]float32, m*k), k), Rows(make([]float32, k*n), n), Rows(make([]float32, m*n), n)
	for b.Loop() {
		Multiply(z, x, y, m, k, n)
	}
	b.ReportMetric(float64(m*k*n)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFMA/s")
}

func BenchmarkExps(b *testing.B) {
	x, shift := make([]float32, 1024), make([]float32, 1024)
	for b.Loop() {
		Exps(x, shift, 1)
	}
}
