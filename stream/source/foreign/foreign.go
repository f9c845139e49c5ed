// Package foreign has what the adapters of stream/source share: reading other people's JSON as far as it can be read, and
// writing events in our words. A side field of another type than it should be is no field; only what is no JSON object at all
// is refused, so an order never falls for a line.
package foreign

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"orrery/models"
)

// Message is what a platform has sent: the body of a webhook, a row of a file, or a record of its Kafka topic.
type Message struct {
	Topic    string // what it is about, in the platform's words: "orders/create"; empty where the body says
	Delivery string // the platform's id of the delivery, the same on a retry; may be empty
	Body     []byte
	ItemID   ItemID // what products are known by
}

// ItemID says which of a platform's names of a product is the item_id of events. It has to be the one that the shop's pages and
// feed use.
type ItemID uint8

const (
	// BySKU takes the SKU, and the number where there is none: what shops' JSON-LD does.
	BySKU ItemID = iota
	// ByNumber takes the number of the variant, else that of the product.
	ByNumber
)

// Pick returns the item_id among the names of a product: its SKU, and its numbers from the finest to the coarsest.
func (by ItemID) Pick(sku Text, numbers ...Text) string {
	id := ""
	for _, n := range numbers {
		if id == "" && n != "0" {
			id = string(n)
		}
	}
	if s := strings.TrimSpace(string(sku)); s != "" && (by == BySKU || id == "") {
		return s
	}
	return id
}

// Events collects what a message has become.
type Events struct {
	lines   []byte
	ends    []int
	skipped map[string]int
}

// Add adds an event.
func (e *Events) Add(ev *Event) {
	e.lines = ev.append(e.lines)
	e.ends = append(e.ends, len(e.lines))
}

// Skip counts a part of the message that is no event, by reason.
func (e *Events) Skip(why string) {
	if e.skipped == nil {
		e.skipped = map[string]int{}
	}
	e.skipped[why]++
}

// Skipped returns how many parts of the message are no events, by reason.
func (e *Events) Skipped() map[string]int { return e.skipped }

// Each calls f with every event, a JSON object. f may keep it.
func (e *Events) Each(f func(event []byte)) {
	from := 0
	for _, end := range e.ends {
		f(e.lines[from:end:end])
		from = end
	}
}

// Len returns the number of events.
func (e *Events) Len() int { return len(e.ends) }

// Parse reads a JSON object into v, a struct of Text, List and structs. What is of another type than the struct's is left out.
func Parse(body []byte, v any) error {
	body = bytes.TrimSpace(body)
	if len(body) == 0 || body[0] != '{' {
		return &models.Invalid{Code: models.WrongType, Reason: "the message must be a JSON object"}
	}
	return read(body, v)
}

func read(body []byte, v any) error {
	err := json.Unmarshal(body, v)
	var other *json.UnmarshalTypeError
	if err == nil || errors.As(err, &other) { // the rest has been read
		return nil
	}
	return &models.Invalid{Code: models.NotJSON, Reason: "the message is not JSON: " + err.Error()}
}

// Text is a text, or a number as its digits: platforms change their mind about which. Anything else is empty.
type Text string

// UnmarshalJSON implements json.Unmarshaler.
func (t *Text) UnmarshalJSON(b []byte) error {
	*t = ""
	switch {
	case len(b) == 0:
	case b[0] == '"':
		var s string
		if json.Unmarshal(b, &s) == nil {
			*t = Text(s)
		}
	case b[0] == '-' || b[0]-'0' <= 9, b[0] == 't', b[0] == 'f':
		*t = Text(b)
	}
	return nil
}

// True tells whether the text says yes.
func (t Text) True() bool {
	switch strings.ToLower(string(t)) {
	case "true", "1", "yes", "y", "on":
		return true
	}
	return false
}

// Money reads an amount, and false where it is none.
func (t Text) Money() (models.Money, bool) {
	s := strings.TrimSpace(string(t))
	if s == "" {
		return 0, false
	}
	m, err := models.ParseMoney([]byte(s))
	return m, err == nil
}

// Amount reads an amount, 0 where it is none.
func (t Text) Amount() models.Money {
	m, _ := t.Money()
	return m
}

// List is a list whose elements are read one by one: a bad one is left out, and a single object, or an object of
// objects as PHP writes lists with gaps, is a list as well.
type List[T any] []T

// UnmarshalJSON implements json.Unmarshaler.
func (l *List[T]) UnmarshalJSON(b []byte) error {
	*l = nil
	var all []json.RawMessage
	switch b = bytes.TrimSpace(b); {
	case len(b) == 0:
	case b[0] == '[':
		_ = json.Unmarshal(b, &all) // it is JSON, or this would not be called
	case b[0] == '{':
		all = objects(b)
	}
	for _, one := range all {
		var v T
		if string(one) != "null" && read(one, &v) == nil {
			*l = append(*l, v)
		}
	}
	return nil
}

// objects returns the values of an object whose names are all numbers, else the object itself.
func objects(b []byte) []json.RawMessage {
	var all []json.RawMessage
	numbered := true
	models.Members(b[1:len(b)-1], func(name []byte, v models.Value) bool {
		numbered = len(name) > 0 && strings.Trim(string(name), "0123456789") == ""
		all = append(all, json.RawMessage(v))
		return numbered
	})
	if !numbered {
		return []json.RawMessage{b}
	}
	return all
}

// Object is an object whose members are looked up and walked in the order sent. Anything else is one without members.
type Object []byte

// UnmarshalJSON implements json.Unmarshaler.
func (o *Object) UnmarshalJSON(b []byte) error {
	*o = nil
	if b = bytes.TrimSpace(b); len(b) > 1 && b[0] == '{' {
		*o = slices.Clone(b)
	}
	return nil
}

// Read reads the object's members into v.
func (o Object) Read(v any) {
	if len(o) > 0 {
		_ = read(o, v) // it was read once, so it is JSON
	}
}

// Text returns a member as text.
func (o Object) Text(name string) Text {
	var t Text
	if len(o) > 1 {
		models.Members(o[1:len(o)-1], func(n []byte, v models.Value) bool {
			if string(n) == name {
				_ = t.UnmarshalJSON(v)
			}
			return true
		})
	}
	return t
}

// Rest adds the members that have none of the names to a list of properties.
func (o Object) Rest(props []Prop, taken ...string) []Prop {
	if len(o) < 2 {
		return props
	}
	models.Members(o[1:len(o)-1], func(n []byte, v models.Value) bool {
		if !slices.Contains(taken, string(n)) && string(v) != "null" && string(v) != `""` {
			props = append(props, Prop{string(n), slices.Clone([]byte(v))})
		}
		return true
	})
	return props
}
