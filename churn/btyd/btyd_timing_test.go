package btyd

import (
	"math"
	"math/rand/v2"
	"sync"
	"testing"
)

// simulated is a shop of a million customers who came over two years, BG/NBD with r 0.6, alpha 40 days, a 0.8, b 2.5.
var simulated = sync.OnceValue(func() *Counts {
	random := rand.New(rand.NewPCG(7, 7))
	c := NewCounts()
	for range 1_000_000 {
		first := 1 + random.IntN(730)
		k := Key{1, Day(first), Day(first)}
		rate := gammaSample(random, 0.6) / 40
		x, y := gammaSample(random, 0.8), gammaSample(random, 2.5)
		drop := x / (x + y)
		for day := float64(first); random.Float64() > drop || k.Days == 1; {
			if day += random.ExpFloat64() / rate; day > 730 {
				break
			}
			if d := Day(day); d > k.Last {
				k.Days, k.Last = k.Days+1, d
			}
		}
		c.Move(Key{}, k)
	}
	return c
})

// gammaSample draws from a gamma distribution (Marsaglia and Tsang 2000).
func gammaSample(random *rand.Rand, shape float64) float64 {
	if shape < 1 {
		return gammaSample(random, shape+1) * math.Pow(random.Float64(), 1/shape)
	}
	d := shape - 1./3
	for {
		x := random.NormFloat64()
		v := 1 + x/math.Sqrt(9*d)
		if v > 0 && math.Log(random.Float64()) < x*x/2+d-d*v*v*v+d*math.Log(v*v*v) {
			return d * v * v * v
		}
	}
}

func BenchmarkFitMillion(b *testing.B) {
	c := simulated()
	s := c.Sample(730, 7)
	b.Logf("%d distinct histories", s.Len())
	b.Run("sample", func(b *testing.B) {
		for b.Loop() {
			c.Sample(730, 7)
		}
	})
	geo := func(start BetaGeo) func(b *testing.B) {
		return func(b *testing.B) {
			for b.Loop() {
				if _, rep, err := start.Fit(s); err != nil {
					b.Fatal(err)
				} else {
					b.ReportMetric(float64(rep.Passes), "passes")
				}
			}
		}
	}
	b.Run("bg/cold", geo(BetaGeo{}))
	bg, _, err := BetaGeo{}.Fit(s)
	if err != nil {
		b.Fatal(err)
	}
	b.Logf("%+v", bg)
	bg.R, bg.Alpha, bg.A, bg.B = bg.R*1.03, bg.Alpha*0.97, bg.A*1.05, bg.B*0.95
	b.Run("bg/warm", geo(bg))
	b.Run("mbg/cold", geo(BetaGeo{Modified: true}))
	pareto := func(start Pareto) func(b *testing.B) {
		return func(b *testing.B) {
			for b.Loop() {
				if _, rep, err := start.Fit(s); err != nil {
					b.Fatal(err)
				} else {
					b.ReportMetric(float64(rep.Passes), "passes")
				}
			}
		}
	}
	b.Run("pareto/cold", pareto(Pareto{}))
	p, _, err := Pareto{}.Fit(s)
	if err != nil {
		b.Fatal(err)
	}
	p.R, p.Alpha, p.S, p.Beta = p.R*1.03, p.Alpha*0.97, p.S*1.05, p.Beta*0.95
	b.Run("pareto/warm", pareto(p))
}

func BenchmarkMove(b *testing.B) {
	c := simulated()
	k := Key{2, 100, 400}
	for b.Loop() {
		next := Key{3, 100, 401}
		c.Move(k, next)
		c.Move(next, k)
	}
}

func BenchmarkScore(b *testing.B) {
	histories := []History{{0, 0, 30}, {1, 1.71, 38.86}, {2, 30.43, 38.86}, {7, 29.43, 38.86}, {20, 90, 100}}
	for _, m := range []Model{
		BetaGeo{R: 0.243, Alpha: 4.414, A: 0.793, B: 2.426}, BetaGeo{R: 0.525, Alpha: 6.183, A: 0.891, B: 1.614, Modified: true},
		Pareto{0.5534, 10.5802, 0.6061, 11.6562},
	} {
		b.Run(m.Name(), func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				h := histories[i%len(histories)]
				m.Alive(h)
				m.Buy(h, 4)
				m.Expect(h, 52)
				m.Crossing(h, 0.4)
			}
		})
	}
}
