package models

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"orrery/models/badinput"
)

// now is the record time of these tests: 2026-11-22.
const now = Time(1_795_305_600_000)

// whole has every field that an event knows.
const whole = `{"event":"purchase","id":"0192f","time":"2026-11-21T10:15:30.123Z","shop":"outlet","visitor":"v-8f2c",` +
	`"contact":"anna@example.com","session":"s-1","page":{"url":"https://shop/p/1","title":"Größe \"42\"","referrer":"https://r/"},` +
	`"items":[{"item_id":"SKU1","item_name":"Schuh","price":19.90,"quantity":2,"item_category":"shoes","color":"red"},{"item_id":"SKU2"}],` +
	`"order":"O-1","value":39.80,"currency":"EUR","query":"red shoes","recommendation":"r-1","slot":2,"props":{"any":"thing"}}`

func TestDecodeEveryField(t *testing.T) {
	e := decoded(t, whole)
	want := `purchase "purchase" id="0192f" 1795256130123 false "outlet" "v-8f2c" "anna@example.com" "s-1" ` +
		`{"https://shop/p/1" "Größe \"42\"" "https://r/"} "O-1" 39.80 true "EUR" "red shoes" "r-1" 2 "\"any\":\"thing\""` +
		"\n\"SKU1\" \"Schuh\" \"shoes\" 19.90 true 2 \"\\\"color\\\":\\\"red\\\"\"\n\"SKU2\" \"\" \"\" 0.00 false 1 \"\""
	if got := show(e); got != want {
		t.Fatalf("got\n%s\nwant\n%s", got, want)
	}
	agree(t, e, []byte(whole), now)
	roundTrip(t, e, now)
}

func decoded(t *testing.T, record string) *Event {
	t.Helper()
	e := new(Event)
	if err := e.Decode([]byte(record), now); err != nil {
		t.Fatalf("cannot decode %q: %v", record, err)
	}
	return e
}

func TestDecodeRefusesBadInput(t *testing.T) {
	if n := len(badinput.Cases); n < 100 {
		t.Fatalf("only %d kinds of bad input", n)
	}
	names := map[string]bool{}
	var e Event // reused, as in production
	for _, c := range append(badinput.Cases, badinput.Records...) {
		if names[c.Name] {
			t.Errorf("two cases are called %q", c.Name)
		}
		names[c.Name] = true
		err := e.Decode(c.Body, now)
		var invalid *Invalid
		if !errors.As(err, &invalid) {
			t.Errorf("%s: taken", c.Name)
			continue
		}
		if invalid.Code != c.Code || invalid.Field != c.Field {
			t.Errorf("%s: %s at %q (%v), want %s at %q", c.Name, invalid.Code, invalid.Field, err, c.Code, c.Field)
		}
		if !strings.HasPrefix(err.Error(), invalid.Field) || !utf8.ValidString(err.Error()) || len(err.Error()) < 10 || len(err.Error()) > 300 {
			t.Errorf("%s: the reason is %q", c.Name, err)
		}
	}
}

func TestDecodeTakesOddInput(t *testing.T) {
	for _, c := range badinput.Odd {
		t.Run(c.Name, func(t *testing.T) {
			e := decoded(t, string(c.Body))
			agree(t, e, c.Body, now)
			roundTrip(t, e, now)
		})
	}
}

