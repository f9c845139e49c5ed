package files

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// text is where a field comes from: parts that are constant or a column.
type text struct {
	parts  []part
	plain  bool    // it is one column, and nothing else
	values *values // what its values are read as; nil: as they are
}

// part is a constant, or the first of some columns that is not empty.
type part struct {
	constant string
	refs     []ref
}

// ref is a column, or what a pattern finds in it.
type ref struct {
	column  int // index among the bound columns
	pattern *regexp.Regexp
}

// render returns the field's text of a row. A single column is returned as it lies in the row; anything else is put
// together in *scratch. A text with a column that is empty, or says that there is nothing, is empty. Spaces around a column are not part of it.
func (t *text) render(scratch *[]byte, r *row) []byte {
	if t.plain {
		cell := bytes.TrimSpace(r.cells[t.parts[0].refs[0].column])
		if t.values == nil {
			return cell
		}
		return t.values.of(cell)
	}
	from := len(*scratch)
	for i := range t.parts {
		p := &t.parts[i]
		if len(p.refs) == 0 {
			*scratch = append(*scratch, p.constant...)
			continue
		}
		cell := p.cell(r)
		if len(cell) == 0 {
			*scratch = (*scratch)[:from]
			return nil
		}
		*scratch = append(*scratch, cell...)
	}
	return t.values.of((*scratch)[from:len(*scratch):len(*scratch)])
}

// cell returns the first column of a part that is not empty.
func (p *part) cell(r *row) []byte {
	for i := range p.refs {
		if cell := p.refs[i].cell(r); len(cell) > 0 && !isNull(cell) {
			return cell
		}
	}
	return nil
}

// cell returns the column, or what the pattern's first group finds in it, or the pattern where it has none.
func (f *ref) cell(r *row) []byte {
	cell := bytes.TrimSpace(r.cells[f.column])
	if f.pattern == nil || len(cell) == 0 {
		return cell
	}
	at := f.pattern.FindSubmatchIndex(cell)
	switch {
	case at == nil:
		return nil
	case len(at) > 2 && at[2] >= 0:
		return cell[at[2]:at[3]]
	case len(at) > 2:
		return nil
	}
	return cell[at[0]:at[1]]
}

// values say what the values of a field are read as.
type values struct {
	as   map[string][]byte
	rest []byte // what any other value is read as; nil: as it is
}

// anyOther stands for every value that is not named.
const anyOther = "*"

func (v *values) add(field, value, as string) error {
	if value == anyOther {
		v.rest = []byte(as)
		return nil
	}
	if _, ok := v.as[value]; ok || value == "" {
		return fmt.Errorf("cannot map %q: a value is named once, and is not empty", field+"."+value)
	}
	v.as[value] = []byte(as)
	return nil
}

func (v *values) of(s []byte) []byte {
	if v == nil || len(s) == 0 {
		return s
	}
	if as, ok := v.as[string(s)]; ok {
		return as
	}
	if v.rest != nil {
		return v.rest
	}
	return s
}

// text reads what stands behind the first equals sign of an entry.
func (m *mapping) text(from string) (*text, error) {
	if constant, ok := strings.CutPrefix(from, "="); ok {
		return &text{parts: []part{{constant: constant}}}, nil
	}
	if brace := strings.IndexByte(from, '{'); brace < 0 || strings.Contains(from[:brace], patternMark) {
		p, err := m.part(from)
		if err != nil {
			return nil, err
		}
		return &text{parts: []part{p}, plain: p.refs[0].pattern == nil}, nil
	}
	t := &text{}
	for from != "" {
		before, rest, ok := strings.Cut(from, "{")
		if before != "" {
			t.parts = append(t.parts, part{constant: before})
		}
		if !ok {
			break
		}
		names, after, err := braced(rest)
		if err != nil {
			return nil, err
		}
		p, err := m.part(names...)
		if err != nil {
			return nil, err
		}
		t.parts = append(t.parts, p)
		from = after
	}
	return t, nil
}

// patternMark stands between a column and the pattern that is looked for in it.
const patternMark = "~"

// mayLack tells whether a text is of columns of which a file may have others, or none.
func (t *text) mayLack() bool { return len(t.parts) == 1 && len(t.parts[0].refs) > 1 }

// part makes a part of columns that stand in for each other. Of several a file need have but one.
func (m *mapping) part(names ...string) (p part, err error) {
	var either []string
	for _, name := range names {
		var f ref
		column, pattern, cut := strings.Cut(name, patternMark)
		if column == "" {
			return p, errors.New("a column has no name")
		}
		if cut {
			if f.pattern, err = regexp.Compile(pattern); err != nil {
				return p, fmt.Errorf("the pattern behind %s~ cannot be read: %w", column, err)
			}
		}
		if len(names) > 1 {
			either = append(either, column)
			column = strings.TrimSuffix(column, maybe) + maybe
		}
		f.column = m.column(column)
		p.refs = append(p.refs, f)
	}
	if len(either) > 0 {
		m.either = append(m.either, either)
	}
	return p, nil
}

// braced takes apart what stands in braces, up to the closing one: columns with | between them. Within a pattern's brackets and
// braces neither counts, nor behind a backslash.
func braced(s string) (names []string, rest string, err error) {
	depth, from := 0, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\':
			i++
		case c == '(' || c == '{' || c == '[' && !strings.HasPrefix(s[i:], arrayMark):
			depth++
		case c == '}' && depth == 0:
			if names = append(names, s[from:i]); s[from:i] == "" {
				return nil, "", errors.New("a brace without a column and its closing brace")
			}
			return names, s[i+1:], nil
		case c == ')' || c == '}' || c == ']' && (i == 0 || s[i-1] != '['):
			depth = max(0, depth-1)
		case c == '|' && depth == 0:
			names, from = append(names, s[from:i]), i+1
		}
	}
	return nil, "", errors.New("a brace without a column and its closing brace")
}
