package files

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// unfold makes rows of a JSON object: one, or one for each element of the array that the columns name, or of the array within
// each of its elements. A column is a path:
//
//	user.id                          a member of a member
//	event_params.page_title          the value of a key in a list of keys and values, as GA4 has it
//	items[].id                       of each element of the array items, which is a row
//	actions[].items[].sku            of each element of an array within one
//	actions[].#                      the number of the element, from 1
//	touches[0].channel               of one element
//
// Strings are unquoted, null and absent members are empty, everything else is its JSON text.
type unfold struct {
	columns []pathColumn
	arrays  [][][]string // path of each array within the element of the one before; of several, the first that is there
	open    []unfolding
	cells   [][]byte // in the order of columns
}

type pathColumn struct {
	level int // how many arrays lead to it
	which int // of the innermost one's paths
	path  []string
}

// unfolding is how far an array is read.
type unfolding struct {
	elements []json.RawMessage
	which    int // of its paths
	at       int
}

type object = map[string]json.RawMessage

// add takes a column, and returns its index. Another array may make the rows only for a column that stands in for another.
func (u *unfold) add(name string) (int, error) {
	path, standIn := strings.CutSuffix(name, maybe)
	parts := strings.Split(path, arrayMark)
	column := pathColumn{level: len(parts) - 1, path: steps(strings.TrimPrefix(parts[len(parts)-1], "."))}
	for i, part := range parts[:column.level] {
		path := steps(strings.TrimPrefix(part, "."))
		if i == len(u.arrays) {
			u.arrays = append(u.arrays, nil)
		}
		at := slices.IndexFunc(u.arrays[i], func(known []string) bool { return slices.Equal(known, path) })
		if at < 0 && len(u.arrays[i]) > 0 && !standIn {
			return 0, fmt.Errorf("cannot take rows from %s and from %s: one array makes the rows", strings.Join(u.arrays[i][0], "."), strings.Join(path, "."))
		}
		if column.which = at; at < 0 {
			column.which, u.arrays[i] = len(u.arrays[i]), append(u.arrays[i], path)
		}
	}
	u.open = make([]unfolding, len(u.arrays))
	u.columns = append(u.columns, column)
	u.cells = append(u.cells, nil)
	return len(u.columns) - 1, nil
}

// steps takes a path apart: "a[0].b" is a, [0], b.
func steps(path string) []string {
	if path == "" {
		return nil
	}
	var out []string
	for _, part := range strings.Split(path, ".") {
		for {
			i := strings.IndexByte(part, '[')
			if i <= 0 {
				break
			}
			end := strings.IndexByte(part[i:], ']')
			if _, err := strconv.ParseUint(part[i+1:i+max(end, 1)], 10, 31); err != nil || end < 0 {
				break
			}
			if out = append(out, part[:i]); i+end+1 == len(part) {
				part = part[i:]
				break
			}
			out, part = append(out, part[i:i+end+1]), part[i+end+1:]
		}
		out = append(out, part)
	}
	return out
}

// begin reads an object's first row into cells.
func (u *unfold) begin(o object) error {
	for i := range u.open {
		u.open[i] = unfolding{}
	}
	if err := u.fill(0, nil, o, 0); err != nil {
		return err
	}
	return u.descend(0, o)
}

// descend opens the arrays of a level and below. Where one has no elements, the columns within it are empty.
func (u *unfold) descend(level int, o object) error {
	if level == len(u.arrays) {
		return nil
	}
	for i := level; i < len(u.open); i++ {
		u.open[i] = unfolding{}
	}
	for i, c := range u.columns {
		if c.level > level {
			u.cells[i] = nil
		}
	}
	for which, path := range u.arrays[level] {
		value, err := member(o, path)
		if err == nil && len(value) > 0 {
			err = json.Unmarshal(value, &u.open[level].elements)
		}
		if err != nil {
			u.open[level] = unfolding{}
			return fmt.Errorf("member %s is no array", strings.Join(path, "."))
		}
		if len(u.open[level].elements) > 0 {
			u.open[level].which = which
			return u.enter(level)
		}
	}
	return nil
}

// enter reads the element that an array stands at.
func (u *unfold) enter(level int) error {
	element := u.open[level].elements[u.open[level].at]
	var o object
	if len(element) > 0 && element[0] == '{' {
		if err := json.Unmarshal(element, &o); err != nil {
			return err
		}
	}
	if err := u.fill(level+1, element, o, u.open[level].at); err != nil {
		return err
	}
	return u.descend(level+1, o)
}

func (u *unfold) fill(level int, whole json.RawMessage, o object, at int) (err error) {
	for i, c := range u.columns {
		if c.level != level {
			continue
		}
		switch {
		case level > 0 && c.which != u.open[level-1].which:
			u.cells[i] = nil
		case len(c.path) == 0:
			u.cells[i], err = textOf(whole)
		case len(c.path) == 1 && c.path[0] == rowColumn:
			u.cells[i] = appendInt(nil, int64(at+1))
		case o == nil && level > 0 && len(whole) > 0 && string(whole) != "null":
			return fmt.Errorf("an element of %s is no object", strings.Join(u.arrays[level-1][c.which], "."))
		default:
			u.cells[i], err = cellOf(o, c.path)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// more tells whether there is another row.
func (u *unfold) more() bool {
	return slices.ContainsFunc(u.open, func(o unfolding) bool { return o.at+1 < len(o.elements) })
}

// next reads the next row into cells.
func (u *unfold) next() error {
	for level := len(u.open) - 1; level >= 0; level-- {
		if o := &u.open[level]; o.at+1 < len(o.elements) {
			o.at++
			return u.enter(level)
		}
	}
	return errors.New("no further row")
}

// end lets go of what was not read.
func (u *unfold) end() {
	for i := range u.open {
		u.open[i] = unfolding{}
	}
}

// cellOf returns the text of what a path leads to.
func cellOf(o object, path []string) ([]byte, error) {
	value, err := member(o, path)
	if err != nil {
		return value, err
	}
	return textOf(value)
}

func textOf(value json.RawMessage) ([]byte, error) {
	if len(value) == 0 || value[0] != '"' {
		if string(value) == "null" {
			return nil, nil
		}
		return value, nil
	}
	var s string
	err := json.Unmarshal(value, &s)
	return []byte(s), err
}

// member returns the JSON that a path leads to, nil where it is null or leads nowhere.
func member(o object, path []string) (json.RawMessage, error) {
	value, ok := o[path[0]]
	if !ok {
		return nil, nil
	}
	return follow(value, path)
}

// follow follows a path from the value of its first step.
func follow(value json.RawMessage, path []string) (json.RawMessage, error) {
	switch {
	case string(value) == "null":
		return nil, nil
	case len(path) == 1:
		return value, nil
	case strings.HasPrefix(path[1], "["):
		return indexed(value, path)
	case value[0] == '[':
		return keyed(value, path)
	}
	var inner object
	if err := json.Unmarshal(value, &inner); err != nil {
		return nil, errors.New("member " + path[0] + " is no object")
	}
	return member(inner, path[1:])
}

// indexed follows a path into one element of an array, nothing where it has not so many.
func indexed(value json.RawMessage, path []string) (json.RawMessage, error) {
	var list []json.RawMessage
	if err := json.Unmarshal(value, &list); err != nil {
		return nil, errors.New("member " + path[0] + " is no array")
	}
	n, err := strconv.Atoi(strings.Trim(path[1], "[]"))
	if err != nil || n >= len(list) {
		return nil, err
	}
	return follow(list[n], path[1:])
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
		var typed object
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
