package churn

import (
	"testing"

	"orrery/churn/rfm"
)

// BenchmarkFitShop is the whole refit of a shop in the background: scan, choice of the model, fit of spend.
func BenchmarkFitShop(b *testing.B) {
	for name, n := range map[string]int{"100k": 100_000, "1M": 1_000_000} {
		b.Run(name, func(b *testing.B) {
			c := New(rfm.Rules{})
			fill(c, n, 700)
			m := c.Fit(start + 700)
			if m.Gate != "" {
				b.Fatal(m.Gate)
			}
			c.SetModels(m)
			b.Run("choice", func(b *testing.B) {
				for b.Loop() {
					c.Fit(start + 700)
				}
			})
			b.Run("warm", func(b *testing.B) {
				for b.Loop() {
					c.Refit(start + 701)
				}
				b.ReportMetric(float64(c.Bytes())/float64(n), "bytes/contact")
			})
		})
	}
}
