package models

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// Decode reads and checks one JSON object, white space around it allowed and nothing else, in one pass and, once the
// event's buffers have grown, without allocating; the event is reset first. at is the record's own time: it stands in
// for a time that is missing or implausible (before MinTime, or more than MaxAhead later than at), and NoTime says so.
//
// What is taken, beyond DESIGN.md section 3:
//   - null is absent, and so is an empty string.
//   - Of a member that is there twice the last counts, as in encoding/json.
//   - Ids, item_name, item_category and query may be integers, price, value, quantity and slot strings that hold a
//     number, since shops send them so.
//   - currency in lower case; view_search_results for search.
//   - Unknown members, see Event.Props.
//
// An error is an *Invalid. The event's content is then undefined. record must not change while the event is in use.
func (e *Event) Decode(record []byte, at Time) error {
	*e = Event{Items: e.Items[:0], scratch: e.scratch[:0], props: e.props[:0], spans: e.spans[:0]}
	d := decoder{e: e, b: record}
	if len(record) > MaxRecord {
		d.fail("", TooLarge, "the record has %d bytes: more than %d", len(record), MaxRecord)
		return d.err
	}
	if d.record() < 0 {
		return d.err
	}
	if err := e.check(); err != nil {
		return err
	}
	e.settleTime(at)
	return nil
}

// decoder is one pass over a record. Its methods take the index to read at and return the index to go on at, or -1
// with err set.
type decoder struct {
	e     *Event
	b     []byte
	err   *Invalid
	name  []byte // of the member that is being read
	scope scope  // of it
	item  int    // index within items

	props    span // members of "props"
	pageKeys bool // there are spans of unknown members of the page
}

// scope says which object a member belongs to.
type scope uint8

const (
	inEvent scope = iota
	inPage
	inItems // an element of items itself
	inItem
)

// span is a run of unknown members: record[from:to]. Those of a page stand alone, as their names get a prefix.
type span struct {
	from, to int
	page     bool
}

// record reads the whole record.
func (d *decoder) record() int {
	i := space(d.b, 0)
	if i == len(d.b) {
		return d.fail("", NotJSON, "the record is empty")
	}
	if d.b[i] != '{' {
		if end, why := skip(d.b, i, MaxDepth); why == sound && space(d.b, end) == len(d.b) {
			return d.fail("", WrongType, "the record must be an object")
		} else if why != sound {
			return d.broken(end)
		}
		return d.broken(i)
	}
	i, more := d.open(i)
	known := true
	for more {
		var from int
		from, i = i, d.member(i)
		if i < 0 {
			return -1
		}
		was := known
		if i, known = d.eventMember(i); i < 0 {
			return -1
		}
		if !known {
			d.keep(from, i, was)
		}
		i, more = d.next(i, '}')
	}
	if i < 0 {
		return -1
	}
	if i = space(d.b, i); i != len(d.b) {
		return d.broken(i)
	}
	d.e.Props = d.gather(0, d.props)
	return i
}

// eventMember reads the value of a member of the event; known is false where it was only skipped.
func (d *decoder) eventMember(i int) (end int, known bool) {
	e := d.e
	switch string(d.name) {
	case "event":
		return d.eventName(i), true
	case "id":
		return d.id(i, &e.ID, MaxID), true
	case "time":
		return d.time(i), true
	case "shop":
		return d.id(i, &e.Shop, MaxShop), true
	case "visitor":
		return d.id(i, &e.Visitor, MaxID), true
	case "contact":
		return d.id(i, &e.Contact, MaxID), true
	case "session":
		return d.id(i, &e.Session, MaxID), true
	case "page":
		return d.page(i), true
	case "items":
		return d.items(i), true
	case "order":
		return d.id(i, &e.Order, MaxID), true
	case "value":
		return d.money(i, &e.Value, &e.HasValue, MaxValue), true
	case "currency":
		return d.currency(i), true
	case "query":
		return d.label(i, &e.Query), true
	case "recommendation":
		return d.id(i, &e.Recommendation, MaxID), true
	case "slot":
		return d.count(i, &e.Slot, 0, 0, MaxSlot), true
	case "props":
		return d.ownProps(i), true
	}
	return d.skip(i, 2), false // 2: Append puts it into props
}

// open enters the object or array that begins at b[i]; more is false where it is empty.
func (d *decoder) open(i int) (next int, more bool) {
	end := d.b[i] + 2 // '{' and '}', '[' and ']' are two apart
	if i = space(d.b, i+1); i < len(d.b) && d.b[i] == end {
		return i + 1, false
	}
	return i, true
}