func TestDecodeReasons(t *testing.T) {
	f := func(record, want string) {
		t.Helper()
		var e Event
		if err := e.Decode([]byte(record), now); err == nil || err.Error() != want {
			t.Errorf("%s\ngot  %v\nwant %s", record, err, want)
		}
	}
	f(``, `the record is empty`)
	f(`{"event":"x"`, `the record is not JSON: it ends too early, after 12 bytes`)
	f(`{"event":"x","visitor":"v","value":NaN}`, `the record is not JSON: unexpected 'N' at byte 35`)
	f(`{"event":"x","visitor":"v"}}`, `the record is not JSON: unexpected '}' at byte 27`)
	f(`[]`, `the record must be an object`)
	f(strings.Repeat("[", 100)+strings.Repeat("]", 100), `the record must be an object`)
	f(`{"visitor":"v"}`, `event is missing: every event has a name`)
	f(`{"event":"product_upsert","items":[{"price":1}]}`, `items[0].item_id is missing`)
	f(`{"event":"purchase","visitor":"v","items":[{"item_id":"a","price":-1}]}`, `items add up to less than 0`)
	f(`{"event":"refund","visitor":"v","order":"o","items":[{"item_id":"a","price":1,"quantity":-2}]}`, `items[0].quantity must be above 0: nothing of it was sold`)
	f(`{"event":"purchase","visitor":"v","items":[{"item_id":"a","quantity":1e9}]}`, `items[0].quantity must be from 1 to 1000000`)
	f(`{"event":"purchase","visitor":"v","value":1,"currency":"EUX"}`, `currency is "EUX": not a currency code of ISO 4217`)
	f(`{"event":"x","visitor":"v","time":"now"}`, `time is "now": not RFC 3339 with an offset, such as 2026-11-21T10:15:30Z`)
	f(`{"event":"x","visitor":["v"]}`, `visitor must be a string`)
}

func TestDecodeTime(t *testing.T) {
	f := func(raw string, want Time, noTime bool) {
		t.Helper()
		e := decoded(t, `{"event":"x","visitor":"v","time":`+raw+`}`)
		if e.Time != want || e.NoTime != noTime {
			t.Errorf("time of %s is %d %v, want %d %v", raw, e.Time, e.NoTime, want, noTime)
		}
	}
	f(`"2026-11-21T10:15:30.123Z"`, 1795256130123, false)
	f(`"2026-11-21T10:15:30.1239Z"`, 1795256130123, false)
	f(`"2026-11-21T12:15:30.1+02:00"`, 1795256130100, false)
	f(`1795256130123`, 1795256130123, false)
	f(`1.795256130123e12`, 1795256130123, false)
	f(`1795256130123.9`, 1795256130123, false)
	f(`"2000-01-01T00:00:00Z"`, MinTime, false)
	f(`"1999-12-31T23:59:59.999Z"`, now, true)
	f(`"2026-11-23T00:00:00Z"`, now+Day, false)
	f(`"2026-11-23T00:00:00.001Z"`, now, true)
	f(`1795256130`, 1795256130000, false) // seconds
	f(`1795256130.1239`, 1795256130123, false)
	f(`1795256130123456`, 1795256130123, false)    // microseconds
	f(`1795256130123456789`, 1795256130123, false) // nanoseconds
	f(`"1795256130123456"`, 1795256130123, false)
	f(`"1795256130"`, 1795256130000, false)
	f(`202511301430`, now, true) // a date in digits is no moment
	f(`-1795256130`, now, true)
	f(`null`, now, true)
	f(`0`, now, true)
	f(`1e300`, now, true)
	f(`-1e300`, now, true)
}

func TestDecodeProps(t *testing.T) {
	f := func(members, want string) {
		t.Helper()
		e := decoded(t, `{"event":"x",`+members+`"visitor":"v"}`)
		if string(e.Props) != want {
			t.Errorf("props of %s are %s, want %s", members, e.Props, want)
		}
		roundTrip(t, e, now)
	}
	f(``, ``)
	f(`"props":{},`, ``)
	f(`"props":{ },`, ``)
	f(`"props":null,`, ``)
	f(`"props":{ "a" : 1 },`, `"a" : 1`)
	f(`"props":{"a":1},"props":{"b":1},`, `"b":1`)
	f(`"a":1,`, `"a":1`)
	f(`"a":1 , "b":[{}],`, `"a":1 , "b":[{}]`)
	f(`"a":1,"shop":"s","b":2,`, `"a":1,"b":2`)
	f(`"a":1,"props":{"a":2,"c":3},"b":4,`, `"a":1,"b":4,"a":2,"c":3`)
	f(`"page":{"path":"/p","url":"u","lang":"de"},`, `"page.path":"/p","page.lang":"de"`)
	f(`"a":1,"page":{"path":"/p"},"b":2,`, `"a":1,"page.path":"/p","b":2`)
	f(`"a":1,"page":{"path":"/p"},"page":{"lang":"de"},`, `"a":1,"page.lang":"de"`)
	f(`"page":{"path":"/p"},"page":null,`, ``)
	f(`"a":1,"items":[{"item_id":"i","x":1,"price":2,"y":3},{"z":1,"item_id":"j"}],"b":2,`, `"a":1,"b":2`)
}

