package models

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

// warnings prints what was not taken as it was sent.
func warnings(e *Event) string {
	var list []string
	for i := range e.Warnings {
		w := &e.Warnings[i]
		list = append(list, strings.TrimSuffix(w.Path()+" "+w.Code+" "+w.Word, " "))
	}
	return strings.Join(list, "; ")
}

func lines(e *Event) string {
	var list []string
	for i := range e.Items {
		list = append(list, fmt.Sprintf("%s*%d", e.Items[i].ID, e.Items[i].Quantity))
	}
	return strings.Join(list, " ")
}

// What of an order's lines are products, what the order is worth, and what is told.
func TestOddLines(t *testing.T) {
	f := func(record, products string, amount Money, told string) {
		t.Helper()
		e := decoded(t, record)
		if lines(e) != products || e.Amount() != amount || warnings(e) != told {
			t.Errorf("%s\ngot  %s, %v, %s\nwant %s, %v, %s", record, lines(e), e.Amount(), warnings(e), products, amount, told)
		}
		roundTrip(t, e, now)
		if again := decoded(t, string(Append(nil, e))); again.Amount() != amount {
			t.Errorf("%s\nis worth %v after a round trip", record, again.Amount())
		}
	}
	sale := func(items string) string {
		return `{"event":"purchase","visitor":"v","order":"O","items":[` + items + `]}`
	}
	f(sale(`{"item_id":"a","price":49.9},{"item_name":"Gift wrap","price":5}`), "a*1", 54_900_000, "items[1].item_id missing")
	f(sale(`{"item_id":"a","price":49.9},{"item_id":"V","price":-5}`), "a*1", 44_900_000, "items[1].price deduction")
	f(sale(`{"item_id":"a","price":5,"quantity":1.5}`), "a*2", 7_500_000, "items[0].quantity rounded")
	f(sale(`{"item_id":"a","price":5,"quantity":"0.2"}`), "a*1", 1_000_000, "items[0].quantity rounded")
	f(sale(`{"item_id":"a","price":20},{"item_id":"b","price":3,"quantity":0}`), "a*1", 20_000_000, "items[1].quantity no_pieces")
	f(sale(`{"item_id":"a","price":19.9},{"item_id":"b","price":10,"quantity":-1}`), "a*1", 9_900_000, "items[1].quantity deduction")
	f(sale(`{"item_id":"undefined","price":3},{"item_id":"b","price":4}`), "b*1", 7_000_000, "items[0].item_id no_id undefined")
	f(sale(`{"item_id":"x\u0000","price":3},{"item_id":"b","price":4}`), "b*1", 7_000_000, "items[0].item_id bad_character")
	f(sale(`{"item_name":"x","price":5,"quantity":2}`), "", 10_000_000, "items[0].item_id missing")
	f(sale(`{"item_name":"x","price":999999999,"quantity":3},{"item_id":"a"}`), "a*1", 2_999_999_997_000_000, "items[0].item_id missing")
	f(sale(`{"item_id":"a","price":2,"quantity":1.5,"quantity":3}`), "a*3", 6_000_000, "") // the last one counts

	valued := func(items string) string {
		return `{"event":"purchase","visitor":"v","order":"O","items":[` + items + `],"value":8}`
	}
	f(valued(`{"item_id":"a","price":"free"},{"item_id":"b","quantity":"two"}`), "a*1 b*1", 8_000_000, "items[0].price bad_number; items[1].quantity bad_number")
	f(valued(`{"item_id":"a","quantity":0}`), "", 8_000_000, "items[0].quantity no_pieces")
	f(valued(`{"item_id":"v","price":-5}`), "", 8_000_000, "items[0].price deduction")
	f(valued(`"a",null,{"item_id":"b","item_category":{"x":1}}`), "b*1", 8_000_000, "items[0] wrong_type; items[1] wrong_type; items[2].item_category wrong_type")

	view := func(item string) string { return `{"event":"view_item","visitor":"v","items":[` + item + `]}` }
	f(view(`{"item_id":"a","price":-1}`), "a*1", 0, "items[0].price out_of_range")
	f(view(`{"item_id":"a","quantity":0}`), "a*1", 0, "items[0].quantity out_of_range")
	f(view(`{"item_id":"a","quantity":2.5}`), "a*3", 0, "items[0].quantity rounded")
	f(view(`{"item_name":"a"}`), "", 0, "items[0].item_id missing")
	f(`{"items":[{"item_id":"a","quantity":0},{"item_id":"b"}],"event":"add_to_cart","visitor":"v"}`, "b*1", 0, "items[0].quantity no_pieces")
	f(`{"event":"view_item","visitor":"v","contact":"null","time":0,"items":[{"item_id":"a"}]}`, "a*1", 0, "contact no_id null; time replaced")
	f(`{"event":"view_item","visitor":"v","session":" ","page":7,"slot":"x","query":{},"value":"NaN","currency":"EUX"}`, "", 0,
		"session no_id ; page wrong_type; slot bad_number; query wrong_type; value bad_number; currency unknown_currency")
}

