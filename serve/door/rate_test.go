package door

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// A bucket lets through what a counter of fractions would, which is the oracle.
func TestBucketCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		perSecond := rapid.SampledFrom([]int{1, 2, 100, 1000}).Draw(t, "rate")
		r, b := PerSecond(perSecond), new(Bucket)
		most := float64(burst * perSecond)
		tokens, now := most, int64(time.Hour)
		for range 100 {
			passed := rapid.Int64Range(0, 3_000).Draw(t, "passed") * int64(time.Millisecond)
			now += passed
			tokens = min(tokens+float64(passed)/1e9*float64(perSecond), most)
			want := rapid.Int64Range(1, int64(most)).Draw(t, "tokens")
			wait := b.Take(r, now, want)
			short := float64(want) - tokens
			if wait == 0 && short > 1e-3 || wait > 0 && short < -1e-3 {
				t.Fatalf("%d of %f tokens: wait %s", want, tokens, wait)
			}
			if wait > 0 {
				if off := wait.Seconds() - short/float64(perSecond); off > 1e-3 || off < -1e-3 {
					t.Fatalf("wait %s for %f tokens", wait, short)
				}
				continue
			}
			tokens -= float64(want)
		}
	})
}

// Whoever owes waits longer, and not for ever.
func TestBucketOwes(t *testing.T) {
	r, b, now := PerSecond(10), new(Bucket), int64(time.Hour)
	b.Owe(r, now, 150)
	if wait := b.Take(r, now, 1); wait != 5100*time.Millisecond {
		t.Errorf("wait %s", wait)
	}
	b.Owe(r, now, 1e6)
	b.Owe(r, now, 1e6)
	if wait := b.Take(r, now, 1); wait != 10100*time.Millisecond {
		t.Errorf("wait %s", wait)
	}
	for range 100 {
		if new(Bucket).Take(PerSecond(-1), now, 1e9) != 0 {
			t.Fatal("what has no bound waits")
		}
	}
}

func TestAddresses(t *testing.T) {
	a, now := NewAddresses(10), int64(time.Hour)
	drain := func(address string) (n int) {
		for a.Take(netip.MustParseAddr(address), now, 1) == 0 {
			n++
		}
		return n
	}
	f := func(address string, want int) {
		t.Helper()
		if got := drain(address); got != want {
			t.Errorf("%s: %d requests, want %d", address, got, want)
		}
	}
	f("203.0.113.1", 100)
	f("203.0.113.1", 0)
	f("203.0.113.2", 100)
	f("2001:db8::1", 100)
	f("2001:db8::2", 0) // the same /64
	f("2001:db8:0:1::1", 100)
	for i := 2; i < 16; i++ {
		f(fmt.Sprintf("2001:db8:0:%x::1", i), 100)
	}
	f("2001:db8:0:ff::1", 0) // the /48 has had its share
	f("2001:db8:1::1", 100)
	now += int64(time.Second)
	f("203.0.113.1", 10)
	a.Owe(netip.MustParseAddr("203.0.113.1"), now, 50)
	now += 5 * int64(time.Second)
	f("203.0.113.1", 0)
	now += int64(time.Second)
	f("203.0.113.1", 10)
	if NewAddresses(0).Take(netip.MustParseAddr("203.0.113.1"), now, 1e9) != 0 {
		t.Error("what has no bound waits")
	}
}

// However many addresses come, one that goes on asking is not forgotten.
func TestAddressesAreKept(t *testing.T) {
	a, now := NewAddresses(10), int64(time.Hour)
	loud := netip.MustParseAddr("203.0.113.1")
	through := 0
	for i := range 200_000 {
		if a.Take(loud, now, 1) == 0 {
			through++
		}
		a.Take(netip.AddrFrom4([4]byte{100, byte(i >> 16), byte(i >> 8), byte(i)}), now, 1)
	}
	if through != 100 {
		t.Errorf("%d requests of one address", through)
	}
}

func TestRateAllocations(t *testing.T) {
	a, four, six := NewAddresses(10), netip.MustParseAddr("203.0.113.1"), netip.MustParseAddr("2001:db8::1")
	if n := testing.AllocsPerRun(1000, func() { a.Take(four, 1, 1); a.Take(six, 1, 1); a.Owe(six, 1, 1) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkAddress(b *testing.B) {
	a, four := NewAddresses(10), netip.MustParseAddr("203.0.113.1")
	for now := int64(0); b.Loop(); now += int64(time.Second) {
		a.Take(four, now, 1)
	}
}