// next goes on to the next member or element, or past the end of the object or array.
func (d *decoder) next(i int, end byte) (next int, more bool) {
	if i >= len(d.b) || d.b[i] <= ' ' {
		i = space(d.b, i)
	}
	switch {
	case i < len(d.b) && d.b[i] == ',':
		if i++; i < len(d.b) && d.b[i] <= ' ' {
			i = space(d.b, i)
		}
		return i, true
	case i < len(d.b) && d.b[i] == end:
		return i + 1, false
	}
	return d.broken(i), false
}

// member reads a name and its colon into d.name and returns where the value begins.
func (d *decoder) member(i int) int {
	b := d.b
	if i >= len(b) || b[i] != '"' {
		return d.broken(i)
	}
	end, flags := scanString(b, i+1)
	d.name = b[i+1 : end]
	if flags&^hasDelete != 0 {
		if d.name = d.resolve(i+1, end, flags); d.name == nil {
			return -1
		}
	}
	i = end + 1
	if i < len(b) && b[i] <= ' ' {
		i = space(b, i)
	}
	if i >= len(b) || b[i] != ':' {
		return d.broken(i)
	}
	if i++; i < len(b) && b[i] <= ' ' {
		i = space(b, i)
	}
	if i >= len(b) {
		return d.broken(i)
	}
	return i
}

// resolve returns the text of a string that is not plain ASCII, or nil after failing.
func (d *decoder) resolve(from, end, flags int) []byte {
	if flags&unfinished != 0 {
		d.broken(end)
		return nil
	}
	text := d.b[from:end:end]
	if flags&hasHigh != 0 && !utf8.Valid(text) {
		d.refuse(BadUTF8, "is not UTF-8")
		return nil
	}
	if flags&hasEscape == 0 {
		return text
	}
	start := len(d.e.scratch)
	d.e.scratch = unescape(d.e.scratch, text)
	end = len(d.e.scratch)
	return d.e.scratch[start:end:end]
}

// text reads a string. Names, URLs and the like: no bound but the record's.
func (d *decoder) text(i int, dst *[]byte) (next, flags int) {
	if d.b[i] != '"' {
		if literal(d.b, i, "null") {
			*dst = nil
			return i + 4, 0
		}
		return d.wrongType(i, "a string"), 0
	}
	end, flags := scanString(d.b, i+1)
	if flags&^hasDelete == 0 {
		*dst = d.b[i+1 : end : end]
		return end + 1, flags
	}
	if *dst = d.resolve(i+1, end, flags); *dst == nil {
		return -1, 0
	}
	return end + 1, flags
}

// plain is text where the flags do not matter.
func (d *decoder) plain(i int, dst *[]byte) int {
	i, _ = d.text(i, dst)
	return i
}

// label reads a string, or an integer as its digits.
func (d *decoder) label(i int, dst *[]byte) int {
	if c := d.b[i]; c == '-' || c-'0' <= 9 {
		return d.digits(i, dst)
	}
	return d.plain(i, dst)
}

// id reads an identifier: a string of at most limit bytes without control characters, or an integer as its digits.
func (d *decoder) id(i int, dst *[]byte, limit int) int {
	flags := 0
	if c := d.b[i]; c == '-' || c-'0' <= 9 {
		i = d.digits(i, dst)
	} else {
		i, flags = d.text(i, dst)
	}
	switch {
	case i < 0:
		return -1
	case len(*dst) > limit:
		return d.refuse(TooLong, "has %d bytes: more than %d", len(*dst), limit)
	case flags != 0 && hasControl(*dst):
		return d.refuse(BadCharacter, "holds a control character")
	}
	return i
}

// digits reads an integer as its text.
func (d *decoder) digits(i int, dst *[]byte) int {
	n := scanNumber(d.b, i)
	switch {
	case !n.ok():
		return d.broken(n.end)
	case n.flags&notWhole != 0:
		return d.refuse(WrongType, "must be a string or an integer")
	}
	*dst = d.b[i:n.end:n.end]
	return n.end
}

// eventName reads the name of the event and knows its kind.
func (d *decoder) eventName(i int) int {
	e := d.e
	if c := d.b[i]; c == '-' || c-'0' <= 9 {
		return d.wrongType(i, "a string")
	}
	if i = d.id(i, &e.Name, MaxName); i < 0 {
		return -1
	}
	if e.Kind = KindOf(e.Name); e.Kind == Search {
		e.Name = searchName
	}
	return i
}

