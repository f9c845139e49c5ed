package shop

import (
	"math"
	"math/rand/v2"
	"testing"

	"orrery/models"
)

func TestLoad(t *testing.T) {
	l := NewLoad(LoadConfig{Seed: 1, Items: 1000, Visitors: 500, Rate: 1000})
	ids := map[string]bool{}
	items, visitors := map[string]int{}, map[string]int{}
	last := map[string]int{}
	rank := map[string]int{}
	for i := range 1000 {
		rank[l.Item(i)] = i
	}
	if len(rank) != 1000 {
		t.Fatalf("%d ids for 1000 products", len(rank))
	}
	var e models.Event
	followed, again := 0, 0
	const n = 100_000
	for i := range n {
		r := l.Next()
		if len(r.Value) != LoadBytes {
			t.Fatalf("%d bytes: %s", len(r.Value), r.Value)
		}
		if err := e.Decode(r.Value, l.Time()); err != nil {
			t.Fatalf("%s: %v", r.Value, err)
		}
		item := string(e.Items[0].ID)
		if ids[string(e.ID)] || e.Time != l.Time() || e.Time != l.cfg.Start+models.Time(i) || string(r.Key) != string(e.Visitor) {
			t.Fatalf("event %d: %s", i, r.Value)
		}
		if _, ok := rank[item]; !ok || string(e.Page.URL) != "https://www.shop.example/p/"+item {
			t.Fatalf("an unknown product: %s", r.Value)
		}
		ids[string(e.ID)] = true
		items[item]++
		v := string(e.Visitor)
		visitors[v]++
		if before, ok := last[v]; ok {
			again++
			if d := rank[item] - before; d != 0 && d >= -relatedSpan && d <= relatedSpan {
				followed++
			}
		}
		last[v] = rank[item]
	}
	between(t, "clicks that follow", float64(followed)/float64(again), 0.47, 0.6)
	between(t, "visitors", len(visitors), 490, 500)
	top, tenth := items[l.Item(0)], items[l.Item(9)]
	between(t, "first to tenth product", float64(top)/float64(tenth), 2.5, 12)
}

func TestLoadDeterminism(t *testing.T) {
	a, b, c := NewLoad(LoadConfig{Seed: 1}), NewLoad(LoadConfig{Seed: 1}), NewLoad(LoadConfig{Seed: 2})
	same := 0
	for range 1000 {
		x := string(a.Next().Value)
		if x != string(b.Next().Value) {
			t.Fatal("the same seed gives other bytes")
		}
		if x == string(c.Next().Value) {
			same++
		}
	}
	if same > 0 {
		t.Errorf("another seed gives %d of 1000 events alike", same)
	}
	if n := testing.AllocsPerRun(1000, func() { a.Next() }); n != 0 {
		t.Errorf("%g allocations an event", n)
	}
}

// Against the exact chances: Pearson's chi-square over ranks, those of small chance taken together.
func TestZipf(t *testing.T) {
	f := func(n int, s float64) {
		t.Helper()
		rng := rand.New(rand.NewPCG(1, uint64(n)))
		z := NewZipf(n, s)
		const draws = 400_000
		counts := make([]int, n)
		for range draws {
			counts[z.Draw(rng)]++
		}
		total := 0.0
		for i := range n {
			total += math.Pow(float64(i+1), -s)
		}
		chi, cells := 0.0, 0
		expected, got := 0.0, 0.0
		for i := range n {
			expected += draws * math.Pow(float64(i+1), -s) / total
			got += float64(counts[i])
			if expected >= 50 || i == n-1 {
				chi += (got - expected) * (got - expected) / expected
				cells++
				expected, got = 0, 0
			}
		}
		// The chi-square's mean is cells-1, its deviation sqrt(2(cells-1)); five deviations do not happen.
		if df := float64(cells - 1); chi > df+5*math.Sqrt(2*df)+5 {
			t.Errorf("n %d, s %g: chi-square %.1f with %.0f degrees of freedom", n, s, chi, df)
		}
	}
	f(1, 0.5)
	f(2, 0.9)
	f(10, 0.5)
	f(1000, 0.9)
	f(1000, 0.7)
	f(100_000, 0.5)
	f(100_000, 1.2)
}

func TestAlias(t *testing.T) {
	weights := []float64{5, 0, 1, 3, 1}
	a := newAlias(weights)
	rng := rand.New(rand.NewPCG(1, 1))
	counts := make([]int, len(weights))
	const draws = 200_000
	for range draws {
		counts[a.at(rng.Uint64())]++
	}
	for i, w := range weights {
		if got := float64(counts[i]) / draws * 10; math.Abs(got-w) > 0.05 {
			t.Errorf("%d: %.3f, want %.0f", i, got, w)
		}
	}
}
