package social

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"orrery/models"
	"orrery/models/slab"
)

const start = models.MinTime + 26*365*models.Day

// hash is 32 bits of a made-up visitor's hash.
func hash(n uint32) uint32 {
	x := uint64(n+1) * 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return uint32((x ^ x>>31) >> 32)
}

// exact is the newest touch of every visitor of every product.
type exact map[[2]uint32]models.Time

func (x exact) touch(product, visitor uint32, t models.Time) {
	key := [2]uint32{product, visitor}
	x[key] = max(x[key], t)
}

func (x exact) count(product, self uint32, unit, horizon, now models.Time) (n int) {
	for key, last := range x {
		if key[0] == product && key[1] != self && last/unit+horizon/unit >= now/unit {
			n++
		}
	}
	return n
}

// Below the bound every count is exact at any moment: windows slide, late events count, a visitor does not count itself.
func TestExactBelowBound(t *testing.T) {
	for name, window := range map[string]struct {
		unit, horizon, step models.Time
	}{
		"now":    {models.Second, Now, models.Minute},
		"lately": {models.Minute, Lately, 4 * models.Hour},
	} {
		t.Run(name, rapid.MakeCheck(func(t *rapid.T) {
			heads := new(slab.Words)
			heads.Grow(10 * headWords)
			w, x := newWindow(heads, 2, window.unit, window.horizon), exact{}
			now, newest := start, models.Time(0)
			for range rapid.IntRange(1, 150).Draw(t, "touches") {
				product, visitor := rapid.Uint32Range(1, 3).Draw(t, "product"), hash(rapid.Uint32Range(1, 40).Draw(t, "visitor"))
				at := now
				switch rapid.IntRange(0, 9).Draw(t, "how") {
				case 0: // late
					at -= models.Time(rapid.Int64Range(0, int64(window.horizon)).Draw(t, "late"))
				case 1: // a long silence
					now += models.Time(rapid.Int64Range(0, 20*int64(window.horizon)).Draw(t, "silence"))
					at = now
				case 2, 3, 4:
					now += models.Time(rapid.Int64Range(0, int64(window.step)).Draw(t, "step"))
					at = now
				case 5:
					w.forget(product, visitor)
					delete(x, [2]uint32{product, visitor})
					continue
				}
				w.touch(product, visitor, at)
				x.touch(product, visitor, at)
				newest = max(newest, at)
				ask := newest + models.Time(rapid.Int64Range(0, 2*int64(window.horizon)).Draw(t, "ask"))
				self := rapid.SampledFrom([]uint32{visitor, hash(99), hash(rapid.Uint32Range(1, 40).Draw(t, "self"))}).Draw(t, "who")
				for product := range uint32(5) {
					own, _ := w.share(product, self, ask)
					if got, want := w.count(product, ask)-int(own), x.count(product, self, window.unit, window.horizon, ask); got != want {
						t.Fatalf("product %d has %d, want %d", product, got, want)
					}
				}
			}
		}))
	}
}

// Up to 256 visitors every window of every product is exact, but where 21 bits of two visitors' hashes are the same.
func TestExactTo256(t *testing.T) {
	p := NewProof(1)
	for product := range uint32(200) {
		seen := map[uint32]bool{}
		for v := range uint32(256) {
			visitor := hash(product*1_000_003 + v)
			seen[tagOf(visitor)] = true
			p.Viewed(product, visitor, start)
			p.Carted(product, visitor, start)
			p.Bought(product, visitor, start)
			if v != 93 && v != 255 {
				continue
			}
			n := int32(len(seen))
			if got := p.Of(product, 0, start); got != (models.Social{ViewingNow: n, Viewed24h: n, Carted24h: n, Bought24h: n}) {
				t.Errorf("product %d: %d visitors are told as %+v", product, n, got)
			}
		}
	}
}

// Tables hold most of their bound exactly; past it counts are right on average, and within the documented error.
func TestSampling(t *testing.T) {
	for _, visitors := range []uint32{30, 100, 250, 1_000, 10_000, 40_000} {
		var deviations []float64
		exact := 0
		const products = 24
		p := NewProof(1)
		for product := range uint32(products) {
			for v := range visitors {
				p.Viewed(product, hash(product*1_000_003+v), start+models.Time(v)*10*models.Hour/models.Time(visitors))
			}
			got := p.viewed.count(product, start+10*models.Hour)
			deviations = append(deviations, float64(got)/float64(visitors)-1)
			if got == int(visitors) {
				exact++
			}
		}
		mean, square := 0.0, 0.0
		for _, d := range deviations {
			mean += d / products
			square += d * d / products
		}
		t.Logf("%6d visitors: bias %+.3f, standard error %.3f, exact for %d of %d products", visitors, mean, math.Sqrt(square), exact, products)
		if math.Abs(mean) > 0.03 || math.Sqrt(square) > 0.09 || visitors <= 100 && exact < products {
			t.Errorf("%d visitors: bias %.3f, error %.3f, %d exact", visitors, mean, math.Sqrt(square), exact)
		}
	}
}

// After a rush the sample opens again, and counts stay right on the way down.
func TestLevelFalls(t *testing.T) {
	p := NewProof(1)
	var times []models.Time
	now, n := start, uint32(0)
	rush := func(visitors int, over models.Time) {
		for range visitors {
			now += over / models.Time(visitors)
			p.Viewed(1, hash(n), now)
			times, n = append(times, now), n+1
		}
	}
	check := func(what string, most float64) {
		t.Helper()
		from, _ := slices.BinarySearch(times, now-Lately)
		want := float64(len(times) - from)
		got := float64(p.viewed.count(1, now))
		t.Logf("%s: %.0f, counted %.0f at level %d", what, want, got, p.viewed.load(1).level)
		if math.Abs(got-want) > most*want {
			t.Errorf("%s: %.0f, counted %.0f", what, want, got)
		}
	}
	rush(20_000, 20*models.Hour)
	check("rush", 0.35)
	for day := range 6 {
		rush(60, models.Day)
		check(fmt.Sprintf("quiet day %d", day+1), []float64{3, 1, 0.02, 0.02, 0.02, 0.02}[day])
	}
}

