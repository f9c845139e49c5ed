package rfm

import (
	"cmp"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"orrery/models"
)

func TestSegmentGrid(t *testing.T) {
	f := func(r, frequency uint8, want Segment) {
		t.Helper()
		if got := (Scores{r, frequency, 3}).Segment(); got != want {
			t.Errorf("R%d F%d is %v, want %v", r, frequency, got, want)
		}
	}
	f(1, 1, Hibernating)
	f(2, 3, AtRisk)
	f(2, 5, CantLose)
	f(3, 2, AboutToSleep)
	f(3, 3, NeedAttention)
	f(3, 4, Loyal)
	f(4, 5, Loyal)
	f(4, 1, Promising)
	f(5, 1, New)
	f(4, 2, PotentialLoyalist)
	f(5, 3, PotentialLoyalist)
	f(5, 4, Champions)
	f(0, 0, NoSegment)
}

// midrank is the percentile by its definition, over a sort.
func midrank[T cmp.Ordered](all []T, v T) float64 {
	below, same := 0, 0
	for _, a := range all {
		if a < v {
			below++
		} else if a == v {
			same++
		}
	}
	return (float64(below) + float64(same)/2) / float64(len(all))
}

func draw5(t *rapid.T) uint8 { return uint8(rapid.IntRange(1, Levels).Draw(t, "score")) }

func draw(t *rapid.T) Values {
	near, far := rapid.IntRange(15000, 15060), rapid.IntRange(1, 40_000)
	return Values{uint16(rapid.OneOf(near, near, near, far).Draw(t, "last")), uint32(rapid.OneOf(rapid.IntRange(1, 12), far).Draw(t, "orders")),
		models.MoneyOf(rapid.OneOf(rapid.Float64Range(0, 2000), rapid.Float64Range(0, 1e13)).Draw(t, "spent"))}
}

// capped is values as the last buckets take them.
func capped(v Values) Values {
	return Values{min(v.Last, days-1), min(v.Orders, frequencies-1), v.Spent}
}

// After any inserts, replacements and removals the table is what a sort of those who are left says.
func TestTableIsASort(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table := NewTable()
		var in []Values
		for range rapid.IntRange(1, 150).Draw(t, "steps") {
			switch i := rapid.IntRange(0, 1000).Draw(t, "who"); {
			case len(in) == 0 || i%3 == 0:
				v := draw(t)
				table.Insert(v)
				in = append(in, v)
			case i%3 == 1:
				v := draw(t)
				table.Remove(in[i%len(in)])
				table.Insert(v)
				in[i%len(in)] = v
			default:
				table.Remove(in[i%len(in)])
				in = slices.Delete(in, i%len(in), i%len(in)+1)
			}
		}
		if len(in) == 0 {
			return
		}
		if int(table.Customers()) != len(in) {
			t.Fatalf("%d customers, want %d", table.Customers(), len(in))
		}
		var last []uint16
		var orders []uint32
		var spent []int
		for _, v := range in {
			v = capped(v)
			last, orders, spent = append(last, v.Last), append(orders, v.Orders), append(spent, bucket(v.Spent))
		}
		edges := table.Edges()
		for who, v := range append(in, draw(t), draw(t)) { // the last two are not there, and stand somewhere all the same
			v = capped(v)
			want := Percentiles{midrank(last, v.Last), midrank(orders, v.Orders), midrank(spent, bucket(v.Spent))}
			if got := table.Percentiles(v); got != want {
				t.Fatalf("%+v: %+v, want %+v", v, got, want)
			}
			now := uint16(rapid.IntRange(15060, 15075).Draw(t, "now"))
			s := Rules{}.Score(table, v, now)
			scores := Scores{level(want.R), level(want.F), level(want.M)}
			if now <= v.Last+Fresh {
				scores.R = Levels
			}
			if v.Orders <= 1 {
				scores.F = 1
			}
			if s != scores {
				t.Fatalf("%+v: %+v, want %+v", v, s, scores)
			}
			cuts := table.Cuts(DefaultMargin)
			if cuts = CutsOf(cuts.Words()); (Rules{}).ScoreBy(&cuts, v, now) != s {
				t.Fatalf("%+v: by cuts %+v, by the table %+v", v, Rules{}.ScoreBy(&cuts, v, now), s)
			}
			old := Scores{draw5(t), draw5(t), draw5(t)}
			if by, settled := (Rules{}).SettleBy(&cuts, old, v, now), (Rules{}).Settle(table, old, v, now); by != settled {
				t.Fatalf("%+v from %+v: by cuts %+v, by the table %+v", v, old, by, settled)
			}
			if who >= len(in) {
				continue
			}
			// Edges and scores say the same.
			r, f := uint8(1), uint8(1)
			for i := range edges.Last {
				if v.Last >= edges.Last[i] && edges.Last[i] > 0 {
					r++
				}
				if v.Orders >= edges.Orders[i] && edges.Orders[i] > 0 {
					f++
				}
			}
			if r != scores.R && s.R != Levels || f != s.F {
				t.Fatalf("%+v: by edges %+v R%d F%d, by score %+v", v, edges, r, f, s)
			}
		}
	})
}

