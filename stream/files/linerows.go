package files

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// lineRows gives each line as one column, named "line": basket lists such as those of FIMI and arules. A blank line is
// no row.
type lineRows struct {
	*liner
	numbers []bool // which bound columns are the row's number
	row     row
	num     []byte
}

func newLineRows(r io.Reader) *lineRows { return &lineRows{liner: newLiner(r)} }

func (l *lineRows) bind(names []string) error {
	for _, name := range names {
		if name != rowColumn && name != lineColumn {
			return fmt.Errorf("cannot find column %q: there are %s and %s", name, lineColumn, rowColumn)
		}
		l.numbers = append(l.numbers, name == rowColumn)
	}
	l.row.cells = make([][]byte, len(names))
	return nil
}

func (l *lineRows) next() (*row, error) {
	for {
		line := l.line
		raw, err := l.liner.next()
		if err != nil {
			return nil, err
		}
		if len(bytes.TrimSpace(raw)) == 0 {
			continue
		}
		l.row.line, l.row.raw = line, raw
		l.row.num++
		l.num = appendInt(l.num[:0], l.row.num)
		for i, number := range l.numbers {
			l.row.cells[i] = raw
			if number {
				l.row.cells[i] = l.num
			}
		}
		return &l.row, nil
	}
}

// histories reads one JSON object a line, {"user":1,"baskets":[[0,1],[2]]}, as the next-basket benchmarks have it, and
// gives each basket as a row of the columns user, basket (its number within the user, from 1), items (separated by a
// space) and time (milliseconds since 1970: one basket a day from start on).
type histories struct {
	*liner
	start   time.Time
	user    int64
	baskets [][]int64
	n       int // baskets given of this user
	columns []string
	row     row
	cells   []byte
}

func newHistories(r io.Reader, start time.Time) *histories {
	return &histories{liner: newLiner(r), start: start}
}

func (h *histories) bind(names []string) error {
	for _, name := range names {
		switch name {
		case rowColumn, "user", "basket", "items", "time":
		default:
			return fmt.Errorf("cannot find column %q: there are user, basket, items, time", name)
		}
	}
	h.columns = names
	h.row.cells = make([][]byte, len(names))
	return nil
}

func (h *histories) next() (*row, error) {
	for h.n == len(h.baskets) {
		if err := h.advance(); err != nil {
			return nil, err
		}
	}
	h.n++
	h.row.num++
	h.cells = h.cells[:0]
	for i, name := range h.columns {
		from := len(h.cells)
		switch name {
		case rowColumn:
			h.cells = appendInt(h.cells, h.row.num)
		case "user":
			h.cells = appendInt(h.cells, h.user)
		case "basket":
			h.cells = appendInt(h.cells, int64(h.n))
		case "time":
			h.cells = appendInt(h.cells, h.start.AddDate(0, 0, h.n-1).UnixMilli())
		case "items":
			for _, item := range h.baskets[h.n-1] {
				h.cells = append(appendInt(h.cells, item), ' ')
			}
		}
		h.row.cells[i] = h.cells[from:len(h.cells):len(h.cells)]
	}
	h.row.raw = h.cells
	return &h.row, nil
}

// advance reads the next user.
func (h *histories) advance() error {
	line := h.line
	raw, err := h.liner.next()
	if err != nil {
		return err
	}
	h.n, h.baskets = 0, nil
	if len(bytes.TrimSpace(raw)) == 0 {
		return nil
	}
	var user struct {
		User    int64
		Baskets [][]int64
	}
	if err := json.Unmarshal(raw, &user); err != nil {
		return &rowError{line, err}
	}
	h.row.line, h.user, h.baskets = line, user.User, user.Baskets
	return nil
}
