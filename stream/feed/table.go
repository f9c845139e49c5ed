package feed

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"

	"orrery/stream/files"
)

// table reads a feed of columns.
func (r *reader) table(in *bufio.Reader) error {
	head, _ := in.Peek(16 << 10)
	if i := bytes.IndexByte(head, '\n'); i >= 0 {
		head = head[:i]
	}
	limited := &bounded{in, MaxEntry}
	rows := newRows(limited, in, files.Separator(head))
	header, err := rows.Read()
	if err != nil {
		return headerError(err)
	}
	t := newTable(header)
	if !t.fits() {
		return errors.New("there is no column of ids: there are " + strings.Join(t.raw, ", "))
	}
	r.sum.Platform = t.platform
	var f fields
	for {
		limited.left = MaxEntry
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if errors.Is(err, errEntry) {
			return r.bad(0, "a row is longer than 4 MiB: a quote does not end, and what follows was not read")
		}
		if err != nil {
			return err
		}
		if err := r.row(t, &f, row, rows.line()); err != nil {
			return err
		}
	}
}

// rows cuts delimited text into rows of cells.
type rows interface {
	Read() ([]string, error)
	line() int64
}

func newRows(limited io.Reader, in *bufio.Reader, separator byte) rows {
	if separator == '\t' {
		return &tabs{in: in}
	}
	c := csv.NewReader(limited)
	c.Comma = rune(separator)
	c.LazyQuotes, c.FieldsPerRecord, c.ReuseRecord = true, -1, true
	return quoted{c}
}

type quoted struct{ *csv.Reader }

func (q quoted) line() int64 {
	line, _ := q.FieldPos(0)
	return int64(line)
}

// tabs reads rows whose cells hold neither tabs nor ends of lines: a quote is one, unless quotes are around the whole cell.
type tabs struct {
	in    *bufio.Reader
	n     int64
	cells []string
}

func (t *tabs) line() int64 { return t.n }

// Read implements rows.
func (t *tabs) Read() ([]string, error) {
	line, err := longLine(t.in)
	if err != nil && len(line) == 0 {
		return nil, err
	}
	t.n++
	t.cells = t.cells[:0]
	for cell := range strings.SplitSeq(strings.TrimRight(string(line), "\r\n"), "\t") {
		if len(cell) > 1 && cell[0] == '"' && cell[len(cell)-1] == '"' {
			cell = strings.ReplaceAll(cell[1:len(cell)-1], `""`, `"`)
		}
		t.cells = append(t.cells, cell)
	}
	return t.cells, nil
}

func headerError(err error) error {
	if errors.Is(err, io.EOF) {
		return ErrEmpty
	}
	return err
}

// row takes one row.
func (r *reader) row(t *table, f *fields, row []string, line int64) error {
	if len(row) == 1 && strings.TrimSpace(row[0]) == "" {
		return nil
	}
	if len(row) > len(t.names) {
		id := "" // what stands behind the value that is two is in a wrong column
		if t.names[0] == "id" {
			id = row[0]
		}
		return r.badOf(line, id, "it has more columns than the header: put a value that holds the separator in quotes")
	}
	f.reset(line)
	for i, cell := range row {
		if !files.Blank([]byte(strings.TrimSpace(cell))) {
			f.add(t.names[i], cell)
		}
	}
	switch t.platform {
	case "shopify":
		return r.shopify(f)
	case "woocommerce":
		wooCommerce(f)
	}
	if len(f.names) == 0 {
		return nil
	}
	return r.entry(f)
}

// table is the header of a feed of columns.
type table struct {
	raw, names []string
	platform   string
}

func newTable(header []string) *table {
	t := &table{platform: "google"}
	for _, name := range header {
		t.raw = append(t.raw, strings.TrimSpace(name))
		t.names = append(t.names, canonical(name))
	}
	switch {
	case t.has("handle") && t.has("variant_price"):
		t.platform = "shopify"
	case t.has("sku") && (t.has("catalog_visibility") || t.has("type") && t.has("images")):
		t.platform = "woocommerce"
	}
	return t
}

func (t *table) has(name string) bool {
	for _, n := range t.names {
		if n == name {
			return true
		}
	}
	return false
}

func (t *table) fits() bool { return t.platform != "google" || t.has("id") || t.has("sku") }

// bounded ends a record that is too long.
type bounded struct {
	src  io.Reader
	left int
}

// Read implements io.Reader.
func (b *bounded) Read(dst []byte) (int, error) {
	if b.left <= 0 {
		return 0, errEntry
	}
	n, err := b.src.Read(dst)
	b.left -= n
	return n, err
}
