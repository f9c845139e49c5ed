package neighbours

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// The ratios published in Dunning 1993, table 2, from the counts printed beside them.
func TestDunning(t *testing.T) {
	f := func(bigram string, want, k11, k12, k21, k22 float64) {
		t.Helper()
		got := LLR(float32(k11), float32(k11+k12), float32(k11+k21), float32(k11+k12+k21+k22))
		if math.Abs(float64(got)-want) > 0.006 {
			t.Errorf("%q: %.3f, published %.2f", bigram, got, want)
		}
	}
	f("the swiss", 270.72, 110, 2442, 111, 29114)
	f("can be", 263.90, 29, 13, 123, 31612)
	f("previous year", 256.84, 31, 23, 139, 31584)
	f("mineral water", 167.23, 10, 0, 3, 31764)
	f("at the", 157.21, 76, 104, 2476, 29121)
	f("real terms", 157.03, 16, 16, 51, 31694)
	f("natural gas", 146.80, 9, 0, 5, 31763)
	f("owing to", 115.02, 16, 0, 865, 30896)
}

func TestScores(t *testing.T) {
	f := func(what string, got float32, want float64) {
		t.Helper()
		if math.Abs(float64(got)-want) > 1e-6*math.Max(1, want) {
			t.Errorf("%s is %g, want %g", what, got, want)
		}
	}
	f("cosine of 3 of 4 and 9", Cosine(3, 4, 9), 0.5)
	f("cosine of the same", Cosine(7, 7, 7), 1)
	f("cosine with an empty side", Cosine(1, 0, 5), 0)
	// 2 of 2 and 2 among 4: 2 (4 ln 4 - 2 ln 2 - 2 ln 2) = 8 ln 2.
	f("LLR of 2 in 2, 2, 4", LLR(2, 2, 2, 4), 8*math.Ln2)
	f("LLR by chance", LLR(1, 2, 2, 4), 0)
	f("LLR rarer than chance", LLR(1, 10, 10, 20), 0)
	f("LLR of nothing", LLR(0, 5, 5, 10), 0)
	f("LLR of everything", LLR(5, 5, 5, 5), 0)
}

// Whatever estimates come in, scores are numbers and not negative.
func TestScoresAreNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		gen := rapid.OneOf(rapid.Just(float32(0)), rapid.Float32Range(0, 10), rapid.Float32Range(0, 1e30))
		count, left, right, total := gen.Draw(t, "count"), gen.Draw(t, "left"), gen.Draw(t, "right"), gen.Draw(t, "total")
		for name, x := range map[string]float32{"LLR": LLR(count, left, right, total), "cosine": Cosine(count, left, right)} {
			if x != x || x < 0 || math.IsInf(float64(x), 0) && name == "LLR" {
				t.Fatalf("%s(%g, %g, %g, %g) = %g", name, count, left, right, total, x)
			}
		}
	})
}

// The bound is never passed, and for most pairs of a large shop it is not far away.
func TestLLRAtMost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		gen := rapid.OneOf(rapid.Just(float32(0)), rapid.Float32Range(0, 10), rapid.Float32Range(0, 1e6), rapid.Float32Range(0, 1e30))
		count, left, right, total := gen.Draw(t, "count"), gen.Draw(t, "left"), gen.Draw(t, "right"), gen.Draw(t, "total")
		if x, most := LLR(count, left, right, total), LLRAtMost(count, left, right, total); x > most {
			t.Fatalf("LLR(%g, %g, %g, %g) = %g, more than its bound %g", count, left, right, total, x, most)
		}
	})
	if x, most := LLR(20, 300, 500, 1e6), LLRAtMost(20, 300, 500, 1e6); most > 1.7*x {
		t.Errorf("LLR %g, bound %g", x, most)
	}
}
