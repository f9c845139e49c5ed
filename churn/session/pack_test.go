package session

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// What is packed comes back as near as it says, in order, and whatever comes in comes out as a number.
func TestPackLong(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, y := rapid.Float64Range(0, 1e9).Draw(t, "x"), rapid.Float64Range(0, 1e9).Draw(t, "y")
		if got := unpackMoney(packMoney(x)); math.Abs(got-x) > 0.002*x+1e-30 || packMoney(min(x, y)) > packMoney(max(x, y)) {
			t.Fatalf("money %v came back as %v", x, got)
		}
		m := math.Mod(x, 5e6)
		if got := unpackLong(packLong(m)); math.Abs(got-m) > 0.035*(1+m) || packLong(min(x, y)) > packLong(max(x, y)) {
			t.Fatalf("minutes %v came back as %v", m, got)
		}
	})
	for _, x := range []float64{0, math.Inf(1), math.Inf(-1), -1, 1e300} {
		for _, got := range []float64{unpackMoney(packMoney(x)), unpackLong(packLong(x))} {
			if math.IsNaN(got) {
				t.Errorf("%v came back as %v", x, got)
			}
		}
	}
	if unpackLong(packLong(-1)) >= 0 {
		t.Error("never came back as some time")
	}
}