// Whatever the lines are, an order's products and pieces are what they were, and its sum is exact.
func TestLinesAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b strings.Builder
		b.WriteString(`{"event":"purchase","visitor":"v","order":"O","items":[`)
		sum, positive := int64(0), false
		for i := range rapid.IntRange(1, 6).Draw(t, "lines") {
			if i > 0 {
				b.WriteByte(',')
			}
			price := rapid.Int64Range(-500, 5000).Draw(t, "cents")
			tenths := rapid.Int64Range(-10, 40).Draw(t, "tenths")
			id := rapid.SampledFrom([]string{`"item_id":"a",`, `"item_id":"null",`, `"item_id":null,`, ``}).Draw(t, "id")
			fmt.Fprintf(&b, `{%s"price":%d.%02d,"quantity":%d.%d}`, id, price/100, max(price, -price)%100, tenths/10, max(tenths, -tenths)%10)
			if price < 0 && price > -100 || tenths < 0 && tenths > -10 {
				t.Skip("no sign on a zero")
			}
			sum += price * tenths * Micros / 1000
			positive = positive || tenths > 0
		}
		b.WriteString("]}")
		var e Event
		err := e.Decode([]byte(b.String()), now)
		if bad := sum < 0 || !positive; bad != (err != nil) {
			t.Fatalf("%s is worth %d: %v", b.String(), sum, err)
		}
		if err == nil && e.Amount() != Money(sum) {
			t.Fatalf("%s is worth %v, want %v", b.String(), e.Amount(), Money(sum))
		}
	})
}

func TestUnset(t *testing.T) {
	f := func(id string, all, persons bool) {
		t.Helper()
		if got := unset([]byte(id), false) != ""; got != all {
			t.Errorf("%q stands for nothing: %v", id, got)
		}
		if got := unset([]byte(id), true) != ""; got != persons {
			t.Errorf("%q stands for nobody: %v", id, got)
		}
	}
	for _, w := range unsetIDs {
		f(w, true, true)
		f(strings.ToUpper(w), true, true)
		f(w+"x", false, false)
	}
	for _, w := range unsetPersons {
		f(w, false, true)
		f(strings.ToUpper(w[:1])+w[1:], false, true)
	}
	for _, w := range []string{"0", "00", "000-000", "00000000-0000-0000-0000-000000000000"} {
		f(w, false, true)
	}
	for _, w := range []string{"-", "--"} {
		f(w, true, true)
	}
	for _, w := range []string{"nullius", "Anna", "guest-17", "01", "100", "000-001", "n", "N1", "-17", "none@example.com", "NAN-12", "Undefined Ltd", "---"} {
		f(w, false, false)
	}
}

