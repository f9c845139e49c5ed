package models

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"orrery/models/badinput"
)

func TestSplit(t *testing.T) {
	f := func(body string, want ...string) {
		t.Helper()
		var got []string
		err := Split([]byte(body), func(record []byte) bool {
			got = append(got, string(record))
			return true
		})
		if err != nil {
			got = append(got, err.Error())
		}
		if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
			t.Errorf("%q was cut into\n%q, want\n%q", body, got, want)
		}
	}
	// Good bodies.
	f(`{"a":1}`, `{"a":1}`)
	f("\xef\xbb\xbf {\"a\":1}\r\n", `{"a":1}`)
	f("{\"a\":1}\n{\"b\":2}\n", `{"a":1}`, `{"b":2}`)
	f("{\"a\":1}\r\n\r\n{\"b\":2}", `{"a":1}`, `{"b":2}`)
	f(`{"a":1}{"b":2} {"c":3}`, `{"a":1}`, `{"b":2}`, `{"c":3}`)
	f("{\n \"a\": 1\n}\n{\n \"b\": {\n  \"c\": 2\n }\n}\n", "{\n \"a\": 1\n}", "{\n \"b\": {\n  \"c\": 2\n }\n}")
	f(`[{"a":1},{"b":[2,{}]}]`, `{"a":1}`, `{"b":[2,{}]}`)
	f(" [ {\"a\":1} ,\n {\"b\":2} ] ", `{"a":1}`, `{"b":2}`)
	f(`[]`)
	f(`[][{"a":1}]`, `{"a":1}`)
	f(`{"a":"}{"}{"b":"\"}"}`, `{"a":"}{"}`, `{"b":"\"}"}`)
	// What is no object is a record of its own.
	f(`[1,"a,b",null,[{}],true]`, `1`, `"a,b"`, `null`, `[{}]`, `true`)
	f("hello\n{\"a\":1}\nNaN", `hello`, `{"a":1}`, `NaN`)
	f(`oops {"a":1} oops`, `oops`, `{"a":1}`, `oops`)
	f(`12x{"a":1}`, `12x`, `{"a":1}`)
	f(`{"a":1}}{"b":2}`, `{"a":1}`, `}`, `{"b":2}`)
	// Commas between lines do no harm.
	f("{\"a\":1},\n{\"b\":2},\n", `{"a":1}`, `{"b":2}`)
	// Broken lines lose themselves.
	f("{\"a\":1\n{\"b\":2}\n{\"c\":3}", `{"a":1`, `{"b":2}`, `{"c":3}`)
	f("{\"a\":\"x\n{\"b\":2}", `{"a":"x`, `{"b":2}`)
	f("{\"a\":[1\n{\"b\":2}", `{"a":[1`, `{"b":2}`)
	f("{\"a\":[1}\n{\"b\":2}", `{"a":[1}`, `{"b":2}`)
	f("{\"a\":\"\\\n{\"b\":2}", `{"a":"\`, `{"b":2}`)
	f("{\n{\n{\"b\":2}", `{`, `{`, `{"b":2}`)
	f(`{"a":}{"b":2}`, `{"a":}`, `{"b":2}`)
	f("{\n \"a\": ,\n \"b\": [\n  {\"c\":1}\n ]\n}\n{\"d\":2}", "{\n \"a\": ,\n \"b\": [\n  {\"c\":1}\n ]\n}", `{"d":2}`)
	f("{\n \"a\": [\n  {\"c\":1}\n \n}\n{\"d\":2}", "{\n \"a\": [\n  {\"c\":1}\n \n}", `{"d":2}`)
	f(`{"a":1,"b":{"a":2}`, `{"a":1,"b":{"a":2}`)
	// Broken elements of arrays, and arrays that are broken themselves.
	f(`[{"a":NaN},{"b":2}]`, `{"a":NaN}`, `{"b":2}`)
	f(`[{"e":1,"a":"x},{"e":2,"a":"y"},{"e":3}]`, `{"e":1,"a":"x},`, `{"e":2,"a":"y"}`, `{"e":3}`)
	f(`[{"e":1,"i":[{"f":1},{"f":2}},{"e":2}]`, `{"e":1,"i":[{"f":1},{"f":2}}`, `{"e":2}`)
	f(`[{"e":1,{"e":2},{"e":3}]`, `{"e":1,`, `{"e":2}`, `{"e":3}`)
	f("[\n  {\"e\":1,\n   \"i\":[\n  ,\n  {\"f\":2}\n]", "{\"e\":1,\n   \"i\":[\n  ,", `{"f":2}`)
	f(`[NaN,{"a":1}]`, `NaN`, `{"a":1}`)
	f(`[{"a":1},{"b":2}`, `{"a":1}`, `{"b":2}`, `the body is not JSON: its array is not closed`)
	f(`[{"a":1} {"b":2}]`, `{"a":1}`, `{"b":2}`, `the body is not JSON: a comma is missing in its array`)
	f(``, `the body is empty`)
	f(" \n", `the body is empty`)
}

// A broken line never costs a neighbour, and each is refused at its index for its own reason.
func TestSplitBadLines(t *testing.T) {
	body, accepted, codes := badinput.Lines(badinput.Cases)
	if len(codes) < 90 {
		t.Fatalf("only %d bad lines", len(codes))
	}
	var e Event
	var got []string
	if err := Split(body, func(record []byte) bool {
		if err := e.Decode(record, now); err != nil {
			got = append(got, err.(*Invalid).Code)
		} else {
			accepted--
		}
		return true
	}); err != nil {
		t.Fatal(err)
	}
	if accepted != 0 {
		t.Errorf("%d good records are missing", accepted)
	}
	for i := range min(len(got), len(codes)) {
		if got[i] != codes[i] {
			t.Fatalf("bad record %d was refused for %s, want %s", i, got[i], codes[i])
		}
	}
	if len(got) != len(codes) {
		t.Errorf("%d records were refused, want %d", len(got), len(codes))
	}
}

// As HTTP bodies all bad input is refused, the first record, or the body, for the reason that it has as one record.
func TestSplitBadBodies(t *testing.T) {
	for _, c := range badinput.Cases {
		var e Event
		var first error
		err := Split(c.Body, func(record []byte) bool {
			if err := e.Decode(record, now); err == nil {
				t.Errorf("%s: %q was taken", c.Name, record)
			} else if first == nil {
				first = err
			}
			return true
		})
		if first == nil {
			first = err
		}
		if first == nil || first.(*Invalid).Code != c.Code {
			t.Errorf("%s: refused for %v, want %s", c.Name, first, c.Code)
		}
	}
}

func TestSplitStops(t *testing.T) {
	for _, body := range []string{"{}\n{}\n{}", "[{},{},{}]", "a\nb\nc"} {
		n := 0
		if err := Split([]byte(body), func([]byte) bool { n++; return n < 2 }); err != nil || n != 2 {
			t.Errorf("%q: %d records, %v", body, n, err)
		}
	}
}

// Bodies that are made to be slow take no longer than a few passes.
func TestSplitIsLinear(t *testing.T) {
	const size = 1 << 19
	for _, piece := range []string{"{", "[", "{\n", "[\n", "\"", "{\"a\n", "{\"a\":}", "{\"a\":[1,\n", "{\"a\":{\"a\":", ",{\"a\":\"", "}", "{}", "[,",
		"{\"a\":[" + strings.Repeat("1,", 500) + "\n", "\\", "{\"\\", "\n {", "\xff", "{\"a\":\"" + strings.Repeat("x", 1000) + "\xff"} {
		body := bytes.Repeat([]byte(piece), size/len(piece))
		start := time.Now()
		var n int
		Split(body, func(record []byte) bool { n += len(record); return true })
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("%d bytes of %.20q took %v", size, piece, took)
		} else {
			t.Logf("%.20q %v", piece, took)
		}
		if n == 0 && piece != "[" && piece != "[\n" {
			t.Errorf("nothing in %.20q", piece)
		}
	}
}
