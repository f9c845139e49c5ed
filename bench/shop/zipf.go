package shop

import (
	"math"
	"math/rand/v2"
)

// Zipf draws ranks from 0 to n-1 with chances proportional to (rank+1)^-s, for any s > 0 but 1, in constant time and
// memory. math/rand knows s > 1 only, and shops' products have less.
//
// Rejection-inversion: W. Hörmann, G. Derflinger, "Rejection-inversion to generate variates from monotone discrete
// distributions", ACM TOMACS 6(3), 1996. H is the integral of x^-s.
type Zipf struct {
	n, s        float64
	exponent    float64 // 1/(1-s)
	whole       int     // the exponent where it is a small whole number, else 0
	first, last float64 // H at the ends of the range, the first rank's bar made as high as its chance
	sure        float64 // a point so close before its rank is taken without a look
}

// NewZipf returns the distribution over n ranks with exponent s.
func NewZipf(n int, s float64) *Zipf {
	z := &Zipf{n: float64(n), s: s, exponent: 1 / (1 - s)}
	if r := math.Round(z.exponent); r > 0 && r <= 64 && math.Abs(r-z.exponent) < 1e-9 {
		z.whole = int(r)
	}
	z.first = z.integral(1.5) - 1
	z.last = z.integral(z.n + 0.5)
	z.sure = 2 - z.inverse(z.integral(2.5)-math.Pow(2, -s))
	return z
}

// Draw returns a rank, 0 for the most frequent.
func (z *Zipf) Draw(rng *rand.Rand) int {
	for {
		u := z.last + rng.Float64()*(z.first-z.last)
		x := z.inverse(u)
		k := min(max(math.Floor(x+0.5), 1), z.n)
		if k-x <= z.sure || u >= z.integral(k+0.5)-math.Pow(k, -z.s) {
			return int(k) - 1
		}
	}
}

func (z *Zipf) integral(x float64) float64 { return (math.Pow(x, 1-z.s) - 1) / (1 - z.s) }

// inverse is the inverse of integral.
func (z *Zipf) inverse(y float64) float64 {
	base := 1 + y*(1-z.s)
	if z.whole == 0 {
		return math.Pow(base, z.exponent)
	}
	power := 1.0
	for n := z.whole; ; n >>= 1 {
		if n&1 == 1 {
			power *= base
		}
		if n <= 1 {
			return power
		}
		base *= base
	}
}
