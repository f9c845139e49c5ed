package social

import (
	"fmt"
	"testing"

	"orrery/models"
)

func BenchmarkTouch(b *testing.B) {
	for _, visitors := range []uint32{8, 100, 10_000} {
		b.Run(fmt.Sprintf("visitors=%d", visitors), func(b *testing.B) {
			p := NewProof(0)
			b.ReportAllocs()
			for n := uint32(0); b.Loop(); n++ {
				p.Viewed(n&1023, hash(n%visitors), start+models.Time(n))
			}
		})
	}
}

func BenchmarkOf(b *testing.B) {
	for _, visitors := range []uint32{8, 100, 10_000} {
		b.Run(fmt.Sprintf("visitors=%d", visitors), func(b *testing.B) {
			p := NewProof(0)
			for product := range uint32(64) {
				for v := range visitors {
					p.Viewed(product, hash(v), start)
					p.Carted(product, hash(v), start)
					p.Bought(product, hash(v), start)
				}
			}
			b.ReportAllocs()
			for n := uint32(0); b.Loop(); n++ {
				p.Of(n&63, hash(3), start)
			}
		})
	}
}