func TestBucketsAreOnePerCent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Float64Range(0.01, 1e9).Draw(t, "amount")
		b := bucket(models.MoneyOf(v))
		if lo, hi := money(b), money(b+1); v < lo*(1-1e-4) || v > hi*(1+1e-4) {
			t.Fatalf("%v is in bucket %d of [%v, %v)", v, b, lo, hi)
		}
	})
	if bucket(0) != 0 || bucket(-5) != 0 || bucket(models.MoneyOf(0.001)) != 1 {
		t.Error("small amounts are in wrong buckets")
	}
}

func TestFixedEdges(t *testing.T) {
	r := Rules{Recency: &[4]uint16{30, 60, 90, 180}, Frequency: &[4]uint32{2, 3, 5, 10},
		Monetary: &[4]models.Money{10 * models.Micros, 50 * models.Micros, 100 * models.Micros, 500 * models.Micros}}
	table := NewTable()
	f := func(age uint16, orders uint32, spent float64, want Scores) {
		t.Helper()
		v := Values{20000 - age, orders, models.MoneyOf(spent)}
		if got := r.Score(table, v, 20000); got != want {
			t.Errorf("%d days, %d orders, %v: %+v, want %+v", age, orders, spent, got, want)
		}
	}
	f(0, 1, 5, Scores{5, 1, 1})
	f(30, 2, 10, Scores{5, 2, 2})
	f(31, 4, 99, Scores{4, 3, 3})
	f(180, 9, 100, Scores{2, 4, 4})
	f(181, 10, 500, Scores{1, 5, 5})
}

// Who bought once a week ago is new, however many have bought since; who bought once long ago sleeps, also where all have bought once.
func TestTies(t *testing.T) {
	table := NewTable()
	for range 900 {
		table.Insert(Values{20_007, 1, models.MoneyOf(10)})
	}
	for range 100 {
		table.Insert(Values{20_000, 1, models.MoneyOf(10)})
	}
	f := func(last, now uint16, want Segment) {
		t.Helper()
		v := Values{last, 1, models.MoneyOf(10)}
		if got := (Rules{}).Score(table, v, now).Segment(); got != want {
			t.Errorf("%d days ago: %v, want %v", now-last, got, want)
		}
	}
	f(20_000, 20_007, New)
	f(20_000, 20_008, Hibernating)
	f(20_007, 20_014, New)
	f(20_007, 20_030, AboutToSleep)
	if e := table.Edges(); e.Orders != [4]uint32{} || e.Spent[3] != -1 || e.Last != [4]uint16{20_007, 20_007, 0, 0} {
		t.Errorf("edges %+v", e)
	}
}

func TestHysteresis(t *testing.T) {
	table := NewTable()
	for i := range 1000 {
		table.Insert(Values{uint16(15000 + i), 1, 0})
	}
	v := Values{15803, 1, 0} // percentile 0.8035: just past the edge between 4 and 5
	r := Rules{}
	if s := r.Settle(table, Scores{4, 3, 3}, v, 16000); s.R != 4 {
		t.Errorf("4 became %d within the margin", s.R)
	}
	if s := r.Settle(table, Scores{5, 3, 3}, v, 16000); s.R != 5 {
		t.Errorf("5 became %d within the margin", s.R)
	}
	if s := r.Settle(table, Scores{4, 3, 3}, Values{15815, 1, 0}, 16000); s.R != 5 {
		t.Errorf("4 stayed %d past the margin", s.R)
	}
	if s := r.Settle(table, Scores{}, v, 16000); s.R != 5 {
		t.Errorf("a new customer got %d", s.R)
	}
	if s := (Rules{Margin: -1}).Settle(table, Scores{4, 3, 3}, v, 16000); s.R != 5 {
		t.Errorf("without margin 4 stayed %d", s.R)
	}
}

// A table takes memory by the spread of what is in it, and no more than the package comment says.
func TestBytes(t *testing.T) {
	table := NewTable()
	f := func(what string, most uint64) {
		t.Helper()
		if n := table.Bytes(); n > most {
			t.Errorf("%s: %d bytes", what, n)
		}
	}
	f("nobody", 100)
	table.Insert(Values{20_000, 1, models.MoneyOf(10)})
	f("one customer", 2_000)
	for i := range 2_000 {
		table.Insert(Values{uint16(20_000 + i%730), uint32(1 + i%40), models.MoneyOf(5 + float64(i))})
	}
	f("two years", 20_000)
	for _, v := range []Values{{0, 0, 0}, {40_000, 1 << 20, models.MoneyOf(1e13)}} {
		table.Insert(v)
	}
	f("everything there is", 310_000)
}

// BenchmarkMove moves a customer, as a purchase does.
func BenchmarkMove(b *testing.B) {
	t := NewTable()
	v, w := Values{15000, 3, models.MoneyOf(120)}, Values{15100, 4, models.MoneyOf(160)}
	t.Insert(v)
	for b.Loop() {
		t.Remove(v)
		t.Insert(w)
		v, w = w, v
	}
}

func BenchmarkSettle(b *testing.B) {
	t := NewTable()
	for i := range 100000 {
		t.Insert(Values{uint16(15000 + i%700), uint32(1 + i%9), models.MoneyOf(float64(i % 1000))})
	}
	for b.Loop() {
		Rules{}.Settle(t, Scores{3, 3, 3}, Values{15300, 4, models.MoneyOf(160)}, 15700)
	}
}
