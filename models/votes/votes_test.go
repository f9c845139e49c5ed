package votes

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"

	"orrery/models"
)

// Of each network PerDay votes for a subject count on a day, in whatever order and with whatever restart between.
func TestAgainstMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type key struct {
			network uint64
			subject uint32
			day     models.Time
		}
		v, counts, refused := New(), map[key]int{}, uint64(0)
		day := models.Time(20_000)
		for range rapid.IntRange(1, 200).Draw(t, "votes") {
			if rapid.IntRange(0, 30).Draw(t, "later") == 0 {
				day++
			}
			k := key{rapid.Uint64Range(0, 3).Draw(t, "network"), rapid.Uint32Range(1, 3).Draw(t, "subject"), day}
			if rapid.IntRange(0, 3).Draw(t, "late") == 0 {
				k.day--
			}
			at := k.day*models.Day + models.Time(rapid.IntRange(0, int(models.Day)-1).Draw(t, "at"))
			want := k.network == 0 || counts[k] < PerDay
			if n := v.Count(k.network, k.subject, at); k.network != 0 && n != min(counts[k], PerDay) {
				t.Fatalf("%v after %d votes: %d count", k, counts[k], n)
			}
			got := v.Take(k.network, k.subject, at)
			if (got > 0) != want || got > 0 && k.network != 0 && got != counts[k]+1 {
				t.Fatalf("%v after %d votes: %d", k, counts[k], got)
			}
			if counts[k]++; !want {
				refused++
			}
			if rapid.IntRange(0, 50).Draw(t, "restart") == 0 {
				var b bytes.Buffer
				if _, err := v.Freeze().WriteTo(&b); err != nil {
					t.Fatal(err)
				}
				v = New()
				if _, err := v.ReadFrom(&b); err != nil {
					t.Fatal(err)
				}
			}
		}
		if got := v.Refused(); got != refused {
			t.Fatalf("%d refused, want %d", got, refused)
		}
	})
}

// A network that votes for everything does not get one thing counted more often.
func TestFlood(t *testing.T) {
	const day = 20_000 * models.Day
	v := New()
	taken := 0
	for i := range uint32(2_000_000) {
		v.Take(7, 1000+i, day)
		if i%10_000 == 0 && v.Take(7, 1, day) > 0 {
			taken++
		}
	}
	if taken > 2*PerDay {
		t.Errorf("one subject was counted %d times among two million, want %d at most", taken, 2*PerDay)
	}
	if v.Bytes() > 5<<20 {
		t.Errorf("%d bytes", v.Bytes())
	}
}

// Who tells of two days in turns is not counted anew on each, nor who fills a bucket with what was said today.
func TestTwoDays(t *testing.T) {
	v := New()
	taken := 0
	for i := range 1000 {
		if v.Take(7, 1, (20_000+models.Time(i%2))*models.Day) > 0 {
			taken++
		}
	}
	if taken != 2*PerDay {
		t.Errorf("%d of two days were counted, want %d", taken, 2*PerDay)
	}
}

// TestQuota: as much as there may be of a day, in pieces, by network and subject, and after a restart.
func TestQuota(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type key struct {
			network uint64
			subject uint32
			day     models.Time
		}
		const most = 20
		q, counts := new(Quota), map[key]uint64{}
		for range rapid.IntRange(1, 200).Draw(t, "takes") {
			k := key{rapid.Uint64Range(0, 3).Draw(t, "network"), rapid.Uint32Range(1, 3).Draw(t, "subject"), models.Time(rapid.IntRange(20_000, 20_002).Draw(t, "day"))}
			n := rapid.Uint64Range(1, 8).Draw(t, "n")
			want := k.network == 0 || counts[k]+n <= most
			if got := q.Take(k.network, k.subject, n, most, k.day*models.Day+models.Hour); got != want {
				t.Fatalf("%d more of %v, which has %d: %t", n, k, counts[k], got)
			}
			if want {
				counts[k] += n
			}
			if rapid.IntRange(0, 50).Draw(t, "restart") == 0 {
				var b bytes.Buffer
				if _, err := q.Freeze().WriteTo(&b); err != nil {
					t.Fatal(err)
				}
				q = new(Quota)
				if _, err := q.ReadFrom(&b); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

// A subject is known when several networks have voted for it, however often each did.
func TestKnown(t *testing.T) {
	v := New()
	f := func(network uint64, subject uint32, want bool) {
		t.Helper()
		if got := v.Known(network<<16, subject); got != want {
			t.Errorf("network %d makes %d known: %t, want %t", network, subject, got, want)
		}
	}
	for range 10 {
		f(1, 5, false)
		f(2, 5, false)
		f(3, 5, false)
	}
	f(0, 5, true) // nothing is known of it
	f(1, 5, false)
	f(4, 5, true)
	f(1, 5, true)
	f(9, 5, true)
	f(1, 6, false)
}

func BenchmarkTake(b *testing.B) {
	v := New()
	b.ReportAllocs()
	for i := uint32(0); b.Loop(); i++ {
		v.Take(uint64(i%1000)*0x9e3779b97f4a7c15, i%4096, models.Time(i))
	}
}
