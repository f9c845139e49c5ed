package vector

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestKernelsEqualLoops(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.Float32Range(-3, 3)
		var x, y, sum [64]float32
		a := number.Draw(t, "a")
		dot := 0.0
		for i := range x {
			x[i], y[i] = number.Draw(t, "x"), number.Draw(t, "y")
			sum[i] = y[i] + a*x[i]
			dot += float64(x[i]) * float64(y[i])
		}
		if got := float64(Dot64(&x, &y)); math.Abs(got-dot) > 1e-3 {
			t.Fatalf("dot product %g; want %g", got, dot)
		}
		Add64(a, &x, &y)
		for i := range sum {
			if math.Abs(float64(y[i]-sum[i])) > 1e-5 {
				t.Fatalf("place %d: %g; want %g", i, y[i], sum[i])
			}
		}
	})
}

func TestLayersEqualLoops(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.Float32Range(-3, 3)
		x := rapid.SliceOfN(number, 0, 9).Draw(t, "x")
		rows, outer := make([][32]float32, len(x)), make([][32]float32, len(x))
		var y, sum [32]float32
		for j := range y {
			y[j] = number.Draw(t, "y")
			sum[j] = y[j]
			for i, a := range x {
				rows[i][j] = number.Draw(t, "row")
				sum[j] += a * rows[i][j]
				outer[i][j] = rows[i][j] + a*y[j]
			}
		}
		same := func(what string, got, want *[32]float32) {
			for j := range got {
				if math.Abs(float64(got[j]-want[j])) > 1e-4 {
					t.Fatalf("%s %d: %g; want %g", what, j, got[j], want[j])
				}
			}
		}
		before := y
		Mul32(x, rows, &y)
		same("product", &y, &sum)
		Outer32(x, &before, rows)
		for i := range rows {
			same("outer product", &rows[i], &outer[i])
		}
	})
}

func TestAdagradEqualsLoop(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 40).Draw(t, "n")
		w, g, sums := make([]float32, n), make([]float32, n), make([]float32, n)
		want, squares := make([]float64, n), make([]float64, n)
		for i := range w {
			w[i] = rapid.Float32Range(-3, 3).Draw(t, "w")
			g[i] = rapid.Float32Range(-3, 3).Draw(t, "g")
			sums[i] = rapid.Float32Range(0.1, 9).Draw(t, "sum")
			squares[i] = float64(sums[i]) + float64(g[i])*float64(g[i])
			want[i] = float64(w[i]) - 0.05*float64(g[i])/math.Sqrt(squares[i])
		}
		Adagrad(w, g, sums, 0.05)
		for i := range w {
			if math.Abs(float64(w[i])-want[i]) > 1e-5 || math.Abs(float64(sums[i])-squares[i]) > 1e-4 {
				t.Fatalf("place %d of %d: %g, %g; want %g, %g", i, n, w[i], sums[i], want[i], squares[i])
			}
		}
	})
}

func BenchmarkMul32(b *testing.B) {
	var x [64]float32
	var rows [64][32]float32
	var y [32]float32
	for b.Loop() {
		Mul32(x[:], rows[:], &y)
	}
}

func BenchmarkOuter32(b *testing.B) {
	var x [64]float32
	var rows [64][32]float32
	var y [32]float32
	for b.Loop() {
		Outer32(x[:], &y, rows[:])
	}
}

func BenchmarkDot64(b *testing.B) {
	var x, y [64]float32
	for b.Loop() {
		Dot64(&x, &y)
	}
}
