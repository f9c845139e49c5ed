package frame

import (
	"cmp"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// The highest values come first, of equal ones in their order.
func TestHighest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Map(rapid.IntRange(0, 9), func(n int) float32 { return float32(n) }), 0, 40).Draw(t, "values")
		n := rapid.IntRange(0, 12).Draw(t, "n")
		want := make([]int, len(values))
		for i := range want {
			want[i] = i
		}
		slices.SortStableFunc(want, func(a, b int) int { return cmp.Compare(values[b], values[a]) })
		if got := highest(nil, values, n); !slices.Equal(got, want[:min(n, len(want))]) {
			t.Fatalf("of %v the %d highest are at %v, want %v", values, n, got, want)
		}
	})
}
