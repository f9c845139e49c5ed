package social

import (
	"testing"

	"pgregory.net/rapid"
)

// Two entries of a word are counted as each by itself would be.
func TestSieve(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		top, level := rapid.Uint32().Draw(t, "top"), rapid.UintRange(0, maxLevel).Draw(t, "level")
		tooOld := rapid.Uint32Range(1, timeMask+1).Draw(t, "tooOld")
		entry := rapid.OneOf(rapid.Just(uint32(0)), rapid.Uint32(), rapid.Uint32Range(0, 1<<22), rapid.Just(top), rapid.Just(top-tooOld), rapid.Just(top-tooOld+1))
		a, b := entry.Draw(t, "a"), entry.Draw(t, "b")
		want := 0
		for _, e := range []uint32{a, b} {
			if e != 0 && e>>(32-level) == 0 && (top-e)&timeMask < tooOld {
				want++
			}
		}
		s := newSieve(top, tooOld, level)
		if got := s.count(uint64(a)<<32 | uint64(b)); got != want {
			t.Fatalf("of %x and %x %d count, want %d (top %x, too old at %d, level %d)", a, b, got, want, top, tooOld, level)
		}
	})
}
