// Package badinput is a test support: records that Orrery must refuse with a clear reason, and records that look bad
// and must be taken. The codec's own tests, those of the HTTP server and those of the Kafka pipeline send the same ones,
// so that no way in is softer than another. It knows nothing of the codec: codes and fields stand here as text,
// since they are part of the API.
package badinput

import (
	"bytes"
	"strconv"
	"strings"
)

// Case is one body. Code and Field are those of the refusal; both are empty for a body that is taken.
type Case struct {
	Name  string
	Body  []byte
	Code  string
	Field string
}

// Cases are refused whichever way they come: as a Kafka record, and as an HTTP body, where the body as a whole, or
// every record that it holds, is refused, the first for this code.
var Cases = concat(notJSON(), notObjects(), tooMuch(), texts(), wrongTypes(), numbers(), times(), missing())

// Records are refused as a Kafka record, which is one object; as an HTTP body they are no or several records, good
// ones among them.
var Records = []Case{
	{"two objects", []byte(good + good), "not_json", ""},
	{"two lines", []byte(good + "\n" + good), "not_json", ""},
	{"an array of a good event", []byte("[" + good + "]"), "wrong_type", ""},
	{"an empty array", []byte("[]"), "wrong_type", ""},
	{"a brace behind", []byte(good + "}"), "not_json", ""},
	{"a word behind", []byte(good + " end"), "not_json", ""},
	{"a NUL behind", []byte(good + "\x00"), "not_json", ""},
	{"a comma behind", []byte(good + ","), "not_json", ""},
	{"a byte order mark before", []byte("\xef\xbb\xbf" + good), "not_json", ""},
}

// good is an event that nothing is wrong with, its last member open for more.
const good = `{"event":"view_item","visitor":"v-bad","items":[{"item_id":"SKU1"}]}`

// with returns good with one more member, which overrides one of that name.
func with(member string) string { return strings.TrimSuffix(good, "}") + "," + member + "}" }

// item returns good with one item that has another member.
func item(member string) string { return with(`"items":[{"item_id":"SKU1",` + member + `}]`) }

// sale returns a purchase with a value and one more member.
func sale(member string) string {
	return `{"event":"purchase","visitor":"v-bad","order":"O-bad","value":5,` + member + `}`
}

// sold returns a purchase without a value of one item that has another member.
func sold(member string) string {
	return `{"event":"purchase","visitor":"v-bad","order":"O-bad","items":[{"item_id":"SKU1",` + member + `}]}`
}

// product returns a product that has another member.
func product(member string) string {
	return `{"event":"product_upsert","items":[{"item_id":"SKU1",` + member + `}]}`
}

func concat(lists ...[]Case) (all []Case) {
	for _, list := range lists {
		all = append(all, list...)
	}
	return all
}

// list makes cases of (name, body) pairs.
func list(code, field string, pairs ...string) (cases []Case) {
	for i := 0; i < len(pairs); i += 2 {
		cases = append(cases, Case{pairs[i], []byte(pairs[i+1]), code, field})
	}
	return cases
}

