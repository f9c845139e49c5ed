package decay

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"orrery/models"
)

// genTimes draws moments of a stream over some half-lives, in no order.
func genTimes(t *rapid.T, h models.Time, spans int) []models.Time {
	start := models.Time(rapid.Int64Range(int64(models.MinTime), int64(models.MinTime)+50*365*int64(models.Day)).Draw(t, "start"))
	n := rapid.IntRange(1, 40).Draw(t, "n")
	times := make([]models.Time, n)
	for i := range times {
		times[i] = start + models.Time(rapid.Int64Range(0, int64(h)*int64(spans)).Draw(t, "t"))
	}
	return times
}

// fold adds events of the given moments to one stored weight, as an owner of a Clock does.
func fold(c *Clock, times []models.Time) (stored float32) {
	for _, t := range times {
		w, rescale := c.Weight(t)
		stored = stored*rescale + w
	}
	return stored
}

func worth(times []models.Time, h, now models.Time) (sum float64) {
	for _, t := range times {
		sum += math.Exp2(float64(t-now) / float64(h))
	}
	return sum
}

func near(t rapid.TB, what string, got, want, tolerance float64) {
	t.Helper()
	if math.Abs(got-want) > tolerance*math.Max(1e-30, math.Abs(want)) {
		t.Fatalf("%s is %g, want %g", what, got, want)
	}
}

// What events are worth does not depend on their order, and is what the definition says, across landmarks that move.
func TestClockOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := models.Time(rapid.Int64Range(int64(models.Minute), 100*int64(models.Day)).Draw(t, "halfLife"))
		times := genTimes(t, h, 250)
		newest := times[0]
		for _, x := range times {
			newest = max(newest, x)
		}
		a, b := NewClock(h), NewClock(h)
		one, other := fold(a, times), fold(b, rapid.Permutation(times).Draw(t, "order"))
		want := worth(times, h, newest)
		near(t, "the sum", float64(one*a.At(newest)), want, 1e-5)
		near(t, "the sum in another order", float64(other*b.At(newest)), want, 1e-5)
		near(t, "the sum ten half-lives later", float64(one*a.At(newest+10*h)), want/1024, 1e-5)
		if math.IsInf(float64(one), 0) || newest-a.Landmark() > (maxExponent+1)*h {
			t.Fatalf("stored as %g, %d ms after the landmark", one, newest-a.Landmark())
		}
	})
}

// Moving the landmark multiplies by a power of two, so that comparisons of stored weights stay what they were.
func TestClockMoves(t *testing.T) {
	c := NewClock(models.Day)
	start := 700 * 64 * models.Day
	w, rescale := c.Weight(start)
	if w != 1 || rescale != 1 {
		t.Fatalf("the first event is stored as %g, rescaled by %g", w, rescale)
	}
	f := func(days models.Time, wantExponent float64, wantRescale float32) {
		t.Helper()
		w, rescale := c.Weight(start + days*models.Day)
		if got := math.Log2(float64(w)); got != wantExponent || rescale != wantRescale {
			t.Errorf("after %d half-lives: 2^%g, rescaled by %g", days, got, rescale)
		}
	}
	f(96, 96, 1)
	f(97, 33, 1.0/(1<<32)/(1<<32))
	f(0, -64, 1) // late: as it would have been
	f(160, 96, 1)
	f(64*5+3, 3, float32(math.Exp2(-256)))
}

func TestClockOff(t *testing.T) {
	c := NewClock(0)
	for _, x := range []models.Time{0, models.MinTime, models.MinTime + 10_000*models.Day} {
		if w, rescale := c.Weight(x); w != 1 || rescale != 1 || c.At(x) != 1 {
			t.Errorf("at %d: weight %g, rescale %g, factor %g", x, w, rescale, c.At(x))
		}
	}
	if c := NewClock(models.Day); c.At(models.MinTime) != 1 {
		t.Error("a clock that has seen nothing has a factor")
	}
}

func TestClockRestore(t *testing.T) {
	a := NewClock(models.Hour)
	a.Weight(models.MinTime + 1000*models.Hour)
	b := NewClock(models.Hour)
	b.Restore(a.Landmark())
	for i := range models.Time(500) {
		at := models.MinTime + (1000+i)*models.Hour
		wa, ra := a.Weight(at)
		wb, rb := b.Weight(at)
		if wa != wb || ra != rb || a.At(at) != b.At(at) {
			t.Fatalf("hour %d: %g, %g and %g, %g", i, wa, ra, wb, rb)
		}
	}
}

func TestSumOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := models.Time(rapid.Int64Range(int64(models.Hour), 100*int64(models.Day)).Draw(t, "halfLife"))
		times := genTimes(t, h, 60)
		newest := models.Time(0)
		for i := range times {
			times[i] -= times[i] % models.Second
			newest = max(newest, times[i])
		}
		var one, other Sum
		for _, x := range times {
			one = HalfLife(h).Add(one, x)
		}
		for _, x := range rapid.Permutation(times).Draw(t, "order") {
			other = HalfLife(h).Add(other, x)
		}
		want := worth(times, h, newest)
		near(t, "the sum", float64(HalfLife(h).At(one, newest)), want, 1e-5)
		near(t, "the sum in another order", float64(HalfLife(h).At(other, newest)), want, 1e-5)
		near(t, "the sum later", float64(HalfLife(h).At(one, newest+5*h)), want/32, 1e-3) // moments are whole seconds
		if HalfLife(h).At(one, newest-h) != HalfLife(h).At(one, newest) {
			t.Fatal("the past is worth more than the newest event made it")
		}
	})
}

// Ranks order sums as their worth does, wherever it differs by more than the resolution.
func TestSumRank(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := models.Time(rapid.Int64Range(6*int64(models.Hour), 100*int64(models.Day)).Draw(t, "halfLife"))
		now := models.MinTime + 60*365*models.Day
		add := func() (s Sum) {
			for _, x := range genTimes(t, h, 40) {
				s = HalfLife(h).Add(s, x)
			}
			return s
		}
		a, b := add(), add()
		// Worth is compared by its logarithm: after years of silence it is no number any more.
		log := func(s Sum) float64 {
			return math.Log2(float64(s.value())) - float64(now-models.Time(s.second())*models.Second)/float64(h)
		}
		ra, rb := HalfLife(h).Rank(a), HalfLife(h).Rank(b)
		if log(a) > log(b)+4e-5 && ra <= rb || log(b) > log(a)+4e-5 && rb <= ra {
			t.Fatalf("2^%g has rank %d, 2^%g has rank %d", log(a), ra, log(b), rb)
		}
	})
	// The oldest moments that there are differ as well.
	oldest, later := HalfLife(0).Add(0, models.MinTime), HalfLife(0).Add(0, models.MinTime+models.Second)
	if six := HalfLife(6 * models.Hour); six.Rank(0) >= six.Rank(oldest) || six.Rank(oldest) >= six.Rank(later) {
		t.Fatalf("ranks %d, %d, %d of nothing, the oldest and a second later", six.Rank(0), six.Rank(oldest), six.Rank(later))
	}
	off := HalfLife(0)
	var s Sum
	for i := range 1000 {
		if off.Rank(s) != uint32(i) || off.At(s, models.MinTime) != float32(i) {
			t.Fatalf("%d events have rank %d and are worth %g", i, off.Rank(s), off.At(s, 0))
		}
		s = off.Add(s, models.MinTime+models.Time(i*7919%1000)*models.Day)
	}
}

// A clock that takes over what another one has kept goes on from the same counts, and fades them its own way.
func TestClockRefade(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		life := func(name string) models.Time {
			return rapid.OneOf(rapid.Just(models.Time(0)), rapid.Map(rapid.Int64Range(int64(models.Hour), 100*int64(models.Day)), func(n int64) models.Time { return models.Time(n) })).Draw(t, name)
		}
		was, is := life("was"), life("is")
		times := genTimes(t, models.Day, 60)
		newest := times[0]
		for _, x := range times {
			newest = max(newest, x)
		}
		a, b := NewClock(was), NewClock(is)
		stored := float64(fold(a, times))
		b.Restore(a.Landmark())
		count := stored * float64(a.At(newest))
		stored *= b.Refade(was, newest)
		near(t, "the count", stored*float64(b.At(newest)), count, 1e-4)
		w, rescale := b.Weight(newest)
		near(t, "one more", float64(w)*float64(rescale)*float64(b.At(newest)), 1, 1e-4)
		if is > 0 {
			near(t, "the count a half-life later", stored*float64(b.At(newest+is)), count/2, 1e-4)
		}
	})
}
