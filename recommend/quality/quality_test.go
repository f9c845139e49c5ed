package quality

import (
	"bytes"
	"math"
	"testing"

	"pgregory.net/rapid"

	"orrery/models"
)

// The sums equal those over the raw samples of the window, in whatever order samples arrive, and a restored meter goes
// on as the original.
func TestMeterAgainstSamples(t *testing.T) { againstSamples(t, New) }

func TestSmallMeterAgainstSamples(t *testing.T) { againstSamples(t, NewSmall) }

// A small meter grows with the samples of a week, not with its age.
func TestSmallMeterIsSmall(t *testing.T) {
	m, dense := NewSmall(), New()
	for day := range 400 {
		at := models.Time(20_000+day)*models.Day + models.Time(day*7919%1440)*models.Minute
		m.Add(at, day%30, []uint32{uint32(day)})
		dense.Add(at, day%30, []uint32{uint32(day)})
		for i, w := range m.Read(at) {
			if w != dense.Read(at)[i] {
				t.Fatalf("day %d: %+v, want %+v", day, w, dense.Read(at)[i])
			}
		}
	}
	if m.Bytes() > 32<<10 {
		t.Errorf("%d bytes of a sample a day", m.Bytes())
	}
}

func againstSamples(t *testing.T, fresh func() *Meter) {
	rapid.Check(t, func(t *rapid.T) {
		const start = 1000 * models.Day
		m := fresh()
		type sample struct {
			at   models.Time
			rank int
			item uint32
		}
		var all []sample
		for i := range rapid.IntRange(0, 60).Draw(t, "samples") {
			// Whole minutes, within 59 of each other: nothing falls out of the ring.
			s := sample{start + models.Time(rapid.IntRange(0, 59).Draw(t, "minute"))*models.Minute, rapid.IntRange(0, 25).Draw(t, "rank"), uint32(i % 7)}
			all = append(all, s)
			m.Add(s.at, s.rank, []uint32{s.item})
			if rapid.IntRange(0, 20).Draw(t, "restart") == 0 {
				var b bytes.Buffer
				if _, err := m.Freeze().WriteTo(&b); err != nil {
					t.Fatal(err)
				}
				m = fresh()
				if _, err := m.ReadFrom(&b); err != nil {
					t.Fatal(err)
				}
			}
		}
		now := start + models.Time(rapid.IntRange(0, 130).Draw(t, "now"))*models.Minute
		var n, hits uint64
		inverse := 0.0
		items := map[uint32]bool{}
		for _, s := range all {
			if s.at > now || s.at < now-models.Hour {
				continue
			}
			n++
			items[s.item] = true
			if s.rank > 0 && s.rank <= K {
				hits++
				inverse += 1 / float64(s.rank)
			}
		}
		got := m.Read(now)[0]
		if got.Samples != n || got.Hits != hits || math.Abs(got.MRR*float64(n)-inverse) > 1e-6 || got.Shown != len(items) {
			t.Fatalf("%+v, want %d samples, %d hits, sum %g, %d items", got, n, hits, inverse, len(items))
		}
		if week := m.Read(start + 2*models.Day)[2]; week.Samples != uint64(len(all)) {
			t.Fatalf("%d samples in the week, want %d", week.Samples, len(all))
		}
		if gone := m.Read(start + 30*models.Day)[2]; gone.Samples != 0 {
			t.Fatalf("%d samples after a month", gone.Samples)
		}
	})
}

// Distinct products are estimated within 3 %.
func TestShown(t *testing.T) {
	for _, n := range []int{1, 100, 5000, 20000} {
		m := New()
		for i := range n {
			m.Add(models.Hour, 1, []uint32{uint32(i + 1)})
		}
		if got := m.Read(models.Hour)[0].Shown; math.Abs(float64(got-n)) > 0.03*float64(n) {
			t.Errorf("%d products shown are estimated as %d", n, got)
		}
	}
}
