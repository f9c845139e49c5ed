package neighbours

import "testing"

// BenchmarkAddPairs is a view in a session of three others, in full lists of 100,000 items.
func BenchmarkAddPairs(b *testing.B) {
	const items, draws = 100_000, 1 << 20
	l, z := New(64, 0), newZipf(items)
	drawn := make([]uint32, draws+4)
	for i := range drawn {
		drawn[i] = z.item()
	}
	for i := range 2 * draws {
		l.AddPairs(1, drawn[i%draws], drawn[i%draws+1:i%draws+4], 1)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i = (i + 1) % draws {
		l.AddPairs(1, drawn[i], drawn[i+1:i+4], 1)
	}
	b.ReportMetric(float64(l.Bytes())/(1<<20), "MB")
}
