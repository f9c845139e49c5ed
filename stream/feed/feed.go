// Package feed reads the product feeds of shops, whatever platform has written them, and turns them into product events: Google
// Merchant feeds (RSS, Atom, TSV, CSV, the JSON of its API), Meta's catalogue CSV, Yandex YML, Heureka XML, the product exports of
// Shopify and WooCommerce, JSON lines and arrays, and Orrery's own items.
//
// A feed is read once from front to back in bounded memory, gzip or plain, in any encoding that stream/files knows. One bad product
// costs that product: it is reported with its line, field and remedy, and the rest is read.
package feed

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"orrery/models"
	"orrery/stream/files"
)

// Format is how a feed is written.
type Format string

// The formats.
const (
	XML   Format = "xml"   // RSS, Atom, YML, Heureka: by their elements
	CSV   Format = "csv"   // delimited, with a header row; the separator and the platform are told from it
	JSONL Format = "jsonl" // an object a line, or one array of objects
)

// Bounds of what is read.
const (
	MaxEntry    = 4 << 20   // bytes of one product
	MaxProducts = 5_000_000 // of one feed
	maxField    = 64 << 10  // bytes of one field
	maxFields   = 1_000     // of one product
)

// Product is one entry of a feed, as far as it could be read. The zero value of a field is one that the feed leaves out.
type Product struct {
	Line         int64 // where it begins
	ID           string
	Group        string // what it is a variant of
	Title        string
	Link, Image  string
	Brand        string
	Category     string // a path, "Home > Kitchen"
	Price, Sale  models.Money
	HasPrice     bool
	HasSale      bool
	Currency     string
	From, Until  models.Time // the window of the sale, 0 where it is open
	Availability string      // one of the words of Google's feeds
	Stock        int64       // pieces
	HasStock     bool
	Hidden       bool        // a draft, unpublished, paused: not to be shown
	Attributes   []Attribute // labels and the like
}

// Attribute is anything else that a feed says of a product.
type Attribute struct{ Name, Value string }

// Problem is something in a feed that a person would mend. Fatal ones cost the product, the others a field of it.
type Problem struct {
	Line   int64  `json:"line"`
	ID     string `json:"item_id,omitempty"`
	Field  string `json:"field,omitempty"`
	Reason string `json:"reason"`
	Fatal  bool   `json:"refused,omitempty"`
}

func (p Problem) String() string {
	where := "the feed"
	if p.Line > 0 {
		where = fmt.Sprintf("line %d", p.Line)
	}
	if p.ID != "" {
		where += fmt.Sprintf(", product %q", p.ID)
	}
	if p.Field != "" {
		where += ", " + p.Field
	}
	return where + ": " + p.Reason
}

// Options say what a feed does not.
type Options struct {
	// Decimal is the decimal mark of numbers that could be read either way (1,299): by default a point, unless more prices
	// of the feed show a comma. What a first reading has found is in Summary.
	Decimal byte
	// Currency of prices that name none.
	Currency string
	// MaxBytes bounds the feed when it is unpacked; 0: no bound.
	MaxBytes int64
	// Base is the address that links without a shop's name are on. Without one it is the first link that has one; what a first
	// reading has found is in Summary.
	Base string
}

// Summary says what a feed was.
type Summary struct {
	Format   Format `json:"format"`
	Encoding string `json:"encoding"`
	Platform string `json:"platform,omitempty"` // google, shopify, woocommerce, yml, heureka, orrery
	Entries  int64  `json:"entries"`
	Bad      int64  `json:"bad"` // entries that are no products
	Cut      bool   `json:"cut,omitempty"`
	Decimal  byte   `json:"-"`
	Base     string `json:"-"`
}

// Errors of a feed as a whole.
var (
	ErrEmpty = errors.New("there is no product in it: a feed has item, entry or offer elements, a header row with an id column, or a JSON object a line")
	ErrPage  = errors.New("it is an HTML page and no feed: look whether the address asks for a login")
	ErrLong  = fmt.Errorf("it has more than %d products", MaxProducts)
)

// Read calls take with each product of a feed, and report with what a person would mend, in order. A product is take's until it
// returns. What either returns as an error ends the reading.
func Read(src io.Reader, o Options, take func(*Product) error, report func(Problem) error) (Summary, error) {
	in, encoding, err := open(src, o.MaxBytes)
	if err != nil {
		return Summary{}, err
	}
	r := &reader{take: take, report: report, base: o.Base, votes: map[byte]int{}, o: o, sum: Summary{Encoding: encoding}, held: map[string]*held{}}
	head, _ := in.Peek(4 << 10)
	switch text := bytes.TrimLeft(head, " \t\r\n"); {
	case isPage(text):
		return r.sum, ErrPage
	case len(text) == 0:
		return r.sum, ErrEmpty
	case text[0] == '<':
		r.sum.Format = XML
		err = r.xml(in)
	case text[0] == '{' || text[0] == '[':
		r.sum.Format = JSONL
		err = r.json(in)
	default:
		r.sum.Format = CSV
		err = r.table(in)
	}
	if err == nil {
		err = r.release()
	}
	if err == nil && r.sum.Entries == 0 {
		err = ErrEmpty
	}
	r.sum.Decimal, r.sum.Base = r.mark(), r.base
	return r.sum, err
}

