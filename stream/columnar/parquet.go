package columnar

import (
	"fmt"
	"io"
	"sync"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/apache/arrow/go/v17/parquet/pqarrow"
	"github.com/klauspost/compress/zstd"
)

// sharedZstd compresses pages with encoders that are used again. The library's own makes one for every page, at a cost of some
// megabytes each.
type sharedZstd struct{ compress.Codec }

var pageEncoder = sync.OnceValue(func() *zstd.Encoder {
	e, err := zstd.NewWriter(nil, zstd.WithZeroFrames(true), zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithEncoderConcurrency(2), zstd.WithLowerEncoderMem(true))
	if err != nil {
		panic(fmt.Sprintf("BUG: zstd: %v", err))
	}
	return e
})

// EncodeLevel implements compress.Codec. All pages have level 3.
func (sharedZstd) EncodeLevel(dst, src []byte, _ int) []byte {
	return pageEncoder().EncodeAll(src, dst[:0])
}

func init() {
	if own, err := compress.GetCodec(compress.Codecs.Zstd); err == nil {
		compress.RegisterCodec(compress.Codecs.Zstd, sharedZstd{own})
	}
}

// groupRows bounds the rows of a Parquet row group, whatever their size.
const groupRows = 1 << 20

// parquetWriter writes a Parquet file. Of a row group all columns are in memory, compressed page by page, until it is written.
type parquetWriter struct {
	*batches
	out    *pqarrow.FileWriter
	group  int // bytes of the group so far
	groups int // their bound
}

// caught makes an error of what the library panics with: it does so where its writer fails.
func caught(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("the Parquet writer: %v", p)
	}
}

func newParquetWriter(out io.Writer, t *Table, o Options) (_ *parquetWriter, err error) {
	defer caught(&err)
	b := newBatches(t, o)
	options := []parquet.WriterProperty{
		parquet.WithAllocator(b.mem), parquet.WithVersion(parquet.V2_LATEST), parquet.WithCreatedBy("orrery"),
		parquet.WithCompression(compress.Codecs.Zstd), parquet.WithCompressionLevel(3),
		parquet.WithMaxRowGroupLength(groupRows), parquet.WithStats(true), parquet.WithDictionaryDefault(true),
	}
	file, err := pqarrow.NewFileWriter(schemaOf(t), keepOpen{out}, parquet.NewWriterProperties(options...),
		pqarrow.NewArrowWriterProperties(pqarrow.WithAllocator(b.mem), pqarrow.WithStoreSchema()))
	if err != nil {
		b.build.Release()
		return nil, err
	}
	return &parquetWriter{batches: b, out: file, groups: o.GroupBytes}, nil
}

// keepOpen hides that a file could be closed: it is closed by who has opened it.
type keepOpen struct{ io.Writer }

func (w *parquetWriter) append(row []Value) error {
	w.group += size(row)
	if w.batches.append(row) || w.group >= w.groups {
		return w.write()
	}
	return nil
}

// write hands the gathered rows to the group, and ends a group that is large enough.
func (w *parquetWriter) write() (err error) {
	defer caught(&err)
	err = w.take(func(r arrow.Record) error { return w.out.WriteBuffered(r) })
	if err == nil && w.group >= w.groups {
		w.group = 0
		w.out.NewBufferedRowGroup()
	}
	return err
}

func (w *parquetWriter) flush() error { return nil }

func (w *parquetWriter) close() error {
	err := w.write()
	if e := w.end(); err == nil {
		err = e
	}
	w.build.Release()
	return err
}

func (w *parquetWriter) end() (err error) {
	defer caught(&err)
	return w.out.Close()
}
