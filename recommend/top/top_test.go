package top

import (
	"cmp"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// The best are a sorted prefix, whatever ties there are.
func TestOf(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		scores := rapid.SliceOfN(rapid.IntRange(0, 9), 0, 200).Draw(t, "scores")
		p := make([]Place, len(scores))
		for i, s := range scores {
			p[i] = Place{uint32(i), float32(s)}
		}
		want := slices.Clone(p)
		slices.SortFunc(want, func(a, b Place) int { return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.At, b.At)) })
		k := rapid.IntRange(0, 210).Draw(t, "k")
		if got := Of(p, k); !slices.Equal(got, want[:min(k, len(want))]) {
			t.Fatalf("top %d: %v, want %v", k, got, want[:min(k, len(want))])
		}
	})
}
