package btyd

import (
	"math"
	"testing"
)

var calibrationEnd = dayOf("19970930", "20060102")

// checkFit compares a fit with the reference: parameters within 1e-3 relative, log-likelihood within tol.
func checkFit(t *testing.T, name string, got []Param, rep Report, err error, want []float64, ll, tol float64) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	t.Logf("%s: %v LL %.4f in %d steps, %d passes", name, got, rep.LL, rep.Steps, rep.Passes)
	if math.Abs(rep.LL-ll) > tol {
		t.Errorf("%s: LL %.5f, want %.5f", name, rep.LL, ll)
	}
	for i, p := range got {
		if math.Abs(p.Value/want[i]-1) > 1e-3 {
			t.Errorf("%s: %s = %.6f, want %.6f", name, p.Name, p.Value, want[i])
		}
	}
}

// Reference: customers.md 1.2, independent fits on exact days; the published figures are the same but rounded.
func TestFitCDNOW(t *testing.T) {
	f := func(log logFile, customers, repeats float64, bg, mbg, pareto, nbd []float64, lls [4]float64) {
		t.Helper()
		s := log.counts(t, calibrationEnd).Sample(calibrationEnd, 7)
		if s.N() != customers || repeats > 0 && s.Repeats() != repeats {
			t.Fatalf("%s: %v customers, %v repeats", log.name, s.N(), s.Repeats())
		}
		m1, r1, err := BetaGeo{}.Fit(s)
		checkFit(t, "bg/nbd", m1.Params(), r1, err, bg, lls[0], 1e-3)
		m2, r2, err := BetaGeo{Modified: true}.Fit(s)
		checkFit(t, "mbg/nbd", m2.Params(), r2, err, mbg, lls[1], 1e-3)
		m3, r3, err := Pareto{}.Fit(s)
		checkFit(t, "pareto/nbd", m3.Params(), r3, err, pareto, lls[2], 1e-3)
		m4, r4, err := NBD{}.Fit(s)
		checkFit(t, "nbd", m4.Params(), r4, err, nbd, lls[3], 1e-3)
	}
	f(cdnowSample, 2357, 2457,
		[]float64{0.24259, 4.41360, 0.79292, 2.42591}, []float64{0.52484, 6.18309, 0.89136, 1.61400},
		[]float64{0.55328, 10.57768, 0.60624, 11.66874}, []float64{0.38477, 12.07202},
		[4]float64{-9582.4292, -9582.1357, -9594.9762, -9763.6576})
	f(cdnowMaster, 23570, 0,
		[]float64{0.25162, 4.78894, 0.72343, 2.16109}, []float64{0.63714, 7.31029, 0.80747, 1.22839},
		[]float64{0.59742, 11.58566, 0.52219, 8.82776}, []float64{0.38725, 12.27123},
		[4]float64{-95368.444, -95336.958, -95415.119, -96845.344})
}

func TestFitOtherLogs(t *testing.T) {
	end := dayOf("20141231", "20060102")
	s := simulatedLog.counts(t, end).Sample(end, 1)
	m, rep, err := BetaGeo{}.Fit(s)
	checkFit(t, "simulated", m.Params(), rep, err, []float64{0.163851, 1.864280, 1.850343, 3.181059}, -39248.6261, 1e-3)

	end = dayOf("20061231", "20060102")
	s = apparel.counts(t, end).Sample(end, 7)
	m, rep, err = BetaGeo{}.Fit(s)
	checkFit(t, "apparel bg", m.Params(), rep, err, []float64{0.60731, 20.95675, 1.27556, 8.86096}, -5857.0197, 1e-3)
	m, rep, err = BetaGeo{Modified: true}.Fit(s)
	checkFit(t, "apparel mbg", m.Params(), rep, err, []float64{1.89138, 45.8272, 0.60237, 1.58237}, -5848.0453, 1e-3)
	p, rep, err := Pareto{}.Fit(s)
	checkFit(t, "apparel pareto", p.Params(), rep, err, []float64{1.44894, 48.63489, 0.56125, 46.88212}, -5848.0978, 1e-3)
}

// The published fit rests on a file whose times are rounded to two decimals of a week.
func TestFitSummaryFile(t *testing.T) {
	var cells []Cell
	for _, r := range rows(t, "clv/cdnow_customers_summary.csv", ",", 1) {
		cells = append(cells, Cell{History{num(t, r[1]), num(t, r[2]), num(t, r[3])}, 1})
	}
	m, rep, err := BetaGeo{}.Fit(newSample(cells))
	checkFit(t, "summary", m.Params(), rep, err, []float64{0.2426, 4.4136, 0.7929, 2.4259}, -9582.4256, 1e-3)
}

