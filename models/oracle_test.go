package models

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/unicode/norm"
)

// The oracle decodes with encoding/json and plain, slow code. It answers for records that Decode takes.

type object = map[string]json.RawMessage

func mustObject(t *testing.T, raw []byte) (m object) {
	t.Helper()
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatalf("cannot unmarshal %q: %v", raw, err)
	}
	return m
}

// text is a string or a number's text; "" for null and absent.
func text(t *testing.T, raw json.RawMessage) (s string) {
	t.Helper()
	if len(raw) == 0 || string(raw) == "null" {
		return ""
	}
	if raw[0] != '"' {
		return string(raw)
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		t.Fatalf("cannot unmarshal %q: %v", raw, err)
	}
	return s
}

// decimal returns a decimal number times a million, rounded half away from zero.
func decimal(s string) (micros *big.Int, ok bool) {
	if !decimalGrammar.MatchString(s) {
		return nil, false
	}
	if i := strings.IndexAny(s, "eE"); i >= 0 && len(s)-i > 6 {
		return nil, false // big.Rat would build the number
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return nil, false
	}
	r.Mul(r, big.NewRat(Micros, 1))
	half := big.NewRat(int64(r.Sign()), 2)
	r.Add(r, half)
	return new(big.Int).Quo(r.Num(), r.Denom()), true
}

// The grammars that big.Rat and time.Parse are more generous than.
var (
	decimalGrammar = regexp.MustCompile(`^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$`)
	rfc3339Grammar = regexp.MustCompile(`^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$`)
)

// amount is decimal of a number or a string, and whether there is one.
func amount(t *testing.T, raw json.RawMessage) (m Money, given bool) {
	t.Helper()
	s := text(t, raw)
	if s == "" {
		return 0, false
	}
	d, ok := decimal(s)
	if !ok {
		t.Skipf("the oracle does not read %q", s)
	}
	return Money(d.Int64()), true
}

// agree fails where e is not what encoding/json makes of the record.
func agree(t *testing.T, e *Event, record []byte, at Time) {
	t.Helper()
	top := mustObject(t, record)
	warned := map[string]bool{} // fields that were not taken as they are: tables look at them
	for i := range e.Warnings {
		w := &e.Warnings[i]
		if warned[w.Field] = true; w.Item >= 0 {
			warned["items"] = true
		}
		if strings.HasSuffix(w.Message(), ": "+w.Code) { // no sentence
			t.Fatalf("warning %+v says %q", w, w.Message())
		}
	}
	same := func(field string, got []byte, want string) {
		t.Helper()
		if warned[field] {
			return
		}
		if string(got) != want {
			t.Fatalf("%s is %q, want %q\n%q", field, got, want, record)
		}
	}
	name := text(t, top["event"])
	same("event", e.Name, name)
	same("id", e.ID, oneForm(text(t, top["id"]), false))
	same("shop", e.Shop, oneForm(text(t, top["shop"]), false))
	same("visitor", e.Visitor, oneForm(text(t, top["visitor"]), false))
	same("contact", e.Contact, oneForm(text(t, top["contact"]), true))
	same("session", e.Session, oneForm(text(t, top["session"]), false))
	if _, both := top["transaction_id"]; both {
		if _, both = top["order"]; both {
			t.Skip("the oracle does not know which came last")
		}
		top["order"] = top["transaction_id"]
	}
	if _, both := top["search_term"]; both {
		if _, both = top["query"]; both {
			t.Skip("the oracle does not know which came last")
		}
		top["query"] = top["search_term"]
	}
	same("order", e.Order, oneForm(text(t, top["order"]), false))
	same("currency", e.Currency, strings.ToUpper(text(t, top["currency"])))
	same("query", e.Query, text(t, top["query"]))
	same("recommendation", e.Recommendation, text(t, top["recommendation"]))
	if value, given := amount(t, top["value"]); !warned["value"] && !warned["items"] && (e.Value != value || e.HasValue != given) {
		t.Fatalf("value is %v %v, want %v %v\n%q", e.Value, e.HasValue, value, given, record)
	}
	if slot, _ := amount(t, top["slot"]); !warned["slot"] && Money(e.Slot)*Micros != slot {
		t.Fatalf("slot is %v, want %v\n%q", e.Slot, slot, record)
	}
	var page object
	if !warned["page"] {
		page = mustObject(t, top["page"])
	}
	same("page.url", e.Page.URL, text(t, page["url"]))
	same("page.title", e.Page.Title, text(t, page["title"]))
	same("page.referrer", e.Page.Referrer, text(t, page["referrer"]))
	agreeTime(t, e, top["time"], at)
	if !warned["items"] {
		agreeItems(t, e, top["items"])
	}
	if !warned["props"] {
		agreeProps(t, e, top, page)
	}
}

