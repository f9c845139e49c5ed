package intern

import (
	"encoding/binary"
	"fmt"
	"testing"

	"orrery/models/slab"
)

// shuffled walks all numbers below n, a power of two, in an order that no cache foresees.
func shuffled(i, n uint32) uint32 { return i * 0x9e3779b1 & (n - 1) }

func BenchmarkStringsFind(b *testing.B) {
	for _, n := range []uint32{1 << 16, 1 << 20} {
		b.Run(fmt.Sprintf("names=%d", n), func(b *testing.B) {
			s := NewStrings()
			name := []byte("0192f6a0-7c3e-------->")
			for i := range n {
				binary.LittleEndian.PutUint32(name, i)
				s.Add(1, name)
			}
			b.ReportAllocs()
			for i := uint32(0); b.Loop(); i++ {
				binary.LittleEndian.PutUint32(name, shuffled(i, n))
				if s.Find(1, name) == 0 {
					b.Fatal("a name is missing")
				}
			}
			b.ReportMetric(float64(s.Bytes())/float64(n), "B/name")
		})
	}
}

func BenchmarkHashesFind(b *testing.B) {
	const stride = 8
	for _, n := range []uint32{1 << 16, 1 << 20} {
		b.Run(fmt.Sprintf("names=%d", n), func(b *testing.B) {
			keys := new(slab.Words)
			h := NewHashes(keys, stride)
			for i := range n {
				h.Add(uint64(i+1) * 0x9e3779b97f4a7c15)
			}
			b.ReportAllocs()
			for i := uint32(0); b.Loop(); i++ {
				if h.Find(uint64(shuffled(i, n)+1)*0x9e3779b97f4a7c15) == 0 {
					b.Fatal("a hash is missing")
				}
			}
			b.ReportMetric(float64(h.Bytes())/float64(n), "B/name")
		})
	}
}

func BenchmarkHashesAdd(b *testing.B) {
	keys := new(slab.Words)
	h := NewHashes(keys, 1)
	b.ReportAllocs()
	for i := uint64(1); b.Loop(); i++ {
		h.Add(i * 0x9e3779b97f4a7c15)
	}
}
