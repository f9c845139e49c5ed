package models

import (
	"encoding/binary"
	"strconv"
	"unicode/utf8"
)

// Append appends e as one line of JSON, without a line feed: fields in the order of Event, empty ones left out, and the time
// too where NoTime says that the sender gave none. Decode of the result, at the same record time, gives e back; who fixes
// the time of arrival for good clears NoTime first. Text that is not UTF-8 is written with U+FFFD in its place; Props are
// written as they are.
func Append(dst []byte, e *Event) []byte {
	dst = append(dst, `{"event":`...)
	dst = AppendString(dst, e.Name)
	dst = appendText(dst, `,"id":`, e.ID)
	if !e.NoTime {
		dst = append(dst, `,"time":`...)
		dst = appendQuotedTime(dst, e.Time)
	}
	dst = appendText(dst, `,"shop":`, e.Shop)
	dst = appendText(dst, `,"visitor":`, e.Visitor)
	dst = appendText(dst, `,"contact":`, e.Contact)
	dst = appendText(dst, `,"session":`, e.Session)
	dst = appendPage(dst, &e.Page)
	dst = appendItems(dst, e.Items, e.Unlisted)
	dst = appendText(dst, `,"order":`, e.Order)
	if e.HasValue {
		dst = AppendMoney(append(dst, `,"value":`...), e.Value)
	}
	dst = appendText(dst, `,"currency":`, e.Currency)
	dst = appendText(dst, `,"query":`, e.Query)
	dst = appendText(dst, `,"recommendation":`, e.Recommendation)
	if e.Slot != 0 {
		dst = strconv.AppendInt(append(dst, `,"slot":`...), int64(e.Slot), 10)
	}
	if e.Trust != Trusted {
		word := e.Trust.String()
		if e.Proved {
			word = ProvedWord
		}
		dst = AppendString(append(dst, `,"trust":`...), word)
	}
	dst = appendText(dst, `,"contact_hmac":`, e.Proof)
	if e.Net != 0 {
		dst = append(AppendHash(append(dst, `,"net":"`...), e.Net), '"')
	}
	if e.SentAt != 0 {
		dst = appendQuotedTime(append(dst, `,"sent_at":`...), e.SentAt)
	}
	if len(e.Props) > 0 {
		dst = append(dst, `,"props":{`...)
		dst = append(append(dst, e.Props...), '}')
	}
	return append(dst, '}')
}

// appendText appends a member, where it is not empty. name comes with its comma, quotes and colon.
func appendText(dst []byte, name string, text []byte) []byte {
	if len(text) == 0 {
		return dst
	}
	return AppendString(append(dst, name...), text)
}

// appendQuotedTime appends a time as a JSON value.
func appendQuotedTime(dst []byte, t Time) []byte {
	if t < firstTime || t > lastTime {
		return AppendTime(dst, t)
	}
	return append(AppendTime(append(dst, '"'), t), '"')
}

func appendPage(dst []byte, p *Page) []byte {
	if len(p.URL) == 0 && len(p.Title) == 0 && len(p.Referrer) == 0 {
		return dst
	}
	dst = append(dst, `,"page":`...)
	start := len(dst)
	dst = appendText(dst, `,"url":`, p.URL)
	dst = appendText(dst, `,"title":`, p.Title)
	dst = appendText(dst, `,"referrer":`, p.Referrer)
	dst[start] = '{' // over the comma before the first of them
	return append(dst, '}')
}

// appendItems appends the items, and what is none of them as a line without an id.
func appendItems(dst []byte, items []Item, unlisted Money) []byte {
	if len(items) == 0 && unlisted == 0 {
		return dst
	}
	dst = append(dst, `,"items":[`...)
	for i := range items {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendItem(dst, &items[i])
	}
	for unlisted != 0 { // a price has a bound
		if dst[len(dst)-1] != '[' {
			dst = append(dst, ',')
		}
		part := max(-MaxPrice, min(MaxPrice, unlisted))
		dst = append(AppendMoney(append(dst, `{"price":`...), part), '}')
		unlisted -= part
	}
	return append(dst, ']')
}

func appendItem(dst []byte, it *Item) []byte {
	dst = AppendString(append(dst, `{"item_id":`...), it.ID)
	dst = appendText(dst, `,"item_name":`, it.Name)
	if it.HasPrice {
		dst = AppendMoney(append(dst, `,"price":`...), it.Price)
	}
	if it.Quantity > 1 || it.Quantity < 0 { // a negative one is for Decode to refuse
		dst = strconv.AppendInt(append(dst, `,"quantity":`...), int64(it.Quantity), 10)
	}
	dst = appendText(dst, `,"item_category":`, it.Category)
	if len(it.Props) > 0 {
		dst = append(append(dst, ','), it.Props...)
	}
	return append(dst, '}')
}

// AppendString appends text as a JSON string. Only what JSON demands is escaped, and "<", so that an answer pasted into a
// page's script element cannot end it; invalid UTF-8 becomes U+FFFD.
func AppendString[S ~string | ~[]byte](dst []byte, text S) []byte {
	dst = append(dst, '"')
	from := len(dst)
	dst = append(dst, text...) // most text is plain: it is copied first and looked at in place
	if n := plainLen(dst[from:]); n < len(text) {
		dst = appendHard(dst[:from+n], []byte(text[n:]))
	}
	return append(dst, '"')
}

// appendHard appends text that begins with something to escape.
func appendHard(dst, text []byte) []byte {
	for len(text) > 0 {
		if text[0] < utf8.RuneSelf {
			dst = appendEscaped(dst, text[0])
			text = text[1:]
		} else {
			r, n := utf8.DecodeRune(text)
			dst = utf8.AppendRune(dst, r)
			text = text[n:]
		}
		n := plainLen(text)
		dst = append(dst, text[:n]...)
		text = text[n:]
	}
	return dst
}

// plainLen returns how many bytes at the head of text may stand in a JSON string as they are and are ASCII.
func plainLen(text []byte) int {
	i := 0
	for ; i+8 <= len(text); i += 8 {
		w := binary.LittleEndian.Uint64(text[i:])
		quote, slash, less := w^'"'*ones, w^'\\'*ones, w^'<'*ones
		if ((quote-ones)|(slash-ones)|(less-ones)|(w-' '*ones)|w)&highs != 0 {
			break
		}
	}
	for i < len(text) && isPlain(text[i]) {
		i++
	}
	return i
}

func isPlain(c byte) bool {
	return c >= ' ' && c < utf8.RuneSelf && c != '"' && c != '\\' && c != '<'
}

// appendEscaped appends the escape of a quote, a backslash, a "<" or a control character.
func appendEscaped(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	const hex = "0123456789abcdef"
	return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}
