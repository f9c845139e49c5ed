package foreign

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"orrery/models"
)

// Event is an event in our words, before it is read and checked as any other. Empty members are left out.
type Event struct {
	Name, ID, Time, SentAt    string
	Visitor, Contact, Session string
	URL, Title, Referrer      string
	Items                     []Item
	Order                     string
	Value                     string // a decimal number
	Currency, Query           string
	Props                     []Prop
}

// Item is a line of an event.
type Item struct {
	ID, Name, Category, Price, Quantity string
	Props                               []Prop
}

// Prop is a further member, its value JSON.
type Prop struct {
	Name  string
	Value json.RawMessage
}

// String returns a property that is a text, nothing where it is empty.
func String[S ~string](name string, text S) []Prop {
	if text == "" {
		return nil
	}
	return []Prop{{name, models.AppendString(nil, text)}}
}

// Strings returns a property that is a list of texts.
func Strings(name string, list []string) []Prop {
	if len(list) == 0 {
		return nil
	}
	value := []byte{'['}
	for i, s := range list {
		if i > 0 {
			value = append(value, ',')
		}
		value = models.AppendString(value, s)
	}
	return []Prop{{name, append(value, ']')}}
}

// Revised returns the property that says when an order was what a purchase says of it: of several the newest state counts.
func Revised(at string) []Prop { return String(models.RevisedAt, at) }

// Props joins lists of properties.
func Props(lists ...[]Prop) (all []Prop) {
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

func (e *Event) append(dst []byte) []byte {
	dst = models.AppendString(append(dst, `{"event":`...), e.Name)
	dst = member(dst, "id", Short(e.ID))
	dst = moment(dst, "time", e.Time)
	dst = moment(dst, "sent_at", e.SentAt)
	dst = member(dst, "visitor", e.Visitor)
	dst = member(dst, "contact", e.Contact)
	dst = member(dst, "session", e.Session)
	if e.URL != "" || e.Title != "" || e.Referrer != "" {
		dst = append(dst, `,"page":`...)
		at := len(dst)
		dst = member(member(member(dst, "url", e.URL), "title", e.Title), "referrer", e.Referrer)
		dst[at] = '{' // over the first comma
		dst = append(dst, '}')
	}
	for i := range e.Items {
		dst = e.Items[i].append(append(dst, [...]string{`,"items":[`, ","}[min(i, 1)]...))
	}
	if len(e.Items) > 0 {
		dst = append(dst, ']')
	}
	dst = member(dst, "order", e.Order)
	dst = member(dst, "value", e.Value)
	dst = member(dst, "currency", e.Currency)
	dst = member(dst, "query", e.Query)
	for i, p := range e.Props {
		dst = append(dst, [...]string{`,"props":{`, ","}[min(i, 1)]...)
		dst = append(append(models.AppendString(dst, p.Name), ':'), p.Value...)
	}
	if len(e.Props) > 0 {
		dst = append(dst, '}')
	}
	return append(dst, '}')
}

func (it *Item) append(dst []byte) []byte {
	at := len(dst)
	dst = member(dst, "item_id", it.ID)
	dst = member(dst, "item_name", it.Name)
	dst = member(dst, "item_category", it.Category)
	dst = member(dst, "price", it.Price)
	dst = member(dst, "quantity", it.Quantity)
	for _, p := range it.Props {
		dst = append(append(models.AppendString(append(dst, ','), p.Name), ':'), p.Value...)
	}
	if len(dst) == at {
		dst = append(dst, ' ')
	}
	dst[at] = '{'
	return append(dst, '}')
}

func member(dst []byte, name, text string) []byte {
	if text == "" {
		return dst
	}
	return models.AppendString(append(append(append(dst, `,"`...), name...), `":`...), text)
}

// moment appends a time, a number of a clock as a number.
func moment(dst []byte, name, text string) []byte {
	if text == "" || strings.Trim(text, "0123456789") != "" || len(text) > 19 || text[0] == '0' {
		return member(dst, name, text)
	}
	return append(append(append(append(dst, `,"`...), name...), `":`...), text...)
}

// Short returns an id of which no more is kept than an id may have.
func Short(id string) string {
	if len(id) <= models.MaxID {
		return id
	}
	return strings.ToValidUTF8(id[:models.MaxID], "")
}

// Join makes an id of what tells one fact from another: "shopify:order:7:2026-11-21T10:15:30Z".
func Join(parts ...string) string { return strings.Join(parts, ":") }

// Digits returns an amount as a decimal number.
func Digits(m models.Money) string { return m.String() }

// Each returns the price of one piece of a line that costs total, or nothing where the pieces are no number.
func Each(total models.Money, quantity Text) string {
	q, ok := quantity.Money()
	if !ok || q == 0 {
		return ""
	}
	return Digits(models.MoneyOf(total.Float() / q.Float()))
}

// layouts of times without a zone.
var layouts = []string{"2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006-01-02 15:04", "2006-01-02"}

// UTC returns a time that says no zone as one of UTC, and any other as it is.
func UTC(t Text) string { return In(t, time.UTC) }

// In returns a time that says no zone as one of a place, and any other as it is. What is no time is none.
func In(t Text, place *time.Location) string {
	s := strings.TrimSpace(string(t))
	if s == "" || strings.HasPrefix(s, "0000-00-00") {
		return ""
	}
	for _, layout := range layouts {
		if at, err := time.ParseInLocation(layout, s, place); err == nil {
			return at.UTC().Format(time.RFC3339Nano)
		}
	}
	if _, ok := models.ParseTime([]byte(s)); ok || strings.Trim(s, "0123456789") == "" {
		return s
	}
	if at, err := time.Parse("2006-01-02T15:04:05-0700", s); err == nil {
		return at.UTC().Format(time.RFC3339Nano)
	}
	return ""
}

// VisitorMember is the name that a shop puts the visitor under into a cart or an order (note attributes, meta data): that of
// the tracker's cookie.
const VisitorMember = "_orrery_vid"

// Snake returns a name in snake case: "Product Shared" is product_shared.
func Snake(name string) string {
	var b strings.Builder
	gap := false
	for i, r := range strings.TrimSpace(name) {
		switch {
		case r == ' ' || r == '-' || r == '.' || r == '/' || r == '_':
			gap = b.Len() > 0
			continue
		case r >= 'A' && r <= 'Z':
			if i > 0 && !gap {
				before := name[i-1]
				gap = before >= 'a' && before <= 'z' || before >= '0' && before <= '9'
			}
			r += 'a' - 'A'
		}
		if gap {
			b.WriteByte('_')
			gap = false
		}
		b.WriteRune(r)
	}
	if b.Len() > models.MaxName {
		return strings.ToValidUTF8(b.String()[:models.MaxName], "")
	}
	return b.String()
}

// Int returns a property that is a number.
func Int(name string, n int) []Prop { return []Prop{{name, strconv.AppendInt(nil, int64(n), 10)}} }
