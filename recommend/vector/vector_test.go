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
		x32, y32 := [32]float32(x[:32]), [32]float32(y[:32])
		Add64(a, &x, &y)
		Add32(a, &x32, &y32)
		for i := range sum {
			if math.Abs(float64(y[i]-sum[i])) > 1e-5 || i < 32 && y32[i] != y[i] {
				t.Fatalf("place %d: %g; want %g", i, y[i], sum[i])
			}
		}
	})
}

func BenchmarkDot64(b *testing.B) {
	var x, y [64]float32
	for b.Loop() {
		Dot64(&x, &y)
	}
}

func BenchmarkAdd32(b *testing.B) {
	var x, y [32]float32
	for b.Loop() {
		Add32(1, &x, &y)
	}
}
