package files

import (
	"bytes"
	"errors"
	"slices"
	"strconv"
	"strings"
)

// joined puts the rows of joined files to those of a file. A row that finds several is as many rows, one that finds none has empty
// columns.
type joined struct {
	in    rows
	sides []*sideRows
	names []string // to bind of in
	place []origin // of the bound columns
	main  *row
	row   row
	raw   []byte
}

// origin is where a bound column comes from: a side's cell, or, with side -1, one of the file's.
type origin struct{ side, cell int }

// sideRows are the rows of a side that one row of the file has found.
type sideRows struct {
	*side
	keys  []origin
	found []uint32
	at    int
	cells [][]byte
}

// newJoined takes the columns of a map apart: those of the sides, and the rest, which are the file's. header is nil for JSON.
func newJoined(sides []*side, header, names []string) (*joined, error) {
	j := &joined{}
	for _, s := range sides {
		s.bound = slices.Clone(s.right)
		j.sides = append(j.sides, &sideRows{side: s})
	}
	for i, s := range sides {
		for _, key := range s.left {
			if s.optional {
				key += maybe
			}
			j.sides[i].keys = append(j.sides[i].keys, j.find(header, key, i))
		}
	}
	for _, name := range names {
		j.place = append(j.place, j.find(header, name, len(sides)))
	}
	for _, s := range j.sides {
		for _, k := range s.keys {
			if k.side >= 0 && k.side >= slices.Index(j.sides, s) {
				return nil, errors.New("a join needs a column of a later one: name them in the other order")
			}
		}
	}
	j.row.cells = make([][]byte, len(names))
	return j, nil
}

// find returns where a column comes from: of the first sides, or of the file.
func (j *joined) find(header []string, name string, sides int) origin {
	for i, s := range j.sides[:sides] {
		if column, yes := s.own(name, header); yes {
			return origin{i, s.keep(strings.TrimSuffix(column, maybe))}
		}
	}
	at := slices.Index(j.names, name)
	if at < 0 {
		at, j.names = len(j.names), append(j.names, name)
	}
	return origin{-1, at}
}

func (j *joined) bind([]string) error { return nil }

func (j *joined) next() (*row, error) {
	if j.main != nil && j.advance() {
		return j.give(true), nil
	}
	r, err := j.in.next()
	if err != nil && r == nil {
		j.main = nil
		return nil, err
	}
	j.main = r
	for i, s := range j.sides {
		j.open(i)
		if !r.more { // of an array's elements the first one counts
			if len(s.found) > 0 {
				s.tally.Matched++
			} else {
				s.tally.Unmatched++
			}
		}
	}
	return j.give(false), err
}

// open finds the rows of a side for what the ones before it stand at.
func (j *joined) open(i int) {
	s := j.sides[i]
	keys := make([][]byte, len(s.keys))
	for k, at := range s.keys {
		keys[k] = bytes.TrimSpace(j.cell(at))
	}
	s.found, s.at = s.found[:0], 0
	if slices.ContainsFunc(keys, func(k []byte) bool { return len(k) > 0 }) {
		s.found = s.find(s.found, keys)
	}
	s.read()
}

// read reads the cells of the row that a side stands at.
func (s *sideRows) read() {
	s.cells = s.cells[:0]
	if s.at >= len(s.found) {
		s.cells = append(s.cells, make([][]byte, len(s.bound))...)
		return
	}
	s.side.cells(s.found[s.at], func(_ int, cell []byte) bool { s.cells = append(s.cells, cell); return true })
}

// advance moves on to the next combination of rows, and returns false after the last.
func (j *joined) advance() bool {
	for i := len(j.sides) - 1; i >= 0; i-- {
		s := j.sides[i]
		if s.at+1 >= len(s.found) {
			continue
		}
		s.at++
		s.read()
		for later := i + 1; later < len(j.sides); later++ {
			j.open(later)
		}
		return true
	}
	return false
}

func (j *joined) cell(at origin) []byte {
	if at.side < 0 {
		return j.main.cells[at.cell]
	}
	return j.sides[at.side].cells[at.cell]
}

// give returns the row that is read. Its identity is that of the file's row and of those that were put to it.
func (j *joined) give(further bool) *row {
	j.row.line, j.row.num, j.row.more, j.row.raw = j.main.line, j.main.num, j.main.more || further, j.main.raw
	if further {
		j.raw = append(j.raw[:0], j.main.raw...)
		for _, s := range j.sides {
			j.raw = strconv.AppendInt(append(j.raw, ' '), int64(s.at), 10)
		}
		j.row.raw = j.raw
	}
	for i, at := range j.place {
		j.row.cells[i] = j.cell(at)
	}
	return &j.row
}

// joined puts the joined files' rows to those of JSON.
func (r *runner) joined(in *jsonRows) (rows, error) {
	j, err := newJoined(r.sides, nil, r.mapping.columns)
	if err != nil {
		return nil, err
	}
	j.in = in
	if err := in.bind(j.names); err != nil {
		return nil, err
	}
	return j, r.loadSides()
}

// loadSides reads the joined files, once it is known which columns are asked for.
func (r *runner) loadSides() error {
	for _, s := range r.sides {
		if slices.Equal(s.loaded, s.bound) {
			continue
		}
		*s = side{joinOf: s.joinOf, columns: s.columns, bound: s.bound, loaded: slices.Clone(s.bound), tally: s.tally, clock: s.clock}
		s.tally.Rows = 0
		m := r.mapping
		if err := s.load(&r.cfg, s.fields(m, m.price, m.amount, m.value, m.quantity), s.fields(m, m.time)); err != nil {
			return err
		}
	}
	return nil
}

// fields returns those of a side's columns that fill some fields.
func (s *side) fields(m *mapping, texts ...*text) (list []string) {
	for _, t := range texts {
		if t == nil {
			continue
		}
		for _, p := range t.parts {
			for _, f := range p.refs {
				name := strings.TrimPrefix(strings.TrimSuffix(m.columns[f.column], maybe), s.name+".")
				if slices.Contains(s.bound, name) {
					list = append(list, name)
				}
			}
		}
	}
	return list
}
