package files

import (
	"bytes"
	"fmt"
	"io"
)

// lineTexts are JSON texts of a line each.
type lineTexts struct {
	*liner
	line int64
}

func (l *lineTexts) next() ([]byte, error) {
	l.line = l.liner.line
	return l.liner.next()
}

func (l *lineTexts) at() int64 { return l.line }

// newTexts tells one array, or objects that run over lines, from objects of a line each.
func newTexts(r io.Reader) texts {
	l := newLiner(r)
	for l.end-l.start < sniffed && bytes.IndexByte(l.buf[l.start:l.end], '\n') < 0 && l.fill() {
	}
	head := bytes.TrimLeft(l.buf[l.start:l.end], " \t\r\n")
	first, _, lines := bytes.Cut(head, []byte{'\n'})
	first = bytes.TrimSpace(first)
	if bytes.HasPrefix(head, []byte{'['}) || lines && len(first) > 0 && first[0] == '{' && bytes.IndexByte([]byte("{[,"), first[len(first)-1]) >= 0 {
		return &documents{liner: l}
	}
	return &lineTexts{liner: l}
}

// documents are the elements of a JSON array, or objects one behind the other, in whatever lines they stand.
type documents struct {
	*liner
	began bool // the array
	list  bool // it is one
	// inside says that the array is a member of an object: what stands behind it is the rest of that.
	inside bool
	first  int64
}

func (d *documents) at() int64 { return d.first }

// next returns the next element. Where one cannot be told from the next, reading ends.
func (d *documents) next() ([]byte, error) {
	for {
		c, err := d.peek()
		if err != nil {
			return nil, err
		}
		switch {
		case c == '[' && !d.began:
			d.began, d.list = true, true
		case c == ']' && d.list:
			if d.take(1, 0); d.inside {
				d.start = d.end
				return nil, io.EOF
			}
			if c, err := d.peek(); err == nil {
				return nil, fmt.Errorf("line %d: %q stands behind the end of the array", d.line, c)
			}
			return nil, io.EOF
		case c == ',' && d.list:
		default:
			d.began = true
			return d.element()
		}
		d.take(1, 0)
	}
}

// peek returns the next byte that is no space.
func (d *documents) peek() (byte, error) {
	for {
		for d.start < d.end {
			switch c := d.buf[d.start]; c {
			case '\n':
				d.take(1, 1)
			case ' ', '\t', '\r':
				d.take(1, 0)
			default:
				return c, nil
			}
		}
		if !d.fill() {
			if d.err == io.EOF && d.list {
				return 0, fmt.Errorf("line %d: the array has no end: the file breaks off: %w", d.line, io.ErrUnexpectedEOF)
			}
			return 0, d.err
		}
	}
}

// element takes a value up to its end, which is found by its brackets.
func (d *documents) element() ([]byte, error) {
	d.first = d.line
	depth, quoted, lines := 0, false, int64(0)
	for n := 0; ; n++ {
		if d.start+n == d.end && !d.fill() {
			if d.err == nil {
				return nil, fmt.Errorf("line %d: an element is %w", d.first, errLong)
			}
			if d.err == io.EOF && depth == 0 && !quoted {
				return d.take(n, lines), nil
			}
			return nil, fmt.Errorf("line %d: the element has no end: the file breaks off: %w", d.first, io.ErrUnexpectedEOF)
		}
		switch c := d.buf[d.start+n]; {
		case c == '\n':
			lines++
		case quoted && c == '\\':
			if n++; d.start+n == d.end && !d.fill() {
				return nil, fmt.Errorf("line %d: the element has no end: the file breaks off: %w", d.first, io.ErrUnexpectedEOF)
			}
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
		case (c == '}' || c == ']') && depth > 0:
			if depth--; depth == 0 {
				return d.take(n+1, lines), nil
			}
		case depth == 0 && (c == ',' || c == ']' || c == '}'):
			if n == 0 {
				return nil, fmt.Errorf("line %d: %q stands where an element is wanted", d.line, c)
			}
			return bytes.TrimSpace(d.take(n, lines)), nil
		}
	}
}
