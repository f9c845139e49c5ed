package files

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/text/transform"
)

// feedRows reads a Google Merchant feed: RSS items or Atom entries, whose elements are the columns by their local names
// (id, title, link, image_link, price, ...), elements within elements with a dot (shipping.price). Of an element that
// is repeated the first one counts. Columns put together here:
//
//   - price, sale_price: the number of "599 CZK" or "CZK 1 299,50"; currency: its letters
//   - category: product_type, else google_product_category where that is a path and not a number
//
// An item whose id was in the feed before is a bad row: the first one stands.
type feedRows struct {
	xml     *xml.Decoder
	columns []string
	seen    map[string]int64 // id: line
	row     row
	cells   map[string]string
}

func newFeedRows(src io.Reader) *feedRows {
	b := bufio.NewReaderSize(src, 64<<10)
	if mark, _ := b.Peek(3); string(mark) == "\xef\xbb\xbf" {
		b.Discard(3)
	}
	d := xml.NewDecoder(b)
	d.CharsetReader = charset
	return &feedRows{xml: d, seen: map[string]int64{}, cells: map[string]string{}}
}

// charset reads the encodings that feeds declare.
func charset(label string, in io.Reader) (io.Reader, error) {
	label = strings.ToLower(label)
	if label == "latin1" {
		label = "iso-8859-1"
	}
	if e, ok := encodings[label]; ok {
		return transform.NewReader(in, e.NewDecoder()), nil
	}
	if label == utf8Name || label == "utf8" || label == "us-ascii" {
		return in, nil
	}
	return nil, fmt.Errorf("encoding %q: %w", label, checkEncoding(label))
}

// decoded reads a feed that is UTF-8 by now, whatever it declares.
func decoded(_ string, in io.Reader) (io.Reader, error) { return in, nil }

// declared returns the encoding that XML says it is written in, UTF-8 where it says none.
func declared(head []byte) string {
	head, _, _ = bytes.Cut(head, []byte("?>"))
	_, label, ok := bytes.Cut(head, []byte("encoding="))
	if !ok || len(label) < 2 {
		return utf8Name
	}
	label, _, _ = bytes.Cut(label[1:], label[:1])
	return strings.ToLower(string(label))
}

// bind implements rows: a column that an item does not have is empty.
func (f *feedRows) bind(names []string) error {
	f.columns = names
	f.row.cells = make([][]byte, len(names))
	return nil
}

func (f *feedRows) next() (*row, error) {
	if err := f.advance(); err != nil {
		return nil, err
	}
	f.derive()
	f.row.raw = f.row.raw[:0]
	for i, name := range f.columns {
		cell := f.cells[name]
		if name == rowColumn {
			cell = fmt.Sprint(f.row.num)
		}
		f.row.cells[i] = []byte(cell)
		f.row.raw = append(append(f.row.raw, cell...), 0)
	}
	id := f.cells["id"]
	if id == "" {
		return nil, badRow(f.row.line, "an item without an id")
	}
	if line, twice := f.seen[id]; twice {
		return nil, badRow(f.row.line, "id %q was in the feed before, in line %d: that one stands", id, line)
	}
	f.seen[id] = f.row.line
	return &f.row, nil
}

// advance reads the next item.
func (f *feedRows) advance() error {
	for {
		t, err := f.xml.Token()
		if err != nil {
			return f.broken(err)
		}
		start, ok := t.(xml.StartElement)
		if !ok || start.Name.Local != "item" && start.Name.Local != "entry" {
			continue
		}
		line, _ := f.xml.InputPos()
		f.row.line = int64(line)
		f.row.num++
		clear(f.cells)
		return f.broken(f.element(""))
	}
}

// broken explains an error of the decoder.
func (f *feedRows) broken(err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	return fmt.Errorf("the feed is no XML from item %d on: %w", f.row.num+1, err)
}

// element reads what is within an element up to its end, under the name path.
func (f *feedRows) element(path string) error {
	var text strings.Builder
	for {
		t, err := f.xml.Token()
		if err == io.EOF {
			return io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.CharData:
			text.Write(t)
		case xml.StartElement:
			name := t.Name.Local
			if path != "" {
				name = path + "." + name
			}
			if at := slices.IndexFunc(t.Attr, func(a xml.Attr) bool { return a.Name.Local == "href" }); at >= 0 {
				f.set(name, t.Attr[at].Value) // Atom's link
			}
			if strings.Count(name, ".") > 4 {
				err = f.xml.Skip()
			} else {
				err = f.element(name)
			}
			if err != nil {
				return err
			}
		case xml.EndElement:
			f.set(path, text.String())
			return nil
		}
	}
}

func (f *feedRows) set(name, text string) {
	if text = strings.TrimSpace(text); text != "" && name != "" && f.cells[name] == "" {
		f.cells[name] = text
	}
}

// derive puts together the columns that no element is.
func (f *feedRows) derive() {
	for _, name := range []string{"sale_price", "price"} {
		number, currency := splitPrice(f.cells[name])
		f.cells[name] = number
		if currency != "" {
			f.cells["currency"] = currency
		}
	}
	f.cells["category"] = f.cells["product_type"]
	if google := f.cells["google_product_category"]; f.cells["category"] == "" && strings.Trim(google, "0123456789") != "" {
		f.cells["category"] = google
	}
}

// splitPrice takes a price apart: "599 CZK", "EUR 1,299.50", "1 299,50 Kč" have the numbers 599, 1299.50, 1299.50, and
// the currency where three letters say it.
func splitPrice(s string) (number, currency string) {
	var digits, letters strings.Builder
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9' || r == '.' || r == ',' || r == '-' && digits.Len() == 0:
			digits.WriteRune(r)
		case r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z':
			letters.WriteRune(r)
		}
	}
	number = digits.String()
	if comma := strings.LastIndexByte(number, ','); comma > strings.LastIndexByte(number, '.') && len(number)-comma != 4 {
		number = strings.ReplaceAll(number[:comma], ".", "") + "." + number[comma+1:] // 1.299,50
	}
	number = strings.ReplaceAll(number, ",", "")
	if letters.Len() == 3 {
		currency = strings.ToUpper(letters.String())
	}
	return number, currency
}
