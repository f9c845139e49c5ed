package sessions

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"orrery/stream/files"
)

// Set is a data set: training sessions in order of time, and test cases.
type Set struct {
	Name  string
	Train [][]uint32 // items, clicks in order
	Test  []Case
	Items int // distinct items, test included

	Columns string // of tables: what was taken from which

	dialect files.Config
	names   []string // of items, from 1 on; nil where the file's own numbers are used
	ids     []string // of test sessions, where the file names them
}

// Case is one prediction: the clicks of a session so far, newest last, and the next one.
type Case struct {
	Session uint32 // number of the test session; its cases stand together
	Clicks  []uint32
	Next    uint32
}

// Formats of input files.
const (
	Sessions = "sessions" // train: a session a line, items separated by spaces; test: "items TAB next item", longest prefix first
	TSV      = "tsv"      // SessionId, ItemId, Time by its header, the clicks of a session together; they are put in the order of Time, and test is replayed click by click
)

// Load reads a training and a test file, gzip-compressed if they end in .gz. An empty format is told from the content.
func Load(train, test, format string) (*Set, error) { return load(train, test, format, files.Config{}) }

// load is Load of tables that are written in a dialect.
func load(train, test, format string, dialect files.Config) (*Set, error) {
	if format == "" {
		var err error
		if format, err = sniff(train, dialect); err != nil {
			return nil, err
		}
	}
	s := &Set{Name: setName(train), dialect: dialect}
	switch format {
	case Sessions, "pairs":
		if err := eachLine(train, s.addSession); err != nil {
			return nil, err
		}
		if err := eachLine(test, s.addPair); err != nil {
			return nil, err
		}
	case TSV:
		numbers := map[string]uint32{}
		s.names = []string{""}
		sessions, err := s.readTSV(train, numbers)
		if err != nil {
			return nil, err
		}
		s.Train, s.ids = sessions, nil
		if sessions, err = s.readTSV(test, numbers); err != nil {
			return nil, err
		}
		for i, clicks := range sessions {
			for n := 1; n < len(clicks); n++ {
				s.Test = append(s.Test, Case{uint32(i), clicks[:n:n], clicks[n]})
			}
		}
	default:
		return nil, fmt.Errorf("cannot read format %q: it is none of sessions, pairs, tsv", format)
	}
	if len(s.Train) == 0 || len(s.Test) == 0 {
		return nil, fmt.Errorf("cannot use %q and %q: %d training sessions, %d test cases", train, test, len(s.Train), len(s.Test))
	}
	s.countItems()
	return s, nil
}

// LoadTrain reads a training file alone.
func LoadTrain(path, format string) ([][]uint32, error) {
	if format == "" {
		var err error
		if format, err = sniff(path, files.Config{}); err != nil {
			return nil, err
		}
	}
	s := &Set{names: []string{""}}
	if format == TSV {
		return s.readTSV(path, map[string]uint32{})
	}
	err := eachLine(path, s.addSession)
	return s.Train, err
}

// setName is the folder's name, which is how data sets are called, without "sessions_".
func setName(path string) string {
	parts := strings.Split(path, "/")
	name := parts[max(0, len(parts)-2)]
	return strings.TrimPrefix(name, "sessions_")
}

func sniff(path string, dialect files.Config) (string, error) {
	format := Sessions
	dialect.Files = []string{path}
	err := files.Tables(dialect, func(t *files.Table) error {
		if _, err := clickColumnsOf(t.Columns); err == nil {
			format = TSV
		}
		return nil
	})
	return format, err
}

// eachLine calls visit with every line; io.EOF from it ends the reading.
func eachLine(path string, visit func([]byte) error) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("cannot open sessions: %w", err)
	}
	defer f.Close()
	var src io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		z, err := gzip.NewReader(f)
		if err != nil {
			return fmt.Errorf("cannot unpack %q: %w", path, err)
		}
		src = z
	}
	lines := bufio.NewScanner(src)
	lines.Buffer(make([]byte, 1<<16), 1<<24)
	n := 0
	for lines.Scan() {
		n++
		if err := visit(lines.Bytes()); err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("cannot read %q, line %d: %w", path, n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("cannot read %q: %w", path, err)
	}
	return nil
}

func parseItems(line []byte) ([]uint32, error) {
	var items []uint32
	for _, f := range bytes.Fields(line) {
		n, err := strconv.ParseUint(string(f), 10, 32)
		if err != nil {
			return nil, fmt.Errorf("cannot read item %q: %w", f, err)
		}
		items = append(items, uint32(n))
	}
	return items, nil
}

