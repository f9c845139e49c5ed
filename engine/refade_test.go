package engine_test

import (
	"fmt"
	"math"
	"testing"

	"orrery/engine"
	"orrery/models"
)

// counts returns the evidence of the golden shop's lists at a moment.
func counts(t *testing.T, e *engine.Engine, now models.Time) map[string]float64 {
	all := map[string]float64{}
	var f models.Frame
	for _, recipe := range []string{"viewed_together", "bought_after_viewing", "bought_together", "bestsellers", "most_viewed"} {
		for n := range 18 {
			q := models.FrameQuery{Frame: []byte(recipe), Products: [][]byte{fmt.Appendf(nil, "i%d", n)}, N: 100, Now: now}
			if err := e.Frame(&q, &f); err != nil {
				t.Fatal(err)
			}
			for _, it := range f.Items {
				all[fmt.Sprintf("%s i%d %s", recipe, n, it.Product.ID)] = float64(it.Evidence.Count)
			}
		}
	}
	return all
}

// Under another half-life, or none, counts are what they were, and fade otherwise from then on; facts do not change.
func TestRefade(t *testing.T) {
	const before = 60 * models.Day // the golden snapshot's
	plain := newEngine(t, engine.Config{})
	restoreGolden(t, plain, "testdata/golden/10.snap.gz")
	now := plain.StreamTime()
	want := counts(t, plain, now)
	for _, c := range []engine.Config{{HalfLife: 10 * models.Day}, {HalfLife: 700 * models.Day}, {NoDecay: true}, {HalfLife: before}} {
		e := newEngine(t, c)
		restoreGolden(t, e, "testdata/golden/10.snap.gz")
		sections := e.Refade(before)
		if changed := c.HalfLife != before; changed != (len(sections) > 0) {
			t.Errorf("%+v converts %v", c, sections)
		}
		got := counts(t, e, now)
		if len(got) < 40 || len(got) != len(want) {
			t.Errorf("%+v: %d counts, not %d", c, len(got), len(want))
		}
		faded := 0
		later := counts(t, e, now+20*models.Day)
		for what, count := range want {
			if math.Abs(got[what]-count) > 1e-4*count {
				t.Errorf("%+v: %s is %g, not %g", c, what, got[what], count)
			}
			if list := what[0] == 'v' || what[:8] == "bought_t" || what[:8] == "bought_a"; list && count > 0 && c.HalfLife > 0 {
				faded++
				if left := later[what] / count; math.Abs(left-math.Exp2(-float64(20*models.Day)/float64(c.HalfLife))) > 1e-3 {
					t.Errorf("%+v: after 20 days %g is left of %s", c, left, what)
				}
			}
		}
		if c.HalfLife > 0 && faded < 20 {
			t.Errorf("%+v: only %d counts fade", c, faded)
		}
		if c.NoDecay && fmt.Sprint(counts(t, e, now)) != fmt.Sprint(later) {
			t.Error("without decay counts fade")
		}
		if e.Stats().Orders != plain.Stats().Orders || fmt.Sprint(e.Stats().Revenue) != fmt.Sprint(plain.Stats().Revenue) {
			t.Errorf("%+v: the facts change", c)
		}
		// and back
		again := newEngine(t, engine.Config{})
		restore(t, again, save(t, e))
		again.Refade(max(0, c.HalfLife))
		for what, count := range counts(t, again, now) {
			if math.Abs(want[what]-count) > 1e-3*count {
				t.Errorf("%+v and back: %s is %g, not %g", c, what, count, want[what])
			}
		}
	}
}
