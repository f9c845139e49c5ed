package intent

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"testing"

	"orrery/bench/replay"
)

func TestGA4Sessions(t *testing.T) {
	data := os.Getenv("ORRERY_DATA")
	if data == "" {
		t.Skip("ORRERY_DATA is not set: it names the folder of the public data sets")
	}
	file := filepath.Join(data, "ga4_ecommerce_events", "ga4_ecommerce_events.csv.gz")
	all, err := Sessions(context.Background(), replay.Config{Files: []string{file}, Preset: "ga4"})
	if err != nil {
		t.Fatal(err)
	}
	n := len(all)
	late := all[200:]
	p := said(late, func(f *Forecast) float64 { return f.P })
	b := said(late, func(f *Forecast) float64 { return f.Base })
	t.Logf("n %d pos %.4f  model %.4f  base %.4f auc %.4f ece %.4f", n, p.Base(), p.LogLoss(), b.LogLoss(), p.AUC(), p.ECE(10))
	for name, f := range map[string]func(float64) float64{"log": math.Log1p, "linear": func(x float64) float64 { return x }} {
		Counts(all, []int{1, 2, 4}, f)
		s := said(late, func(f *Forecast) float64 { return f.Simple })
		t.Logf("counts %s %.4f auc %.4f", name, s.LogLoss(), s.AUC())
	}
}
