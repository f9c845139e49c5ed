package similar

import (
	"bytes"
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"

	"orrery/models"
)

func product(item uint32, title, category, brand string) *models.Product {
	return &models.Product{Item: item, Title: []byte(title), Category: []byte(category), Brand: []byte(brand)}
}

func find(x *Index, shop uint32, p *models.Product) map[uint32]Alike {
	var q Query
	found := map[uint32]Alike{}
	q.Find(x, shop, p, func(a Alike) {
		if _, twice := found[a.Product]; twice {
			panic(fmt.Sprintf("product %d is found twice", a.Product))
		}
		found[a.Product] = a
	})
	return found
}

// What is found, and how much is shared, is what a comparison of all products says, across shops and a restart.
func TestFindAgainstComparison(t *testing.T) {
	words := []string{"red", "Shoe", "lamp", "XL", "été", "42"}
	paths := []string{"", "Home", "Home > Light", "Wear > Shoes", "Wear"}
	rapid.Check(t, func(t *rapid.T) {
		x := New()
		type listed struct {
			shop uint32
			p    *models.Product
		}
		var all []listed
		for i := range rapid.IntRange(1, 40).Draw(t, "products") {
			title := ""
			for _, w := range rapid.SliceOfN(rapid.SampledFrom(words), 0, 4).Draw(t, "title") {
				title += w + ", "
			}
			p := product(uint32(i+1), title, rapid.SampledFrom(paths).Draw(t, "path"), rapid.SampledFrom([]string{"", "Acme", "Zen"}).Draw(t, "brand"))
			shop := rapid.Uint32Range(1, 2).Draw(t, "shop")
			x.List(shop, p)
			x.List(shop, p) // again, unchanged
			all = append(all, listed{shop, p})
		}
		if rapid.Bool().Draw(t, "restart") {
			var b bytes.Buffer
			if _, err := x.Freeze().WriteTo(&b); err != nil {
				t.Fatal(err)
			}
			x = New()
			if _, err := x.ReadFrom(&b); err != nil {
				t.Fatal(err)
			}
		}
		for _, a := range all {
			got := find(x, a.shop, a.p)
			mine := x.featuresOf(nil, a.shop, a.p)
			for _, b := range all {
				shared := 0
				if a.shop == b.shop && a.p != b.p {
					for _, f := range x.featuresOf(nil, b.shop, b.p) {
						for _, g := range mine {
							if f.hash == g.hash {
								shared++
							}
						}
					}
				}
				alike := got[b.p.Item]
				if int(alike.Shared) != shared || shared > 0 && (alike.Score <= 0 || math.IsNaN(float64(alike.Score))) {
					t.Fatalf("%q and %q: %+v, want %d shared", a.p.Title, b.p.Title, alike, shared)
				}
			}
		}
	})
}

// A rare word says more than a frequent one, and price apart counts half.
func TestScore(t *testing.T) {
	x := New()
	for i := range uint32(100) {
		x.List(1, product(i+10, "common thing", "", ""))
	}
	x.List(1, product(1, "rare gem", "", ""))
	got := find(x, 1, product(2, "common rare", "", ""))
	if got[1].Score <= got[10].Score {
		t.Errorf("rare %g, common %g", got[1].Score, got[10].Score)
	}
	f := func(a, b models.Money, want float32) {
		t.Helper()
		if got := Closeness(a, b); got != want {
			t.Errorf("closeness of %d and %d: %g, want %g", a, b, got, want)
		}
	}
	f(100, 100, 1)
	f(100, 50, 0.75)
	f(50, 100, 0.75)
	f(0, 100, 0.75)
	f(-1, 100, 0.75)
}

// A feature of more products than its ring holds keeps the newest.
func TestRing(t *testing.T) {
	x := New()
	for i := range uint32(2000) {
		x.List(1, product(i+1, "all alike", "", ""))
	}
	got := find(x, 1, product(5000, "alike", "", ""))
	if len(got) != minRoom<<(classes-1) {
		t.Errorf("%d products are found, want %d", len(got), minRoom<<(classes-1))
	}
	for item := range got {
		if item <= 2000-uint32(len(got)) {
			t.Errorf("product %d is not among the newest", item)
		}
	}
}

// Products are looked for while others are listed.
func TestReaders(t *testing.T) {
	x := New()
	x.List(1, product(1, "word0 word1 word2 shared", "A > B", "brand"))
	done := make(chan bool)
	for range 2 {
		go func() {
			var q Query
			for range 300 {
				q.Find(x, 1, product(1<<20, "word0 word1 word2 shared", "A > B", "brand"), func(a Alike) {
					if a.Product == 0 || a.Product > 3000 {
						t.Errorf("product %d was never listed", a.Product)
					}
				})
			}
			done <- true
		}()
	}
	for i := range uint32(3000) {
		x.List(1, product(i+1, fmt.Sprintf("word%d word%d shared", i%7, i%11), "A > B", "brand"))
	}
	<-done
	<-done
}
