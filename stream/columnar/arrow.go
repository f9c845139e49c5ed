package columnar

import (
	"bytes"
	"io"
	"strconv"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"orrery/models"
)

// Names in the metadata of a schema.
const (
	metaTable   = "orrery.table"
	metaVersion = "orrery.version"
)

// schemaOf returns the table as Arrow says it.
func schemaOf(t *Table) *arrow.Schema {
	meta := arrow.NewMetadata([]string{metaTable, metaVersion}, []string{t.Name, strconv.Itoa(t.Version)})
	return arrow.NewSchema(fieldsOf(t.Columns), &meta)
}

func fieldsOf(columns []Column) []arrow.Field {
	fields := make([]arrow.Field, len(columns))
	for i := range columns {
		fields[i] = arrow.Field{Name: columns[i].Name, Type: typeOf(&columns[i]), Nullable: true}
	}
	return fields
}

func typeOf(c *Column) arrow.DataType {
	switch c.Kind {
	case Int:
		return arrow.PrimitiveTypes.Int64
	case Real:
		return arrow.PrimitiveTypes.Float64
	case Bool:
		return arrow.FixedWidthTypes.Boolean
	case Moment:
		return arrow.FixedWidthTypes.Timestamp_us
	case Day:
		return arrow.FixedWidthTypes.Date32
	case Money:
		return &arrow.Decimal128Type{Precision: 19, Scale: 6}
	case List:
		return arrow.ListOf(arrow.StructOf(fieldsOf(c.Fields)...))
	}
	return arrow.BinaryTypes.String
}

// put appends a value to the builder of its column.
func put(b array.Builder, v *Value) {
	if !v.set {
		b.AppendNull()
		return
	}
	switch b := b.(type) {
	case *array.StringBuilder:
		b.BinaryBuilder.Append(validText(v.text))
	case *array.Int64Builder:
		b.Append(v.n)
	case *array.Float64Builder:
		b.Append(v.real)
	case *array.BooleanBuilder:
		b.Append(v.n != 0)
	case *array.TimestampBuilder:
		b.Append(arrow.Timestamp(v.n * 1000))
	case *array.Date32Builder:
		b.Append(arrow.Date32(dayOf(v.n)))
	case *array.Decimal128Builder:
		b.Append(decimal128.FromI64(v.n))
	case *array.ListBuilder:
		b.Append(true)
		element := b.ValueBuilder().(*array.StructBuilder)
		for _, fields := range v.list {
			element.Append(true)
			for i := range fields {
				put(element.FieldBuilder(i), &fields[i])
			}
		}
	}
}

// validText returns what readers take for utf8: whoever has sent something else meets U+FFFD.
func validText(b []byte) []byte {
	if utf8.Valid(b) {
		return b
	}
	return bytes.ToValidUTF8(b, []byte("\uFFFD"))
}

// dayOf returns the day of a moment, also before 1970.
func dayOf(ms int64) int64 {
	day := ms / int64(models.Day)
	if ms%int64(models.Day) < 0 {
		day--
	}
	return day
}

// batches gathers rows into Arrow records.
type batches struct {
	mem   memory.Allocator
	build *array.RecordBuilder
	rows  int
	bytes int
	most  int // rows
}

func newBatches(t *Table, o Options) *batches {
	b := &batches{mem: new(pool), most: o.BatchRows}
	b.build = array.NewRecordBuilder(b.mem, schemaOf(t))
	return b
}

// append takes a row, and tells whether the batch is full.
func (b *batches) append(row []Value) (full bool) {
	for i := range row {
		put(b.build.Field(i), &row[i])
	}
	b.rows++
	b.bytes += size(row)
	return b.rows >= b.most || b.bytes >= batchBytes
}

// take hands the rows that were gathered to write.
func (b *batches) take(write func(arrow.Record) error) error {
	if b.rows == 0 {
		return nil
	}
	b.rows, b.bytes = 0, 0
	record := b.build.NewRecord()
	defer record.Release()
	return write(record)
}

// arrowWriter writes an IPC stream.
type arrowWriter struct {
	*batches
	out *ipc.Writer
}

func newArrowWriter(out io.Writer, t *Table, o Options) *arrowWriter {
	b := newBatches(t, o)
	return &arrowWriter{b, ipc.NewWriter(out, ipc.WithSchema(schemaOf(t)), ipc.WithAllocator(b.mem), ipc.WithZstd())}
}

func (w *arrowWriter) append(row []Value) error {
	if w.batches.append(row) {
		return w.flush()
	}
	return nil
}

func (w *arrowWriter) flush() error { return w.take(w.out.Write) }

func (w *arrowWriter) close() error {
	err := w.flush()
	if e := w.out.Close(); err == nil {
		err = e
	}
	w.build.Release()
	return err
}
