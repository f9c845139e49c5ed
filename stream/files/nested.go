package files

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// nested reads JSON within the cells of delimited text: event_data.items[].id leads into the column event_data.
type nested struct {
	in *delimited
	unfold
	bound []int // of the bound columns: their index among the text's, or among the paths behind those
	roots []string
	plain int // how many are bound of the text itself
	row   row
}

// nest returns the rows of delimited text with columns that lead into cells, if any do.
func nest(d *delimited, names []string) (rows, error) {
	n := &nested{in: d}
	var own []string
	for _, name := range names {
		root := rootOf(d.header, name)
		if root == "" {
			n.bound = append(n.bound, len(own))
			own = append(own, name)
			continue
		}
		at, err := n.add(name)
		if err != nil {
			return nil, err
		}
		n.bound = append(n.bound, -1-at)
		if !slices.Contains(n.roots, root) {
			n.roots = append(n.roots, root)
		}
	}
	if len(n.roots) == 0 {
		return d, d.bind(names)
	}
	n.plain = len(own)
	n.row.cells = make([][]byte, len(names))
	return n, d.bind(append(own, n.roots...))
}

// rootOf returns the column that a path leads into, empty where it is a column itself or none.
func rootOf(header []string, name string) (root string) {
	name = strings.TrimSuffix(name, maybe)
	if slices.Contains(header, name) {
		return ""
	}
	for _, column := range header {
		if rest, ok := strings.CutPrefix(name, column); ok && column != "" && (rest[0] == '.' || rest[0] == '[') && len(column) > len(root) {
			root = column
		}
	}
	return root
}

func (n *nested) bind([]string) error { return nil }

func (n *nested) next() (*row, error) {
	if n.row.more = n.more(); n.row.more {
		return n.give(n.unfold.next())
	}
	r, err := n.in.next()
	if r == nil {
		return nil, err
	}
	n.row.line, n.row.num, n.row.raw = r.line, r.num, r.raw
	o := make(object, len(n.roots))
	for i, root := range n.roots {
		cell := r.cells[n.plain+i]
		switch {
		case len(cell) == 0 || isNull(cell):
			continue
		case !json.Valid(cell) && err == nil:
			err = fmt.Errorf("column %s is no JSON", root)
			continue
		}
		o[root] = cell
	}
	if read := n.begin(o); err == nil {
		err = read
	}
	return n.give(err)
}

// give returns the row that was read.
func (n *nested) give(err error) (*row, error) {
	for i, at := range n.bound {
		if at < 0 {
			n.row.cells[i] = n.unfold.cells[-1-at]
		} else {
			n.row.cells[i] = n.in.row.cells[at]
		}
	}
	if _, is := err.(*rowError); err != nil && !is {
		err = &rowError{n.row.line, err}
	}
	return &n.row, err
}
