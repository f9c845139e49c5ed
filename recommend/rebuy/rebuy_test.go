package rebuy

import (
	"bytes"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"orrery/models"
	"orrery/recommend/neighbours"
)

// bought is what the oracle remembers of one product of one owner: the orders that held it, from 1 on.
type purchase struct {
	orders []int
	times  []uint32
}

// Every count is what the definition says, before and after a snapshot.
func TestHistoryAgainstDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := New()
		orders := map[uint32]int{}
		want := map[[2]uint32]*purchase{}
		clock := models.Time(0)
		for range rapid.IntRange(0, 60).Draw(t, "orders") {
			owner := rapid.Uint32Range(1, 4).Draw(t, "owner")
			products := rapid.SliceOfNDistinct(rapid.Uint32Range(1, 60), 1, 12, rapid.ID[uint32]).Draw(t, "products")
			clock += models.Time(rapid.IntRange(1, 1000).Draw(t, "pause")) * models.Minute
			h.Buy(0, owner, products, clock)
			orders[owner]++
			for _, p := range products {
				key := [2]uint32{owner, p}
				if want[key] == nil {
					want[key] = &purchase{}
				}
				want[key].orders = append(want[key].orders, orders[owner])
				want[key].times = append(want[key].times, clock.Seconds())
			}
			if rapid.IntRange(0, 15).Draw(t, "restart") == 0 {
				h = restored(t, h)
			}
		}
		for owner, n := range orders {
			entries, got := h.read(nil, owner)
			if int(got) != n || h.Orders(owner) != n {
				t.Fatalf("owner %d has %d orders, want %d", owner, got, n)
			}
			for _, e := range entries {
				p := want[[2]uint32{owner, e.item}]
				if p == nil {
					t.Fatalf("owner %d never bought %d", owner, e.item)
				}
				p.check(t, e, n)
				delete(want, [2]uint32{owner, e.item})
			}
		}
		if len(want) > 0 {
			t.Fatalf("forgotten: %v", want)
		}
	})
}

func (p *purchase) check(t *rapid.T, e entry, n int) {
	slow, fast, gap := 0.0, 0.0, 0.0
	for i, order := range p.orders {
		slow += math.Pow(slowDecay, float64(n-order))
		fast += math.Pow(fastDecay, float64(n-order))
		if i == 1 {
			gap = float64(p.times[1] - p.times[0])
		} else if i > 1 {
			gap += 0.3 * (float64(p.times[i]-p.times[i-1]) - gap)
		}
	}
	past := uint16(n) - e.order
	near := func(name string, got float32, want float64) {
		if math.Abs(float64(got)-want) > 1e-4*(1+want) {
			t.Fatalf("product %d: %s is %g, want %g", e.item, name, got, want)
		}
	}
	near("slow", e.slow*power(slowDecay, past), slow)
	near("fast", e.fast*power(fastDecay, past), fast)
	near("gap", e.gap, gap)
	if int(e.count) != len(p.orders) || e.last != p.times[len(p.times)-1] {
		t.Fatalf("product %d: %d purchases, the last at %d, want %d, %v", e.item, e.count, e.last, len(p.orders), p.times)
	}
}

func restored(t interface{ Fatal(...any) }, h *History) *History {
	var b bytes.Buffer
	if _, err := h.Freeze().WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	r := New()
	if err := r.ReadVersion(&b, Version); err != nil {
		t.Fatal(err)
	}
	return r
}

// An owner of more products than there is room for keeps those bought most, and the memory stays bounded.
func TestBound(t *testing.T) {
	h := New()
	for i := range uint32(2000) {
		h.Buy(0, 1, []uint32{1, 2, 1000 + i}, models.Time(i)*models.Day)
	}
	entries, _ := h.read(nil, 1)
	if len(entries) != maxRoom {
		t.Fatalf("%d products are kept, want %d", len(entries), maxRoom)
	}
	for _, item := range []uint32{1, 2, 2999} {
		if !slices.ContainsFunc(entries, func(e entry) bool { return e.item == item }) {
			t.Errorf("product %d was forgotten", item)
		}
	}
	if h.lists.Len() > 3*2*maxRoom+4096 {
		t.Errorf("%d words for one owner", h.lists.Len())
	}
}

