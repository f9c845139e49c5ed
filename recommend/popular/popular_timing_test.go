package popular

import (
	"testing"

	"orrery/models"
)

func BenchmarkViewed(b *testing.B) {
	c := New(true)
	b.ReportAllocs()
	for n := uint32(0); b.Loop(); n++ {
		product := n * n % 9973
		product = product*product%9973%1000 + 1
		c.Viewed(product, []uint32{product%10 + 2, 1}, start+models.Time(n)*10)
	}
}