// oneForm is CanonicalID, or CanonicalContact, in other words.
func oneForm(id string, contact bool) string {
	id = strings.Trim(id, " \t\n\v\f\r")
	if contact && strings.LastIndex(id, "@") > 0 {
		id = strings.ToLower(id)
	}
	return norm.NFC.String(id)
}

func agreeTime(t *testing.T, e *Event, raw json.RawMessage, at Time) {
	t.Helper()
	var want Time
	if s := text(t, raw); s != "" && raw[0] == '"' {
		std, err := time.Parse(time.RFC3339Nano, rfc3339Case(s))
		d, digits := decimal(s)
		switch {
		case err == nil:
			want = TimeOf(std)
		case digits:
			want = epochOf(d)
		default:
			t.Fatalf("the standard library does not read the time %q: %v", s, err)
		}
	} else if s != "" {
		d, ok := decimal(s)
		if !ok {
			t.Skipf("the oracle does not read %q", s)
		}
		want = epochOf(d)
	}
	ahead := MaxAhead
	if e.Trust == Public {
		ahead = MaxPublicAhead
	}
	no := want < MinTime || want > at+ahead
	if no {
		want = at
	}
	if diff := e.Time - want; e.NoTime != no || diff > 1 || diff < -1 || diff != 0 && raw[0] == '"' {
		t.Fatalf("time is %d %v, want %d %v of %s", e.Time, e.NoTime, want, no, raw)
	}
}

// epochOf returns the moment of a millionfold number of seconds, or of smaller units where it is too large for those.
func epochOf(d *big.Int) Time {
	unit := new(big.Int).Mul(big.NewInt(1e11), big.NewInt(Micros)) // up to which the number is of seconds
	div := big.NewInt(1000)
	for range 3 {
		if d.CmpAbs(unit) < 0 {
			break
		}
		unit.Mul(unit, big.NewInt(1000))
		div.Mul(div, big.NewInt(1000))
	}
	if d.Quo(d, div); d.IsInt64() {
		return Time(d.Int64())
	}
	return 0
}

// rfc3339Case returns s as the standard library wants it: T and Z.
func rfc3339Case(s string) string {
	if len(s) > 10 && strings.ContainsRune(" tT", rune(s[10])) {
		s = s[:10] + "T" + s[11:]
	}
	if strings.HasSuffix(s, "z") {
		s = s[:len(s)-1] + "Z"
	}
	return s
}

func agreeItems(t *testing.T, e *Event, raw json.RawMessage) {
	t.Helper()
	var items []json.RawMessage
	if len(raw) > 0 && raw[0] == '{' {
		items = []json.RawMessage{raw}
	} else if len(raw) > 0 {
		if err := json.Unmarshal(raw, &items); err != nil {
			t.Fatal(err)
		}
	}
	if len(items) != len(e.Items) {
		t.Fatalf("%d items, want %d", len(e.Items), len(items))
	}
	for i, raw := range items {
		it, want := &e.Items[i], mustObject(t, raw)
		got := fmt.Sprintf("%s|%s|%s", it.ID, it.Name, it.Category)
		expect := fmt.Sprintf("%s|%s|%s", oneForm(text(t, want["item_id"]), false), text(t, want["item_name"]), pathOf(t, want))
		if got != expect {
			t.Fatalf("item %d is %q, want %q", i, got, expect)
		}
		if price, given := amount(t, want["price"]); it.Price != price || it.HasPrice != given {
			t.Fatalf("price of item %d is %v %v, want %v %v", i, it.Price, it.HasPrice, price, given)
		}
		quantity, given := amount(t, want["quantity"])
		if !given {
			quantity = Micros
		}
		if Money(it.Quantity)*Micros != quantity {
			t.Fatalf("quantity of item %d is %d, want %v", i, it.Quantity, quantity)
		}
		for _, known := range []string{"item_id", "item_name", "item_category", "item_category2", "item_category3",
			"item_category4", "item_category5", "price", "quantity"} {
			delete(want, known)
		}
		sameMembers(t, it.Props, want)
	}
}

