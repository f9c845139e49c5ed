package metric

import (
	"math"
	"testing"
)

func TestDefinitions(t *testing.T) {
	r := Ranks{1, 0, 4, 3}
	f := func(name string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-12 {
			t.Errorf("%s is %g; want %g", name, got, want)
		}
	}
	f("hit rate", r.HR(), 0.75)
	f("MRR", r.MRR(), (1+1./4+1./3)/4)
	f("NDCG", r.NDCG(), (1+1/math.Log2(5)+1./2)/4)
	f("hit rate of nothing", Ranks{}.HR(), 0)
}

// With one case a session the interval of a rate is that of the binomial: +-1.96 sqrt(p (1-p) / n).
func TestIntervalIsTheBinomials(t *testing.T) {
	const n = 2000
	ranks, groups := make(Ranks, n), make([]uint32, n)
	for i := range ranks {
		groups[i] = uint32(i)
		if i%4 == 0 {
			ranks[i] = 2
		}
	}
	in := NewBootstrap(groups).HR(ranks)
	want := 1.96 * math.Sqrt(0.25*0.75/n)
	if half := (in.High - in.Low) / 2; math.Abs(half-want) > 0.15*want {
		t.Errorf("half width %.4f; want about %.4f", half, want)
	}
}

func TestPairedDifference(t *testing.T) {
	const n = 500
	better, worse, groups := make(Ranks, n), make(Ranks, n), make([]uint32, n)
	for i := range groups {
		groups[i] = uint32(i / 5)
		if i%2 == 0 {
			better[i], worse[i] = 1, 1
		}
		if i%50 == 1 {
			better[i] = 10
		}
	}
	hr, mrr := NewBootstrap(groups).Against(better, worse)
	if math.Abs(hr.Mean-0.02) > 1e-12 || hr.Low <= 0 || hr.High > 0.04 {
		t.Errorf("difference of hit rates %+v; want .02, above 0", hr)
	}
	if mrr.Mean <= 0 || mrr.Low <= 0 {
		t.Errorf("difference of MRRs %+v; want it above 0", mrr)
	}
	if same, _ := NewBootstrap(groups).Against(worse, worse); same.Low != 0 || same.High != 0 {
		t.Errorf("difference to itself %+v", same)
	}
}
