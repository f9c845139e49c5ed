package slab

import (
	"fmt"
	"io"
)

// Section is one named part of a frozen state, on its way into a snapshot.
type Section struct {
	Name    string
	Version uint16 // of the layout of Data
	Data    io.WriterTo
	Close   func() // lets go of frozen memory, written or not; may be nil
}

// Dropped is the error of a section of a snapshot that was left out, although the rest can go on without it: what it held
// is learned anew. Whoever restores warns of it.
type Dropped struct{ Section, Because string }

func (d *Dropped) Error() string {
	return fmt.Sprintf("section %q of the snapshot is left out and learned anew, because %s", d.Section, d.Because)
}