func (s *Set) addSession(line []byte) error {
	items, err := parseItems(line)
	if len(items) > 0 {
		s.Train = append(s.Train, items)
	}
	return err
}

// addPair reads a test case. It begins a new session unless its clicks and its label continue to shorten the last one's.
func (s *Set) addPair(line []byte) error {
	fields := bytes.Split(line, []byte{'\t'})
	if len(fields) < 2 {
		return fmt.Errorf("cannot read a test case: no TAB")
	}
	clicks, err := parseItems(fields[0])
	if err != nil {
		return err
	}
	next, err := parseItems(fields[1])
	if err != nil {
		return err
	}
	if len(clicks) == 0 || len(next) != 1 {
		return fmt.Errorf("cannot read a test case: %d items before the TAB, %d after it", len(clicks), len(next))
	}
	c := Case{Clicks: clicks, Next: next[0]}
	if n := len(s.Test); n > 0 {
		last := s.Test[n-1]
		c.Session = last.Session
		if !slices.Equal(last.Clicks[:len(last.Clicks)-1], clicks) || last.Clicks[len(last.Clicks)-1] != c.Next {
			c.Session++
		}
	}
	s.Test = append(s.Test, c)
	return nil
}

// Names that the columns of clicks have.
var clickNames = [3][]string{
	{"SessionId", "session", "sessions"}, {"ItemId", "item", "item_id", "product_id", "itemid", "sku"}, {"Time", "timestamp", "ts", "datetime", "event_time"},
}

// clickColumnsOf returns the columns of a click's session, item and time.
func clickColumnsOf(header []string) (names []string, err error) {
	for _, usual := range clickNames {
		name := files.Named(header, usual...)
		if name == "" {
			return nil, fmt.Errorf("cannot find column %s: there are %s", usual[0], strings.Join(header, ", "))
		}
		names = append(names, name)
	}
	return names, nil
}

// click is one of a session, whose order their times say.
type click struct {
	item uint32
	time float64
}

// readTSV reads sessions of clicks, whose items it numbers, in any dialect. The clicks of a session stand wherever they stand; sessions are
// in the order of their first clicks.
func (s *Set) readTSV(path string, numbers map[string]uint32) (sessions [][]uint32, err error) {
	byID := map[string]int{}
	var clicks [][]click
	s.ids = nil
	cfg := s.dialect
	cfg.Files = []string{path}
	err = files.Tables(cfg, func(t *files.Table) error {
		columns, err := clickColumnsOf(t.Columns)
		if err != nil {
			return err
		}
		s.Columns = fmt.Sprintf("session is %s, item is %s, time is %s", columns[0], columns[1], columns[2])
		if err := t.Bind(columns, nil, columns[2:]); err != nil {
			return err
		}
		for {
			row, err := t.Next()
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			at, err := strconv.ParseFloat(string(row.Cells[2]), 64)
			if err != nil {
				moment, err := t.Time(row.Cells[2])
				if err != nil {
					return fmt.Errorf("line %d: cannot read Time %q: %w", row.Line, row.Cells[2], err)
				}
				at = float64(moment)
			}
			item, ok := numbers[string(row.Cells[1])]
			if !ok {
				item = uint32(len(s.names))
				name := string(row.Cells[1])
				numbers[name] = item
				s.names = append(s.names, name)
			}
			n, known := byID[string(row.Cells[0])]
			if !known {
				id := string(row.Cells[0])
				n = len(clicks)
				byID[id], clicks, s.ids = n, append(clicks, nil), append(s.ids, id)
			}
			clicks[n] = append(clicks[n], click{item, at})
		}
	})
	if err != nil {
		return nil, fmt.Errorf("cannot read %q: %w", path, err)
	}
	for _, list := range clicks {
		slices.SortStableFunc(list, func(a, b click) int { return cmp.Compare(a.time, b.time) })
		session := make([]uint32, len(list))
		for i, c := range list {
			session[i] = c.item
		}
		sessions = append(sessions, session)
	}
	return sessions, nil
}

func (s *Set) countItems() {
	seen := map[uint32]bool{}
	for _, t := range s.Train {
		for _, item := range t {
			seen[item] = true
		}
	}
	for _, c := range s.Test {
		seen[c.Next] = true
		for _, item := range c.Clicks {
			seen[item] = true
		}
	}
	s.Items = len(seen)
}
