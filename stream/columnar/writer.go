package columnar

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Format is how a table is written.
type Format string

// The formats.
const (
	Arrow   Format = "arrow"   // an IPC stream, zstd
	Parquet Format = "parquet" // zstd
	CSV     Format = "csv"
	Lines   Format = "jsonl" // JSON, an object a line
)

// Formats lists them.
var Formats = []Format{Arrow, Parquet, CSV, Lines}

// ParseFormat returns the format of a name.
func ParseFormat(name string) (Format, error) {
	if f := Format(strings.ToLower(name)); slices.Contains(Formats, f) {
		return f, nil
	}
	return "", fmt.Errorf("unknown format %q: there are arrow, parquet, csv and jsonl", name)
}

// ContentType returns the media type of a format.
func (f Format) ContentType() string {
	switch f {
	case Arrow:
		return "application/vnd.apache.arrow.stream"
	case Parquet:
		return "application/vnd.apache.parquet"
	case CSV:
		return "text/csv; charset=utf-8"
	}
	return "application/x-ndjson"
}

// Joins tells whether what follows can be written behind what was written: text can, and a file of the other formats is one file.
func (f Format) Joins() bool { return f == CSV || f == Lines }

// Options are what few writers need.
type Options struct {
	// Headless leaves the names of the columns out of CSV: what is written goes behind what is there.
	Headless bool
	// BatchRows and GroupBytes bound what is held in memory: the rows of an Arrow batch, and the bytes of a Parquet row group before compression.
	// Default 4,096 and 16 MiB.
	BatchRows  int
	GroupBytes int
}

func (o Options) withDefaults() Options {
	if o.BatchRows <= 0 {
		o.BatchRows = 4096
	}
	if o.GroupBytes <= 0 {
		o.GroupBytes = 16 << 20
	}
	return o
}

// batchBytes ends a batch early, of rows that are large.
const batchBytes = 4 << 20

// encoder writes rows in a format.
type encoder interface {
	append(row []Value) error
	flush() error // hands on what has been appended, as far as the format can
	close() error // writes the end, and lets go of everything; after an error as well
}

// Writer writes a table.
type Writer struct {
	table *Table
	enc   encoder
	rows  int64
	err   error // the first one sticks: what comes behind a hole is no part of the table
}

// NewWriter begins a table. Close ends it.
func NewWriter(out io.Writer, t *Table, f Format, o Options) (*Writer, error) {
	o = o.withDefaults()
	w := &Writer{table: t}
	var err error
	switch f {
	case Arrow:
		w.enc = newArrowWriter(out, t, o)
	case Parquet:
		w.enc, err = newParquetWriter(out, t, o)
	case CSV:
		w.enc = newCSVWriter(out, t, o)
	case Lines:
		w.enc = newLineWriter(out, t)
	default:
		_, err = ParseFormat(string(f))
	}
	if err != nil {
		return nil, fmt.Errorf("cannot write %s: %w", t.Name, err)
	}
	return w, nil
}

// Append writes a row: a value for each column. The row is the caller's again when it returns.
func (w *Writer) Append(row []Value) error {
	if w.err != nil {
		return w.err
	}
	if w.err = w.table.check(row); w.err != nil {
		return w.err
	}
	if err := w.enc.append(row); err != nil {
		w.err = fmt.Errorf("cannot write %s: %w", w.table.Name, err)
		return w.err
	}
	w.rows++
	return nil
}

// Flush hands on what has been appended, as far as the format can: a Parquet file is whole groups.
func (w *Writer) Flush() error {
	if w.err == nil {
		w.err = w.enc.flush()
	}
	return w.err
}

// Rows returns how many rows have been appended.
func (w *Writer) Rows() int64 { return w.rows }

// Close ends the table. It returns the first error there was.
func (w *Writer) Close() error {
	if err := w.enc.close(); w.err == nil && err != nil {
		w.err = fmt.Errorf("cannot end %s: %w", w.table.Name, err)
	}
	return w.err
}
