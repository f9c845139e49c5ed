package columnar

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/file"
	"github.com/apache/arrow/go/v17/parquet/pqarrow"

	"orrery/models"
)

// What files of the formats begin with. An Arrow stream has no name, but its first message says that it is no old one.
const (
	magicParquet = "PAR1"
	magicArrow   = "ARROW1"
	magicStream  = "\xff\xff\xff\xff"
)

// FormatOf tells from what a file begins with whether it is one that Rows or JSON reads: Parquet, or Arrow as file or stream.
func FormatOf(head []byte) (Format, bool) {
	switch s := string(head); {
	case strings.HasPrefix(s, magicParquet):
		return Parquet, true
	case strings.HasPrefix(s, magicArrow[:4]), strings.HasPrefix(s, magicStream):
		return Arrow, true
	}
	return "", false
}

// readRows is how many rows are decoded at a time.
const readRows = 4096

// Source is what is read: a file.
type Source interface {
	io.ReaderAt
	io.Reader
	io.Seeker
}

// eachRecord hands the batches of a file to each.
func eachRecord(src Source, each func(arrow.Record) error) (err error) {
	defer func() { // what a damaged file has these libraries do
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", ErrDamaged, p)
		}
	}()
	var head [8]byte
	n, err := src.ReadAt(head[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	format, known := FormatOf(head[:n])
	switch {
	case !known:
		return errors.New("it is no Parquet and no Arrow file")
	case format == Parquet:
		return eachOfParquet(src, each)
	case string(head[:4]) == magicStream:
		return eachOfStream(src, each)
	}
	return eachOfFile(src, each)
}

func eachOfParquet(src Source, each func(arrow.Record) error) error {
	mem := memory.DefaultAllocator // the library looks at pages that it has let go of: they must not be used again
	props := parquet.NewReaderProperties(mem)
	props.BufferedStreamEnabled = true // a page at a time, not a column of a group
	in, err := file.NewParquetReader(src, file.WithReadProps(props))
	if err != nil {
		return err
	}
	defer in.Close() // read only
	rows, err := pqarrow.NewFileReader(in, pqarrow.ArrowReadProperties{BatchSize: readRows}, mem)
	if err != nil {
		return err
	}
	if in.NumRows() == 0 {
		return nil
	}
	batch, err := rows.GetRecordReader(context.Background(), nil, nil)
	if err != nil {
		return err
	}
	defer batch.Release()
	for batch.Next() {
		if err := each(batch.Record()); err != nil {
			return err
		}
	}
	if err := batch.Err(); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

func eachOfStream(src Source, each func(arrow.Record) error) error {
	in, err := ipc.NewReader(bufio.NewReaderSize(src, 1<<20), ipc.WithAllocator(new(pool)))
	if err != nil {
		return err
	}
	defer in.Release()
	for in.Next() {
		if err := each(in.Record()); err != nil {
			return err
		}
	}
	return in.Err()
}

func eachOfFile(src Source, each func(arrow.Record) error) error {
	in, err := ipc.NewFileReader(src, ipc.WithAllocator(new(pool)))
	if err != nil {
		return err
	}
	defer in.Close() // read only
	for i := range in.NumRecords() {
		record, err := in.Record(i)
		if err == nil {
			err = each(record)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Rows hands the rows of a Parquet or Arrow file to each, as a table says them: columns that the file has not are null, others are left out. A
// row is each's until it returns.
func Rows(src Source, t *Table, each func(row []Value) error) error {
	row := make([]Value, len(t.Columns))
	return eachRecord(src, func(r arrow.Record) error {
		columns := make([]arrow.Array, len(t.Columns))
		for i := range t.Columns {
			if at := r.Schema().FieldIndices(t.Columns[i].Name); len(at) > 0 {
				columns[i] = r.Column(at[0])
				if want := typeOf(&t.Columns[i]); !arrow.TypeEqual(columns[i].DataType(), want) && t.Columns[i].Kind != List {
					return fmt.Errorf("column %s is %s, not %s", t.Columns[i].Name, columns[i].DataType(), want)
				}
			}
		}
		for n := range int(r.NumRows()) {
			for i := range columns {
				row[i] = valueAt(columns[i], n, &t.Columns[i])
			}
			if err := each(row); err != nil {
				return err
			}
		}
		return nil
	})
}

// valueAt returns what stands in a place of an array.
func valueAt(a arrow.Array, n int, c *Column) Value {
	if a == nil || a.IsNull(n) {
		return Value{}
	}
	v := Value{set: true}
	switch a := a.(type) {
	case *array.String:
		v.text = []byte(a.Value(n))
	case *array.Int64:
		v.n = a.Value(n)
	case *array.Float64:
		v.real = a.Value(n)
	case *array.Boolean:
		return OfBool(a.Value(n))
	case *array.Timestamp:
		v.n = int64(a.Value(n)) / 1000
	case *array.Date32:
		v.n = int64(a.Value(n)) * int64(models.Day)
	case *array.Decimal128:
		v.n = int64(a.Value(n).LowBits())
	case *array.List:
		from, to := a.ValueOffsets(n)
		elements, ok := a.ListValues().(*array.Struct)
		for i := from; ok && i < to; i++ {
			element := make([]Value, len(c.Fields))
			for k := range c.Fields {
				if at, found := elements.DataType().(*arrow.StructType).FieldIdx(c.Fields[k].Name); found {
					element[k] = valueAt(elements.Field(at), int(i), &c.Fields[k])
				}
			}
			v.list = append(v.list, element)
		}
	}
	return v
}

// JSON writes the rows of a Parquet or Arrow file as JSON, an object a line, whatever columns it has: nested ones are nested.
func JSON(src Source, out io.Writer) error {
	return eachRecord(src, func(r arrow.Record) error { return array.RecordToJSON(r, out) })
}