func TestDecodeItemProps(t *testing.T) {
	e := decoded(t, `{"event":"x","visitor":"v","a":0,"items":[{"item_id":"i","x":1,"price":2,"y":3},{"z":{"props":1},"props":{"w":2},"item_id":"j"}]}`)
	for i, want := range []string{`"x":1,"y":3`, `"z":{"props":1},"props":{"w":2}`} {
		if got := string(e.Items[i].Props); got != want {
			t.Errorf("props of item %d are %s, want %s", i, got, want)
		}
	}
	roundTrip(t, e, now)
}

// What one record leaves behind must not show in the next.
func TestDecodeReuse(t *testing.T) {
	var reused Event
	for _, first := range badinput.Odd {
		reused.Decode(first.Body, now)
		for _, second := range []string{`{"event":"x","visitor":"v"}`, whole} {
			if err := reused.Decode([]byte(second), now); err != nil {
				t.Fatal(err)
			}
			if got, want := show(&reused), show(decoded(t, second)); got != want {
				t.Fatalf("after %q\n%s\nwant\n%s", first.Name, got, want)
			}
		}
	}
}

// Fields in the scratch buffer stay what they are while it grows.
func TestDecodeManyEscapes(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"event":"x","visitor":"a\/b","contact":"\u0041","page":{"title":"\"\""},"items":[`)
	for range 300 {
		b.WriteString(`{"item_id":"\u00e4\ud83d\ude00","item_name":"\/\\\b\f\n\r\t","x\u0020":"\u0041"},`)
	}
	record := []byte(b.String() + `{"item_id":"z"}]}`)
	e := decoded(t, string(record))
	agree(t, e, record, now)
	roundTrip(t, e, now)
}

// Every prefix is refused, and every record with one byte changed is refused if encoding/json refuses it, and else
// read as encoding/json reads it.
func TestDecodeDamage(t *testing.T) {
	var e Event
	for n := range whole {
		if err := e.Decode([]byte(whole[:n]), now); err == nil {
			t.Fatalf("the first %d bytes were taken", n)
		}
	}
	for i := range whole {
		for _, c := range []byte("\x00\n \"\\{}[],:0-.eEtnx\x7f\x80\xff") {
			damaged := []byte(whole)
			damaged[i] = c
			if e.Decode(damaged, now) != nil {
				continue
			}
			if !json.Valid(damaged) {
				t.Fatalf("taken, but not JSON: %s", damaged)
			}
			agree(t, &e, damaged, now)
			roundTrip(t, &e, now)
		}
	}
}

func TestDecodeDepth(t *testing.T) {
	f := func(levels int, format string, ok bool) {
		t.Helper()
		record := strings.Replace(format, "*", strings.Repeat("[", levels)+strings.Repeat("]", levels), 1)
		var e Event
		err := e.Decode([]byte(record), now)
		if ok != (err == nil) {
			t.Errorf("%d levels in %s: %v", levels, format, err)
		}
		if ok {
			roundTrip(t, &e, now)
		}
	}
	for format, own := range map[string]int{
		`{"event":"x","visitor":"v","a":*}`:                           2, // becomes a member of props
		`{"event":"x","visitor":"v","props":{"a":*}}`:                 2,
		`{"event":"x","visitor":"v","page":{"a":*}}`:                  2,
		`{"event":"x","visitor":"v","items":[{"item_id":"i","a":*}]}`: 3,
	} {
		f(MaxDepth-own, format, true)
		f(MaxDepth-own+1, format, false)
	}
}

func TestDecodeAllocates(t *testing.T) {
	var e Event
	line := make([]byte, 0, 4096)
	escaped := strings.ReplaceAll(whole, "s", `\u0073`)
	spread := strings.Replace(whole, `"order"`, `"x":1,"order"`, 1) // props of two places
	for _, record := range []string{whole, escaped, spread, fullRecord, leanRecord} {
		body := []byte(record)
		n := testing.AllocsPerRun(100, func() {
			if err := e.Decode(body, now); err != nil {
				t.Fatal(err)
			}
			line = Append(line[:0], &e)
			e.IDHash()
			Members(e.Props, func(name []byte, v Value) bool { return len(v) > 0 })
		})
		if n != 0 {
			t.Errorf("%v allocations for %s", n, record)
		}
	}
}

// Records that are made to be slow take no longer than a few passes.
func TestDecodeIsLinear(t *testing.T) {
	for _, piece := range []string{`"x":1,"page":{"a":1},`, `"page":null,`, `"page":{"a":1,"b":2},"page":null,`, `"props":{"a":1},`, `"items":[{"item_id":"a","x":1}],`,
		`"x":1,"shop":"s",`, `"\u0061":"\u0061",`, `"currency":"eur",`, `"x":[[[[{}]]]],`, `"page":{` + strings.Repeat(`"a":1,`, 80000) + `"b":1},` +
			strings.Repeat(`"page":null,`, 40000)} {
		record := `{"event":"x",` + strings.Repeat(piece, max(1, MaxRecord*9/10/len(piece))) + `"visitor":"v"}`
		start := time.Now()
		e := decoded(t, record)
		if took := time.Since(start); took > 3*time.Second {
			t.Errorf("%d bytes of %.30s took %v", len(record), piece, took)
		}
		if e.Decode([]byte(leanRecord), now); cap(e.scratch)+cap(e.props) > 1<<17 || cap(e.spans) > 1<<12 {
			t.Errorf("a record of %.30s leaves large buffers behind", piece)
		}
	}
}

func TestKnownCurrency(t *testing.T) {
	f := func(code string, want bool) {
		t.Helper()
		if got := KnownCurrency([]byte(code)); got != want {
			t.Errorf("KnownCurrency(%q) = %v", code, got)
		}
	}
	for code := range strings.FieldsSeq(currencies) {
		f(code, true)
	}
	for _, code := range []string{"", "EU", "EURO", "eur", "AAA", "ZZZ", "E R", "\xff\xff\xff", "EUX"} {
		f(code, false)
	}
	n := 0
	for _, w := range currencySet {
		for ; w != 0; w &= w - 1 {
			n++
		}
	}
	if want := len(strings.Fields(currencies)); n != want {
		t.Errorf("%d codes in the set, want %d: one is there twice", n, want)
	}
}

func TestDecodeKeepsTheRecord(t *testing.T) {
	for _, c := range append(badinput.Cases, badinput.Odd...) {
		body := bytes.Clone(c.Body)
		var e Event
		e.Decode(body, now)
		if !bytes.Equal(body, c.Body) {
			t.Fatalf("%s: Decode changed the record", c.Name)
		}
	}
}

// What a writer may append can be read: the longest key and the longest record fit into what the log takes.
func TestOneBoundOfARecord(t *testing.T) {
	id := strings.Repeat("i", MaxID)
	for _, kind := range []Kind{ProductUpsert, ProductPrice, ProductStock, ProductRemove, PageView} {
		e := Event{Kind: kind, Shop: []byte(strings.Repeat("s", MaxShop)), Visitor: []byte(id), Items: []Item{{ID: []byte(id)}}}
		r := RecordOf(&e, make([]byte, MaxRecord))
		if len(r.Key) > MaxKey || len(r.Key)+len(r.Value) > MaxAppend {
			t.Errorf("%v: a key of %d bytes and a value of %d", kind, len(r.Key), len(r.Value))
		}
	}
}
