package neighbours

import (
	"bytes"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"orrery/models"
)

const start = models.MinTime + 25*365*models.Day

// exact counts all pairs, as simply as can be.
type exact struct {
	halfLife models.Time
	now      models.Time
	left     map[uint32]float64
	right    map[uint32]float64
	pairs    map[[2]uint32]float64
	total    float64
}

func newExact(halfLife, now models.Time) *exact {
	return &exact{halfLife, now, map[uint32]float64{}, map[uint32]float64{}, map[[2]uint32]float64{}, 0}
}

func (x *exact) weight(t models.Time) float64 {
	if x.halfLife == 0 {
		return 1
	}
	return math.Exp2(float64(t-x.now) / float64(x.halfLife))
}

// basket counts distinct items that go together, in both.
func basket(l *Lists, x *exact, items []uint32, t models.Time) {
	w, v := l.Weight(t), x.weight(t)
	l.CountBasket(1, w)
	x.total += v
	for i, a := range items {
		l.CountBoth(a, w)
		x.left[a] += v
		x.right[a] += v
		for _, b := range items[:i] {
			l.Add(1, a, b, w)
			l.Add(1, b, a, w)
			x.pairs[[2]uint32{a, b}] += v
			x.pairs[[2]uint32{b, a}] += v
		}
	}
}

// Within the bound every figure is the exact one, fading or not, across landmarks.
func TestExactBelowBound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := rapid.SampledFrom([]models.Time{0, models.Hour, 60 * models.Day}).Draw(t, "halfLife")
		span := rapid.SampledFrom([]models.Time{models.Hour, 300 * models.Hour, 100 * models.Day}).Draw(t, "span")
		items := rapid.SampledFrom([]uint32{3, 60, 300}).Draw(t, "items")
		now := start + span
		l, x := New(4096, h), newExact(h, now)
		for range rapid.IntRange(1, 150).Draw(t, "baskets") {
			b := rapid.SliceOfNDistinct(rapid.Uint32Range(1, items), 1, int(min(items, 12)), rapid.ID).Draw(t, "basket")
			basket(l, x, b, start+models.Time(rapid.Int64Range(0, int64(span)).Draw(t, "t")))
		}
		same := func(what string, got float32, want float64) {
			t.Helper()
			if h == 0 && float64(got) != want || math.Abs(float64(got)-want) > 1e-5*want+1e-12 {
				t.Fatalf("%s is %g, want %g", what, got, want)
			}
		}
		for item := uint32(0); item <= items+1; item++ {
			near, pairs := l.Read(nil, 1, item, now)
			same("total", pairs.Total, x.total)
			same("left", pairs.Left, x.left[item])
			seen := map[uint32]bool{}
			for _, n := range near {
				if seen[n.Item] || n.Item == item {
					t.Fatalf("%d is %d's neighbour twice, or is the same", n.Item, item)
				}
				seen[n.Item] = true
				same("count", n.Count, x.pairs[[2]uint32{item, n.Item}])
				same("right", n.Right, x.right[n.Item])
			}
			for pair := range x.pairs {
				if pair[0] == item && !seen[pair[1]] {
					t.Fatalf("%d is not among %d's neighbours", pair[1], item)
				}
			}
		}
	})
}

// zipf draws items of a shop: popularity falls with the power 0.9 of the rank, and half of a basket goes with its first
// item.
type zipf struct {
	state uint64
	sums  []float64
}

func newZipf(items int) *zipf {
	z := &zipf{state: 1, sums: make([]float64, items)}
	total := 0.0
	for i := range z.sums {
		total += math.Pow(float64(i+1), -0.9)
		z.sums[i] = total
	}
	return z
}

