package main

import "testing"

func TestMemoryLimit(t *testing.T) {
	for text, want := range map[string]int64{
		"1000000000\n": 850_000_000, "max\n": 0, "9223372036854771712\n": 0, "": 0, "0": 0, "-5": 0,
	} {
		if got := memoryLimit(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}
