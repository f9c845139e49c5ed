package models

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of a record in the log: one number for whoever writes it and whoever reads it, or what was taken could never be
// written, or what was written never be read.
const (
	MaxAppend = 1_000_000 - 4096     // bytes of key and value: one batch of Kafka's default size (1,000,012) less its own fields
	MaxKey    = MaxShop + MaxID + 32 // bytes of a key: the longest is shop, product and kind of a price
	MaxAdded  = 1024                 // bytes that a server may add: a shop (64 that are escaped are 384), id, time, what it knows of the sender
)

// Bounds of what Decode accepts.
const (
	MaxRecord   = MaxAppend - MaxKey       // bytes of a record
	MaxSent     = MaxRecord - MaxAdded     // bytes of an event as a sender may send it to a server that adds to it
	MaxItems    = 2000                     // items of an event: a wholesaler's order has over a thousand
	MaxName     = 100                      // bytes of an event's name
	MaxID       = 200                      // bytes of an id: visitor, contact, session, item_id, order, id, recommendation
	MaxShop     = 64                       // bytes of a shop's id
	MaxQuantity = 1_000_000                // pieces of an item
	MaxPrice    = Money(1e9 * Micros)      // of one piece
	MaxValue    = Money(1e12 * Micros)     // of an order
	MaxSlot     = 10_000                   // slot within a recommendation
	MinTime     = Time(946_684_800 * 1000) // 2000-01-01: no shop's events are older
	MaxAhead    = Day                      // how far a time may lie ahead of the record's

	MaxPublicAhead = 5 * Minute // how far that of a public event may
	MaxStale       = Day        // how old a public event may be and still teach what others see
)

var (
	errName     = &Invalid{"event", Missing, "event is missing: every event has a name"}
	errPerson   = &Invalid{"visitor", Missing, "visitor or contact is missing: every event but a product's is somebody's"}
	errContact  = &Invalid{"contact", Missing, "contact is missing: identify says who a visitor is"}
	errProduct  = &Invalid{"items", Missing, "items is missing: a catalogue event is about items[0]"}
	errProducts = &Invalid{"items", TooMany, "items has more than one item: a catalogue event is about one"}
	errAmount   = &Invalid{"items", Missing, "items and value are missing: a purchase or refund needs one of them"}
	errOrder    = &Invalid{"order", Missing, "order is missing: a refund or cancel says which order it is about"}
)

// check applies the rules that span fields.
func (e *Event) check() *Invalid {
	switch {
	case len(e.Name) == 0:
		return errName
	case e.Trust == Public && !e.Kind.public():
		return Allowed(e.Kind, e.Trust)
	case e.Kind == FeedTaken:
		return nil
	case e.Kind.Topic() == Catalogue:
		return e.checkProduct()
	case e.Kind == Identify && len(e.Contact) == 0:
		return errContact
	case len(e.Visitor) == 0 && len(e.Contact) == 0 && !e.ofOrder():
		return errPerson
	case (e.Kind == Purchase || e.Kind == Refund) && len(e.Items) == 0 && !e.HasValue:
		return errAmount
	case (e.Kind == Refund || e.Kind == Cancel) && len(e.Order) == 0:
		return errOrder
	}
	return nil
}

// ofOrder tells whether an event is about an order that it names, and so about whoever placed that: platforms tell of a refund
// without its customer.
func (e *Event) ofOrder() bool { return (e.Kind == Refund || e.Kind == Cancel) && len(e.Order) > 0 }

func (e *Event) checkProduct() *Invalid {
	switch {
	case len(e.Items) == 0:
		return errProduct
	case len(e.Items) > 1:
		return errProducts
	}
	return nil
}

// settleTime replaces a time that cannot be by the record's.
func (e *Event) settleTime(at Time) {
	e.said = e.Time
	ahead := MaxAhead
	if e.Trust == Public {
		ahead = MaxPublicAhead
		e.Stale = e.Time >= MinTime && e.Time < at-MaxStale
	}
	if e.Time < MinTime || e.Time > at+ahead {
		e.Time, e.NoTime = at, true
	}
}

// hasControl tells whether the text holds a control character (C0, DEL, C1).
func hasControl(s []byte) bool {
	for len(s) > 0 {
		r, n := utf8.DecodeRune(s)
		if unicode.IsControl(r) {
			return true
		}
		s = s[n:]
	}
	return false
}

// fail keeps the first failure and returns the index that says so.
func (d *decoder) fail(field, code, format string, args ...any) int {
	if d.err == nil {
		if len(args) > 0 {
			format = fmt.Sprintf(format, args...)
		}
		if field != "" {
			format = field + " " + format
		}
		d.err = &Invalid{Field: field, Code: code, Reason: format}
	}
	return -1
}

// refuse fails for the member that is being read.
func (d *decoder) refuse(code, format string, args ...any) int {
	return d.fail(d.path(), code, format, args...)
}

// broken fails for JSON that ends or goes wrong at i.
func (d *decoder) broken(i int) int {
	if i >= len(d.b) {
		return d.fail("", NotJSON, "the record is not JSON: it ends too early, after %d bytes", len(d.b))
	}
	return d.fail("", NotJSON, "the record is not JSON: unexpected %s at byte %d", strconv.QuoteRune(runeAt(d.b[i:])), i)
}

// faulty fails for what skip found at i.
func (d *decoder) faulty(i int, why fault) int {
	switch why {
	case tooDeep:
		return d.refuse(TooDeep, "is nested too deeply: more than %d levels", MaxDepth)
	case badUTF8:
		return d.refuse(BadUTF8, "is not UTF-8")
	}
	return d.broken(i)
}

// wrongType fails for a value of another type than the member's, or for one that is no JSON at all.
func (d *decoder) wrongType(i int, want string) int {
	if end, why := skip(d.b, i, MaxDepth); why == broken {
		return d.broken(end)
	}
	return d.refuse(WrongType, "must be %s", want)
}

func runeAt(b []byte) rune {
	r, _ := utf8.DecodeRune(b)
	return r
}

// path returns the name of the member that is being read.
func (d *decoder) path() string {
	const most = 64 // an unknown member may be called anything
	field := strings.ToValidUTF8(string(d.name[:min(len(d.name), most)]), "\ufffd")
	switch d.scope {
	case inPage:
		return "page." + field
	case inItem:
		field = "items[" + strconv.Itoa(d.item) + "]." + field
	case inItems:
		field = "items[" + strconv.Itoa(d.item) + "]"
	}
	return field
}
