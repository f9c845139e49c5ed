package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// Format is how the rows of a file are written.
type Format string

// The formats.
const (
	CSV       Format = "csv"       // delimited, RFC 4180 quotes, a header row
	TSV       Format = "tsv"       // tab-separated, no quotes, a header row
	JSONL     Format = "jsonl"     // one JSON object a line; without a column map: Orrery's own events
	Lines     Format = "lines"     // each line is one column, "line": basket lists
	Feed      Format = "feed"      // a Google Merchant feed, RSS or Atom; columns by element, see feedRows
	Histories Format = "histories" // one JSON object a line: {"user":1,"baskets":[[0,1],[2]]}; columns user, basket, items, time (a day a basket from Start)
)

// Config says what to replay and how. Its fields are the flags of `orrery replay`; the zero value of each is its default.
type Config struct {
	// Files are read one after the other. "-" is standard input. Gzip, zstd, zip and xlsx are recognised by their content.
	Files []string

	// Preset fills in what is left empty below for a known data set: see Presets. Map entries given as well override
	// those of the preset field by field.
	Preset string

	// Format of the files; by default the preset's, else what the file's name says (.csv, .tsv, .tab, .jsonl,
	// .ndjson, .json, each with or without .gz).
	Format Format

	// Separator between columns, Quote around them ("none" for none), Encoding of the text, and Decimal, the decimal mark of
	// numbers that could be read either way (1,299): by default what the first rows of each file say.
	Separator byte
	Quote     string
	Encoding  string
	Decimal   string

	// Sheet of a workbook (xlsx), by default the first that is shown.
	Sheet string

	// Columns names the columns of CSV or TSV files that have no header row.
	Columns []string

	// Map says where an event's fields come from: see MapHelp. Fields: those of Fields. price is of one piece, amount of the row
	// (price times quantity), value of the whole order. The column "#" is the number of the row within its file.
	//
	// Where no value is mapped, a purchase or refund gets the sum of its amounts (a row without a price adds
	// nothing); where no order is mapped, an order id derived from its first row; where no id is, one likewise.
	Map []string

	// Join names files whose rows are put to those of Files by columns with equal values: FILE:COLUMN=COLUMN of FILE. A map names a joined
	// file's columns as they are called, or with the file's name before them, where the files share a name: order_items.price. They lie
	// in memory: see maxJoin.
	Join []string

	// ItemSeparator splits the item_id column into several items, for files with a whole basket in one column.
	ItemSeparator string

	// Group names columns: rows with equal values in all of them are one event with an item for each row. What is not
	// of the item comes from its first row. Rows without an item_id are (part of) an event without items. A row that
	// cannot be understood makes its whole event one that is not sent, where there is money in it. Where purchases are mapped with an order and an
	// item, rows are grouped by the order; where arrays within JSON lines are mapped, by the line.
	Group []string

	// Together says that rows of a group stand together. Without it (and without Hold) they stand anywhere in the files,
	// and all events are held until the end, MaxSort rows of them at most.
	Together bool

	// Hold is how far in event time the rows of one group may lie from each other, with rows of other groups in
	// between. 0: they stand together, or anywhere: see Together. 1ms: anywhere within the same millisecond.
	Hold time.Duration

	// TimeLayout reads the time field: rfc3339, s, ms, us and ns (since 1970, decimals allowed), datetime (2006-01-02
	// 15:04:05), date (2006-01-02), yyyymmdd, yyyymmddhhmm, yyyymmddhhmmss, dmy and mdy (04/10/2024 with the day or the
	// month first), or any layout of Go's time package. The default, auto, tells these from
	// each other by their shape. A time before 2000, or more than a day ahead, makes a bad row.
	TimeLayout string

	// Location of times without a zone, by default UTC.
	Location *time.Location

	// Start and Step make up the times of files that have none: the n-th event lies at Start + n*Step. By default
	// Step is one minute, and Start has no default: a file without times needs one, or its preset's. Catalogue events
	// without times are of now.
	Start time.Time
	Step  time.Duration

	// Shop and Currency stand in events for which no column is mapped.
	Shop     string
	Currency string

	// Sort sends events in the order of time instead of the file's. It holds all rows in memory, MaxSort of them at most.
	Sort bool

	// Limit ends the replay after so many events; 0 is no limit.
	Limit int64

	// Rejects is told every row that was not sent, as CSV: file, line, reason. May be nil.
	Rejects io.Writer

	// Strict ends the replay at the first row that cannot be understood.
	Strict bool

	// Speed keeps the original spacing of events, divided by this factor: 1 is as it happened, 60 makes an hour of a
	// minute. 0 sends flat out. Events that are out of order do not wait.
	Speed float64

	// Rate bounds the events a second; 0 is no bound.
	Rate float64

	// Stdin is what the file "-" reads, by default the process's.
	Stdin io.Reader

	// Now and Sleep are the clock of pacing and progress, by default the wall clock. Sleep returns early, with the
	// context's error, when the context ends.
	Now   func() time.Time
	Sleep func(context.Context, time.Duration) error
}

