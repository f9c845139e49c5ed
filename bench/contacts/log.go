package contacts

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"orrery/churn/btyd"
	"orrery/stream/files"
)

// customer is the log of one customer: distinct purchase days, ascending, and what was spent on each.
type customer struct {
	days  []btyd.Day
	spent []float64
}

// log is a purchase log by customer, in the order of first lines.
type log struct {
	customers []customer
	rows      int
	skipped   int
	valued    bool
	columns   string // what was taken from which
}

// readLog reads a file: delimited text in any dialect, a workbook or JSON lines, with or without a header, or blank-separated columns, the
// classic layout of CDNOW.
func readLog(c Config) (*log, error) {
	l, err := readTable(c)
	if err != nil {
		return nil, fmt.Errorf("cannot read purchase log %q: %w", c.File, err)
	}
	return l, nil
}

// errNoHeader says that the first row is data.
var errNoHeader = errors.New("the first row is no header")

func readTable(c Config) (*log, error) {
	cfg := c.Dialect
	cfg.Files = []string{c.File}
	var l *log
	take := func(t *files.Table) (err error) {
		if len(t.Columns) == 1 && !t.JSON && strings.ContainsAny(strings.TrimSpace(t.Columns[0]), " \t") {
			return errBlanks
		}
		l, err = c.read(t, cfg.Columns == nil)
		if errors.Is(err, errNoHeader) {
			for i := range t.Columns {
				cfg.Columns = append(cfg.Columns, strconv.Itoa(i+1))
			}
		}
		return err
	}
	err := files.Tables(cfg, take)
	if errors.Is(err, errNoHeader) {
		err = files.Tables(cfg, take)
	}
	if errors.Is(err, errBlanks) {
		return readBlanks(c)
	}
	return l, err
}

// errBlanks says that blanks separate the columns.
var errBlanks = errors.New("blanks separate the columns")

// read reads a table.
func (c *Config) read(t *files.Table, mayLack bool) (*log, error) {
	names := t.Columns
	if t.JSON {
		if c.ID == "" || c.Time == "" {
			return nil, errors.New("the rows are JSON: say which members are customer and time (id, time)")
		}
		names = append([]string{c.ID, c.Time}, strings.Split(c.Value, "*")...)
	}
	cols, header, err := findColumns(names, *c)
	if err != nil {
		return nil, err
	}
	if !header && mayLack {
		return nil, errNoHeader
	}
	bound := []string{names[cols.id], names[cols.time]}
	for _, i := range cols.value {
		bound = append(bound, names[i])
	}
	if err := t.Bind(bound, bound[2:], bound[1:2]); err != nil {
		return nil, err
	}
	b := builder{log: &log{valued: len(cols.value) > 0, columns: cols.text(names)}, at: map[string]int{}}
	for {
		row, err := t.Next()
		if err == io.EOF {
			return b.finish(), nil
		}
		if _, _, fault := files.Fault(err); fault {
			b.rows++
			b.skipped++
			continue
		}
		if err != nil {
			return nil, err
		}
		at, err := moment(t, row.Cells[1])
		value := 1.0
		for _, cell := range row.Cells[2:] {
			value *= amount(t, cell)
		}
		b.take(string(row.Cells[0]), at, value, err)
	}
}

func moment(t *files.Table, cell []byte) (time.Time, error) {
	if at, err := t.Time(cell); err == nil {
		return at.Std(), nil
	}
	return parseTime(string(cell))
}

// amount reads a number; what is none is 0.
func amount(t *files.Table, cell []byte) float64 {
	if t.Decimal != "," {
		if v, err := strconv.ParseFloat(string(cell), 64); err == nil {
			return v
		}
	}
	m, _, err := t.Amount(cell)
	if err != nil {
		return 0
	}
	return m.Float()
}

// readBlanks reads columns that blanks separate, plain or gzip.
func readBlanks(c Config) (*log, error) {
	f, err := os.Open(c.File)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var in io.Reader = f
	if strings.HasSuffix(c.File, ".gz") {
		if in, err = gzip.NewReader(f); err != nil {
			return nil, err
		}
	}
	scan := bufio.NewScanner(in)
	if !scan.Scan() {
		return nil, errors.Join(scan.Err(), io.EOF)
	}
	first := strings.Fields(scan.Text())
	cols, header, err := findColumns(first, c)
	if err != nil {
		return nil, err
	}
	b := builder{log: &log{valued: len(cols.value) > 0, columns: cols.text(first)}, cols: cols, at: map[string]int{}}
	if !header {
		b.add(first)
	}
	for scan.Scan() {
		b.add(strings.Fields(scan.Text()))
	}
	return b.finish(), scan.Err()
}

