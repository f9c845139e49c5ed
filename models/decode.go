package models

// Decode reads and checks one JSON object, white space around it allowed and nothing else, in one pass and, once the
// event's buffers have grown, without allocating; the event is reset first. at is the record's own time: it stands in
// for a time that is missing or implausible (before MinTime, or more than MaxAhead later than at), and NoTime says so.
//
// What is taken, beyond the members that Event and Item name:
//   - null is absent, and so is an empty string.
//   - Of a member that is there twice the last counts, as in encoding/json.
//   - Ids, item_name, item_category and query may be integers, price, value, quantity and slot strings that hold a
//     number, since shops send them so.
//   - currency in lower case; GA4's names: view_search_results for search, transaction_id for order, search_term for query.
//   - Ids in any spelling of their one form, see CanonicalID; words that stand for nothing are no ids, see unset.go.
//   - item_category as a list, and item_category2 to 5 behind it: a path, "Home > Kitchen".
//   - Side fields that cannot be read are left out, see Warnings, and lines of an order that are no products, see Unlisted.
//     A purchase or refund without a value is refused for a line whose amount cannot be read: the sum would be wrong.
//
// Of a public event (see Trust) a time that is more than MaxPublicAhead later than at is implausible as well: a stranger's clock
// must not outrun everybody's.
//
// An error is an *Invalid. The event's content is then undefined. record must not change while the event is in use.
func (e *Event) Decode(record []byte, at Time) error {
	*e = Event{Items: e.Items[:0], scratch: kept(e.scratch, 1<<16), props: kept(e.props, 1<<16), spans: kept(e.spans, 1<<12),
		Warnings: kept(e.Warnings, 1<<10), odd: kept(e.odd, 1<<10), levels: kept(e.levels, 1<<10)}
	d := decoder{e: e, b: record}
	if len(record) > MaxRecord {
		d.fail("", TooLarge, "the record has %d bytes: more than %d", len(record), MaxRecord)
		return d.err
	}
	if d.record() < 0 {
		return d.err
	}
	if len(e.odd) > 0 || d.doubt != nil || d.lineDoubt != nil {
		if err := d.settle(); err != nil {
			return err
		}
	}
	if err := e.check(); err != nil {
		return err
	}
	if e.settleTime(at); e.NoTime && d.timed {
		d.scope = inEvent
		d.warn("time", Replaced, "")
	}
	return nil
}

// kept returns the buffer emptied, or none where one huge record has made it larger than thousands of reused events can
// each afford to keep. Items are bounded by MaxItems.
func kept[T any](buf []T, most int) []T {
	if cap(buf) > most {
		return nil
	}
	return buf[:0]
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

	props            span // members of "props"
	pageFrom, pageTo int  // spans of unknown members of the page: e.spans[pageFrom:pageTo]

	pieces    Money // of the item that is being read, where they are odd
	hasPieces bool
	timed     bool     // the sender gave a time
	told      bool     // a warning about the item has been given
	doubt     *Invalid // the first field that a purchase or refund cannot do without
	lineDoubt *Invalid // and the first of a line, which it can do without where it states a value
}

// scope says which object a member belongs to.
type scope uint8

const (
	inEvent scope = iota
	inPage
	inItems // an element of items itself
	inItem
)

// record reads the whole record.
func (d *decoder) record() int {
	i := space(d.b, 0)
	if i == len(d.b) {
		return d.fail("", NotJSON, "the record is empty")
	}
	if d.b[i] != '{' {
		return d.noObject(i)
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

// noObject fails for a record that begins with something else.
func (d *decoder) noObject(i int) int {
	end, why := skip(d.b, i, MaxDepth)
	if why == sound {
		end = space(d.b, end)
	}
	if why == broken || why == sound && end < len(d.b) {
		return d.broken(end)
	}
	return d.fail("", WrongType, "the record must be an object")
}

// eventMember reads the value of a member of the event; known is false where it was only skipped.
func (d *decoder) eventMember(i int) (end int, known bool) {
	e := d.e
	switch string(d.name) {
	case "event":
		return d.eventName(i), true
	case "id":
		return d.key(i, &e.ID, "id", true), true
	case "time":
		return d.time(i), true
	case "shop":
		return d.shop(i), true
	case "visitor":
		return d.key(i, &e.Visitor, "visitor", true), true
	case "contact":
		return d.contact(i), true
	case "session":
		return d.side(i, d.key(i, &e.Session, "session", true), &e.Session, "session"), true
	case "page":
		return d.side(i, d.page(i), nil, "page"), true
	case "items":
		return d.items(i), true
	case "order", "transaction_id":
		return d.key(i, &e.Order, "order", true), true
	case "value":
		return d.value(i), true
	case "currency":
		return d.currency(i), true
	case "query", "search_term":
		return d.side(i, d.label(i, &e.Query), &e.Query, "query"), true
	case "recommendation":
		return d.side(i, d.id(i, &e.Recommendation, MaxID), &e.Recommendation, "recommendation"), true
	case "slot":
		return d.slot(i), true
	case "props":
		return d.side(i, d.ownProps(i), nil, "props"), true
	case "trust":
		return d.trust(i), true
	case "net":
		return d.net(i), true
	case "sent_at":
		return d.sentAt(i), true
	case "contact_hmac":
		return d.proof(i), true
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