// An id has one form, however it is spelled, and finding it again changes nothing.
func TestCanonical(t *testing.T) {
	f := func(contact, want string) {
		t.Helper()
		e := decoded(t, `{"event":"identify","contact":`+string(AppendString(nil, contact))+`}`)
		if string(e.Contact) != want || string(CanonicalContact([]byte(contact))) != want {
			t.Errorf("%q is %q, asked for %q, want %q", contact, e.Contact, CanonicalContact([]byte(contact)), want)
		}
		if sent := string(e.SentContact); contact != want && sent != contact || contact == want && sent != "" {
			t.Errorf("%q was sent as %q", contact, sent)
		}
	}
	f("anna@example.com", "anna@example.com")
	f(" Anna@Example.COM\t", "anna@example.com")
	f("Anna", "Anna") // no mail address
	f("C-17", "C-17")
	f("M\u00dcLLER@x.example", "m\u00fcller@x.example")
	f("mu\u0308ller@x.example", "m\u00fcller@x.example")
	f("MU\u0308LLER@x.example", "m\u00fcller@x.example")
	f("Gro\u0308\u00dfe", "Gr\u00f6\u00dfe")
	f("a.b+tag@Gmail.com", "a.b+tag@gmail.com") // another mailbox for all that we know
	f("@Anna", "@Anna")
	rapid.Check(t, func(t *rapid.T) {
		id := []byte(rapid.StringN(1, 20, 60).Draw(t, "id") + rapid.SampledFrom([]string{"", "@X.example", "u\u0308", " "}).Draw(t, "end"))
		for _, one := range []func([]byte) []byte{CanonicalID, CanonicalContact} {
			once := one(id)
			if twice := one(bytes.Clone(once)); !bytes.Equal(once, twice) || !norm.NFC.IsNormal(once) {
				t.Fatalf("%q, then %q", once, twice)
			}
		}
	})
}

// Words that stand for nothing, missing ids, rounded pieces and a wrong time cost no allocation.
func TestWarningsAllocateNothing(t *testing.T) {
	record := []byte(`{"event":"purchase","visitor":"undefined","contact":"Anna@X.example","order":"(not set)","time":1,"items":[` +
		`{"item_id":"null","price":1},{"item_id":"a","price":2,"quantity":0.5,"item_category":"x","item_category2":"y"},{"price":-1}]}`)
	var e Event
	n := testing.AllocsPerRun(100, func() {
		if err := e.Decode(record, now); err != nil {
			t.Fatal(err)
		}
	})
	if n != 0 || len(e.Warnings) != 6 {
		t.Errorf("%v allocations, warnings %s", n, warnings(&e))
	}
}

func TestWarningCounts(t *testing.T) {
	var c WarningCounts
	e := decoded(t, `{"event":"view_item","visitor":"v","contact":"NULL","items":[{"item_id":"null"},{"item_id":"null"},{}]}`)
	c.Add(e.Warnings)
	c.Add(e.Warnings)
	got := c.Each()
	want := map[WarningCount]uint64{{"contact", NoID, "null"}: 2, {"items[].item_id", NoID, "null"}: 4, {"items[].item_id", Missing, ""}: 2}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// Public fault reports, made up again: see testdata/cases.
func TestCases(t *testing.T) {
	each := func(name string, f func(e *Event, err error)) {
		t.Helper()
		body, err := os.ReadFile("testdata/cases/" + name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(body) {
			var e Event
			f(&e, e.Decode(bytes.TrimSpace(line), now+30*Day))
		}
	}
	refused, people := 0, 0
	each("c01-contact-unfilled.ndjson", func(e *Event, err error) {
		if err != nil {
			refused++
		}
		people += len(e.Contact)
	})
	if refused != 4 || people != 0 {
		t.Errorf("c01: %d refused, %d letters of contacts", refused, people)
	}
	value := Money(0)
	each("c12-order-unset.ndjson", func(e *Event, err error) {
		if err != nil || len(e.Order) > 0 {
			t.Errorf("c12: order %q, %v", e.Order, err)
		}
		value += e.Amount()
	})
	if value != 150*Micros {
		t.Errorf("c12: worth %v", value)
	}
	each("c12-item-unset.ndjson", func(e *Event, err error) {
		if err != nil || lines(e) != "" && lines(e) != "REAL*1" {
			t.Errorf("c12: %s, %v", lines(e), err)
		}
	})
	var orders []string
	each("c14-lines.ndjson", func(e *Event, err error) {
		orders = append(orders, fmt.Sprintf("%s %v %s %v", e.Order, e.Amount(), lines(e), err))
	})
	if got := strings.Join(orders, "; "); got != "L1 54.90 SKU1*1 <nil>; L2 44.90 SKU1*1 <nil>; L3 7.50 FABRIC*2 <nil>; L4 20.00 SKU1*1 <nil>" {
		t.Errorf("c14: %s", got)
	}
	each("c03-times-http.ndjson", func(e *Event, err error) {
		if err != nil || e.Time != 1764513000000 {
			t.Errorf("c03: %s is at %d, %v", e.ID, e.Time, err)
		}
	})
}
