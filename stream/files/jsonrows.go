package files

import (
	"bytes"
	"encoding/json"
	"io"
)

// jsonRows reads JSON objects, one a line or the elements of one array. Columns are paths: see unfold.
type jsonRows struct {
	texts texts
	unfold
	bound []int // of the bound columns, their index among the paths; -1 is the row's number
	row   row
	num   []byte
}

// texts gives one JSON text after the other, and where each begins.
type texts interface {
	next() ([]byte, error)
	at() int64
}

func newJSONRows(r io.Reader) *jsonRows { return &jsonRows{texts: newTexts(r)} }

func (j *jsonRows) bind(names []string) error {
	for _, name := range names {
		at := -1
		if name != rowColumn {
			var err error
			if at, err = j.add(name); err != nil {
				return err
			}
		}
		j.bound = append(j.bound, at)
	}
	j.row.cells = make([][]byte, len(names))
	return nil
}

func (j *jsonRows) next() (*row, error) {
	if j.row.more = j.more(); j.row.more {
		return j.give(j.unfold.next())
	}
	if err := j.advance(); err != nil {
		return nil, err
	}
	var o object
	err := json.Unmarshal(j.row.raw, &o)
	if err == nil {
		err = j.begin(o)
		j.num = appendInt(j.num[:0], j.row.num)
		return j.give(err)
	}
	j.end()
	return nil, &rowError{j.row.line, err}
}

// give returns the row that was read.
func (j *jsonRows) give(err error) (*row, error) {
	for i, at := range j.bound {
		if at < 0 {
			j.row.cells[i] = j.num
		} else {
			j.row.cells[i] = j.unfold.cells[at]
		}
	}
	if err != nil {
		err = &rowError{j.row.line, err}
	}
	return &j.row, err
}

// advance moves on to the next text that is not blank.
func (j *jsonRows) advance() error {
	for {
		raw, err := j.texts.next()
		if err != nil {
			return err
		}
		if raw = bytes.TrimSpace(raw); len(raw) > 0 {
			j.row.line, j.row.raw = j.texts.at(), raw
			j.row.num++
			return nil
		}
	}
}
