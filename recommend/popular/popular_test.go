package popular

import (
	"bytes"
	"cmp"
	"math"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"orrery/models"
)

const start = models.MinTime + 26*365*models.Day

// happening is a sale or a view of a product in some scopes.
type happening struct {
	product uint32
	scopes  []uint32
	sold    bool
	t       models.Time
}

// faded is what happenings of one kind are worth, by definition.
func faded(all []happening, product uint32, sold bool, halfLife, now models.Time) (sum float64) {
	for _, h := range all {
		if h.product == product && h.sold == sold {
			if halfLife == 0 {
				sum++
			} else {
				sum += math.Exp2(-float64(now-h.t) / float64(halfLife))
			}
		}
	}
	return sum
}

// scopesOf puts products into categories by their number: the shop is 1.
func scopesOf(product uint32) []uint32 {
	if product%2 == 0 {
		return []uint32{2 + product%3, 1}
	}
	return []uint32{1}
}

// Every list holds the products of the largest count, with that count, late events and silences included.
func TestListsAgainstSort(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		decays := rapid.Bool().Draw(t, "decay")
		products := rapid.SampledFrom([]uint32{10, 200}).Draw(t, "products")
		c, all := New(decays), []happening{}
		now := start
		for range rapid.IntRange(1, 400).Draw(t, "events") {
			now += models.Time(rapid.Int64Range(0, 1).Draw(t, "gap")) * models.Time(rapid.Int64Range(0, 7200).Draw(t, "seconds")) * models.Second
			h := happening{product: rapid.Uint32Range(1, products).Draw(t, "product"), sold: rapid.Bool().Draw(t, "sold"), t: now}
			if rapid.IntRange(0, 9).Draw(t, "late") == 0 {
				h.t -= models.Hour * models.Time(rapid.IntRange(0, 48).Draw(t, "hours"))
			}
			h.scopes = scopesOf(h.product)
			all = append(all, h)
			if h.sold {
				c.Sold(h.product, h.scopes, h.t)
			} else {
				c.Viewed(h.product, h.scopes, h.t)
			}
		}
		for scope := uint32(0); scope < 6; scope++ {
			for _, list := range []struct {
				read     func([]Ranked, uint32, models.Time) []Ranked
				sold     bool
				halfLife models.Time
			}{{c.Bestsellers, true, 30 * models.Day}, {c.MostViewed, false, 6 * models.Hour}} {
				if !decays {
					list.halfLife = 0
				}
				var want []Ranked
				for product := uint32(1); product <= products; product++ {
					n := faded(all, product, list.sold, list.halfLife, now)
					if n > 0 && slices.Contains(scopesOf(product), scope) {
						want = append(want, Ranked{Product: product, Count: float32(n)})
					}
				}
				slices.SortFunc(want, func(a, b Ranked) int { return cmp.Compare(b.Count, a.Count) })
				got := list.read(nil, scope, now)
				slices.SortFunc(got, func(a, b Ranked) int { return cmp.Compare(b.Count, a.Count) })
				if len(got) != min(top, len(want)) {
					t.Fatalf("scope %d has %d products, want %d", scope, len(got), min(top, len(want)))
				}
				for i, g := range got {
					// Which of two equal ones is listed does not matter, what they count does.
					if math.Abs(float64(g.Count-want[i].Count)) > 5e-4*float64(want[i].Count) {
						t.Fatalf("scope %d: place %d counts %g, want %g", scope, i, g.Count, want[i].Count)
					}
					if n := faded(all, g.Product, list.sold, list.halfLife, now); math.Abs(float64(g.Count)-n) > 5e-4*n || g.Score != g.Count {
						t.Fatalf("scope %d: product %d counts %g, score %g, want %g", scope, g.Product, g.Count, g.Score, n)
					}
				}
			}
		}
	})
}

func find1(list []Ranked, product uint32) Ranked {
	for _, r := range list {
		if r.Product == product {
			return r
		}
	}
	return Ranked{}
}

