package columnar

import (
	"bufio"
	"bytes"
	"io"
	"math"
	"strconv"
	"unicode/utf8"

	"orrery/models"
)

// textBuffer is what is gathered before it is written.
const textBuffer = 64 << 10

// lineWriter writes a JSON object a line.
type lineWriter struct {
	table *Table
	out   *bufio.Writer
	line  []byte
}

func newLineWriter(out io.Writer, t *Table) *lineWriter {
	return &lineWriter{table: t, out: bufio.NewWriterSize(out, textBuffer)}
}

func (w *lineWriter) append(row []Value) error {
	w.line = append(appendObject(w.line[:0], w.table.Columns, row), '\n')
	_, err := w.out.Write(w.line)
	return err
}

func (w *lineWriter) flush() error { return w.out.Flush() }
func (w *lineWriter) close() error { return w.out.Flush() }

// appendObject appends a row as JSON. What is null stands there as null: every line has all members.
func appendObject(dst []byte, columns []Column, row []Value) []byte {
	dst = append(dst, '{')
	for i := range columns {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(models.AppendString(dst, columns[i].Name), ':')
		dst = appendJSON(dst, &columns[i], &row[i])
	}
	return append(dst, '}')
}

func appendJSON(dst []byte, c *Column, v *Value) []byte {
	if !v.set {
		return append(dst, "null"...)
	}
	switch c.Kind {
	case Text, ID:
		return models.AppendString(dst, v.text)
	case Moment, Day:
		return append(appendPlain(append(dst, '"'), c, v), '"')
	case List:
		return appendList(dst, c, v)
	case Real:
		if math.IsNaN(v.real) || math.IsInf(v.real, 0) {
			return append(dst, "null"...) // JSON has no such number
		}
	}
	return appendPlain(dst, c, v)
}

func appendList(dst []byte, c *Column, v *Value) []byte {
	dst = append(dst, '[')
	for i, element := range v.list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendObject(dst, c.Fields, element)
	}
	return append(dst, ']')
}

// appendPlain appends what is no text and no list, without quotes.
func appendPlain(dst []byte, c *Column, v *Value) []byte {
	switch c.Kind {
	case Real:
		return strconv.AppendFloat(dst, v.real, 'g', -1, 64)
	case Bool:
		return strconv.AppendBool(dst, v.n != 0)
	case Moment:
		return models.Time(v.n).Std().AppendFormat(dst, "2006-01-02T15:04:05.000Z")
	case Day:
		return models.Time(v.n).Std().AppendFormat(dst, "2006-01-02")
	case Money:
		return models.AppendMoney(dst, models.Money(v.n))
	}
	return strconv.AppendInt(dst, v.n, 10)
}

// csvWriter writes CSV as RFC 4180 has it, safe to be opened as a spreadsheet: a text that a spreadsheet would take for a formula begins with an
// apostrophe. Null is nothing, the empty text a pair of quotes.
type csvWriter struct {
	table *Table
	out   *bufio.Writer
	line  []byte
	cell  []byte
}

func newCSVWriter(out io.Writer, t *Table, o Options) *csvWriter {
	w := &csvWriter{table: t, out: bufio.NewWriterSize(out, textBuffer)}
	if !o.Headless {
		w.head()
		w.out.Write(w.line) // its error stays, and shows with the next write
	}
	return w
}

func (w *csvWriter) head() {
	for i := range w.table.Columns {
		c := &w.table.Columns[i]
		if c.Kind != List || c.Most == 0 {
			w.text([]byte(c.Name))
			continue
		}
		for n := 1; n <= c.Most; n++ {
			for _, f := range c.Fields {
				w.text([]byte(c.Name + "_" + strconv.Itoa(n) + "_" + f.Name))
			}
		}
	}
	w.end()
}

func (w *csvWriter) append(row []Value) error {
	w.line = w.line[:0]
	for i := range row {
		w.value(&w.table.Columns[i], &row[i])
	}
	w.end()
	_, err := w.out.Write(w.line)
	return err
}

func (w *csvWriter) value(c *Column, v *Value) {
	switch {
	case c.Kind == List && c.Most > 0:
		for n := range c.Most {
			for k := range c.Fields {
				if n < len(v.list) {
					w.value(&c.Fields[k], &v.list[n][k])
				} else {
					w.line = append(w.line, ',')
				}
			}
		}
	case !v.set:
		w.line = append(w.line, ',')
	case c.Kind == List:
		w.cell = appendList(w.cell[:0], c, v)
		w.text(w.cell)
	case c.Kind == Text || c.Kind == ID:
		w.text(v.text)
	default:
		w.line = append(appendPlain(w.line, c, v), ',')
	}
}

// text appends a cell of text.
func (w *csvWriter) text(s []byte) {
	formula := len(s) > 0 && bytes.IndexByte([]byte("=+-@\t\r\n"), s[0]) >= 0
	if !formula && len(s) > 0 && !bytes.ContainsAny(s, "\",\r\n") && s[0] != ' ' && s[len(s)-1] != ' ' && utf8.Valid(s) {
		w.line = append(append(w.line, s...), ',')
		return
	}
	w.line = append(w.line, '"')
	if formula {
		w.line = append(w.line, '\'')
	}
	for _, r := range string(s) { // what is no UTF-8 becomes U+FFFD
		if r == '"' {
			w.line = append(w.line, '"')
		}
		w.line = utf8.AppendRune(w.line, r)
	}
	w.line = append(w.line, `",`...)
}

// end makes a line of the cells.
func (w *csvWriter) end() {
	w.line = append(w.line[:len(w.line)-1], "\r\n"...)
}

func (w *csvWriter) flush() error { return w.out.Flush() }
func (w *csvWriter) close() error { return w.out.Flush() }
