package session

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"
)

// zipf draws items whose counts fall as 1/rank^0.9, by a hash.
func zipf(items int) func() uint32 {
	seed := uint64(9)
	return func() uint32 {
		seed += 0x9e3779b97f4a7c15
		z := (seed ^ seed>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		u := float64((z^z>>31)>>11) / (1 << 53)
		return uint32(math.Pow(1+u*(math.Pow(float64(items), .1)-1), 10)) - 1
	}
}

func filled(clicks, items int) *Index {
	x := New(Config{})
	draw := zipf(items)
	for range clicks / 5 {
		var row Row
		for range 5 {
			row = x.Click(row, draw())
		}
	}
	return x
}

func BenchmarkClick(b *testing.B) {
	x := filled(1_000_000, 100_000)
	draw := zipf(100_000)
	stream := make([]uint32, 1<<20)
	for i := range stream {
		stream[i] = draw()
	}
	var row Row
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%5 == 0 {
			row = 0
		}
		row = x.Click(row, stream[i&(1<<20-1)])
	}
}

// BenchmarkWalk draws its queries at random from 10 million clicks on 500,000 items. Neighbours alone read the 100 best
// of the newest 500 sessions of each item; the full walk has the limits that ranking uses.
func BenchmarkWalk(b *testing.B) {
	x := filled(10_000_000, 500_000)
	b.Logf("%.1f bytes a click", float64(x.Bytes())/float64(x.Clicks()))
	alone := Limits{Items: MaxQuery, Depth: 512, Even: true, Sessions: 100}
	for _, n := range []int{1, 4, 10} {
		b.Run(fmt.Sprintf("last=%d/neighbours", n), func(b *testing.B) { walks(b, x, n, alone) })
		b.Run(fmt.Sprintf("last=%d/full", n), func(b *testing.B) { walks(b, x, n, DefaultLimits) })
	}
}

func walks(b *testing.B, x *Index, n int, limits Limits) {
	w, draw := NewWalker(), zipf(500_000)
	w.Limits = limits
	clicks := make([]uint32, n)
	var took []time.Duration
	b.ReportAllocs()
	for b.Loop() {
		for i := range clicks {
			clicks[i] = draw()
		}
		began := time.Now()
		w.Walk(x, clicks, 0)
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds())/1e3, "p50-us")
	b.ReportMetric(float64(took[len(took)*9/10].Nanoseconds())/1e3, "p90-us")
}