// A steady stream does not trend, a rush does, and it is over a day later; a newcomer trends at once.
func TestTrends(t *testing.T) {
	c := New(true)
	shop := []uint32{1}
	at := func(hours float64) models.Time { return start + models.Time(hours*float64(models.Hour)) }
	steady := 0.0
	for h := 0.0; h < 24*40; h += 1.0 / 8 { // eight views an hour for forty days
		c.Viewed(1, shop, at(h))
		if h > 24*30 {
			steady = max(steady, math.Abs(float64(find1(c.Trending(nil, 1, at(h)), 1).Score)))
		}
	}
	t.Logf("steady: %.2f standard deviations at most", steady)
	if steady > 0.7 {
		t.Errorf("a steady stream trends by %g", steady)
	}
	end := 24 * 40.0
	for i := range 100 { // a hundred more within an hour
		c.Viewed(1, shop, at(end+float64(i)/100))
	}
	rush := find1(c.Trending(nil, 1, at(end+1)), 1)
	t.Logf("rush: %.1f standard deviations, %.0f recent views", rush.Score, rush.Count)
	if rush.Score < 8 {
		t.Errorf("a rush trends by %g", rush.Score)
	}
	for i := range 6 {
		c.Viewed(2, shop, at(end+1+float64(i)/100))
	}
	if fresh := find1(c.Trending(nil, 1, at(end+1.1)), 2); fresh.Score < 4 || fresh.Score > rush.Score {
		t.Errorf("six views of a new product trend by %g", fresh.Score)
	}
	for h := end + 1; h < end+49; h += 1.0 / 8 {
		c.Viewed(1, shop, at(h))
	}
	if after := find1(c.Trending(nil, 1, at(end+49)), 1); after.Score > 0.5 {
		t.Errorf("two days after the rush it trends by %g", after.Score)
	}
	if silent := find1(c.Trending(nil, 1, at(end+24*30)), 1); silent.Score > 0 {
		t.Errorf("after a month of silence it trends by %g", silent.Score)
	}
}

func TestNothingTrendsWithoutDecay(t *testing.T) {
	c := New(false)
	for i := range 100 {
		c.Viewed(1, []uint32{1}, start+models.Time(i)*models.Hour)
	}
	if r := find1(c.Trending(nil, 1, start), 1); r.Score != 0 || r.Count != 100 {
		t.Errorf("%+v", r)
	}
}

// Ranks hold over years: what comes after half a decade of silence stands above what was before, and that keeps its order.
func TestLongSilence(t *testing.T) {
	c := New(true)
	for product := range uint32(20) {
		for range product + 1 {
			c.Viewed(product+1, []uint32{1}, start)
			c.Sold(product+1, []uint32{1}, start)
		}
	}
	later := start + 5*365*models.Day
	c.Viewed(100, []uint32{1}, later)
	c.Sold(100, []uint32{1}, later)
	for _, list := range [][]Ranked{c.MostViewed(nil, 1, start), c.Bestsellers(nil, 1, start)} {
		slices.SortFunc(list, func(a, b Ranked) int { return cmp.Compare(b.Count, a.Count) })
		for i, r := range list {
			if i < 20 && r.Product != 20-uint32(i) {
				t.Errorf("place %d is product %d", i, r.Product)
			}
		}
	}
	if r := c.MostViewed(nil, 1, later); find1(r, 100).Count != 1 || find1(r, 20).Count != 0 {
		t.Errorf("five years later: %v", r)
	}
}

// A product that comes into a category brings its counts along.
func TestEnter(t *testing.T) {
	c := New(true)
	for range 3 {
		c.Viewed(7, []uint32{1}, start)
	}
	c.Sold(7, []uint32{1}, start)
	c.Enter(7, []uint32{5, 1})
	c.Enter(8, []uint32{5, 1}) // nothing is known of it
	if v, s := c.MostViewed(nil, 5, start), c.Bestsellers(nil, 5, start); len(v) != 1 || v[0].Count != 3 || len(s) != 1 || s[0].Count != 1 {
		t.Errorf("viewed %v, sold %v", v, s)
	}
	if v := c.MostViewed(nil, 1, start); len(v) != 1 {
		t.Errorf("in the shop: %v", v)
	}
}

func state(t *testing.T, c *Counts) []byte {
	var b bytes.Buffer
	if _, err := c.Freeze().WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRestoreGoesOn(t *testing.T) {
	feed := func(c *Counts, from, to uint32) {
		for n := from; n < to; n++ {
			product := n * n % 501
			c.Viewed(product+1, scopesOf(product), start+models.Time(n)*models.Minute)
			if n%3 == 0 {
				c.Sold(product+1, scopesOf(product), start+models.Time(n)*models.Minute)
			}
		}
	}
	a, b := New(true), New(true)
	feed(a, 0, 5000)
	if err := b.ReadVersion(bytes.NewReader(state(t, a)), 11); err != nil {
		t.Fatal(err)
	}
	feed(a, 5000, 10000)
	feed(b, 5000, 10000)
	if !bytes.Equal(state(t, a), state(t, b)) {
		t.Error("the restored counts went another way")
	}
}

func TestReaders(t *testing.T) {
	c := New(true)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			var list []Ranked
			for {
				select {
				case <-stop:
					return
				default:
				}
				for scope := uint32(1); scope < 5; scope++ {
					list = c.Trending(list[:0], scope, start)
					list = c.Bestsellers(list, scope, start)
					for _, r := range list {
						if !slices.Contains(scopesOf(r.Product), scope) || r.Count < 0 {
							t.Errorf("scope %d lists %+v", scope, r)
							return
						}
					}
				}
				_ = c.Bytes()
			}
		})
	}
	for n := range uint32(30_000) {
		product := n*n%997 + 1
		c.Viewed(product, scopesOf(product), start+models.Time(n)*models.Second)
		c.Sold(product, scopesOf(product), start+models.Time(n)*models.Second)
	}
	close(stop)
	wg.Wait()
}