func notJSON() []Case {
	return list("not_json", "",
		"empty body", "",
		"white space only", " \r\n\t ",
		"a word", "hello",
		"a NUL", "\x00",
		"only a brace", "{",
		"only a closing brace", "}",
		"a form body", "event=view_item&visitor=v",
		"XML", `<event name="view_item"/>`,
		"CSV", "view_item,v-1,SKU1",
		"gzip magic", "\x1f\x8b\x08\x00\x00\x00",
		"no closing brace", `{"event":"view_item","visitor":"v"`,
		"cut in a name", `{"event":"view_item","visi`,
		"cut in a string", `{"event":"view_item","visitor":"v`,
		"cut in an escape", `{"event":"view_item","visitor":"v\`,
		"cut in a unicode escape", `{"event":"view_item","visitor":"\u00`,
		"cut in a number", `{"event":"purchase","visitor":"v","value":12.`,
		"cut in a literal", `{"event":"view_item","visitor":nul`,
		"cut behind a colon", `{"event":`,
		"cut behind a comma", `{"event":"view_item",`,
		"cut in items", `{"event":"view_item","visitor":"v","items":[{"item_id":"a"}`,
		"cut behind the bracket", `{"event":"view_item","visitor":"v","items":[`,
		"cut in the page", `{"event":"view_item","visitor":"v","page":{"url":"u"`,
		"trailing comma", `{"event":"view_item","visitor":"v",}`,
		"trailing comma in items", `{"event":"view_item","visitor":"v","items":[{"item_id":"a"},]}`,
		"trailing comma in an item", `{"event":"view_item","visitor":"v","items":[{"item_id":"a",}]}`,
		"leading comma", `{,"event":"view_item","visitor":"v"}`,
		"two commas", `{"event":"view_item",,"visitor":"v"}`,
		"missing comma", `{"event":"view_item" "visitor":"v"}`,
		"missing colon", `{"event" "view_item","visitor":"v"}`,
		"missing value", `{"event":,"visitor":"v"}`,
		"equals sign", `{"event"="view_item","visitor":"v"}`,
		"bare name", `{event:"view_item","visitor":"v"}`,
		"number as name", `{1:"view_item","visitor":"v"}`,
		"single quotes", `{'event':'view_item','visitor':'v'}`,
		"bare value", `{"event":view_item,"visitor":"v"}`,
		"bracket for brace", `{"event":"view_item","visitor":"v"]`,
		"brace for bracket", `{"event":"view_item","visitor":"v","items":[{"item_id":"a"}}}`,
		"comment", `{"event":"view_item",/* who */"visitor":"v"}`,
		"True", `{"event":"view_item","visitor":"v","new":True}`,
		"nul", `{"event":"view_item","visitor":nul}`,
		"undefined", `{"event":"view_item","visitor":undefined}`,
		"NaN", `{"event":"purchase","visitor":"v","value":NaN}`,
		"Infinity", `{"event":"purchase","visitor":"v","value":Infinity}`,
		"-Infinity", `{"event":"purchase","visitor":"v","value":-Infinity}`,
		"NaN in an unknown field", `{"event":"view_item","visitor":"v","x":NaN}`,
		"NaN in an item", `{"event":"view_item","visitor":"v","items":[{"item_id":"a","price":NaN}]}`,
		"plus sign", `{"event":"purchase","visitor":"v","value":+5}`,
		"leading zero", `{"event":"purchase","visitor":"v","value":05}`,
		"no digit before the point", `{"event":"purchase","visitor":"v","value":.5}`,
		"no digit behind the point", `{"event":"purchase","visitor":"v","value":5.}`,
		"no digit in the exponent", `{"event":"purchase","visitor":"v","value":5e}`,
		"hexadecimal", `{"event":"purchase","visitor":"v","value":0x10}`,
		"only a minus", `{"event":"purchase","visitor":"v","value":-}`,
		"thousands", `{"event":"purchase","visitor":"v","value":1_000}`,
		"leading zero in an id", `{"event":"view_item","visitor":007}`,
		"raw line feed in a string", "{\"event\":\"view_item\",\"visitor\":\"v\nw\"}",
		"raw tab in a string", "{\"event\":\"view_item\",\"visitor\":\"v\tw\"}",
		"raw NUL in a string", "{\"event\":\"view_item\",\"visitor\":\"v\x00w\"}",
		"raw control character in a name", "{\"event\":\"view_item\",\"visitor\":\"v\",\"a\x01\":1}",
		"bad escape", `{"event":"view_item","visitor":"\x41"}`,
		"bad unicode escape", `{"event":"view_item","visitor":"\u00g1"}`,
		"bad escape in an unknown field", `{"event":"view_item","visitor":"v","x":["\q"]}`,
		"quote not escaped", `{"event":"view_item","visitor":"say "hi""}`,
	)
}

func notObjects() []Case {
	return list("wrong_type", "",
		"null", "null",
		"true", "true",
		"a number", "42",
		"a string", `"view_item"`,
		"an array of numbers", "[1]",
		"an array in an array", "[["+good+"]]",
	)
}

func tooMuch() []Case {
	deep := func(open, end string, n int) string {
		return with(`"x":` + strings.Repeat(open, n) + "1" + strings.Repeat(end, n))
	}
	items := func(n int) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(`{"item_id":"SKU` + strconv.Itoa(i) + `","price":1},`)
		}
		return with(`"items":[` + strings.TrimSuffix(b.String(), ",") + "]")
	}
	return concat(
		list("too_deep", "x",
			"100 arrays", deep("[", "]", 100),
			"100 objects", deep(`{"a":`, "}", 100),
			"100,000 arrays", deep("[", "]", 100_000)),
		list("too_deep", "props", "props too deep", with(`"props":`+strings.Repeat(`{"a":`, 100)+"1"+strings.Repeat("}", 100))),
		list("too_many", "items", "2,001 items", items(2001), "10,000 items", items(10_000)),
		list("too_large", "",
			"5 MB in a string", with(`"note":"`+strings.Repeat("x", 5<<20)+`"`),
			"5 MB of members", with(strings.TrimSuffix(strings.Repeat(`"k":"v",`, 5<<20/8), ",")),
			"a little more than 1 MiB", with(`"note":"`+strings.Repeat("x", 1<<20)+`"`)),
		list("too_many", "items", "two items in a product event",
			`{"event":"product_upsert","items":[{"item_id":"a"},{"item_id":"b"}]}`),
	)
}

