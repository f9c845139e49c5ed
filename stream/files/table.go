package files

import (
	"bytes"
	"errors"
	"fmt"

	"os"
	"time"
	"unicode/utf8"

	"orrery/models"
)

// Table is a file that is read by its rows, whatever it is written in: for those who make something else of them than events.
type Table struct {
	Dialect

	// JSON says that the rows are JSON objects, whose columns are paths of members; else Columns are what there is.
	JSON bool

	in    rows
	text  *delimited // nil: JSON
	head  []byte     // what the file begins with, to be sampled
	cfg   *Config
	clock clockReader
	row   Row
}

// Row is one row of a table. Its bytes are valid until the next one is asked for.
type Row struct {
	Line  int64 // where it begins, from 1
	Raw   []byte
	Cells [][]byte // of the columns that were bound, without white space around them
}

// Tables opens files one after the other, and those within a zip, and gives take the rows of each. Of the configuration what says how
// files are written is used.
func Tables(cfg Config, take func(*Table) error) error {
	def(&cfg.Location, time.UTC)
	if cfg.Stdin == nil {
		cfg.Stdin = os.Stdin
	}
	if err := cfg.checkDialect(); err != nil {
		return err
	}
	var read int64
	for _, name := range cfg.Files {
		err := openAll(&cfg, name, &read, func(src *source) error {
			t, err := openTable(&cfg, src)
			if err != nil {
				return fmt.Errorf("cannot read %q: %w", src.name, err)
			}
			return take(t)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func openTable(cfg *Config, src *source) (*Table, error) {
	magic, _ := src.head.Peek(6)
	if strange := foreign(magic); strange != nil {
		return nil, strange
	}
	head, whole := src.begin()
	format := cfg.Format
	if format == "" {
		format = formatOf(src.name)
	}
	switch begin := bytes.TrimLeft(bytes.TrimPrefix(head, []byte(byteOrderMark)), " \t\r\n"); {
	case src.sheet:
		format = CSV
	case format != "":
	case len(begin) > 0 && (begin[0] == '{' || begin[0] == '['):
		format = JSONL
	default:
		format = CSV
	}
	t := &Table{cfg: cfg, clock: clockReader{layout: cfg.TimeLayout, loc: cfg.Location}}
	def(&t.clock.layout, "auto")
	t.Dialect = sniff(head, whole, src.sheet, cfg, format, &mapping{})
	t.File = src.name
	t.head = decodeHead(bytes.Clone(head), t.Encoding)
	src.decode(t.Encoding)
	if t.returns {
		src.Reader, t.head = &returns{src.Reader}, bytes.ReplaceAll(t.head, []byte{'\r'}, []byte{'\n'})
	}
	if !whole {
		t.head = t.head[:bytes.LastIndexByte(t.head, '\n')+1]
	}
	switch format {
	case JSONL:
		t.JSON, t.in = true, newJSONRows(src)
		return t, nil
	case CSV, TSV:
		var err error
		t.text, err = newDelimited(src, t.separator, t.quote, cfg.Columns)
		if err == nil {
			t.Columns = t.text.header
		}
		return t, err
	}
	return nil, fmt.Errorf("a file of the format %s has no columns", format)
}

// Bind says which columns the cells of rows are, in this order. It comes before the first row; numbers and times are those of them
// whose cells say how the file writes such.
func (t *Table) Bind(columns, numbers, times []string) error {
	if t.JSON {
		return t.in.bind(columns)
	}
	in, err := nest(t.text, columns)
	if err != nil {
		return err
	}
	t.in = in
	t.learn(numbers, times)
	return nil
}

// learn samples the head of the file for its decimal mark and the order of its dates.
func (t *Table) learn(numbers, times []string) {
	m := &mapping{}
	one := func(names []string) (all []*text) {
		for _, name := range names {
			all = append(all, &text{parts: []part{{refs: []ref{{column: m.column(name)}}}}, plain: true})
		}
		return all
	}
	sampled := one(numbers)
	t.sampleOf(t.head, t.cfg, m, sampled, one(times))
	t.Decimal, t.clock.order = string(rune(t.decimal)), t.dates
	switch t.clock.layout {
	case "dmy":
		t.clock.order = dayFirst
	case "mdy":
		t.clock.order = monthFirst
	}
	t.head = nil
}

// Next returns the following row, io.EOF after the last one. An error of which Fault is true is about one row, and reading can go on.
func (t *Table) Next() (*Row, error) {
	r, err := t.in.next()
	if r == nil || err != nil {
		return nil, err
	}
	if !utf8.Valid(r.raw) {
		return nil, badRow(r.line, "it is not UTF-8: say how it is written (encoding)")
	}
	t.row.Line, t.row.Raw = r.line, r.raw
	t.row.Cells = t.row.Cells[:0]
	for _, cell := range r.cells {
		t.row.Cells = append(t.row.Cells, bytes.TrimSpace(cell))
	}
	return &t.row, nil
}

// Fault tells whether an error is about one row, and which.
func Fault(err error) (line int64, reason string, yes bool) {
	var row *rowError
	if !errors.As(err, &row) {
		return 0, "", false
	}
	return row.line, row.err.Error(), true
}

// Amount reads an amount of money, or another number, as the file writes such.
func (t *Table) Amount(cell []byte) (models.Money, string, error) {
	return parseAmount(cell, t.decimal)
}

// Time reads a moment as the file writes such.
func (t *Table) Time(cell []byte) (models.Time, error) {
	at, err := t.clock.parse(cell)
	return at, err
}
