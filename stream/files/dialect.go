package files

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// Dialect is how a file is written: what was given, and what its head says where nothing was.
type Dialect struct {
	File      string   `json:"file"`
	Format    Format   `json:"format"`
	Encoding  string   `json:"encoding"`
	Separator string   `json:"separator,omitempty"`
	Quote     string   `json:"quote,omitempty"`
	Decimal   string   `json:"decimal,omitempty"` // the decimal mark; ? where the sample does not say
	Dates     string   `json:"dates,omitempty"`   // dmy or mdy, where dates have neither the year first nor points; ? likewise
	Zone      string   `json:"zone"`              // of times without one
	Columns   []string `json:"columns,omitempty"`

	separator, quote, decimal, dates byte
	decoded                          bool // the source is UTF-8 by now
	returns                          bool // lines end in a carriage return alone
}

func (d *Dialect) String() string {
	out := fmt.Sprintf("%s: %s, %s", d.File, d.Format, d.Encoding)
	part := func(name, value string) {
		if value != "" {
			out += fmt.Sprintf(", %s %s", name, value)
		}
	}
	part("separator", strings.Replace(d.Separator, "\t", "tab", 1))
	part("quote", d.Quote)
	part("decimal mark", d.Decimal)
	part("dates", d.Dates)
	part("time zone", d.Zone)
	return out
}

// sniffed bounds how much of a file is looked at, and sampled how many of its rows.
const (
	sniffed = 64 << 10
	sampled = 1000
)

var separators = []byte{',', ';', '\t', '|'}

// sniff tells a file's dialect from its head, which is the whole file or breaks off.
func sniff(head []byte, whole, sheet bool, cfg *Config, format Format, m *mapping) Dialect {
	d := Dialect{Format: format, Encoding: cfg.Encoding, Zone: cfg.Location.String(), decimal: '.', separator: cfg.Separator}
	if d.Encoding == "" {
		d.Encoding = encodingOf(head, whole)
	}
	head = decodeHead(head, d.Encoding)
	switch d.returns = onlyReturns(head); {
	case sheet:
		d.separator, d.quote = ',', '"'
	case d.returns:
		head = bytes.ReplaceAll(head, []byte{'\r'}, []byte{'\n'})
	}
	if d.separator == 0 {
		d.separator = saidSeparator(head)
	}
	if !whole {
		head = head[:bytes.LastIndexByte(head, '\n')+1]
	}
	if format == CSV || format == TSV {
		d.cut(head, cfg, m)
		d.sample(head, cfg, m)
		d.Separator = string(rune(d.separator))
		d.Decimal = string(rune(d.decimal))
		if d.quote != 0 {
			d.Quote = string(rune(d.quote))
		}
	}
	switch given := cfg.TimeLayout; {
	case given == "dmy":
		d.dates = dayFirst
	case given == "mdy":
		d.dates = monthFirst
	}
	d.Dates = map[byte]string{dayFirst: "dmy", monthFirst: "mdy", undecided: "?"}[d.dates]
	return d
}

// onlyReturns tells whether lines end as they did on old Macs, and as some spreadsheets still write them.
func onlyReturns(head []byte) bool {
	return bytes.IndexByte(head, '\r') >= 0 && bytes.IndexByte(head, '\n') < 0
}

// saidSeparator returns the separator that a spreadsheet's first line says, "sep=;", 0 where there is no such line.
func saidSeparator(head []byte) byte {
	line, _, _ := bytes.Cut(head, []byte{'\n'})
	if line = bytes.Trim(line, "\r\""); len(line) == len("sep=;") && bytes.HasPrefix(line, []byte("sep=")) {
		return line[len(line)-1]
	}
	return 0
}

// returns reads carriage returns as line feeds.
type returns struct{ in io.Reader }

func (r *returns) Read(p []byte) (int, error) {
	n, err := r.in.Read(p)
	for i, c := range p[:n] {
		if c == '\r' {
			p[i] = '\n'
		}
	}
	return n, err
}

func decodeHead(head []byte, encoding string) []byte {
	if e, ok := encodings[encoding]; ok {
		head, _ = e.NewDecoder().Bytes(head)
	}
	return bytes.TrimPrefix(head, []byte(byteOrderMark))
}

