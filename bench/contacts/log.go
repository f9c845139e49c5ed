package contacts

import (
	"bufio"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"orrery/churn/btyd"
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
}

// readLog reads a file: gzip or plain, separated by comma, tab, semicolon, bar or blanks, with or without a header.
func readLog(c Config) (*log, error) {
	f, err := os.Open(c.File)
	if err != nil {
		return nil, fmt.Errorf("cannot open purchase log %q: %w", c.File, err)
	}
	defer f.Close()
	var in io.Reader = f
	if strings.HasSuffix(c.File, ".gz") {
		if in, err = gzip.NewReader(f); err != nil {
			return nil, fmt.Errorf("cannot read purchase log %q: %w", c.File, err)
		}
	}
	l, err := parseLog(bufio.NewReader(in), c)
	if err != nil {
		return nil, fmt.Errorf("cannot read purchase log %q: %w", c.File, err)
	}
	return l, nil
}

// lines yields the fields of a file's lines.
func lines(in *bufio.Reader) (func() ([]string, error), error) {
	head, err := in.Peek(512)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	first, _, _ := strings.Cut(string(head), "\n")
	for _, sep := range ",\t;|" {
		if strings.ContainsRune(first, sep) {
			r := csv.NewReader(in)
			r.Comma, r.FieldsPerRecord, r.LazyQuotes, r.ReuseRecord = sep, -1, true, true
			return r.Read, nil
		}
	}
	scan := bufio.NewScanner(in)
	return func() ([]string, error) {
		if !scan.Scan() {
			return nil, errors.Join(scan.Err(), io.EOF)
		}
		return strings.Fields(scan.Text()), nil
	}, nil
}

func parseLog(in *bufio.Reader, c Config) (*log, error) {
	next, err := lines(in)
	if err != nil {
		return nil, err
	}
	first, err := next()
	if err != nil {
		return nil, err
	}
	cols, header, err := findColumns(first, c)
	if err != nil {
		return nil, err
	}
	b := builder{log: &log{valued: len(cols.value) > 0}, cols: cols, at: map[string]int{}}
	if !header {
		b.add(first)
	}
	for {
		row, err := next()
		if errors.Is(err, io.EOF) {
			return b.finish(), nil
		}
		if err != nil {
			return nil, err
		}
		b.add(row)
	}
}

type columns struct {
	id, time int
	value    []int // factors of a product
}

// usual names of the columns, most specific first.
var usual = map[string][]string{
	"id":    {"customerid", "customer_id", "contact", "user_id", "id"},
	"time":  {"invoicedate", "date", "time", "timestamp"},
	"value": {"value", "dollar_value", "amount", "price"},
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
	id := row[b.cols.id]
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