// A clock that runs ahead costs old entries at most, and only this product's.
func TestClockAhead(t *testing.T) {
	p := NewProof(1)
	for v := range uint32(48) {
		p.Viewed(1, hash(v), start+models.Time(v)*models.Hour/2)
		p.Viewed(2, hash(v), start+models.Time(v)*models.Hour/2)
	}
	now := start + Lately
	if got := p.viewed.count(1, now); got != 48 {
		t.Fatalf("%d visitors", got)
	}
	p.Viewed(1, hash(100), now+20*models.Hour)
	if got := p.viewed.count(1, now); got < 15 {
		t.Errorf("a clock 20 hours ahead leaves %d of 49 visitors", got)
	}
	if got := p.viewed.count(2, now); got != 48 {
		t.Errorf("another product has %d of 48 visitors left", got)
	}
}

func TestProof(t *testing.T) {
	p := NewProof(3)
	f := func(self uint32, now models.Time, want models.Social) {
		t.Helper()
		if got := p.Of(7, self, now); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	f(0, start, silent)
	for v := range uint32(5) {
		p.Viewed(7, hash(v), start)
	}
	for v := range uint32(4) {
		p.Carted(7, hash(v), start)
	}
	for v := range uint32(3) {
		p.Bought(7, hash(v), start)
	}
	f(0, start, models.Social{ViewingNow: 5, Viewed24h: 5, Carted24h: 4, Bought24h: 3})
	f(hash(0), start, models.Social{ViewingNow: 4, Viewed24h: 4, Carted24h: 3, Bought24h: -1})
	f(hash(4), start, models.Social{ViewingNow: 4, Viewed24h: 4, Carted24h: 4, Bought24h: 3})
	f(0, start+Now, models.Social{ViewingNow: 5, Viewed24h: 5, Carted24h: 4, Bought24h: 3})
	f(0, start+Now+models.Second, models.Social{ViewingNow: -1, Viewed24h: 5, Carted24h: 4, Bought24h: 3})
	f(0, start+Lately+models.Minute, silent)
	p.Forget(7, hash(0))
	p.Forget(7, hash(50))
	p.Forget(1000, hash(0))
	f(0, start, models.Social{ViewingNow: 4, Viewed24h: 4, Carted24h: 3, Bought24h: 3})
	if p.Of(1000, 0, start) != silent || p.Of(6, 0, start) != silent || NewProof(0).floor != DefaultFloor {
		t.Error("an unknown product has social proof")
	}
}

// What a hot product costs at most.
func TestMemory(t *testing.T) {
	const products = 1000
	p := NewProof(0)
	for product := range uint32(products) {
		for v := range uint32(600) {
			p.Viewed(product, hash(v), start)
			p.Carted(product, hash(v), start)
			p.Bought(product, hash(v), start)
		}
	}
	each := float64(p.Bytes()) / products
	t.Logf("%.0f B a product with every table full, the ones grown out of included", each)
	if full := 64 + 4*2048; each > 2.2*float64(full) {
		t.Errorf("%.0f B a product, the tables are %d", each, full)
	}
}

func state(t rapid.TB, p *Proof) []byte {
	var b bytes.Buffer
	if _, err := p.Freeze().WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRestoreGoesOn(t *testing.T) {
	a, b := NewProof(1), NewProof(1)
	feed := func(p *Proof, from, to uint32) {
		for n := from; n < to; n++ {
			at := start + models.Time(n)*models.Second
			p.Viewed(n%7, hash(n*31%3000), at)
			p.Carted(n%5, hash(n*17%300), at)
			p.Bought(n%3, hash(n*13%30), at)
			if n%1000 == 0 {
				p.Forget(n%7, hash(n*31%3000))
			}
		}
	}
	feed(a, 0, 40_000)
	if err := b.ReadVersion(bytes.NewReader(state(t, a)), allClasses); err != nil {
		t.Fatal(err)
	}
	feed(a, 40_000, 80_000)
	feed(b, 40_000, 80_000)
	if !bytes.Equal(state(t, a), state(t, b)) {
		t.Error("the restored counters went another way")
	}
}

// Readers count beside the writer: never more than there are, never another product's.
func TestReaders(t *testing.T) {
	const products = 50
	p := NewProof(1)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for product := uint32(0); ; product = (product + 1) % products {
				select {
				case <-stop:
					return
				default:
				}
				// Product n has n+1 visitors, at most.
				s := p.Of(product, 0, start)
				if n := int32(product) + 1; s.ViewingNow > n || s.Viewed24h > n || s.Carted24h > n || s.Bought24h > n {
					t.Errorf("product %d has %+v", product, s)
					return
				}
			}
		})
	}
	for round := range models.Time(20) {
		for product := range uint32(products) {
			for v := range product + 1 {
				at := start + round*models.Second
				p.Viewed(product, hash(v), at)
				p.Carted(product, hash(v), at)
				p.Bought(product, hash(v), at)
			}
		}
	}
	close(stop)
	wg.Wait()
	for product := range uint32(products) {
		if s := p.Of(product, 0, start); s.Viewed24h != int32(product)+1 {
			t.Errorf("product %d has %+v", product, s)
		}
	}
}