// cut finds the separator and the quote: the separator whose header has most of the mapped columns, then that which most
// rows have as often as the header, then that of the most columns.
func (d *Dialect) cut(head []byte, cfg *Config, m *mapping) {
	switch {
	case d.quote != 0:
	case cfg.Quote == "none", cfg.Quote == "" && d.Format == TSV:
	case cfg.Quote != "":
		d.quote = cfg.Quote[0]
	default:
		d.quote = quoteOf(head)
	}
	first, _, _ := bytes.Cut(head, []byte{'\n'})
	if d.Format == TSV && (cfg.Format == TSV || bytes.IndexByte(first, '\t') >= 0) { // else the name alone says so
		def(&d.separator, '\t')
	}
	if d.separator != 0 {
		return
	}
	d.separator = ','
	var best [3]int
	for _, separator := range separators {
		if score := fit(head, separator, d.quote, cfg, m); score[0] > best[0] || score[0] == best[0] && (score[1] > best[1] || score[1] == best[1] && score[2] > best[2]) {
			best, d.separator = score, separator
		}
	}
}

// quoteOf tells single quotes from double ones by what fields begin and end with.
func quoteOf(head []byte) byte {
	single := 0
	for i, c := range head {
		begins := i == 0 || bytes.IndexByte([]byte(",;\t|\n"), head[i-1]) >= 0
		switch {
		case c == '"' && begins:
			return '"'
		case c == '\'' && begins:
			single++
		case c == '\'' && (i+1 == len(head) || bytes.IndexByte([]byte(",;\t|\r\n"), head[i+1]) >= 0):
			single--
		}
	}
	if single == 0 && bytes.Count(head, []byte{'\''}) > 2 {
		return '\''
	}
	return '"'
}

// fit scores a separator.
func fit(head []byte, separator, quote byte, cfg *Config, m *mapping) (score [3]int) {
	in, err := newDelimited(bytes.NewReader(head), separator, quote, cfg.Columns)
	if err != nil || len(in.header) < 2 {
		return score
	}
	for _, name := range m.columns {
		if i, err := columnIndex(in.header, name); err == nil && i >= 0 {
			score[0]++
		}
	}
	score[2] = len(in.header)
	for range sampled {
		if _, err := in.next(); err == nil {
			score[1]++
		} else if err == io.EOF {
			break
		}
	}
	return score
}

// sample looks at the numbers and times of the head's rows.
func (d *Dialect) sample(head []byte, cfg *Config, m *mapping) {
	whole, err := newDelimited(bytes.NewReader(head), d.separator, d.quote, cfg.Columns)
	if err != nil {
		return
	}
	d.Columns = whole.header
	d.sampleOf(head, cfg, m, []*text{m.price, m.amount, m.value, m.quantity}, []*text{m.time})
}

// sampleOf samples the columns of a map that are numbers and times.
func (d *Dialect) sampleOf(head []byte, cfg *Config, m *mapping, numbers, times []*text) {
	whole, err := newDelimited(bytes.NewReader(head), d.separator, d.quote, cfg.Columns)
	if err != nil {
		return
	}
	names := m.columns
	if len(cfg.Join) > 0 { // some of them are another file's
		names = nil
		for _, name := range m.columns {
			names = append(names, strings.TrimSuffix(name, maybe)+maybe)
		}
	}
	if in, err := nest(whole, names); err == nil {
		d.vote(in, cfg, numbers, times)
	}
}

// vote lets the cells of some rows say what the decimal mark and the order of dates are.
func (d *Dialect) vote(in rows, cfg *Config, numbers, times []*text) {
	var points, days votes
	var scratch []byte
	for range sampled {
		row, err := in.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			continue
		}
		scratch = scratch[:0]
		for _, t := range numbers {
			if t != nil {
				points.number(t.render(&scratch, row))
			}
		}
		for _, t := range times {
			if t != nil {
				days.date(t.render(&scratch, row))
			}
		}
	}
	d.dates = days.winner(dayFirst, monthFirst)
	if cfg.Decimal != "" {
		d.decimal = cfg.Decimal[0]
	} else if mark := points.winner('.', ','); mark != 0 {
		d.decimal = mark
	}
}

// votes are what the cells of a sample say about one of two readings, and how many may be either.
type votes struct{ first, second, open int }

func (v *votes) number(s []byte) {
	plain, _, ok := stripUnit(s)
	if !ok {
		return
	}
	switch _, vote := decimal(plain, 0); vote {
	case '.':
		v.first++
	case ',':
		v.second++
	case undecided:
		v.open++
	}
}

func (v *votes) date(s []byte) {
	d, ok := scanDate(s)
	if !ok || d.year > 0 || d.mark == '.' {
		return
	}
	switch d.order() {
	case dayFirst:
		v.first++
	case monthFirst:
		v.second++
	default:
		if d.a != d.b {
			v.open++
		}
	}
}

// winner is the reading that cells speak for and none against, undecided where both have some or cells may be either.
func (v *votes) winner(first, second byte) byte {
	switch {
	case v.first > 0 && v.second == 0:
		return first
	case v.second > 0 && v.first == 0:
		return second
	case v.first > 0 || v.open > 0:
		return undecided
	}
	return 0
}
