package files

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"

	"orrery/models"
)

// maxJoin bounds what a joined file takes in memory: its columns that the map names, and 24 bytes a row.
const maxJoin = 2 << 30

// joinOf says which file's rows are put to those of the files that are replayed.
type joinOf struct {
	file        string
	name        string // what its columns are called by: name.column
	optional    bool
	left, right []string // columns with equal values, there and here
}

// parseJoin reads FILE:key=key, FILE:key where both are called so, or several keys with commas between them. A folder is that of the
// first file for a file without one.
func parseJoin(entry string) (j joinOf, err error) {
	at := strings.LastIndexByte(entry, ':')
	if at <= 0 || at == len(entry)-1 {
		return j, fmt.Errorf("cannot read join %q: it is FILE:COLUMN=COLUMN of FILE", entry)
	}
	j.file = entry[:at]
	for _, pair := range strings.Split(entry[at+1:], ",") {
		left, right, two := strings.Cut(pair, "=")
		if !two {
			right = left
		}
		if left == "" || right == "" {
			return j, fmt.Errorf("cannot read join %q: it is FILE:COLUMN=COLUMN of FILE", entry)
		}
		j.left, j.right = append(j.left, left), append(j.right, right)
	}
	j.name = stem(j.file)
	return j, nil
}

// resolve finds the file: as it is named, or beside the first of the files, packed or not. One whose name ends in ? need not be there.
func (j *joinOf) resolve(files []string) (there bool, err error) {
	name, optional := strings.CutSuffix(j.file, maybe)
	j.optional = optional
	places := []string{name}
	if !filepath.IsAbs(name) && files[0] != Stdin {
		places = append(places, filepath.Join(filepath.Dir(files[0]), name))
	}
	for _, place := range places {
		for _, packed := range []string{"", ".gz", ".zst", ".zip"} {
			if _, err := os.Stat(place + packed); err == nil {
				j.file, j.name = place+packed, stem(name)
				return true, nil
			}
		}
	}
	if optional {
		return false, nil
	}
	return false, fmt.Errorf("cannot find the joined file %q, here or beside %q", name, files[0])
}

// stem returns a file's name without folder and endings.
func stem(file string) string {
	name := filepath.Base(file)
	for _, end := range []string{".gz", ".zst", ".zip", ".csv", ".tsv", ".tab", ".jsonl", ".ndjson", ".json", ".xlsx", ".txt"} {
		if len(name) > len(end) && strings.EqualFold(name[len(name)-len(end):], end) {
			name = name[:len(name)-len(end)]
		}
	}
	return name
}

// side is a joined file in memory: of each row the columns that are asked for.
type side struct {
	joinOf
	columns []string        // what there is; nil for JSON
	bound   []string        // what is kept, the keys first
	loaded  []string        // what was
	clock   *instacartClock // nil: the times are in the file, or are not asked for
	arena   []byte          // cells, each with its length before it
	at      []uint64        // where rows begin in it
	index   []sideKey
	used    []uint64 // a bit a row
	tally   *Joined
}

// sideKey leads from a key's hash to a row.
type sideKey struct {
	hash uint64
	row  uint32
}

// Joined is what became of a join.
type Joined struct {
	File      string `json:"file"`
	Rows      int64  `json:"rows"`
	Matched   int64  `json:"matched"`   // rows of the files that found one at least
	Unmatched int64  `json:"unmatched"` // and that found none: its columns are empty there
	Unused    int64  `json:"unused"`    // rows that none has found
}