var searchName = []byte("search")

// currency reads a code of ISO 4217.
func (d *decoder) currency(i int) int {
	e := d.e
	if i = d.plain(i, &e.Currency); i < 0 || len(e.Currency) == 0 {
		return i
	}
	if KnownCurrency(e.Currency) {
		return i
	}
	start := len(e.scratch)
	for _, c := range e.Currency[:min(len(e.Currency), 3)] {
		e.scratch = append(e.scratch, c&^0x20)
	}
	if len(e.Currency) != 3 || !KnownCurrency(e.scratch[start:]) {
		return d.refuse(UnknownCurrency, "is %s: not a currency code of ISO 4217", quote(e.Currency))
	}
	e.Currency = e.scratch[start : start+3 : start+3]
	return i
}

// quote shows a text in an error.
func quote(s []byte) string {
	const most = 40
	if len(s) > most {
		return strconv.Quote(string(s[:most])) + "..."
	}
	return strconv.Quote(string(s))
}

// time reads RFC 3339 or epoch milliseconds; what is too large for Time becomes implausible and is settled later.
func (d *decoder) time(i int) int {
	e := d.e
	if c := d.b[i]; c == '-' || c-'0' <= 9 {
		n := scanNumber(d.b, i)
		if !n.ok() {
			return d.broken(n.end)
		}
		ms, _ := n.whole()
		e.Time = Time(ms)
		return n.end
	}
	var s []byte
	e.Time = 0
	if d.b[i] != '"' && d.b[i] != 'n' {
		return d.wrongType(i, "an RFC 3339 string or milliseconds since 1970")
	}
	if i = d.plain(i, &s); i < 0 || len(s) == 0 {
		return i
	}
	t, ok := ParseTime(s)
	if !ok {
		return d.refuse(BadTime, "is %s: not RFC 3339 with an offset, such as 2026-11-21T10:15:30Z", quote(s))
	}
	e.Time = t
	return i
}

// number reads a number, or a string that holds one. given is false for null and an empty string.
func (d *decoder) number(i int) (n number, next int, given bool) {
	c := d.b[i]
	if c == '-' || c-'0' <= 9 {
		if n = scanNumber(d.b, i); !n.ok() {
			return n, d.broken(n.end), false
		}
		return n, n.end, true
	}
	if c != '"' && c != 'n' {
		return n, d.wrongType(i, "a number"), false
	}
	var s []byte
	if i = d.plain(i, &s); i < 0 || len(s) == 0 {
		return n, i, false
	}
	if n = scanNumber(s, 0); n.flags&noNumber != 0 || n.end != len(s) {
		return n, d.refuse(BadNumber, "is %s: not a number", quote(s)), false
	}
	return n, i, true
}

// money reads an amount from 0 to most.
func (d *decoder) money(i int, dst *Money, has *bool, most Money) int {
	n, i, given := d.number(i)
	*dst, *has = n.money(), given
	if given && (*dst < 0 || *dst > most) {
		return d.refuse(OutOfRange, "must be from 0 to %d", most/Micros)
	}
	return i
}

// count reads an integer from least to most.
func (d *decoder) count(i int, dst *int32, absent, least, most int32) int {
	n, i, given := d.number(i)
	if !given {
		*dst = absent
		return i
	}
	v, exact := n.whole()
	code := OutOfRange
	if v >= int64(least) && v <= int64(most) {
		if exact {
			*dst = int32(v)
			return i
		}
		code = BadNumber
	}
	return d.refuse(code, "must be an integer from %d to %d", least, most)
}

// page reads the page object. A second one replaces the first.
func (d *decoder) page(i int) int {
	p := &d.e.Page
	*p = Page{}
	if d.pageKeys {
		d.dropPageKeys()
	}
	if d.b[i] != '{' {
		if literal(d.b, i, "null") {
			return i + 4
		}
		return d.wrongType(i, "an object")
	}
	i, more := d.open(i)
	d.scope = inPage
	for more {
		var from int
		from, i = i, d.member(i)
		if i < 0 {
			return -1
		}
		switch string(d.name) {
		case "url":
			i = d.plain(i, &p.URL)
		case "title":
			i = d.plain(i, &p.Title)
		case "referrer":
			i = d.plain(i, &p.Referrer)
		default:
			if i = d.skip(i, 2); i >= 0 {
				d.e.spans = append(d.e.spans, span{from, i, true})
				d.pageKeys = true
			}
		}
		if i < 0 {
			return -1
		}
		i, more = d.next(i, '}')
	}
	d.scope = inEvent
	return i
}

