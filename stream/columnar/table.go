// Package columnar writes tables as Arrow IPC streams, Parquet, CSV and JSON lines, and reads the first two. A Table says what its
// columns are; whoever fills it appends rows of Values and needs to know nothing of the formats. The same rows give the same bytes.
package columnar

import (
	"fmt"

	"orrery/models"
)

// Kind is what a column holds.
type Kind uint8

// The kinds, with what they are in Arrow and Parquet; in JSON and CSV numbers are numbers, and moments and days texts of RFC 3339.
const (
	Text   Kind = iota // utf8
	ID                 // utf8 that repeats: Parquet keeps a dictionary of it
	Int                // int64
	Real               // float64
	Bool               // boolean
	Moment             // timestamp[us, UTC]
	Day                // date32
	Money              // decimal128(19, 6): all that models.Money holds
	List               // list<struct> of Fields
)

// Column is a column of a table, or a field of the structs of a List.
type Column struct {
	Name   string
	Kind   Kind
	Fields []Column // of a List; none of them is a List itself

	// Most is how many elements a List has at most, 0 where any number: in CSV the elements of a bounded one are columns of their own, name_1_field,
	// those of any other one JSON in one column.
	Most int
}

// Table says what rows are.
type Table struct {
	Name    string
	Version int // of the columns; written into every file
	Columns []Column
}

// Value is one cell. The zero Value is null, which is neither 0 nor the empty text.
type Value struct {
	set  bool
	n    int64 // Int, Bool, Moment and Day (ms since 1970), Money (micros)
	real float64
	text []byte
	list [][]Value
}

// The constructors of values that are not null. Texts and lists are kept until the row is appended.

// OfText returns a Text or ID.
func OfText(b []byte) Value { return Value{set: true, text: b} }

// OfString returns a Text or ID.
func OfString(s string) Value { return Value{set: true, text: []byte(s)} }

// OfName returns a Text or ID, null where it is empty: where absent and empty are the same.
func OfName(b []byte) Value { return Value{set: len(b) > 0, text: b} }

// OfInt returns an Int.
func OfInt[N ~int | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64](n N) Value {
	return Value{set: true, n: int64(n)}
}

// OfReal returns a Real.
func OfReal(x float64) Value { return Value{set: true, real: x} }

// OfBool returns a Bool.
func OfBool(b bool) Value {
	v := Value{set: true}
	if b {
		v.n = 1
	}
	return v
}

// OfMoment returns a Moment or a Day, null where it is 0.
func OfMoment(t models.Time) Value { return Value{set: t != 0, n: int64(t)} }

// OfMoney returns Money.
func OfMoney(m models.Money) Value { return Value{set: true, n: int64(m)} }

// OfList returns a List.
func OfList(elements [][]Value) Value { return Value{set: true, list: elements} }

// IsNull tells whether there is no value.
func (v Value) IsNull() bool { return !v.set }

// Bytes returns a text.
func (v Value) Bytes() []byte { return v.text }

// Number returns what an Int, Bool, Moment, Day or Money is: the number itself, 0 or 1, milliseconds since 1970, micros.
func (v Value) Number() int64 { return v.n }

// Real returns a Real.
func (v Value) Real() float64 { return v.real }

// Elements returns a List.
func (v Value) Elements() [][]Value { return v.list }

// size is about what a row takes before compression.
func size(row []Value) (n int) {
	for i := range row {
		n += 9 + len(row[i].text)
		for _, element := range row[i].list {
			n += size(element)
		}
	}
	return n
}

func (t *Table) check(row []Value) error {
	if len(row) != len(t.Columns) {
		return fmt.Errorf("BUG: a row of %s has %d values, not %d", t.Name, len(row), len(t.Columns))
	}
	for i := range row {
		c := &t.Columns[i]
		for _, element := range row[i].list {
			if c.Kind != List || len(element) != len(c.Fields) || c.Most > 0 && len(row[i].list) > c.Most {
				return fmt.Errorf("BUG: %s.%s is no list of at most %d structs of %d fields", t.Name, c.Name, c.Most, len(c.Fields))
			}
		}
	}
	return nil
}