// openSides opens the joined files and tells which columns they have. They are read by load.
func openSides(cfg *Config) (all []*side, err error) {
	for _, entry := range cfg.Join {
		j, err := parseJoin(entry)
		if err != nil {
			return nil, err
		}
		there, err := j.resolve(cfg.Files)
		if err != nil {
			return nil, err
		}
		if !there {
			continue
		}
		s := &side{joinOf: j, tally: &Joined{File: j.file}}
		if slices.ContainsFunc(all, func(o *side) bool { return o.name == s.name }) {
			return nil, fmt.Errorf("two joined files are called %q: rename one", s.name)
		}
		err = Tables(s.config(cfg), func(t *Table) error {
			s.columns = t.Columns
			return errLimit // the first is enough
		})
		if s.clock = newInstacartClock(s.columns, cfg.Start); s.clock != nil && !slices.Contains(s.columns, timeColumn) {
			s.columns = append(slices.Clone(s.columns), timeColumn)
		}
		if err != nil && !errors.Is(err, errLimit) {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

func (s *side) config(cfg *Config) Config {
	return Config{Files: []string{s.file}, Encoding: cfg.Encoding, Location: cfg.Location, TimeLayout: cfg.TimeLayout, Sheet: cfg.Sheet}
}

// own returns the column of the side that a name of the map means, if it does: name.column, or a column that only the side has.
func (s *side) own(name string, others []string) (column string, yes bool) {
	plain := strings.TrimSuffix(name, maybe)
	if column, yes = strings.CutPrefix(plain, s.name+"."); yes {
		return column, true
	}
	if s.columns == nil || others == nil || slices.Contains(others, plain) || rootOf(others, plain) != "" {
		return "", false
	}
	return plain, slices.Contains(s.columns, plain)
}

// keep returns the index of a column among those that are kept.
func (s *side) keep(column string) int {
	if i := slices.Index(s.bound, column); i >= 0 {
		return i
	}
	s.bound = append(s.bound, column)
	return len(s.bound) - 1
}

// load reads the file. Numbers and times are written as every file has them, since the other files may have another decimal mark.
func (s *side) load(cfg *Config, numbers, times []string) error {
	for _, column := range s.bound {
		if s.columns != nil && !slices.Contains(s.columns, column) && rootOf(s.columns, column) == "" {
			return fmt.Errorf("cannot find column %q in the joined file %q: there are %s", column, s.file, strings.Join(s.columns, ", "))
		}
	}
	names := slices.Clone(s.bound)
	derived := slices.Index(names, timeColumn)
	if s.clock == nil || slices.Index(s.bound, timeColumn) < 0 {
		s.clock, derived = nil, -1
	} else {
		names[derived] = instacartColumns[0]
		names = append(names, instacartColumns...)
	}
	return Tables(s.config(cfg), func(t *Table) error {
		if err := t.Bind(names, numbers, times); err != nil {
			return fmt.Errorf("cannot read %q: %w", s.file, err)
		}
		free := t.clock.layout == "auto" || t.clock.layout == "dmy" || t.clock.layout == "mdy"
		for {
			r, err := t.Next()
			switch {
			case err == io.EOF:
				s.sort()
				return nil
			case err != nil: // what it would have been joined to is not whole then
				return fmt.Errorf("cannot read the joined file %q: %w", s.file, err)
			}
			if derived >= 0 {
				if r.Cells[derived], err = s.clock.time(r.Cells[len(s.bound):]); err != nil {
					return fmt.Errorf("cannot read the joined file %q: line %d: %w", s.file, r.Line, err)
				}
				r.Cells = r.Cells[:len(s.bound)]
			}
			if err := s.add(t, r, numbers, times, free); err != nil {
				return err
			}
		}
	})
}

func (s *side) add(t *Table, r *Row, numbers, times []string, free bool) error {
	s.at = append(s.at, uint64(len(s.arena)))
	for i, cell := range r.Cells {
		switch {
		case len(cell) == 0:
		case slices.Contains(numbers, s.bound[i]):
			if m, currency, err := t.Amount(cell); err == nil {
				cell = fmt.Appendf(nil, "%s %d.%06d", currency, m/models.Micros, max(m, -m)%models.Micros)
				if m < 0 && m > -models.Micros {
					cell = fmt.Appendf(nil, "%s -0.%06d", currency, -m)
				}
				cell = bytes.TrimSpace(cell)
			}
		case free && slices.Contains(times, s.bound[i]):
			if at, err := t.Time(cell); err == nil {
				cell = models.AppendTime(nil, at)
			}
		}
		s.arena = append(binary.AppendUvarint(s.arena, uint64(len(cell))), cell...)
	}
	keys := r.Cells[:len(s.right)]
	if slices.ContainsFunc(keys, func(k []byte) bool { return len(k) > 0 }) {
		s.index = append(s.index, sideKey{keyHash(keys), uint32(len(s.at) - 1)})
	}
	s.tally.Rows++
	if len(s.arena)+24*len(s.at) > maxJoin || len(s.at) > 1<<31 {
		return fmt.Errorf("the joined file %q takes more than %d MB of memory: replay it, and join the smaller file to it", s.file, maxJoin>>20)
	}
	return nil
}

func keyHash(cells [][]byte) uint64 {
	var h xxhash.Digest
	h.Reset()
	for _, cell := range cells {
		h.Write(binary.AppendUvarint(nil, uint64(len(cell))))
		h.Write(cell)
	}
	return h.Sum64()
}

func (s *side) sort() {
	slices.SortFunc(s.index, func(a, b sideKey) int { return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.row, b.row)) })
	s.used = make([]uint64, len(s.at)/64+1)
}

// find appends the rows whose keys have the values, in the file's order.
func (s *side) find(dst []uint32, keys [][]byte) []uint32 {
	hash := keyHash(keys)
	i, _ := slices.BinarySearchFunc(s.index, hash, func(k sideKey, hash uint64) int { return cmp.Compare(k.hash, hash) })
	for ; i < len(s.index) && s.index[i].hash == hash; i++ {
		row := s.index[i].row
		same := true
		s.cells(row, func(column int, cell []byte) bool {
			same = same && bytes.Equal(cell, keys[column])
			return column+1 < len(keys)
		})
		if same {
			dst = append(dst, row)
			s.used[row/64] |= 1 << (row % 64)
		}
	}
	return dst
}

// cells calls f with the cells of a row until it returns false.
func (s *side) cells(row uint32, f func(column int, cell []byte) bool) {
	rest := s.arena[s.at[row]:]
	for i := range s.bound {
		n, size := binary.Uvarint(rest)
		cell := rest[size : size+int(n) : size+int(n)]
		if rest = rest[size+int(n):]; !f(i, cell) {
			return
		}
	}
}

// close counts the rows that none has found.
func (s *side) close() {
	s.tally.Unused = 0
	for row := range s.at {
		if s.used[row/64]>>(row%64)&1 == 0 {
			s.tally.Unused++
		}
	}
}