func texts() []Case {
	long := func(n int) string { return `"` + strings.Repeat("x", n) + `"` }
	cases := concat(
		list("bad_utf8", "visitor",
			"lone continuation byte", "{\"event\":\"view_item\",\"visitor\":\"v\x80\"}",
			"overlong slash", "{\"event\":\"view_item\",\"visitor\":\"\xc0\xaf\"}",
			"surrogate half", "{\"event\":\"view_item\",\"visitor\":\"\xed\xa0\x80\"}",
			"past U+10FFFF", "{\"event\":\"view_item\",\"visitor\":\"\xf4\x90\x80\x80\"}",
			"Latin-1", "{\"event\":\"view_item\",\"visitor\":\"J\xfcrgen\"}",
			"cut rune", "{\"event\":\"view_item\",\"visitor\":\"v\xe2\x82\"}"),
		list("bad_utf8", "query", "Latin-1 in the query", with("\"query\":\"f\xfcr Kinder, rote Schuhe\"")),
		list("bad_utf8", "page.title", "Latin-1 in the title", with("\"page\":{\"title\":\"Gr\xf6\xdfe\"}")),
		list("bad_utf8", "items[0].item_name", "Latin-1 in an item", item("\"item_name\":\"Gr\xf6\xdfe 42\"")),
		list("bad_utf8", "x", "Latin-1 in an unknown field", with("\"x\":{\"y\":\"Gr\xf6\xdfe\"}")),
		list("bad_utf8", "props", "Latin-1 in props", with("\"props\":{\"y\":\"Gr\xf6\xdfe\"}")),
		list("bad_utf8", "gr\ufffd", "Latin-1 in a name", with("\"gr\xf6\xdf\":1")),
		list("too_long", "event", "name of 101 bytes", `{"visitor":"v","event":`+long(101)+`}`),
		list("too_long", "shop", "shop of 65 bytes", with(`"shop":`+long(65))),
		list("unknown_currency", "currency",
			"no such currency", sale(`"currency":"EUX"`),
			"currency sign", sale(`"currency":"€"`),
			"currency name", sale(`"currency":"Euro"`),
			"two letters", sale(`"currency":"EU"`),
			"digits", sale(`"currency":"978"`),
			"blank before", sale(`"currency":" EUR"`)),
	)
	for _, field := range []string{"id", "visitor", "contact", "order"} {
		cases = append(cases, list("too_long", field, field+" of 201 bytes", with(`"`+field+`":`+long(201)))...)
		cases = append(cases, list("bad_character", field, field+" with a line feed", with(`"`+field+`":"a\nb"`))...)
	}
	return append(cases, concat(
		list("bad_character", "visitor", "NUL in an id", with(`"visitor":"\u0000"`), "DEL in an id", with("\"visitor\":\"a\x7f\""),
			"C1 control in an id", with("\"visitor\":\"a\u0085b\"")),
		list("bad_character", "event", "tab in the name", `{"visitor":"v","event":"view\titem"}`),
		list("bad_character", "shop", "separator in the shop", with(`"shop":"a\u001fb"`)),
	)...)
}