// MaxSort bounds the rows that Config.Sort holds: at some 300 bytes each, 3 GB.
const MaxSort = 10_000_000

// defaults returns the configuration with the preset's values and the defaults filled in.
func (c Config) defaults() (Config, preset, error) {
	if c.Preset == "ga4" && (c.Format == JSONL || c.Format == "" && !slices.ContainsFunc(c.Files, func(name string) bool { return formatOf(name) != JSONL })) {
		c.Preset = ga4BigQuery
	}
	p, ok := presets[c.Preset]
	if !ok && c.Preset != "" {
		return c, p, fmt.Errorf("cannot find preset %q: there are %s", c.Preset, strings.Join(Presets(), ", "))
	}
	p.fill(&c)
	c.groupItself()
	def(&c.Location, time.UTC)
	def(&c.Step, time.Minute)
	if c.Stdin == nil {
		c.Stdin = os.Stdin
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Sleep == nil {
		c.Sleep = sleep
	}
	return c, p, c.check()
}

// groupItself groups rows where it is plain what belongs together and nobody has said it.
func (c *Config) groupItself() {
	mapped := map[string]string{}
	arrays := false
	for _, entry := range c.Map {
		field, from, _ := strings.Cut(entry, "=")
		mapped[field] = from
		arrays = arrays || strings.Contains(from, arrayMark)
	}
	order := mapped["order"]
	sale := mapped["event"] == "=purchase" || mapped["event"] == "=refund"
	switch {
	case c.Group != nil:
	case arrays:
		c.Group, c.Together = []string{rowColumn}, true
	case c.Preset == "" && sale && mapped["item_id"] != "" && c.ItemSeparator == "" && order != "" && !strings.ContainsAny(order, "={"):
		c.Group = []string{order}
	}
}

// anywhere tells whether rows of one event may stand anywhere.
func (c *Config) anywhere() bool { return len(c.Group) > 0 && c.Hold == 0 && !c.Together }

func (c *Config) check() error {
	var errs []error
	if len(c.Files) == 0 {
		errs = append(errs, errors.New("no file given"))
	}
	if c.Speed < 0 || c.Rate < 0 || c.Hold < 0 || c.Limit < 0 {
		errs = append(errs, errors.New("speed, rate, hold and limit cannot be negative"))
	}
	if n := count(c.Files, Stdin); n > 1 {
		errs = append(errs, errors.New("standard input can be read only once"))
	}
	if c.own() && (c.Sort || c.Group != nil) {
		errs = append(errs, errors.New("sort and group need a column map"))
	}
	formats := []Format{"", CSV, TSV, JSONL, Lines, Feed, Histories}
	if !slices.Contains(formats, c.Format) {
		errs = append(errs, fmt.Errorf("unknown format %q: there are csv, tsv, jsonl, lines, feed, histories", c.Format))
	}
	return errors.Join(append(errs, c.checkDialect())...)
}

// checkDialect checks what says how files are written.
func (c *Config) checkDialect() error {
	var errs []error
	if err := checkEncoding(c.Encoding); err != nil {
		errs = append(errs, err)
	}
	if c.Decimal != "" && c.Decimal != "." && c.Decimal != "," {
		errs = append(errs, fmt.Errorf("unknown decimal mark %q: there are . and ,", c.Decimal))
	}
	if len(c.Quote) > 1 && c.Quote != "none" {
		errs = append(errs, fmt.Errorf("unknown quote %q: it is one character, or none", c.Quote))
	}
	return errors.Join(errs...)
}

// own reports whether the files hold Orrery's own events, which no column map describes.
func (c *Config) own() bool { return len(c.Map) == 0 }

// format returns the format of a file.
func (c *Config) format(src *source) (Format, error) {
	f, name := c.Format, src.name
	switch {
	case src.sheet:
		f = CSV
	case f == "":
		f = formatOf(name)
	}
	switch {
	case f == "":
		return "", fmt.Errorf("cannot tell the format of %q from its name: give it", name)
	case c.own() && f != JSONL:
		return f, fmt.Errorf("cannot read %q: a %s file needs a preset or a column map", name, f)
	}
	return f, nil
}

// merge returns the entries of base and over, those of over replacing the ones of base for the same field.
func merge(base, over []string) []string {
	out := slices.DeleteFunc(slices.Clone(base), func(entry string) bool {
		return slices.ContainsFunc(over, func(o string) bool { return fieldOf(o) == fieldOf(entry) })
	})
	return append(out, over...)
}

func fieldOf(entry string) string {
	field, _, _ := strings.Cut(entry, "=")
	return field
}

func count(list []string, s string) (n int) {
	for _, l := range list {
		if l == s {
			n++
		}
	}
	return n
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
