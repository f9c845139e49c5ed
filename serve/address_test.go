package serve

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"orrery/models"
)

func TestAddressesAreCut(t *testing.T) {
	a := newAddresses(DefaultParameters)
	f := func(address, want string) {
		t.Helper()
		if got := string(a.cut(nil, []byte(address))); got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
	f("https://shop.example/p/1", "https://shop.example/p/1")
	f("https://shop.example/p/1?token=abc", "https://shop.example/p/1")
	f("https://shop.example/?utm_source=mail&token=abc&UTM_Medium=x&q=red%20shoe&gclid=1#top", "https://shop.example/?utm_source=mail&UTM_Medium=x&q=red%20shoe&gclid=1#top")
	f("/reset?email=anna%40example.com&q=", "/reset?q=")
	f("https://shop.example/#access_token=abc&state=x", "https://shop.example/")
	f("https://shop.example/app#/cart?token=abc&page=2", "https://shop.example/app#/cart?page=2")
	f("https://shop.example/?token", "https://shop.example/")
	f("https://shop.example/?&&=&q=1&", "https://shop.example/?q=1")
	f("?", "")
	f("", "")
}

// What stands in the log holds no token of the page's address, whoever sends it, and the event is the same otherwise, its
// derived id included.
func TestNoTokenIsStored(t *testing.T) {
	r := newRig(t, Config{Keys: []Key{{Write: "w", Secret: "s"}}})
	for _, body := range []string{
		`{"event":"page_view","visitor":"v","time":"2026-11-30T10:00:00Z","page":{"url":"https://s.example/p?token=HUSH&utm_source=x#id_token=HUSH","title":"Is it 50% off? #1","referrer":"https://m.example/?sid=HUSH"}}`,
		`{"event":"page_view","visitor":"v","page":{"url":"https:\/\/s.example\/p?utm_source=x\u0026token=HUSH","ti\u0074le":"Is it 50% off? #1"}}`,
		`{"event":"page_view","visitor":"v","p\u0061ge":{"u\u0072l":"https://s.example/p?token=HUSH&utm_source=x","title":"Is it 50% off? #1","path":"/p?token=HUSH"}}`,
		`{"event":"page_view","visitor":"v","page_location":"https://s.example/p?token=HUSH&utm_source=x","page":{"title":"Is it 50% off? #1"}, "page_referrer" : "https://m.example/?sid=HUSH"}`,
		`{"event":"view_item","visitor":"v","page":{"title":"Is it 50% off? #1","url":"https://s.example/?utm_source=x&t=HUSH"},"items":[{"item_id":"A","url":"https://s.example/?id=1"}],"note":{"url":"why?"}}`,
	} {
		for _, key := range []string{"w", "s"} {
			r.fake.set(func() { r.fake.records = nil })
			r.expect("POST", "/v1/events", body, 202, "", "Authorization: Bearer "+key)
			stored := string(r.fake.taken()[0].Value)
			if strings.Contains(stored, "HUSH") || !strings.Contains(stored, "utm_source=x") || !strings.Contains(stored, "Is it 50% off? #1") {
				t.Errorf("%s is stored as %s", body, stored)
			}
			if strings.Contains(body, "items") && (!strings.Contains(stored, `"https://s.example/?id=1"`) || !strings.Contains(stored, `"why?"`)) {
				t.Errorf("cut too much: %s", stored)
			}
			var sent, kept models.Event
			if err := sent.Decode([]byte(body), 1_796_000_000_000); err != nil {
				t.Fatal(err)
			}
			if err := kept.Decode([]byte(stored), 1_796_000_000_000); err != nil {
				t.Fatal(err)
			}
			if !sent.NoTime && string(models.AppendDerivedID(nil, &sent)) != string(kept.ID) && key == "s" {
				t.Errorf("the id is %s", kept.ID)
			}
		}
	}
	all := newRig(t, Config{Parameters: []string{"*"}})
	const body = `{"event":"page_view","visitor":"v","page":{"url":"https://s.example/p?token=1"}}`
	if all.expect("POST", "/v1/events", body, 202, ""); string(all.fake.taken()[0].Value) != body {
		t.Errorf("stored as %s", all.fake.taken()[0].Value)
	}
}

// Whatever a record looks like, only addresses change.
func TestCutKeepsTheRest(t *testing.T) {
	a := newAddresses(nil)
	word := rapid.SampledFrom([]string{"url", "page", "items", "a", "location", "\\u0075rl", "x?y#z", "q\\\"?", "{", "]", ""})
	rapid.Check(t, func(t *rapid.T) {
		var value func(depth int) string
		value = func(depth int) string {
			switch n := rapid.IntRange(0, 5).Draw(t, "kind"); {
			case n == 0 && depth < 4, depth == 0:
				var members []string
				for range rapid.IntRange(0, 4).Draw(t, "members") {
					members = append(members, `"`+word.Draw(t, "name")+`" : `+value(depth+1))
				}
				return "{" + strings.Join(members, " ,") + "}"
			case n == 1 && depth < 4:
				return "[" + value(depth+1) + "," + value(depth+1) + "]"
			case n == 2:
				return "12"
			}
			return `"` + word.Draw(t, "text") + `"`
		}
		record := value(0)
		if !json.Valid([]byte(record)) {
			t.Fatalf("not JSON: %s", record)
		}
		cut := a.append(nil, []byte(record))
		var before, after map[string]any
		if err := json.Unmarshal([]byte(record), &before); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(cut, &after); err != nil {
			t.Fatalf("%s became %s: %v", record, cut, err)
		}
		trim := func(m map[string]any, names map[string]bool) {
			for name := range names {
				if s, ok := m[name].(string); ok {
					m[name] = string(a.cut(nil, []byte(s)))
				}
			}
		}
		trim(before, addressMembers[0])
		if page, ok := before["page"].(map[string]any); ok {
			trim(page, addressMembers[1])
		}
		if !reflect.DeepEqual(before, after) {
			t.Fatalf("%s became %s", record, cut)
		}
	})
}

func TestCutAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	a := newAddresses(DefaultParameters)
	record, dst := []byte(`{"event":"page_view","visitor":"v","page":{"url":"https://s.example/p?token=1&utm_source=x","title":"t","referrer":"https://m.example/?sid=1"}}`), []byte(nil)
	dst = a.append(dst, record)
	if n := testing.AllocsPerRun(100, func() { dst = a.append(dst[:0], record) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