func wrongTypes() (cases []Case) {
	for _, field := range []string{"event", "id", "time", "shop", "visitor", "contact", "order"} {
		for _, value := range []string{"{}", "[]", "true"} {
			cases = append(cases, list("wrong_type", field, field+" is "+value, with(`"`+field+`":`+value))...)
		}
	}
	for _, field := range []string{"value", "currency"} {
		for _, value := range []string{"{}", "[]", "true"} {
			cases = append(cases, list("wrong_type", field, field+" of a sale is "+value, sale(`"`+field+`":`+value))...)
		}
	}
	for _, field := range []string{"price", "quantity"} {
		for _, value := range []string{"{}", "[1]", "false"} {
			cases = append(cases, list("wrong_type", "items[0]."+field, field+" of an order without a value is "+value, sold(`"`+field+`":`+value))...)
		}
	}
	return append(cases, concat(
		list("wrong_type", "event", "name is a number", with(`"event":7`)),
		list("wrong_type", "currency", "currency of a sale is a number", sale(`"currency":978`)),
		list("wrong_type", "visitor", "visitor is a fraction", with(`"visitor":1.5`), "visitor has an exponent", with(`"visitor":1e9`)),
		list("wrong_type", "items", "items of an order without a value are a string", `{"event":"purchase","visitor":"v","items":"a,b"}`),
		list("wrong_type", "items[1]", "a line of an order without a value is a string", `{"event":"purchase","visitor":"v","items":[{"item_id":"a","price":1},"b"]}`),
	)...)
}

func numbers() []Case {
	return concat(
		list("out_of_range", "value",
			"value below 0", sale(`"value":-0.01`),
			"value past 1e12", sale(`"value":1000000000000.01`),
			"value past int64", sale(`"value":1e30`),
			"value past float64", sale(`"value":1e400`),
			"value of 400 digits", sale(`"value":`+strings.Repeat("9", 400)),
			"value with a huge exponent", sale(`"value":1e99999999999999999999`)),
		list("bad_number", "value",
			"value is a word", sale(`"value":"free"`),
			"value with a comma", sale(`"value":"19,90"`),
			"value with a sign of currency", sale(`"value":"€ 5"`),
			"value is the string NaN", sale(`"value":"NaN"`),
			"value is the string Infinity", sale(`"value":"Infinity"`)),
		list("out_of_range", "items[0].price", "price past 1e9", sold(`"price":1000000001`), "price past -1e9", sold(`"price":-1000000001`)),
		list("bad_number", "items[0].price", "price is a word", sold(`"price":"N/A"`)),
		list("out_of_range", "items[0].quantity",
			"quantity past a million", sold(`"quantity":1000001`),
			"quantity past int64", sold(`"quantity":99999999999999999999`),
			"an order of 0 pieces", sold(`"quantity":0`),
			"an order of fewer than 0 pieces", sold(`"quantity":-1`)),
		list("bad_number", "items[0].quantity", "quantity is a word", sold(`"quantity":"two"`)),
		list("out_of_range", "items", "an order of a voucher alone", sold(`"price":-5`)),
		list("out_of_range", "items[0].price", "product of a price below 0", product(`"price":-1`)),
		list("bad_number", "items[0].price", "product whose price is a word", product(`"price":"free"`)),
		list("bad_number", "items[0].quantity", "product of half a piece", product(`"quantity":0.5`)),
	)
}

