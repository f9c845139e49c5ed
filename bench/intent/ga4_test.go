package intent

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"orrery/bench/calibration"
	"orrery/churn/session"
	"orrery/stream/files"
)

// TestGA4Sessions: the engine's forecasts of purchases within running sessions, each made before anybody knew, are better
// than the base rate of the moment, than that of the whole file, and than a logistic regression on counts alone.
func TestGA4Sessions(t *testing.T) {
	data := os.Getenv("ORRERY_DATA")
	if data == "" {
		t.Skip("ORRERY_DATA is not set: it names the folder of the public data sets")
	}
	file := filepath.Join(data, "ga4_ecommerce_events", "ga4_ecommerce_events.csv.gz")
	all, err := Sessions(context.Background(), files.Config{Files: []string{file}, Preset: "ga4"})
	if err != nil {
		t.Fatal(err)
	}
	var columns []int
	for _, name := range []string{"page views", "product views", "additions to the cart"} {
		columns = append(columns, 1+slices.Index(session.FeatureNames(), name)) // after the bias
	}
	judged := all[burnIn:]
	model := newRow(judged, func(f *Forecast) float64 { return f.P })
	share := model.probabilities.Base()
	visitors, sessions, buying := Groups(judged)
	t.Logf("%d forecasts in %d sessions of %d visitors; %d before a purchase (%.1f %%), in %d sessions",
		len(judged), sessions, visitors, int(share*float64(len(judged))+0.5), 100*share, buying)
	t.Logf("%-42s log loss %.4f  AUC %.4f  ECE %.4f", "engine", model.loss(), model.probabilities.AUC(), model.probabilities.ECE(10))
	compare := func(name string, other row, mustBeat bool) {
		diff := Bootstrap(judged, calibration.Paired(model.probabilities.Losses(), other.probabilities.Losses()))
		t.Logf("%-42s log loss %.4f  AUC %.4f  ECE %.4f  engine less this %+.4f [%+.4f, %+.4f]", name, other.loss(),
			other.probabilities.AUC(), other.probabilities.ECE(10), model.loss()-other.loss(), diff.Low, diff.High)
		if mustBeat && (model.loss() >= other.loss() || diff.High >= 0) {
			t.Errorf("the engine is not better than %q", name)
		}
	}
	compare("base rate of the moment", newRow(judged, func(f *Forecast) float64 { return f.Base }), true)
	compare("base rate of the file, known in advance", newRow(judged, func(*Forecast) float64 { return share }), true)
	Counts(all, columns, math.Log1p)
	compare("logistic on counts, logarithms", newRow(judged, func(f *Forecast) float64 { return f.Simple }), true)
	Counts(all, columns, func(x float64) float64 { return x / 10 })
	compare("logistic on counts, plain", newRow(judged, func(f *Forecast) float64 { return f.Simple }), true)
	compare("as served: the base rate behind the gate", newRow(judged, func(f *Forecast) float64 {
		if f.Open {
			return f.P
		}
		return f.Base
	}), false)
	opened := 0
	for _, f := range judged {
		if f.Open {
			opened++
		}
	}
	t.Logf("the gate was open for %d of them", opened)
	if share < 0.02 || model.probabilities.AUC() < 0.8 || model.probabilities.ECE(10) > 0.03 {
		t.Errorf("AUC %.4f, ECE %.4f", model.probabilities.AUC(), model.probabilities.ECE(10))
	}
}
