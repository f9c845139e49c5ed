package together

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"orrery/recommend/neighbours"
)

func count(l *neighbours.Lists, order []uint32) {
	w := l.Weight(0)
	l.CountBasket(0, w)
	for i, a := range order {
		l.CountBoth(a, w)
		for _, b := range order[:i] {
			l.Add(0, a, b, w)
			l.Add(0, b, a, w)
		}
	}
}

// Whatever was sold: what is recommended is new, allowed, said once, and its evidence is the pair's own count.
func TestRecommend(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l, r, s := neighbours.New(64, 0), New(), NewScratch()
		pairs := map[[2]uint32]float32{}
		for range rapid.IntRange(0, 40).Draw(t, "orders") {
			order := rapid.SliceOfNDistinct(rapid.Uint32Range(1, 30), 1, 6, rapid.ID[uint32]).Draw(t, "order")
			if len(order) > 1 {
				r.Learn(s, l, Query{Cart: order[1:], Fill: []uint32{1, 2, 3}}, order[0])
			}
			count(l, order)
			for _, a := range order {
				for _, b := range order {
					pairs[[2]uint32{a, b}]++
				}
			}
		}
		q := Query{
			Cart:  rapid.SliceOfNDistinct(rapid.Uint32Range(1, 40), 0, 5, rapid.ID[uint32]).Draw(t, "cart"),
			Fill:  rapid.SliceOfN(rapid.Uint32Range(1, 40), 0, 10).Draw(t, "fill"),
			Allow: func(item uint32) bool { return item%5 != 0 },
		}
		n := rapid.IntRange(0, 40).Draw(t, "n")
		got := r.Recommend(s, nil, l, q, n)
		if len(got) > n {
			t.Fatalf("%d items, wanted %d", len(got), n)
		}
		var seen []uint32
		for i, it := range got {
			if slices.Contains(q.Cart, it.Item) || !q.Allow(it.Item) || slices.Contains(seen, it.Item) {
				t.Fatalf("item %d is in the cart, not allowed, or there twice: %v", it.Item, got)
			}
			seen = append(seen, it.Item)
			if i > 0 && it.Score > got[i-1].Score || math.IsNaN(float64(it.Score)) {
				t.Fatalf("the scores do not fall: %v", got)
			}
			if it.From == 0 {
				if !slices.Contains(q.Fill, it.Item) {
					t.Fatalf("item %d has no evidence and is no bestseller", it.Item)
				}
			} else if want := pairs[[2]uint32{it.From, it.Item}]; it.Count != want {
				t.Fatalf("%d because of %d: %g orders, were %g", it.Item, it.From, it.Count, want)
			}
		}
		if again := r.Recommend(s, nil, l, q, n); !slices.Equal(again, got) {
			t.Fatalf("asked twice: %v and %v", got, again)
		}
	})
}

// All neighbours come, page after page, however many are excluded.
func TestRecommendAll(t *testing.T) {
	l, r, s := neighbours.New(1024, 0), New(), NewScratch()
	for b := uint32(2); b < 600; b++ {
		count(l, []uint32{1, b})
	}
	seen := map[uint32]bool{}
	for range 10 {
		for _, it := range r.Recommend(s, nil, l, Query{Cart: []uint32{1}, Allow: func(i uint32) bool { return !seen[i] }}, 100) {
			seen[it.Item] = true
		}
	}
	if len(seen) != 598 {
		t.Errorf("%d of 598 neighbours were to be had", len(seen))
	}
}

// The weights of a regression solve its equations, also where the counts are at odds.
func TestRegression(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var g regression
		n := rapid.IntRange(0, maxCart).Draw(t, "n")
		total := float32(rapid.IntRange(1, 100000).Draw(t, "total"))
		g.begin(n)
		for i := range n {
			g.side(i, neighbours.Pairs{Left: float32(rapid.IntRange(0, int(total)).Draw(t, "left")), Total: total})
		}
		odd := rapid.Bool().Draw(t, "odd")
		for i := range n {
			for j := range i {
				most := int(min(g.left[i], g.left[j]))
				if !odd { // near independence: surely positive definite
					most = int(float64(g.left[i]) * float64(g.left[j]) / float64(total))
					g.pair(i, j, float32(most))
					continue
				}
				g.pair(i, j, float32(rapid.IntRange(0, most).Draw(t, "pair")))
			}
		}
		before := g.gram
		g.solve()
		for i := range n {
			if math.IsNaN(g.w[i]) || math.IsInf(g.w[i], 0) {
				t.Fatalf("weight %d is %g", i, g.w[i])
			}
			if odd {
				continue
			}
			sum, b := 0.0, 1-float64(g.left[i])/float64(total)
			for j := range n {
				v := before[i][j]
				if i == j {
					v = float64(g.left[i]) + ridge
				}
				sum += (v - float64(g.left[i])*float64(g.left[j])/float64(total)) * g.w[j]
			}
			if math.Abs(sum-b) > 1e-3 {
				t.Fatalf("equation %d gives %g, not %g", i, sum, b)
			}
		}
	})
}
