package models

import (
	"strconv"
	"unicode/utf8"
)

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

// key reads an id into its one form; a word that stands for nothing is none. person says which words hold, see unset.go.
func (d *decoder) key(i int, dst *[]byte, field string, person bool) int {
	if d.b[i] == '"' { // the common case first: plain ASCII without blanks around it
		end, flags := scanString(d.b, i+1)
		if id := d.b[i+1 : end : end]; flags == 0 && len(id) > 0 && len(id) <= MaxID && id[0] > ' ' && id[len(id)-1] > ' ' && !maybeUnset(id) {
			*dst = id
			return end + 1
		}
	}
	return d.hardKey(i, dst, field, person)
}

// hardKey is key for whatever is not plain.
func (d *decoder) hardKey(i int, dst *[]byte, field string, person bool) int {
	flags := 0
	if c := d.b[i]; c == '-' || c-'0' <= 9 {
		i = d.digits(i, dst)
	} else {
		i, flags = d.text(i, dst)
	}
	if i < 0 || len(*dst) == 0 {
		return i
	}
	id := d.canonical(*dst, false, flags&^hasDelete == 0)
	switch {
	case len(id) == 0:
		d.warn(field, NoID, blank)
	case len(id) > MaxID:
		return d.refuse(TooLong, "has %d bytes: more than %d", len(id), MaxID)
	case flags != 0 && hasControl(id):
		return d.refuse(BadCharacter, "holds a control character")
	default:
		if word := unset(id, person); word != "" {
			d.warn(field, NoID, word)
			id = nil
		}
	}
	*dst = id
	return i
}

// contact reads the contact. Mail addresses are lower-cased as well.
func (d *decoder) contact(i int) int {
	e := d.e
	e.SentContact = nil
	end := d.key(i, &e.Contact, "contact", true)
	if end < 0 || len(e.Contact) == 0 {
		return end
	}
	if isLower(e.Contact) && (d.b[i] != '"' || end-i == len(e.Contact)+2) {
		return end // as it was sent
	}
	var sent []byte
	d.text(i, &sent)
	id := d.canonical(e.Contact, true, isASCII(e.Contact))
	if string(id) != string(sent) {
		e.SentContact = sent
	}
	if e.Contact = id; len(id) > MaxID {
		return d.refuse(TooLong, "has %d bytes: more than %d", len(id), MaxID)
	}
	return end
}

// shop reads the tenant.
func (d *decoder) shop(i int) int {
	e := d.e
	if i = d.key(i, &e.Shop, "shop", false); i >= 0 && len(e.Shop) > MaxShop {
		return d.refuse(TooLong, "has %d bytes: more than %d", len(e.Shop), MaxShop)
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
	e.Kind = KindOf(e.Name)
	return i
}

// currency reads a code of ISO 4217. What is none is left out where no money depends on it.
func (d *decoder) currency(i int) int {
	return d.owed(i, d.currencyCode(i), &d.e.Currency, "currency", false)
}

func (d *decoder) currencyCode(i int) int {
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