type columns struct {
	id, time int
	value    []int // factors of a product
}

// text says what was taken from which column.
func (c *columns) text(names []string) string {
	out := fmt.Sprintf("customer is %s, time is %s", names[c.id], names[c.time])
	if len(c.value) == 0 {
		return out + ", no column is the value"
	}
	out += ", value is "
	for i, at := range c.value {
		if i > 0 {
			out += " times "
		}
		out += names[at]
	}
	return out
}

// usual names of the columns, most specific first.
var usual = map[string][]string{
	"id":    {"customerid", "customer_id", "contact", "user_id", "id"},
	"time":  {"invoicedate", "date", "time", "timestamp"},
	"value": {"value", "dollar_value", "amount", "total", "revenue", "sales_value", "order_total", "spend"}, // never a price: it is of one piece
}

func findColumns(first []string, c Config) (columns, bool, error) {
	names := make([]string, len(first))
	for i, n := range first {
		names[i] = strings.ToLower(strings.TrimSpace(strings.TrimPrefix(n, "\ufeff")))
	}
	header := false
	find := func(kind, want string) (int, error) {
		if n, err := strconv.Atoi(want); err == nil && n >= 1 && n <= len(first) {
			return n - 1, nil
		}
		candidates := usual[kind]
		if want != "" {
			candidates = []string{strings.ToLower(want)}
		}
		for _, name := range candidates {
			if i := slices.Index(names, name); i >= 0 {
				header = true
				return i, nil
			}
		}
		return -1, fmt.Errorf("no %s column %q among %q", kind, want, first)
	}
	var cols columns
	var err error
	if cols.id, err = find("id", c.ID); err != nil {
		return cols, false, err
	}
	if cols.time, err = find("time", c.Time); err != nil {
		return cols, false, err
	}
	for _, part := range strings.Split(c.Value, "*") {
		i, err := find("value", part)
		if err != nil && c.Value != "" {
			return cols, false, err
		}
		if err == nil {
			cols.value = append(cols.value, i)
		}
	}
	_, timeErr := parseTime(first[cols.time])
	return cols, header || timeErr != nil, nil
}

var layouts = []string{"2006-01-02", "20060102", "2006-01-02 15:04:05", time.RFC3339Nano, "2006-01-02T15:04:05", "1/2/2006 15:04", "1/2/2006"}

func parseTime(s string) (time.Time, error) {
	for _, l := range layouts {
		if t, err := time.Parse(l, s); err == nil {
			return t, nil
		}
	}
	if ms, err := strconv.ParseInt(s, 10, 64); err == nil && ms > 1e9 {
		if ms < 1e11 {
			ms *= 1000
		}
		return time.UnixMilli(ms).UTC(), nil
	}
	return time.Time{}, fmt.Errorf("not a time: %q", s)
}

func dayOf(t time.Time) btyd.Day { return btyd.Day(t.Unix() / 86400) }

// builder collects rows; it merges all rows of a customer on one day.
type builder struct {
	*log
	cols  columns
	at    map[string]int
	spent []map[btyd.Day]float64
}

func (b *builder) add(row []string) {
	b.rows++
	if b.cols.id >= len(row) || b.cols.time >= len(row) || strings.TrimSpace(row[b.cols.id]) == "" {
		b.skipped++
		return
	}
	t, err := parseTime(strings.TrimSpace(row[b.cols.time]))
	value := 1.0
	for _, i := range b.cols.value {
		var v float64
		if i < len(row) {
			v, _ = strconv.ParseFloat(strings.TrimSpace(row[i]), 64)
		}
		value *= v
	}
	if err != nil || value < 0 {
		b.skipped++
		return
	}
	b.put(row[b.cols.id], t, value)
}

// take takes a row of a table.
func (b *builder) take(id string, t time.Time, value float64, err error) {
	b.rows++
	if id == "" || err != nil || value < 0 {
		b.skipped++
		return
	}
	b.put(id, t, value)
}

func (b *builder) put(id string, t time.Time, value float64) {
	i, ok := b.at[id]
	if !ok {
		i = len(b.spent)
		b.at[strings.Clone(id)] = i
		b.spent = append(b.spent, map[btyd.Day]float64{})
	}
	b.spent[i][dayOf(t)] += value
}

func (b *builder) finish() *log {
	for _, spent := range b.spent {
		var c customer
		for d := range spent {
			c.days = append(c.days, d)
		}
		slices.Sort(c.days)
		for _, d := range c.days {
			c.spent = append(c.spent, spent[d])
		}
		b.customers = append(b.customers, c)
	}
	return b.log
}
