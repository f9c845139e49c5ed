package churn

import (
	"syscall"
	"testing"

	"orrery/churn/rfm"
)

// BenchmarkFitShop is the whole fit of a shop in the background: scan, choice of the model, fit of spend.
func BenchmarkFitShop(b *testing.B) {
	for name, n := range map[string]int{"100k": 100_000, "1M": 1_000_000} {
		b.Run(name, func(b *testing.B) {
			c := New(rfm.Rules{})
			fill(c, n, 700)
			before := cpu()
			for b.Loop() {
				if m := c.Fit(start + 700); m.Gate != "" {
					b.Fatal(m.Gate)
				}
			}
			b.ReportMetric((cpu()-before)/float64(b.N), "cpu-s/op")
			b.ReportMetric(float64(c.Bytes())/float64(n), "bytes/contact")
		})
	}
}

// cpu returns the processor time of this process so far, in seconds: what counts where the machine is shared.
func cpu() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return float64(u.Utime.Sec) + float64(u.Utime.Usec)/1e6
}
