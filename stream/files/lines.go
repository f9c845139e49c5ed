package files

import (
	"bytes"
	"errors"
	"io"
)

// maxRecord bounds a record: one row, one line, one JSON object. The broker refuses records of more than 1 MB anyway, and
// a quote that is never closed must not pull the rest of a file into memory.
const maxRecord = 1 << 20

const byteOrderMark = "\ufeff"

var errLong = errors.New("longer than 1 MiB")

// liner cuts an input into lines. It keeps what it has read in one buffer, so that a record of several lines can be
// looked at as a whole and given back where it turns out to be none.
type liner struct {
	r     io.Reader
	buf   []byte
	start int // of what was not yet consumed
	end   int
	line  int64 // number of the line that start stands at, from 1
	err   error // of r, io.EOF at its end
}

func newLiner(r io.Reader) *liner {
	l := &liner{r: r, buf: make([]byte, 256<<10), line: 1}
	for l.end < len(byteOrderMark) && l.fill() {
	}
	if bytes.HasPrefix(l.buf[:l.end], []byte(byteOrderMark)) {
		l.start = len(byteOrderMark)
	}
	return l
}

// fill reads more, and reports whether there is more to look at. It moves the bytes that are left to the front, so
// slices of the buffer do not survive it.
func (l *liner) fill() bool {
	if l.err != nil || l.end-l.start >= maxRecord {
		return false
	}
	if l.start > 0 {
		l.end = copy(l.buf, l.buf[l.start:l.end])
		l.start = 0
	}
	if l.end == len(l.buf) {
		l.buf = append(l.buf, make([]byte, len(l.buf))...)
	}
	for range 100 { // io.Reader may return nothing, but not for ever
		n, err := l.r.Read(l.buf[l.end:])
		l.end += n
		l.err = err
		if n > 0 || err != nil {
			return n > 0
		}
	}
	l.err = io.ErrNoProgress
	return false
}

// find returns how many bytes from from on lead to the next line feed, itself included, filling as needed; the rest of
// the input where it ends without one, nothing where it breaks off with an error; and false for a record too long.
func (l *liner) find(from int) (end int, ok bool) {
	for {
		if i := bytes.IndexByte(l.buf[l.start+from:l.end], '\n'); i >= 0 {
			return from + i + 1, true
		}
		from = l.end - l.start
		if l.fill() {
			continue
		}
		if l.err != nil && l.err != io.EOF {
			return 0, true
		}
		return from, from < maxRecord
	}
}

// take consumes n bytes that hold the given number of line feeds.
func (l *liner) take(n int, lines int64) []byte {
	b := l.buf[l.start : l.start+n]
	l.start += n
	l.line += lines
	return b
}

// next returns the next line without its end, io.EOF after the last, and a *rowError for a line that is too long.
func (l *liner) next() ([]byte, error) {
	n, ok := l.find(0)
	if !ok {
		return nil, l.skip()
	}
	if n == 0 {
		return nil, l.err
	}
	return chomp(l.take(n, 1)), nil
}

// skip leaves out the line that starts here, however long it is.
func (l *liner) skip() *rowError {
	bad := &rowError{l.line, errLong}
	for {
		if i := bytes.IndexByte(l.buf[l.start:l.end], '\n'); i >= 0 {
			l.take(i+1, 1)
			return bad
		}
		l.start = l.end
		if !l.fill() {
			return bad
		}
	}
}

func chomp(line []byte) []byte {
	line = bytes.TrimSuffix(line, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r"))
}
