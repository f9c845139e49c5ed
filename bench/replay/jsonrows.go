package replay

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// jsonRows reads one JSON object a line. A column is a member, or with dots a member of a member ("user.id"); strings
// are unquoted, null and absent members are empty, everything else is its JSON text.
type jsonRows struct {
	*liner
	paths [][]string // nil is the row's number
	row   row
	num   []byte
}

func newJSONRows(r io.Reader) *jsonRows { return &jsonRows{liner: newLiner(r)} }

func (j *jsonRows) bind(names []string) error {
	for _, name := range names {
		if name == rowColumn {
			j.paths = append(j.paths, nil)
			continue
		}
		j.paths = append(j.paths, strings.Split(name, "."))
	}
	j.row.cells = make([][]byte, len(names))
	return nil
}

func (j *jsonRows) next() (*row, error) {
	if err := j.advance(); err != nil {
		return nil, err
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(j.row.raw, &object); err != nil {
		return nil, &rowError{j.row.line, err}
	}
	for i, path := range j.paths {
		if path == nil {
			j.num = appendInt(j.num[:0], j.row.num)
			j.row.cells[i] = j.num
			continue
		}
		cell, err := member(object, path)
		if err != nil {
			return nil, &rowError{j.row.line, err}
		}
		j.row.cells[i] = cell
	}
	return &j.row, nil
}

// advance moves on to the next line that is not blank.
func (j *jsonRows) advance() error {
	for {
		j.row.line = j.line
		raw, err := j.liner.next()
		if err != nil {
			return err
		}
		if raw = bytes.TrimSpace(raw); len(raw) > 0 {
			j.row.raw = raw
			j.row.num++
			return nil
		}
	}
}

func member(object map[string]json.RawMessage, path []string) ([]byte, error) {
	value, ok := object[path[0]]
	if !ok || string(value) == "null" {
		return nil, nil
	}
	if len(path) > 1 {
		var inner map[string]json.RawMessage
		if err := json.Unmarshal(value, &inner); err != nil {
			return nil, errors.New("member " + path[0] + " is no object")
		}
		return member(inner, path[1:])
	}
	if value[0] != '"' {
		return value, nil
	}
	var s string
	err := json.Unmarshal(value, &s)
	return []byte(s), err
}
