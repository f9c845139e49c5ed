package models

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestAppend(t *testing.T) {
	f := func(record, want string) {
		t.Helper()
		if got := string(Append(nil, decoded(t, record))); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
	// The order and the names are DESIGN.md's; an item's own members stay in it.
	f(whole, strings.Replace(whole, `"query":"red`, `"query":"red`, 1))
	f(`{"props":{"z":1},"visitor":"v","event":"x","y":2}`, `{"event":"x","visitor":"v","props":{"y":2,"z":1}}`)
	f(`{"event":"x","visitor":"v","time":1795256130123}`, `{"event":"x","time":"2026-11-21T10:15:30.123Z","visitor":"v"}`)
	f(`{"event":"x","visitor":"v","time":5}`, `{"event":"x","visitor":"v"}`)
	f(`{"event":"x","visitor":"v","value":0}`, `{"event":"x","visitor":"v","value":0.00}`)
	f(`{"event":"x","visitor":7,"slot":0,"items":[{"item_id":8,"quantity":1,"price":"1.5"}]}`,
		`{"event":"x","visitor":"7","items":[{"item_id":"8","price":1.50}]}`)
	f(`{"event":"x","visitor":"v","page":{"referrer":"r"}}`, `{"event":"x","visitor":"v","page":{"referrer":"r"}}`)
	f(`{"event":"view_search_results","visitor":"\u003c\/script\u003e\u2028"}`, "{\"event\":\"view_search_results\",\"visitor\":\"\\u003c/script>\u2028\"}")
	f(`{"event":"x","visitor":"v","query":"\"\\\b\f\n\r\t\u0000\u001f\u007f"}`,
		`{"event":"x","visitor":"v","query":"\"\\\u0008\u000c\n\r\t\u0000\u001f`+"\x7f\"}")
}

// What does not come from Decode is valid JSON too.
func TestAppendForeignEvent(t *testing.T) {
	e := Event{Name: []byte("\xff\x00"), Time: 1 << 62, Visitor: []byte("J\xfcrgen"), Items: []Item{{}}, Value: -5, HasValue: true}
	line := Append(nil, &e)
	if !json.Valid(line) || !utf8.Valid(line) {
		t.Fatalf("not JSON: %q", line)
	}
	const want = `{"event":"` + "\ufffd" + `\u0000","time":4611686018427387904,"visitor":"J` + "\ufffd" + `rgen","items":[{"item_id":""}],"value":-0.000005}`
	if string(line) != want {
		t.Fatalf("got\n%s\nwant\n%s", line, want)
	}
}

// Any text comes back from encoding/json as it went in, but for bytes that are not UTF-8.
func TestAppendString(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.SliceOf(rapid.Byte()), rapid.Map(rapid.String(), func(s string) []byte { return []byte(s) })).Draw(t, "text")
		var got string
		if err := json.Unmarshal(AppendString(nil, text), &got); err != nil {
			t.Fatal(err)
		}
		if want := string([]rune(string(text))); got != want {
			t.Fatalf("%q, want %q", got, want)
		}
		if quoted := AppendString(nil, string(text)); bytes.IndexByte(quoted, '<') >= 0 || !bytes.Equal(quoted, AppendString(nil, text)) {
			t.Fatalf("%q is written as %s", text, quoted)
		}
	})
}

// Strings of every length around the words that scanString and plainLen read, with every special byte at every place.
func TestStringEdges(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for n := range 40 {
		for at := range n {
			for _, special := range []string{`"`, `\`, "\x00", "\x1f", " ", "\x7f", "\x80", "é", "😀", "!", "#", "[", "]"} {
				text := make([]byte, n)
				for i := range text {
					text[i] = byte('a' + random.IntN(26))
				}
				text = append(text[:at], append([]byte(special), text[at:]...)...)
				quoted := AppendString(nil, text)
				var want string
				if err := json.Unmarshal(quoted, &want); err != nil {
					t.Fatalf("%q: %v", quoted, err)
				}
				end, flags := scanString(quoted, 1)
				if end != len(quoted)-1 || flags&unfinished != 0 {
					t.Fatalf("%q ends at %d (%b)", quoted, end, flags)
				}
				if got := string(unescape(nil, quoted[1:end])); got != want {
					t.Fatalf("%q reads %q, want %q", quoted, got, want)
				}
				if (flags&hasDelete != 0) != strings.Contains(want, "\x7f") || (flags&hasHigh != 0) != (utf8.RuneCountInString(want) != len(want)) {
					t.Fatalf("flags of %q are %b", quoted, flags)
				}
				raw := append([]byte(`"`), append(text, `"`...)...)
				if _, flags := scanString(raw, 1); special < " " && flags&unfinished == 0 {
					t.Fatalf("%q was taken", raw)
				}
			}
		}
	}
}