func (z *zipf) uniform() float64 {
	z.state += 0x9e3779b97f4a7c15
	x := (z.state ^ z.state>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return float64((x^x>>31)>>11) / (1 << 53)
}

func (z *zipf) item() uint32 {
	i, _ := slices.BinarySearch(z.sums, z.uniform()*z.sums[len(z.sums)-1])
	return uint32(i + 1)
}

func (z *zipf) basket(dst []uint32) []uint32 {
	dst = append(dst[:0], z.item())
	for range int(z.uniform() * 6) {
		next := z.item()
		if z.uniform() < 0.5 { // one of thirty products that go with the first, the nearer the likelier
			next = (dst[0]*7+uint32(30*z.uniform()*z.uniform()))%uint32(len(z.sums)) + 1
		}
		if !slices.Contains(dst, next) {
			dst = append(dst, next)
		}
	}
	return dst
}

// With the default bound nearly all of the true best neighbours are there, and their counts are nearly right.
func TestDefaultBound(t *testing.T) {
	const items, baskets = 2_000, 150_000
	l, x, z := New(0, 0), newExact(0, 0), newZipf(items)
	var b []uint32
	for range baskets {
		b = z.basket(b)
		basket(l, x, b, start)
	}
	best := map[uint32][]Neighbour{}
	for pair, count := range x.pairs {
		best[pair[0]] = append(best[pair[0]], Neighbour{Item: pair[1], Count: float32(count)})
	}
	found, wanted, deviation, full := 0, 0, 0.0, 0
	for item, list := range best {
		slices.SortFunc(list, func(a, b Neighbour) int { return int(b.Count) - int(a.Count) })
		near, _ := l.Read(nil, 1, item, start)
		if len(near) > DefaultBound {
			t.Fatalf("%d neighbours of %d", len(near), item)
		}
		if len(list) > DefaultBound {
			full++
		}
		for _, want := range list[:min(8, len(list))] {
			if want.Count < 3 {
				break
			}
			wanted++
			if i := slices.IndexFunc(near, func(n Neighbour) bool { return n.Item == want.Item }); i >= 0 {
				found++
				deviation += math.Abs(float64(near[i].Count-want.Count)) / float64(want.Count)
			}
		}
	}
	recall, off := float64(found)/float64(wanted), deviation/float64(found)
	t.Logf("%d baskets, %d items, %d of them with more than %d neighbours: %.4f of the true top 8 (count >= 3) found, "+
		"their counts %.2f %% off on average", baskets, items, full, DefaultBound, recall, 100*off)
	if recall < 0.95 || off > 0.05 {
		t.Errorf("recall %.4f, counts off by %.4f", recall, off)
	}
}

// A snapshot in the middle, restored, goes on to the same state to the bit.
func TestRestoreGoesOn(t *testing.T) {
	state := func(l *Lists) []byte {
		var b bytes.Buffer
		if _, err := l.Freeze().WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	const h = models.Hour // short enough that the landmark moves
	z := newZipf(400)
	a, x := New(16, h), newExact(h, start)
	var b []uint32
	for i := range 20_000 {
		if i == 9_999 {
			other := New(16, h)
			if err := other.ReadVersion(bytes.NewReader(state(a)), Version); err != nil {
				t.Fatal(err)
			}
			c, y := *z, newExact(h, start)
			defer func() {
				for k := i; k < 20_000; k++ {
					b = c.basket(b)
					basket(other, y, b, start+models.Time(k)*models.Minute)
				}
				if !bytes.Equal(state(a), state(other)) {
					t.Error("the restored lists went another way")
				}
			}()
		}
		b = z.basket(b)
		basket(a, x, b, start+models.Time(i)*models.Minute)
	}
}

// Lists of another bound are taken over: longer ones stay, shorter ones grow.
func TestRestoreOtherBound(t *testing.T) {
	f := func(before, after, want int) {
		t.Helper()
		a, b := New(before, 0), New(after, 0)
		for n := uint32(2); n < 3000; n++ {
			a.Add(1, 1, n, 1)
		}
		var buf bytes.Buffer
		if _, err := a.Freeze().WriteTo(&buf); err != nil {
			t.Fatal(err)
		}
		if err := b.ReadVersion(&buf, Version); err != nil {
			t.Fatal(err)
		}
		for n := uint32(3000); n < 6000; n++ {
			b.Add(1, 1, n, 1)
		}
		if near, _ := b.Read(nil, 1, 1, start); len(near) != want {
			t.Errorf("a list of %d, restored with bound %d, has %d neighbours", before, after, len(near))
		}
	}
	f(64, 8, 64)
	f(8, 64, 64)
	f(64, 64, 64)
}

func TestBounds(t *testing.T) {
	f := func(bound, want int) {
		t.Helper()
		if got := New(bound, 0).bound; got != want {
			t.Errorf("bound %d is %d", bound, got)
		}
	}
	f(0, DefaultBound)
	f(-1, DefaultBound)
	f(1, 8)
	f(8, 8)
	f(9, 16)
	f(64, 64)
	f(100, 128)
	f(5000, 4096)
}
