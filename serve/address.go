package serve

import (
	"bytes"
	"encoding/json"
	"strings"

	"orrery/models"
)

// DefaultParameters are the parameters of page addresses that are stored where the configuration names none: where
// somebody came from, what was searched, and which page of the shop it was.
var DefaultParameters = []string{
	"utm_*", "gclid", "gbraid", "wbraid", "dclid", "msclkid", "fbclid", "ttclid", "gad_source",
	"q", "query", "search", "s", "keyword", "page", "p", "sort", "category", "product", "product_id", "item", "item_id", "sku", "variant",
}

// addresses cuts from page addresses what no model needs and nobody should find in a log: parameters that are not listed,
// because tokens, names and addresses of people stand in them, and fragments that hold parameters.
type addresses struct {
	all      bool
	names    map[string]bool
	prefixes []string // "utm_" of "utm_*"
}

func newAddresses(listed []string) *addresses {
	a := &addresses{names: map[string]bool{}}
	for _, name := range listed {
		name = strings.ToLower(name)
		switch prefix, ok := strings.CutSuffix(name, "*"); {
		case name == "*":
			a.all = true
		case ok:
			a.prefixes = append(a.prefixes, prefix)
		default:
			a.names[name] = true
		}
	}
	return a
}

// clean tells whether an event's record can be kept as it is; most can.
func (a *addresses) clean(e *models.Event) bool {
	return a.all || !parametered(e.Page.URL) && !parametered(e.Page.Referrer) && !parametered(e.Props)
}

func parametered(text []byte) bool {
	return len(text) > 0 && (bytes.IndexByte(text, '?') >= 0 || bytes.IndexByte(text, '#') >= 0)
}

// addressMembers are the members that hold the address of a page, of an event and of its page.
var addressMembers = [...]map[string]bool{
	{"page_location": true, "page_referrer": true, "page_path": true, "url": true, "referrer": true, "location": true},
	{"url": true, "referrer": true, "referer": true, "location": true, "path": true, "href": true},
}

// append appends a record, which is a sound JSON object, with its page addresses cut.
func (a *addresses) append(dst, record []byte) []byte {
	depth, page, address, copied := 0, false, false, 0
	for i := 0; i < len(record); i++ {
		switch record[i] {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case '"':
			end := literalEnd(record, i)
			text := record[i:end]
			switch {
			case depth > 2 || depth == 2 && !page:
			case isMember(record, end):
				if depth == 1 {
					page = isText(text, "page")
				}
				address = isAddress(addressMembers[depth-1], text)
			case address:
				dst = append(dst, record[copied:i]...)
				dst, copied = a.appendLiteral(dst, text), end
			}
			i = end - 1
		}
	}
	return append(dst, record[copied:]...)
}

// literalEnd returns the index behind the string that begins at i.
func literalEnd(record []byte, i int) int {
	for i++; i < len(record) && record[i] != '"'; i++ {
		if record[i] == '\\' {
			i++
		}
	}
	return min(i+1, len(record))
}

// isMember tells whether the string that ends at i is a member's name.
func isMember(record []byte, i int) bool {
	for ; i < len(record); i++ {
		switch record[i] {
		case ' ', '\t', '\r', '\n':
			continue
		}
		return record[i] == ':'
	}
	return false
}

func isText(literal []byte, text string) bool {
	if bytes.IndexByte(literal, '\\') < 0 {
		return string(literal[1:len(literal)-1]) == text
	}
	return literalText(literal) == text
}

func isAddress(members map[string]bool, literal []byte) bool {
	if bytes.IndexByte(literal, '\\') < 0 {
		return members[string(literal[1:len(literal)-1])]
	}
	return members[literalText(literal)]
}

// literalText returns what a string says.
func literalText(literal []byte) string {
	var text string
	if json.Unmarshal(literal, &text) != nil {
		return ""
	}
	return text
}

// appendLiteral appends the string of an address, cut.
func (a *addresses) appendLiteral(dst, literal []byte) []byte {
	if bytes.IndexByte(literal, '\\') < 0 {
		dst = a.cut(append(dst, '"'), literal[1:len(literal)-1])
		return append(dst, '"')
	}
	return models.AppendString(dst, a.cut(nil, []byte(literalText(literal))))
}

// cut appends an address without the parameters that are not listed.
func (a *addresses) cut(dst, address []byte) []byte {
	address, fragment, anchored := bytes.Cut(address, []byte{'#'})
	dst = a.cutQuery(dst, address)
	if !anchored {
		return dst
	}
	if route, _, _ := bytes.Cut(fragment, []byte{'?'}); bytes.ContainsAny(route, "=&") {
		return dst // "#access_token=..."
	}
	return a.cutQuery(append(dst, '#'), fragment)
}

func (a *addresses) cutQuery(dst, address []byte) []byte {
	address, query, asked := bytes.Cut(address, []byte{'?'})
	dst = append(dst, address...)
	if !asked {
		return dst
	}
	next := byte('?')
	for len(query) > 0 {
		var pair []byte
		pair, query, _ = bytes.Cut(query, []byte{'&'})
		if name, _, _ := bytes.Cut(pair, []byte{'='}); a.keeps(name) {
			dst = append(append(dst, next), pair...)
			next = '&'
		}
	}
	return dst
}

func (a *addresses) keeps(name []byte) bool {
	for _, c := range name {
		if c >= 'A' && c <= 'Z' {
			name = bytes.ToLower(name)
			break
		}
	}
	if a.names[string(name)] {
		return true
	}
	for _, p := range a.prefixes {
		if len(name) >= len(p) && string(name[:len(p)]) == p {
			return true
		}
	}
	return false
}
