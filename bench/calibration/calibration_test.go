package calibration

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-12 {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

func TestProbabilitiesByHand(t *testing.T) {
	f := Probabilities{P: []float64{0.1, 0.4, 0.4, 0.8}, Y: []bool{false, false, true, true}}
	near(t, "auc", f.AUC(), 3.5/4)
	near(t, "brier", f.Brier(), (0.01+0.16+0.36+0.04)/4)
	near(t, "log loss", f.LogLoss(), -(math.Log(0.9)+math.Log(0.6)+math.Log(0.4)+math.Log(0.8))/4)
	near(t, "ece", f.ECE(2), (0+0.15)/2) // the two at 0.4 count as half a positive in either bin
	near(t, "base", f.Base(), 0.5)
	near(t, "average precision", f.PRAUC(), (1+2./3)/2)
}

func TestAmountsByHand(t *testing.T) {
	f := Amounts{Forecast: []float64{1, 2, 3}, Outcome: []float64{2, 2, 5}}
	near(t, "mae", f.MAE(), 1)
	near(t, "rmse", f.RMSE(), math.Sqrt(5./3))
	near(t, "bias", f.Bias(), 6./9-1)
	near(t, "corr", f.Corr(), 3/math.Sqrt(2*6))
}

// AUC by its definition over all pairs.
func TestAUCIsPairs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var f Probabilities
		f.Add(0.5, true)
		f.Add(0.5, false)
		for range rapid.IntRange(0, 30).Draw(t, "n") {
			f.Add(float64(rapid.IntRange(0, 10).Draw(t, "p"))/10, rapid.Bool().Draw(t, "y"))
		}
		var wins, pairs float64
		for i, y := range f.Y {
			for j, z := range f.Y {
				if y && !z {
					pairs++
					if f.P[i] > f.P[j] {
						wins++
					} else if f.P[i] == f.P[j] {
						wins += 0.5
					}
				}
			}
		}
		if math.Abs(f.AUC()-wins/pairs) > 1e-12 {
			t.Fatalf("%v, want %v", f.AUC(), wins/pairs)
		}
	})
}

func TestBootstrapHoldsTheMean(t *testing.T) {
	terms := make([]float64, 400)
	for i := range terms {
		terms[i] = float64(i % 7)
	}
	in, m := Bootstrap(terms), Mean(terms)
	if !(in.Low < m && m < in.High) || in.High-in.Low > 0.5 {
		t.Errorf("%v around %v", in, m)
	}
}