func TestFitErlang(t *testing.T) {
	c := NewCounts()
	var gaps float64
	for _, days := range cdnowSample.days(t) {
		k := keyUpTo(days, calibrationEnd)
		c.Move(Key{}, k)
		for i := 1; i < int(k.Days); i++ {
			gaps += math.Log(float64(days[i]-days[i-1]) / 7)
		}
	}
	s := c.Sample(calibrationEnd, 7)
	s.Gaps = gaps
	m, rep, err := BetaGeo{Modified: true, K: 2}.Fit(s)
	checkFit(t, m.Name(), m.Params(), rep, err, []float64{0.5799, 2.2881, 1.1345, 1.585}, -9853.25, 1e-2)
}

func TestFitGammaGamma(t *testing.T) {
	var spends []Spend
	for _, r := range rows(t, "clv/cdnow_customers_summary_with_transactions.csv", ",", 1) {
		spends = append(spends, Spend{num(t, r[1]), num(t, r[4]), 1})
	}
	m, rep, err := GammaGamma{}.Fit(spends)
	checkFit(t, m.Name(), m.Params(), rep, err, []float64{6.24880, 3.74459, 15.44775}, -4055.9232, 1e-2)
	if rep.N != 946 {
		t.Errorf("%v repeaters, want 946", rep.N)
	}
	published := GammaGamma{6.25, 3.74, 15.44}
	for i, want := range []float64{24.65, 18.91, 35.17, 35.17, 35.17, 71.46, 18.91, 35.17, 27.28, 35.17} {
		if got := published.Expect(spends[i].X, spends[i].Z); math.Abs(got-want) > 0.1 {
			t.Errorf("customer %d: %.3f, want %.2f", i+1, got, want)
		}
	}
	if got := published.Mean(); math.Abs(got-35.21) > 0.1 {
		t.Errorf("mean %.3f", got)
	}
}

func TestFitBGBB(t *testing.T) {
	var cells []ChancesCell
	for _, r := range rows(t, "clv/donations.csv", ",", 1) {
		cells = append(cells, ChancesCell{Chances{int(num(t, r[0])), int(num(t, r[1])), int(num(t, r[2]))}, num(t, r[3])})
	}
	m, rep, err := BGBB{}.Fit(cells)
	checkFit(t, m.Name(), m.Params(), rep, err, []float64{1.20352, 0.74972, 0.65672, 2.78344}, -33225.5813, 1e-3)
	f := func(x, tx int, want float64) {
		t.Helper()
		if got := m.Alive(Chances{x, tx, 6}); math.Abs(got-want) > 0.005 {
			t.Errorf("P(alive | %d, %d) = %.4f, want %.2f", x, tx, got, want)
		}
	}
	f(0, 0, 0.11)
	f(2, 4, 0.59)
	f(6, 6, 0.93)
	var total float64
	for _, c := range cells {
		total += c.Count * m.Expect(c.Chances, 5)
	}
	if math.Abs(total-12884.2) > 0.5 {
		t.Errorf("expected holdout total %.2f, want 12884.2", total)
	}
	in0, in6 := 11104*math.Exp(m.LogLikelihood(Chances{0, 0, 6})), 11104*math.Exp(m.LogLikelihood(Chances{6, 6, 6}))
	if math.Abs(in0-3454.9) > 0.3 || math.Abs(in6-1253.1) > 0.3 {
		t.Errorf("in sample %.2f and %.2f, want 3454.9 and 1253.1", in0, in6)
	}
}

func TestCompressedFitIsRawFit(t *testing.T) {
	c := cdnowSample.counts(t, calibrationEnd)
	s := c.Sample(calibrationEnd, 7)
	if s.Len() != 1016 {
		t.Errorf("%d distinct histories, want 1016", s.Len())
	}
	var raw []Cell
	for _, d := range cdnowSample.days(t) {
		raw = append(raw, Cell{keyUpTo(d, calibrationEnd).At(calibrationEnd, 7), 1})
	}
	_, a, err := BetaGeo{}.Fit(s)
	if err != nil {
		t.Fatal(err)
	}
	_, b, err := BetaGeo{}.Fit(newSample(raw))
	if err != nil || math.Abs(a.LL/b.LL-1) > 1e-9 {
		t.Errorf("compressed %v, raw %v, %v", a.LL, b.LL, err)
	}
}

func TestWarmFitTakesFewPasses(t *testing.T) {
	s := cdnowSample.counts(t, calibrationEnd).Sample(calibrationEnd, 7)
	_, rep, err := BetaGeo{R: 0.25, Alpha: 4.5, A: 0.77, B: 2.3}.Fit(s)
	if err != nil || rep.Passes > 15 {
		t.Errorf("%d passes, %v", rep.Passes, err)
	}
}