func (d *decoder) dropPageKeys() {
	kept := d.e.spans[:0]
	for _, s := range d.e.spans {
		if !s.page {
			kept = append(kept, s)
		}
	}
	d.e.spans = kept
	d.pageKeys = false
}

// items reads the items array. A second one replaces the first.
func (d *decoder) items(i int) int {
	d.e.Items = d.e.Items[:0]
	if d.b[i] != '[' {
		if literal(d.b, i, "null") {
			return i + 4
		}
		return d.wrongType(i, "an array of items")
	}
	i, more := d.open(i)
	for d.item = 0; more; d.item++ {
		if d.item == MaxItems {
			return d.fail("items", TooMany, "has more than %d items", MaxItems)
		}
		d.scope = inItems
		if i >= len(d.b) {
			return d.broken(i)
		}
		if d.b[i] != '{' {
			return d.wrongType(i, "an object")
		}
		if i = d.oneItem(i); i < 0 {
			return -1
		}
		d.scope = inEvent
		i, more = d.next(i, ']')
	}
	return i
}

// oneItem reads the item that begins at b[i].
func (d *decoder) oneItem(i int) int {
	e := d.e
	e.Items = append(e.Items, Item{Quantity: 1})
	it := &e.Items[len(e.Items)-1]
	mark := len(e.spans)
	d.scope = inItem
	i, more := d.open(i)
	known := true
	for more {
		var from int
		from, i = i, d.member(i)
		if i < 0 {
			return -1
		}
		was := known
		if i, known = d.itemMember(i, it); i < 0 {
			return -1
		}
		if !known {
			d.keep(from, i, was)
		}
		i, more = d.next(i, '}')
	}
	if i >= 0 && len(it.ID) == 0 {
		d.name = itemID
		return d.refuse(Missing, "is missing")
	}
	it.Props = d.gather(mark, span{})
	return i
}

var itemID = []byte("item_id")

// itemMember reads the value of a member of an item; known is false where it was only skipped.
func (d *decoder) itemMember(i int, it *Item) (end int, known bool) {
	switch string(d.name) {
	case "item_id":
		return d.id(i, &it.ID, MaxID), true
	case "item_name":
		return d.label(i, &it.Name), true
	case "item_category":
		return d.label(i, &it.Category), true
	case "price":
		return d.money(i, &it.Price, &it.HasPrice, MaxPrice), true
	case "quantity":
		return d.count(i, &it.Quantity, 1, 1, MaxQuantity), true
	}
	return d.skip(i, 3), false
}

// ownProps takes the members of "props" as they are. A second one replaces the first.
func (d *decoder) ownProps(i int) int {
	d.props = span{}
	if d.b[i] != '{' {
		if literal(d.b, i, "null") {
			return i + 4
		}
		return d.wrongType(i, "an object")
	}
	end := d.skip(i, 1)
	if end >= 0 {
		d.props = span{from: i + 1, to: end - 1}
	}
	return end
}

// skip goes past a value that lies level deep.
func (d *decoder) skip(i, level int) int {
	end, why := skip(d.b, i, MaxDepth-level)
	if why != sound {
		return d.faulty(end, why)
	}
	return end
}

// keep remembers an unknown member; where the one before was unknown too, their run grows.
func (d *decoder) keep(from, to int, first bool) {
	spans := d.e.spans
	if n := len(spans); !first && !spans[n-1].page {
		spans[n-1].to = to
		return
	}
	d.e.spans = append(spans, span{from: from, to: to})
}

// gather returns the member list of the spans from mark on and of own after them, and forgets them. A single run is a
// part of the record; more are put together in e.props.
func (d *decoder) gather(mark int, own span) []byte {
	e := d.e
	spans := e.spans[mark:]
	e.spans = e.spans[:mark]
	list := trimSpace(d.b[own.from:own.to])
	switch {
	case len(spans) == 0:
		return list[:len(list):len(list)]
	case len(spans) == 1 && len(list) == 0 && !spans[0].page:
		return d.b[spans[0].from:spans[0].to:spans[0].to]
	}
	start := len(e.props)
	for _, s := range spans {
		members := d.b[s.from:s.to]
		if s.page {
			e.props = append(e.props, `"page.`...)
			members = members[1:]
		}
		e.props = append(append(e.props, members...), ',')
	}
	e.props = append(e.props, list...)
	out := bytes.TrimSuffix(e.props[start:], comma)
	return out[:len(out):len(out)]
}

var comma = []byte{','}
