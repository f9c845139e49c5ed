package files

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// delimited reads rows of delimited text. With a quote it follows RFC 4180: a field that starts with a quote runs to the
// closing one, over line ends, and holds a quote as two. A quote within an unquoted field is an ordinary character.
// Without quotes (TSV) every byte stands for itself.
type delimited struct {
	*liner
	comma  byte
	quote  byte // 0: none
	header []string
	fields [][]byte
	index  []int // of the bound columns; -1 is the row's number
	row    row
	num    []byte
}

// newDelimited reads the header from the first row unless columns names the columns.
func newDelimited(r io.Reader, comma, quote byte, columns []string) (*delimited, error) {
	d := &delimited{liner: newLiner(r), comma: comma, quote: quote, header: columns}
	if columns != nil {
		return d, nil
	}
	raw, _, err := d.record()
	if err == nil && saidSeparator(raw) != 0 {
		raw, _, err = d.record()
	}
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = errors.New("no header row")
		}
		return nil, err
	}
	if err := d.split(raw); err != nil {
		return nil, err
	}
	for _, f := range d.fields {
		d.header = append(d.header, strings.TrimSpace(string(f)))
	}
	return d, nil
}

// openDelimited reads delimited text with the columns of a map.
func openDelimited(r io.Reader, comma, quote byte, columns []string, m *mapping, sides []*side) (rows, error) {
	d, err := newDelimited(r, comma, quote, columns)
	if err != nil {
		return nil, err
	}
	has := func(name string) bool {
		return d.has(name) || slices.ContainsFunc(sides, func(s *side) bool { _, yes := s.own(name, d.header); return yes })
	}
	for _, either := range m.either {
		if !slices.ContainsFunc(either, has) {
			return nil, fmt.Errorf("cannot find any of the columns %s: there are %s", strings.Join(either, ", "), strings.Join(d.header, ", "))
		}
	}
	if len(sides) == 0 {
		return nest(d, m.columns)
	}
	j, err := newJoined(sides, d.header, m.columns)
	if err == nil {
		j.in, err = nest(d, j.names)
	}
	return j, err
}

// has tells whether a column is there, or need not be.
func (d *delimited) has(name string) bool {
	return name == rowColumn || strings.HasSuffix(name, maybe) || slices.Contains(d.header, name) || rootOf(d.header, name) != ""
}

func (d *delimited) bind(names []string) error {
	for _, name := range names {
		i, err := columnIndex(d.header, name)
		if err != nil {
			return err
		}
		d.index = append(d.index, i)
	}
	d.row.cells = make([][]byte, len(names))
	return nil
}

func columnIndex(header []string, name string) (int, error) {
	if name == rowColumn {
		return -1, nil
	}
	if i := slices.Index(header, name); i >= 0 {
		return i, nil
	}
	if may, ok := strings.CutSuffix(name, maybe); ok {
		if i := slices.Index(header, may); i >= 0 {
			return i, nil
		}
		return absent, nil
	}
	return 0, fmt.Errorf("cannot find column %q: there are %s", name, strings.Join(header, ", "))
}

func (d *delimited) next() (*row, error) {
	raw, line, err := d.record()
	if err != nil {
		return nil, err
	}
	d.row.num++
	d.row.line, d.row.raw = line, raw
	if err := d.split(raw); err != nil {
		return nil, &rowError{line, err}
	}
	if len(d.fields) != len(d.header) {
		err = badRow(line, "%d columns instead of %d", len(d.fields), len(d.header))
	}
	for i, at := range d.index {
		if at == absent || at >= len(d.fields) {
			d.row.cells[i] = nil
			continue
		}
		if at < 0 {
			d.num = appendInt(d.num[:0], d.row.num)
			d.row.cells[i] = d.num
			continue
		}
		d.row.cells[i] = d.fields[at]
	}
	return &d.row, err
}

// record returns the next record that is not blank and the line it starts on.
func (d *delimited) record() ([]byte, int64, error) {
	for {
		line := d.line
		n, ok := d.find(0)
		if !ok {
			return nil, line, d.skip()
		}
		if n == 0 {
			return nil, line, d.err
		}
		lines := int64(1)
		if d.quote != 0 && bytes.IndexByte(d.buf[d.start:d.start+n], d.quote) >= 0 {
			var bad *rowError
			if n, lines, bad = d.quoted(n); bad != nil {
				return nil, line, bad
			}
		}
		if raw := chomp(d.take(n, lines)); len(raw) > 0 {
			return raw, line, nil
		}
	}
}

// quoted extends a record whose first line is n bytes long and has quotes to the line feed outside of them. Where
// there is none, only the first line is consumed: the fault is most likely there, and the lines after it are good.
func (d *delimited) quoted(n int) (int, int64, *rowError) {
	first, lines := n, int64(1)
	state := d.scan(fieldStart, d.buf[d.start:d.start+n])
	for state == inside {
		m, ok := d.find(n)
		if !ok || m <= n {
			bad := badRow(d.line, "a quote is never closed")
			d.take(first, 1)
			return 0, 0, bad
		}
		state = d.scan(state, d.buf[d.start+n:d.start+m])
		n, lines = m, lines+1
	}
	return n, lines, nil
}

// Where a scan for the end of a record stands.
type scanState uint8

const (
	fieldStart scanState = iota
	plain
	inside
	closing // behind a quote inside: the end, or the first half of a quote
)

// scan advances over b.
func (d *delimited) scan(state scanState, b []byte) scanState {
	for _, c := range b {
		switch {
		case state == inside:
			if c == d.quote {
				state = closing
			}
		case c == d.quote && state != plain:
			state = inside // opens, or is the second half
		case c == d.comma:
			state = fieldStart
		default:
			state = plain
		}
	}
	return state
}

// split cuts a record into fields. Quoted ones are unescaped in place. The record's bytes are no longer those of the
// file then, but still the same for the same row, which is all that its identity asks for.
func (d *delimited) split(b []byte) error {
	d.fields = d.fields[:0]
	for {
		if d.quote != 0 && len(b) > 0 && b[0] == d.quote {
			field, rest, err := unquote(b[1:], d.quote)
			if err != nil {
				return err
			}
			d.fields = append(d.fields, field)
			if len(rest) == 0 {
				return nil
			}
			if rest[0] != d.comma {
				return fmt.Errorf("text after the closing quote of column %d", len(d.fields))
			}
			b = rest[1:]
			continue
		}
		i := bytes.IndexByte(b, d.comma)
		if i < 0 {
			d.fields = append(d.fields, b)
			return nil
		}
		d.fields = append(d.fields, b[:i])
		b = b[i+1:]
	}
}

// unquote resolves a quoted field in place, from behind its opening quote, and returns what follows the closing one.
func unquote(b []byte, quote byte) (field, rest []byte, err error) {
	w := 0
	for r := 0; r < len(b); r++ {
		if b[r] != quote {
			b[w] = b[r]
			w++
			continue
		}
		if r+1 < len(b) && b[r+1] == quote {
			b[w] = quote
			w, r = w+1, r+1
			continue
		}
		return b[:w], b[r+1:], nil
	}
	return nil, nil, errors.New("a quote is never closed")
}
