package shop

import (
	"strconv"
	"testing"
)

func BenchmarkNext(b *testing.B) {
	for _, rate := range []float64{20, 2_000, 20_000} {
		b.Run(strconv.Itoa(int(rate))+"/s", func(b *testing.B) {
			s := New(Config{Seed: 1, Now: now, Persons: 1_000_000})
			s.rate, s.flat = rate, true
			s.fill()
			for range 100_000 {
				s.Next()
			}
			b.ReportAllocs()
			b.ResetTimer()
			n := 0
			for range b.N {
				r, _ := s.Next()
				n += len(r.Value)
			}
			b.SetBytes(int64(n / b.N))
		})
	}
}

func BenchmarkLoad(b *testing.B) {
	l := NewLoad(LoadConfig{Seed: 1})
	b.ReportAllocs()
	b.SetBytes(LoadBytes)
	for range b.N {
		l.Next()
	}
}
