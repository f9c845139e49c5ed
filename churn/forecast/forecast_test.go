package forecast

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"orrery/churn/btyd"
)

// shop simulates customers of MBG/NBD over two years; every third buys nothing after the first day.
func shop(n int) [][]btyd.Day {
	random := rand.New(rand.NewPCG(1, 2))
	var all [][]btyd.Day
	for range n {
		day := float64(1 + random.IntN(200))
		days := []btyd.Day{btyd.Day(day)}
		rate, drop := (0.2+random.ExpFloat64())/40, random.Float64()*0.6
		for random.Float64() > drop {
			if day += 1 + random.ExpFloat64()/rate; day > 730 {
				break
			}
			days = append(days, btyd.Day(day))
		}
		all = append(all, days)
	}
	return all
}

func upTo(customers [][]btyd.Day, day btyd.Day) (cut [][]btyd.Day) {
	for _, days := range customers {
		cut = append(cut, days[:KeyAt(days, day).Days])
	}
	return cut
}

func TestChooseOnSimulation(t *testing.T) {
	const now = 500
	all := shop(4000)
	known := upTo(all, now)
	c, err := Choose(known, now, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(c.Why)
	if len(c.Candidates) != 10 || c.Factor < 0.7 || c.Factor > 1.4 {
		t.Errorf("%d candidates, factor %v", len(c.Candidates), c.Factor)
	}
	var actual, expected, whole float64
	var histories []btyd.History
	for i, days := range known {
		h := KeyAt(days, now).At(now, 7)
		histories = append(histories, h)
		actual += float64(len(all[i]) - len(days))
		expected += c.Expect(h, 230./7)
	}
	if math.Abs(expected/actual-1) > 0.15 {
		t.Errorf("expected %v, actual %v", expected, actual)
	}
	for _, n := range c.Whole(histories, 230./7) {
		whole += float64(n)
	}
	if math.Abs(whole/expected-1) > 0.02 {
		t.Errorf("whole numbers add up to %v, expectations to %v", whole, expected)
	}
}

func TestChooseNeedsData(t *testing.T) {
	if _, err := Choose([][]btyd.Day{{1}, {2}, {3}}, 100, Options{}); err == nil {
		t.Error("chose a model without one repeat purchase")
	}
	if _, err := Choose(nil, 100, Options{}); err == nil {
		t.Error("chose a model without customers")
	}
}

func TestForecasterIsCoherent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := Forecaster{btyd.BetaGeo{R: 0.5, Alpha: 6, A: 0.9, B: 1.6, Modified: true}, rapid.Float64Range(0.5, 2).Draw(t, "factor")}
		h := btyd.History{T: rapid.Float64Range(0, 100).Draw(t, "T")}
		if rapid.Bool().Draw(t, "repeat") {
			h.X, h.Tx = float64(rapid.IntRange(1, 40).Draw(t, "x")), h.T*rapid.Float64Range(0, 1).Draw(t, "tx")
		}
		at := rapid.Float64Range(0, 200).Draw(t, "t")
		p := f.Buy(h, at)
		if p > f.Alive(h)+1e-12 || p > f.Expect(h, at)+1e-12 {
			t.Fatalf("P(buy) %v, P(alive) %v, expected %v", p, f.Alive(h), f.Expect(h, at))
		}
		if q := p * rapid.Float64Range(0.01, 0.99).Draw(t, "q"); q > 1e-9 {
			if got := f.Buy(h, f.Next(h, q)); math.Abs(got-q) > 1e-9 {
				t.Fatalf("next(%v) is where P(buy) is %v", q, got)
			}
		}
	})
}

// The predictive distribution keeps the expectation and the probability of none.
func TestTailKeepsMoments(t *testing.T) {
	f := Forecaster{btyd.Pareto{R: 0.55, Alpha: 10.6, S: 0.6, Beta: 11.7}, 1.1}
	for _, h := range []btyd.History{{}, {X: 2, Tx: 20, T: 39}, {X: 15, Tx: 38, T: 39}} {
		d := f.tail(h, 39)
		pmf := math.Exp(-d.shape * math.Log1p(d.mean/d.shape))
		none := 1 - d.stays + d.stays*pmf
		if math.Abs(1-none-f.Buy(h, 39)) > 1e-9 || math.Abs(d.stays*d.mean-f.Expect(h, 39)) > 1e-9 {
			t.Errorf("%v: P(buy) %v, mean %v", h, 1-none, d.stays*d.mean)
		}
		if d.over(0) != Most || d.over(1) != 0 {
			t.Errorf("%v: the extremes are %v and %v", h, d.over(0), d.over(1))
		}
	}
}

// The error that a forecast is to be expected to have is that of a simulation, and least near the median.
func TestErrorAgainstSimulation(t *testing.T) {
	f := Forecaster{btyd.Pareto{R: 0.55, Alpha: 10.6, S: 0.6, Beta: 11.7}, 1}
	random := rand.New(rand.NewPCG(1, 1))
	h := btyd.History{X: 3, Tx: 30, T: 39}
	d := f.tail(h, 39)
	var sums [3]float64
	tries := [3]float64{0, 1, f.Expect(h, 39)}
	const n = 200_000
	for range n {
		count := 0.0
		if random.Float64() < d.stays { // a negative binomial by its inverse
			u, pmf, q := random.Float64(), math.Exp(-d.shape*math.Log1p(d.mean/d.shape)), d.mean/(d.mean+d.shape)
			for u -= pmf; u > 0 && count < 200; u -= pmf {
				pmf *= (d.shape + count) / (count + 1) * q
				count++
			}
		}
		for i, c := range tries {
			sums[i] += math.Abs(count-c) / n
		}
	}
	for i, c := range tries {
		if got := f.Error(h, 39, c); math.Abs(got-sums[i]) > 0.03 {
			t.Errorf("error of %v is %v, by simulation %v", c, got, sums[i])
		}
	}
}
