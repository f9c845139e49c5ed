package files

import (
	"fmt"
	"strconv"
)

// row is one row of an input. Its bytes belong to the reader and live until the next row is asked for.
type row struct {
	line  int64    // where it starts, from 1
	num   int64    // the how-manieth row of its file it is, from 1
	raw   []byte   // the row as it stands in the file, for its identity
	more  bool     // it is of the same line as the row before
	cells [][]byte // the bound columns, in the order of bind
}

// rows reads the rows of one input.
type rows interface {
	// bind looks up columns by name, before the first row. The cells of every row come in this order.
	bind(names []string) error

	// next returns the following row, io.EOF after the last one, or a *rowError, after which reading can go on. The row
	// beside such an error, if there is one, tells at most which event it was part of.
	next() (*row, error)
}

// rowError is what is wrong with one row.
type rowError struct {
	line int64
	err  error
}

func (e *rowError) Error() string { return fmt.Sprintf("line %d: %v", e.line, e.err) }
func (e *rowError) Unwrap() error { return e.err }

func badRow(line int64, format string, args ...any) *rowError {
	return &rowError{line, fmt.Errorf(format, args...)}
}

// Pseudo-columns that every input has.
const (
	rowColumn  = "#"    // the row's number within its file, from 1, header and blank lines not counted
	lineColumn = "line" // with Lines: the whole line
)

// arrayMark stands behind the name of an array within JSON whose elements are rows of one event.
const arrayMark = "[]"

// maybe stands behind the name of a column that a file need not have, and absent is its index where it has none.
const (
	maybe  = "?"
	absent = -2
)

func appendInt(dst []byte, n int64) []byte { return strconv.AppendInt(dst, n, 10) }
