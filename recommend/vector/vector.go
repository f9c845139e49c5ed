// Package vector holds the two kernels that the learned models spend their time in, dot product and scaled addition of
// short float32 vectors of fixed length: AVX2 with fused multiply-add where the processor has it, plain Go elsewhere.
// Sums may differ in the last bits between the two.
package vector

// Dot64 returns the dot product.
func Dot64(x, y *[64]float32) float32 {
	if fast {
		return dot64(x, y)
	}
	var a, b, c, d float32
	for i := 0; i < 64; i += 4 {
		a += x[i] * y[i]
		b += x[i+1] * y[i+1]
		c += x[i+2] * y[i+2]
		d += x[i+3] * y[i+3]
	}
	return a + b + (c + d)
}

// Add64 adds a times x to y.
func Add64(a float32, x, y *[64]float32) {
	if fast {
		add64(a, x, y)
		return
	}
	for i := range y {
		y[i] += a * x[i]
	}
}