// Scopes of a few products are small: made-up categories cost their senders more than the shop.
func TestSmallScopes(t *testing.T) {
	c := New(true)
	const scopes = 10_000
	empty := c.tops.Bytes()
	for s := range uint32(scopes) {
		c.Viewed(s+1, []uint32{s + 1}, start)
	}
	if got := c.tops.Bytes() - empty; got > scopes*32+32<<10 {
		t.Errorf("%d bytes for %d categories of a product each", got, scopes)
	}
	before := c.tops.Bytes()
	for s := range uint32(scopes) { // the places that they leave are taken again
		for p := range uint32(5) {
			c.Viewed(scopes+5*s+p, []uint32{s + 1}, start)
		}
	}
	for s := range uint32(2 * scopes) {
		c.Viewed(s+1, []uint32{scopes + s + 1}, start)
	}
	if got := c.tops.Bytes() - before; got > scopes*(128+32)+32<<10 {
		t.Errorf("%d bytes more, though places were free", got)
	}
}

// Lists of version 10, all of the last class, are read as they were.
func TestReadVersion10(t *testing.T) {
	c := New(true)
	c.tops.Grow(3 * top)
	c.scopes.Grow(2*lists + lists)
	for block := range uint64(2) {
		list := []uint64{listSold, listViewed}[block]
		for i := range uint64(top - 10*block) { // the second one has free places
			product, word := 1+i, []uint64{pSold, pFast}[block]
			sum := c.add(uint32(product), word, c.sell, start+models.Time(i)*models.Hour)
			c.tops.Set((block+1)*top+i, product<<32|uint64(c.sell.Rank(sum)))
		}
		c.scopes.Set(2*lists+list, (block+1)<<32|c.tops.Load((block+1)*top+uint64(smallest(c.tops.Block((block+1)*top, top))))&0xffffffff)
	}
	old := state(t, c)
	read := New(true)
	if err := read.ReadVersion(bytes.NewReader(old), 10); err != nil {
		t.Fatal(err)
	}
	if sold, viewed := read.Bestsellers(nil, 2, start), read.MostViewed(nil, 2, start); len(sold) != top || len(viewed) != top-10 || sold[5].Product != 6 {
		t.Errorf("%d sold, %d viewed", len(sold), len(viewed))
	}
	read.Sold(1000, []uint32{2}, start+1000*models.Day) // in place of the least
	read.Viewed(1000, []uint32{2}, start+1000*models.Day)
	if sold, viewed := read.Bestsellers(nil, 2, start), read.MostViewed(nil, 2, start); len(sold) != top || len(viewed) != top-9 {
		t.Errorf("%d sold, %d viewed after one more", len(sold), len(viewed))
	}
	if err := New(true).ReadVersion(bytes.NewReader(old), 11); err == nil {
		t.Error("version 10 was taken for 11")
	}
}

// A view that is taken back leaves all counts as if it had never been, and no product in a list that nobody has viewed.
func TestUnviewed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		decays := rapid.Bool().Draw(t, "decay")
		c, want := New(decays), New(decays)
		now := start
		var taken []happening
		for range rapid.IntRange(1, 24).Draw(t, "views") {
			now += models.Time(rapid.Int64Range(0, 300).Draw(t, "seconds")) * models.Second
			h := happening{product: rapid.Uint32Range(1, 10).Draw(t, "product"), t: now}
			h.scopes = scopesOf(h.product)
			c.Viewed(h.product, h.scopes, h.t)
			if rapid.Bool().Draw(t, "taken back") {
				taken = append(taken, h)
			} else {
				want.Viewed(h.product, h.scopes, h.t)
			}
			if rapid.IntRange(0, 9).Draw(t, "now") == 0 {
				for _, h := range taken {
					c.Unviewed(h.product, h.scopes, h.t)
				}
				taken = nil
			}
		}
		for _, h := range taken {
			c.Unviewed(h.product, h.scopes, h.t)
		}
		byProduct := func(a, b Ranked) int { return cmp.Compare(a.Product, b.Product) }
		for scope := uint32(1); scope < 6; scope++ {
			a, b := c.MostViewed(nil, scope, now), want.MostViewed(nil, scope, now)
			slices.SortFunc(a, byProduct)
			slices.SortFunc(b, byProduct)
			if !slices.EqualFunc(a, b, func(a, b Ranked) bool {
				return a.Product == b.Product && math.Abs(float64(a.Count-b.Count)) < 1e-4
			}) {
				t.Fatalf("scope %d: %v, want %v", scope, a, b)
			}
		}
	})
}
