package files

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"

	"orrery/stream/columnar"
)

// openColumnar gives a Parquet or Arrow file as JSON lines: nested columns are nested, as GA4's items in BigQuery's exports. read is advanced by
// the file's bytes as they are looked at.
func openColumnar(name string, f *os.File, read *int64, take func(*source) error) error {
	out, in := io.Pipe()
	from := &columnFile{File: f}
	failed := make(chan error, 1)
	go func() {
		lines := bufio.NewWriterSize(in, sniffed)
		err := columnar.JSON(from, lines)
		if err == nil {
			err = lines.Flush()
		}
		failed <- err
		in.CloseWithError(err) // nil is the end
	}()
	s := &source{name: name, head: bufio.NewReaderSize(&columnLines{out, from, read, *read}, sniffed)}
	s.Reader = s.head
	err := take(s)
	out.CloseWithError(io.ErrClosedPipe) // whoever takes may have had enough
	if why := <-failed; why != nil && !errors.Is(why, io.ErrClosedPipe) && !errors.Is(err, why) {
		err = errors.Join(err, fmt.Errorf("cannot read %q to its end: %w", name, why))
	}
	return err
}

// columnFile counts what is read of a file, wherever.
type columnFile struct {
	*os.File
	n atomic.Int64
}

// Read implements io.Reader.
func (f *columnFile) Read(p []byte) (int, error) {
	n, err := f.File.Read(p)
	f.n.Add(int64(n))
	return n, err
}

// ReadAt implements io.ReaderAt.
func (f *columnFile) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.File.ReadAt(p, off)
	f.n.Add(int64(n))
	return n, err
}

// columnLines are the lines, as they are taken.
type columnLines struct {
	lines  *io.PipeReader
	from   *columnFile
	read   *int64
	before int64
}

// Read implements io.Reader.
func (l *columnLines) Read(p []byte) (int, error) {
	n, err := l.lines.Read(p)
	*l.read = l.before + l.from.n.Load()
	return n, err
}
