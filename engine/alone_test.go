package engine

import (
	"slices"
	"testing"

	"orrery/models/intern"
)

// Racing tells whether the race detector looks on, which makes everything ten times as slow.
const Racing = raceEnabled

// Alone skips a test in which one goroutine does everything where the race detector looks on: it has nothing to find there.
func Alone(t testing.TB) {
	if Racing {
		t.Skip("one goroutine has no races")
	}
}

// Tables describes the tables of names.
func (e *Engine) Tables() []intern.Table {
	return slices.Concat(e.m.People.Tables(), e.m.Catalogue.Tables(), []intern.Table{e.m.Similar.Table(), e.m.Rebuy.Table()})
}

// Slots is how many numbers visitors have been given: what every array by visitor has room for.
func Slots(e *Engine) uint32 { return e.m.People.LastVisitor() }