// open returns the feed as UTF-8 text, unpacked.
func open(src io.Reader, most int64) (*bufio.Reader, string, error) {
	in := bufio.NewReaderSize(src, 64<<10)
	for range maxPacked { // a packed file that its server has packed once more
		if head, _ := in.Peek(4); string(head) == "PK\x03\x04" {
			return nil, "", errors.New("it is a zip file: send the feed in it, plain or as gzip")
		}
		if head, _ := in.Peek(2); !bytes.Equal(head, []byte{0x1f, 0x8b}) {
			break
		}
		zip, err := gzip.NewReader(in)
		if err != nil {
			return nil, "", fmt.Errorf("it begins like gzip and is none: %w", err)
		}
		in = bufio.NewReaderSize(&limit{zip, most}, 64<<10)
	}
	text, encoding, err := files.UTF8(in)
	if err != nil {
		return nil, encoding, err
	}
	return bufio.NewReaderSize(printable(text), 64<<10), encoding, nil
}

// maxPacked is how often a feed may be packed.
const maxPacked = 2

// ErrTooLong is of a feed that has more bytes than it may have.
var ErrTooLong = errors.New("it is longer than a feed may be when it is unpacked")

// limit ends what is longer than it may be.
type limit struct {
	src  io.Reader
	left int64 // 0 at the start: no bound
}

// Read implements io.Reader.
func (l *limit) Read(dst []byte) (int, error) {
	if l.left < 0 {
		return 0, ErrTooLong
	}
	n, err := l.src.Read(dst)
	if l.left > 0 {
		if l.left -= int64(n); l.left <= 0 {
			l.left = -1
		}
	}
	return n, err
}

func isPage(head []byte) bool {
	head = bytes.ToLower(head[:min(len(head), 1024)])
	return bytes.HasPrefix(head, []byte("<!doctype html")) || bytes.Contains(head, []byte("<html"))
}

// reader is one reading.
type reader struct {
	take   func(*Product) error
	report func(Problem) error
	o      Options
	sum    Summary
	votes  map[byte]int // of decimal marks
	base   string       // see Options

	categories map[string]branch // of a YML feed
	held       map[string]*held  // what is told when its variants have been read
	order      []string          // of held
	pushed     map[string]string // of the rows of one Shopify product
}

// branch is a category of a tree.
type branch struct{ name, parent string }

// mark returns the decimal mark that the prices so far show.
func (r *reader) mark() byte {
	if r.o.Decimal != 0 {
		return r.o.Decimal
	}
	if r.votes[','] > r.votes['.'] {
		return ','
	}
	return '.'
}

// entry takes the fields of one entry.
func (r *reader) entry(f *fields) error {
	r.sum.Entries++
	if r.sum.Entries > MaxProducts {
		return ErrLong
	}
	p, problems := r.product(f)
	for _, problem := range problems {
		problem.Line, problem.ID = f.line, p.ID
		if problem.Fatal {
			r.sum.Bad++
			return r.report(problem)
		}
		if err := r.report(problem); err != nil {
			return err
		}
	}
	if f.variable && !p.HasPrice {
		return r.hold(p)
	}
	r.variant(p)
	return r.take(p)
}

// bad reports an entry that cannot be read at all.
func (r *reader) bad(line int64, reason string) error { return r.badOf(line, "", reason) }

// badOf reports an entry that cannot be read to its end, with its id where that could be.
func (r *reader) badOf(line int64, id, reason string) error {
	r.sum.Entries++
	r.sum.Bad++
	return r.report(Problem{Line: line, ID: string(models.CanonicalID([]byte(id))), Reason: reason, Fatal: true})
}

// held is a product whose price is that of its variants.
type held struct {
	Product
	priced bool
}

// maxHeld bounds what waits for its variants.
const maxHeld = 100_000

func (r *reader) hold(p *Product) error {
	if len(r.held) == maxHeld || r.held[p.ID] != nil {
		return r.take(p)
	}
	r.held[p.ID] = &held{Product: *p}
	r.order = append(r.order, p.ID)
	return nil
}

// variant gives what waits the lowest price of its variants.
func (r *reader) variant(p *Product) {
	of := r.held[p.Group]
	if of == nil || !p.HasPrice || p.Hidden {
		return
	}
	if now, low := effective(p), effective(&of.Product); of.priced && now >= low {
		return
	}
	of.priced = true
	of.Price, of.HasPrice, of.Sale, of.HasSale, of.From, of.Until = p.Price, true, p.Sale, p.HasSale, p.From, p.Until
	of.Currency = p.Currency
}

func effective(p *Product) models.Money {
	if p.HasSale && p.Sale > 0 {
		return p.Sale
	}
	return p.Price
}

// release hands over what has waited.
func (r *reader) release() error {
	for _, id := range r.order {
		if err := r.take(&r.held[id].Product); err != nil {
			return err
		}
	}
	return nil
}
