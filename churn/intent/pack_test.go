package intent

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// What is packed comes back as near as it says, and whatever comes in comes out as a number.
func TestPack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.Float64Range(1e-5, 1-1e-5).Draw(t, "p")
		if got := UnpackLogit(PackLogit(p)); math.Abs(got-p) > 3e-4*p+1e-8 {
			t.Fatalf("probability %v came back as %v", p, got)
		}
		in := rapid.Float64Range(-2, 5.96).Draw(t, "input")
		if got := unpackInput(packInput(in)); math.Abs(got-in) > 1./64+1e-9 {
			t.Fatalf("input %v came back as %v", in, got)
		}
	})
	for _, x := range []float64{0, math.Inf(1), math.Inf(-1), -1, 1e300} {
		for _, got := range []float64{unpackInput(packInput(x)), UnpackLogit(PackLogit(x))} {
			if math.IsNaN(got) {
				t.Errorf("%v came back as %v", x, got)
			}
		}
	}
}
