package files

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// jsonRows reads one JSON object a line. A column is a member, or with dots a member of a member ("user.id"); strings
// are unquoted, null and absent members are empty, everything else is its JSON text. Behind an array ("items[].id") stands
// a member of its elements: each is a row, and what is not of them is in each of these rows. In a list of keys and values,
// as GA4 has it, a dot leads to the value of a key ("event_params.page_title").
type jsonRows struct {
	*liner
	columns  []jsonColumn
	array    []string          // path of the array, nil for none
	elements []json.RawMessage // of the line's array that are still to come
	row      row
	num      []byte
}

type jsonColumn struct {
	path    []string // nil is the row's number
	element bool     // path begins at an element of the array
}

func newJSONRows(r io.Reader) *jsonRows { return &jsonRows{liner: newLiner(r)} }

func (j *jsonRows) bind(names []string) error {
	for _, name := range names {
		if name == rowColumn {
			j.columns = append(j.columns, jsonColumn{})
			continue
		}
		name = strings.TrimSuffix(name, maybe)
		before, within, ok := strings.Cut(name, arrayMark+".")
		if !ok {
			j.columns = append(j.columns, jsonColumn{path: strings.Split(name, ".")})
			continue
		}
		array := strings.Split(before, ".")
		if j.array != nil && !slices.Equal(array, j.array) {
			return fmt.Errorf("cannot take rows from %s and from %s: one array makes the rows", strings.Join(j.array, "."), before)
		}
		j.array = array
		j.columns = append(j.columns, jsonColumn{path: strings.Split(within, "."), element: true})
	}
	j.row.cells = make([][]byte, len(names))
	return nil
}

func (j *jsonRows) next() (*row, error) {
	if j.row.more = len(j.elements) > 0; j.row.more {
		return j.element()
	}
	if err := j.advance(); err != nil {
		return nil, err
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(j.row.raw, &object); err != nil {
		return nil, &rowError{j.row.line, err}
	}
	for i, c := range j.columns {
		switch {
		case c.element:
			j.row.cells[i] = nil
		case c.path == nil:
			j.num = appendInt(j.num[:0], j.row.num)
			j.row.cells[i] = j.num
		default:
			cell, err := cellOf(object, c.path)
			if err != nil {
				return nil, &rowError{j.row.line, err}
			}
			j.row.cells[i] = cell
		}
	}
	if j.array == nil {
		return &j.row, nil
	}
	value, err := member(object, j.array)
	if err == nil && len(value) > 0 {
		err = json.Unmarshal(value, &j.elements)
	}
	if err != nil {
		j.elements = nil
		return nil, badRow(j.row.line, "member %s is no array", strings.Join(j.array, "."))
	}
	if len(j.elements) == 0 {
		return &j.row, nil
	}
	return j.element()
}

// element fills in the next element of the line's array.
func (j *jsonRows) element() (*row, error) {
	var object map[string]json.RawMessage
	err := json.Unmarshal(j.elements[0], &object)
	j.elements = j.elements[1:]
	for i, c := range j.columns {
		if !c.element || err != nil {
			continue
		}
		j.row.cells[i], err = cellOf(object, c.path)
	}
	if err != nil {
		return &j.row, &rowError{j.row.line, err}
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

// cellOf returns the text of what a path leads to.
func cellOf(object map[string]json.RawMessage, path []string) ([]byte, error) {
	value, err := member(object, path)
	if err != nil || len(value) == 0 || value[0] != '"' {
		return value, err
	}
	var s string
	err = json.Unmarshal(value, &s)
	return []byte(s), err
}

// member returns the JSON that a path leads to, nil where it is null or leads nowhere.
func member(object map[string]json.RawMessage, path []string) (json.RawMessage, error) {
	value, ok := object[path[0]]
	switch {
	case !ok || string(value) == "null":
		return nil, nil
	case len(path) == 1:
		return value, nil
	case value[0] == '[':
		return keyed(value, path)
	}
	var inner map[string]json.RawMessage
	if err := json.Unmarshal(value, &inner); err != nil {
		return nil, errors.New("member " + path[0] + " is no object")
	}
	return member(inner, path[1:])
}

// keyed finds the value of a key in a list of them. It lies in the one member of the value that is not null, by its type.
func keyed(list json.RawMessage, path []string) (json.RawMessage, error) {
	var pairs []struct {
		Key   string          `json:"key"`
		Value json.RawMessage `json:"value"`
	}
	if err := json.Unmarshal(list, &pairs); err != nil {
		return nil, errors.New("member " + path[0] + " is no list of keys and values")
	}
	for _, p := range pairs {
		if p.Key == "" {
			return nil, fmt.Errorf("member %s is an array: %s%s.%s makes an item of each element", path[0], path[0], arrayMark, strings.Join(path[1:], "."))
		}
		if p.Key != strings.Join(path[1:], ".") {
			continue
		}
		if len(p.Value) == 0 || p.Value[0] != '{' {
			return p.Value, nil
		}
		var typed map[string]json.RawMessage
		if err := json.Unmarshal(p.Value, &typed); err != nil {
			return nil, err
		}
		for _, name := range []string{"string_value", "int_value", "double_value", "float_value"} {
			if value := typed[name]; len(value) > 0 && string(value) != "null" {
				return value, nil
			}
		}
	}
	return nil, nil
}
