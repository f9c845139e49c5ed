package stream

import (
	"io"

	"orrery/models"
	"orrery/models/slab"
)

// Machine is what the stream drives: a pure state machine that folds the log. It knows no clock, no randomness and no
// I/O; everything it needs to know arrives in events. One goroutine calls Apply and Freeze; readers of the
// machine's state need no lock against them.
type Machine interface {
	// Seed tells, before all else, the number that tables of names are keyed by: the log's, or that of the snapshot whose
	// sections Restore will read.
	Seed(n uint64)

	// Admit is asked before each event that Apply will be given, in their order, and for repeats of such. An event that the
	// state has no room for becomes a dead letter by the reason returned; nil takes it. The answer may depend on nothing but
	// the state and the events asked for before, so that who reads the log again comes to the same letters.
	Admit(e *models.Event) *models.Invalid

	// Apply folds events into the state, in order. They are valid, and no id among them was seen before. Nothing may
	// keep them or the bytes that they refer to after the call.
	Apply(events []*models.Event)

	// Freeze marks the state of this moment for a snapshot. It takes microseconds: the sections write themselves
	// later, from another goroutine, while Apply goes on. Every section is written or closed before the next Freeze.
	Freeze() []Section

	// Restore reads one section of a snapshot into the state, before the first Apply. Several goroutines restore
	// different sections at the same time. An unknown section is an error. A *slab.Dropped is none: the rest goes on
	// without the section, and the stream warns of it.
	Restore(name string, version uint16, r io.Reader) error
}

// Section is one named part of a machine's frozen state. Its name must not begin with "stream/".
type Section = slab.Section
