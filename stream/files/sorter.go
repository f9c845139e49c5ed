package files

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/cespare/xxhash/v2"
)

// sorter holds the rows of a replay in the order of time.
type sorter struct {
	rows  []heldRow
	arena arena
}

type heldRow struct {
	row
	facts
}

// add keeps a copy of a row.
func (s *sorter) add(r *row, f facts) error {
	if len(s.rows) == MaxSort {
		return fmt.Errorf("cannot sort more than %d rows", MaxSort)
	}
	h := heldRow{row: *r, facts: f}
	h.cells = make([][]byte, len(r.cells))
	for i, cell := range r.cells {
		h.cells[i] = s.arena.copy(cell)
	}
	var identity [8]byte // a hash of the row will do for its identity, and is shorter
	binary.LittleEndian.PutUint64(identity[:], xxhash.Sum64(r.raw))
	h.raw = s.arena.copy(identity[:])
	s.rows = append(s.rows, h)
	return nil
}

// drain gives the rows away in the order of time, those of one time in the order of the file.
func (s *sorter) drain(take func(*row, *facts) error) error {
	slices.SortStableFunc(s.rows, func(a, b heldRow) int { return cmp.Compare(a.time, b.time) })
	for i := range s.rows {
		if err := take(&s.rows[i].row, &s.rows[i].facts); err != nil {
			return err
		}
	}
	s.rows = nil
	return nil
}