// What is bought every week is due after a week; with Again nothing new is shown, and what is not allowed never is.
func TestRecommend(t *testing.T) {
	h, s, l := New(), NewScratch(), neighbours.New(0, 0)
	for i := range 10 {
		products := []uint32{1}
		if i == 3 {
			products = append(products, 2)
		}
		h.Buy(0, 7, products, models.Time(i)*7*models.Day)
		w := l.Weight(0)
		l.CountBasket(0, w)
		for _, p := range products {
			l.CountBoth(p, w)
			l.Add(0, p, 3, w)
		}
	}
	q := Query{Owners: []uint32{7}, Now: 70 * models.Day, Again: true, Fill: []uint32{4}}
	got := h.Recommend(s, nil, l, q, 10)
	if len(got) != 2 || got[0].Item != 1 || got[0].Bought != 10 || got[0].Rhythm != uint32(7*models.Day/models.Second) || got[0].Since != got[0].Rhythm {
		t.Errorf("again: %+v", got)
	}
	q.Again, q.Allow = false, func(item uint32) bool { return item != 1 }
	got = h.Recommend(s, nil, l, q, 10)
	var items []uint32
	for _, it := range got {
		items = append(items, it.Item)
	}
	slices.Sort(items)
	if !slices.Equal(items, []uint32{2, 3, 4}) {
		t.Errorf("all but 1: %v", items)
	}
	if got := h.Recommend(s, nil, l, Query{Owners: []uint32{99}, Again: true}, 10); len(got) != 0 {
		t.Errorf("a stranger: %v", got)
	}
}

// What was bought before ranks the same whether new products may come between or not: the ranker learns with them.
func TestAgainRanksAsLearned(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h, s, l := New(), NewScratch(), neighbours.New(0, 0)
		product := rapid.Uint32Range(1, 30)
		for i := range rapid.IntRange(5, 60).Draw(t, "orders") {
			owner := rapid.Uint32Range(1, 3).Draw(t, "owner")
			products := rapid.SliceOfNDistinct(product, 1, 5, func(p uint32) uint32 { return p }).Draw(t, "products")
			if h.Orders(owner) > 0 {
				h.Learn(s, l, Query{Owners: []uint32{owner}, Now: models.Time(i) * models.Day}, products)
			}
			h.Buy(0, owner, products, models.Time(i)*models.Day)
			w := l.Weight(0)
			l.CountBasket(0, w)
			for k, p := range products {
				l.CountBoth(p, w)
				l.AddPairs(0, p, products[:k], w)
			}
		}
		q := Query{Owners: []uint32{1}, Now: 70 * models.Day}
		want := slices.DeleteFunc(h.Recommend(s, nil, l, q, 100), func(it Item) bool { return it.Bought == 0 })
		q.Again = true
		if got := h.Recommend(NewScratch(), nil, l, q, 100); !slices.Equal(got, want) {
			t.Fatalf("%+v\nwant\n%+v", got, want)
		}
	})
}

// Readers ask while orders arrive and lists grow.
func TestReaders(t *testing.T) {
	h, l := New(), neighbours.New(0, 0)
	done := make(chan bool)
	for range 2 {
		go func() {
			s := NewScratch()
			for range 300 {
				for _, it := range h.Recommend(s, nil, l, Query{Owners: []uint32{1, 2, 3}, Again: true}, 20) {
					if it.Item == 0 || it.Item > 500 {
						t.Errorf("product %d was never sold", it.Item)
					}
				}
			}
			done <- true
		}()
	}
	for i := range uint32(5000) {
		h.Buy(0, i%50+1, []uint32{i%500 + 1, i*7%500/2*2%499 + 1}[:1+i%2], models.Time(i)*models.Hour)
	}
	<-done
	<-done
}