// pathOf puts the path of an item's category together.
func pathOf(t *testing.T, item object) string {
	t.Helper()
	var path, list []string
	if raw := item["item_category"]; len(raw) > 0 && raw[0] == '[' {
		var names []json.RawMessage
		if err := json.Unmarshal(raw, &names); err != nil {
			t.Fatal(err)
		}
		for _, raw := range names {
			list = append(list, text(t, raw))
		}
	} else {
		list = append(list, text(t, raw))
	}
	for digit := range 4 {
		if name := text(t, item[fmt.Sprintf("item_category%d", 2+digit)]); !IsUnset([]byte(name)) {
			list = append(list, name)
		}
	}
	for _, name := range list {
		if name != "" {
			path = append(path, name)
		}
	}
	return strings.Join(path, " > ")
}

func agreeProps(t *testing.T, e *Event, top, page object) {
	t.Helper()
	props := mustObject(t, top["props"])
	for _, known := range []string{"event", "id", "time", "shop", "visitor", "contact", "session", "page", "items", "order",
		"transaction_id", "search_term", "value", "currency", "query", "recommendation", "slot", "props", "trust", "net", "sent_at", "contact_hmac"} {
		delete(top, known)
	}
	for name, value := range page {
		if name == "url" || name == "title" || name == "referrer" {
			continue
		}
		if _, both := top["page."+name]; both {
			t.Skip("the oracle does not know which came last")
		}
		top["page."+name] = value
	}
	for name, value := range props {
		top[name] = value
	}
	sameMembers(t, e.Props, top)
}

// sameMembers compares a member list with a map, by encoding/json and by Members.
func sameMembers(t *testing.T, props []byte, want object) {
	t.Helper()
	got := mustObject(t, fmt.Appendf(nil, "{%s}", props))
	walked := object{}
	Members(props, func(name []byte, v Value) bool {
		walked[string(name)] = json.RawMessage(v)
		return true
	})
	for _, m := range []object{got, walked} {
		if len(m) != len(want) {
			t.Fatalf("%d members in %q, want %d", len(m), props, len(want))
		}
		for name, value := range want {
			if !bytes.Equal(m[name], value) {
				t.Fatalf("member %q is %s, want %s", name, m[name], value)
			}
		}
	}
}

// roundTrip fails where e does not survive Append and Decode.
func roundTrip(t *testing.T, e *Event, at Time) {
	t.Helper()
	line := Append(nil, e)
	if !json.Valid(line) {
		t.Fatalf("Append made no JSON: %q", line)
	}
	if len(line) > MaxRecord {
		return
	}
	var again Event
	if err := again.Decode(line, at); err != nil {
		t.Fatalf("cannot decode %q: %v", line, err)
	}
	if got, want := show(&again), show(e); got != want {
		t.Fatalf("after a round trip\n%s\nwant\n%s", got, want)
	}
	if again.IDHash() != e.IDHash() {
		t.Fatalf("IDHash changed in a round trip of %q", line)
	}
	if twice := Append(nil, &again); !bytes.Equal(twice, line) {
		t.Fatalf("Append is no fixpoint:\n%s\n%s", twice, line)
	}
}

// show prints all that an event says.
func show(e *Event) string {
	s := fmt.Sprintf("%v %q id=%q %d %v %q %q %q %q %q %q %v %v %q %q %q %d %q", e.Kind, e.Name, e.ID, e.Time, e.NoTime, e.Shop, e.Visitor,
		e.Contact, e.Session, e.Page, e.Order, e.Value, e.HasValue, e.Currency, e.Query, e.Recommendation, e.Slot, e.Props)
	if e.Unlisted != 0 {
		s += fmt.Sprintf(" and %v", e.Unlisted)
	}
	for i := range e.Items {
		it := &e.Items[i]
		s += fmt.Sprintf("\n%q %q %q %v %v %d %q", it.ID, it.Name, it.Category, it.Price, it.HasPrice, it.Quantity, it.Props)
	}
	return s
}
