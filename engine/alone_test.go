package engine

import "testing"

// Racing tells whether the race detector looks on, which makes everything ten times as slow.
const Racing = raceEnabled

// Alone skips a test in which one goroutine does everything where the race detector looks on: it has nothing to find there.
func Alone(t testing.TB) {
	if Racing {
		t.Skip("one goroutine has no races")
	}
}