func times() []Case {
	return list("bad_time", "time",
		"date only", with(`"time":"2026-11-21"`),
		"no offset", with(`"time":"2026-11-21T10:15:30"`),
		"month 13", with(`"time":"2026-13-21T10:15:30Z"`),
		"day 0", with(`"time":"2026-11-00T10:15:30Z"`),
		"February 29 of no leap year", with(`"time":"2026-02-29T10:15:30Z"`),
		"February 29 of 1900", with(`"time":"1900-02-29T10:15:30Z"`),
		"hour 24", with(`"time":"2026-11-21T24:00:00Z"`),
		"second 61", with(`"time":"2026-11-21T10:15:61Z"`),
		"offset of 24 hours", with(`"time":"2026-11-21T10:15:30+24:00"`),
		"offset without a colon", with(`"time":"2026-11-21T10:15:30+0100"`),
		"point without digits", with(`"time":"2026-11-21T10:15:30.Z"`),
		"RFC 1123", with(`"time":"Sat, 21 Nov 2026 10:15:30 GMT"`),
		"words", with(`"time":"yesterday"`),
		"date in digits", with(`"time":"20261121"`),
		"something behind", with(`"time":"2026-11-21T10:15:30Z "`),
	)
}

func missing() []Case {
	return concat(
		list("missing", "event",
			"empty object", "{}",
			"no event name", `{"visitor":"v"}`,
			"empty event name", `{"event":"","visitor":"v"}`,
			"event name null", `{"event":null,"visitor":"v"}`,
			"name in upper case", `{"EVENT":"view_item","visitor":"v"}`),
		list("missing", "visitor",
			"nobody", `{"event":"view_item"}`,
			"empty visitor", `{"event":"view_item","visitor":"","contact":""}`,
			"visitor null", `{"event":"purchase","visitor":null,"value":5}`,
			"nobody in an unknown event", `{"event":"spin_wheel"}`,
			"the last visitor counts", `{"event":"view_item","visitor":"v","visitor":null}`),
		list("missing", "contact", "identify without a contact", `{"event":"identify","visitor":"v"}`),
		list("missing", "items[0].item_id",
			"product without an id", `{"event":"product_upsert","items":[{"item_name":"shoe"}]}`,
			"product whose id is no word for one", `{"event":"product_upsert","items":[{"item_id":"undefined"}]}`),
		list("missing", "contact",
			"contact null in quotes", `{"event":"identify","visitor":"v","contact":"null"}`,
			"contact that is an object in words", `{"event":"identify","visitor":"v","contact":"[object Object]"}`),
		list("missing", "visitor",
			"visitor not set", `{"event":"view_item","visitor":"(not set)"}`,
			"visitor and contact undefined", `{"event":"view_item","visitor":"undefined","contact":" Undefined "}`),
		list("missing", "items",
			"purchase of nothing", `{"event":"purchase","visitor":"v","order":"O-1"}`,
			"purchase of an empty line", `{"event":"purchase","visitor":"v","order":"O-1","items":[{}]}`,
			"refund of nothing", `{"event":"refund","visitor":"v","order":"O-1","items":[]}`,
			"upsert of nothing", `{"event":"product_upsert"}`,
			"removal of nothing", `{"event":"product_remove","items":null}`),
		list("missing", "order",
			"cancel of an order undefined", `{"event":"cancel","visitor":"v","order":"undefined"}`,
			"cancel without an order", `{"event":"cancel","visitor":"v"}`,
			"refund without an order", `{"event":"refund","visitor":"v","value":5}`),
	)
}

// Lines joins bodies into one NDJSON body with a good record between each two and at both ends; those that span lines
// are left out. It returns the body, the number of good records and the codes of the others in their order.
func Lines(cases []Case) (body []byte, accepted int, codes []string) {
	body = append(body, good...)
	accepted++
	for _, c := range cases {
		if len(bytes.TrimSpace(c.Body)) == 0 || bytes.ContainsAny(c.Body, "\n\r") || c.Code == "" {
			continue
		}
		body = append(append(append(append(body, '\n'), c.Body...), '\n'), good...)
		accepted++
		codes = append(codes, c.Code)
	}
	return body, accepted, codes
}
