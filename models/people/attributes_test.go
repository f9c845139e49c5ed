package people

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"orrery/models"
	"orrery/models/slab"
)

func TestAttributes(t *testing.T) {
	f := func(want string, said ...string) {
		t.Helper()
		p := New(Config{})
		c := p.Contact(1, []byte("c"))
		for _, s := range said {
			at, text, _ := strings.Cut(s, " ")
			p.Identify(c, []byte(text), models.Time(len(at)*1000))
		}
		if got := string(p.described(c)); got != want {
			t.Errorf("%q: got %s, want %s", said, got, want)
		}
	}
	f(`"age":30,"name":"Ann"`, `. "name":"Ann","age":30`)
	f(`"age":31,"name":"Ann"`, `. "name":"Ann","age":30`, `.. "age":31`)
	f(`"age":31,"name":"Ann"`, `.. "age":31`, `. "name":"Ann","age":30`)
	f(`"name":"Ann"`, `. "name":"Ann","age":30`, `.. "age":null`)
	f(`"name":"Ann"`, `.. "age":null`, `. "name":"Ann","age":30`)
	f(`"age":32,"name":"Ann"`, `.. "age":null`, `. "name":"Ann","age":30`, `... "age":32`)
	f(`"age":30`, `. "age":30`, `. "age":null`, `. "age":3`)
	f(`"tags":["a","b","c"]`, `. "tags":["b","a","b"]`, `.. "tags":"c , a"`)
	f(`"tags":["b"],"x":1`, `. "tags":["b","a"],"x":1`, `.. "remove_tags":["a","q"]`)
	f(`"tags":["b"]`, `.. "remove_tags":"a"`, `. "tags":["b","a"]`)
	f(`"tags":["c"]`, `. "tags":["b","a"]`, `.. "tags":null`, `... "tags":["c"]`)
	f(`"tags":["c"]`, `... "tags":["c"]`, `.. "tags":null`, `. "tags":["b","a"]`)
	f(``, `. "a":null`)
	f(`"a b\"":{"x":[1, 2]}`, `. "a b\"" : {"x":[1, 2]} `)
}

// A text of version 11 has no moments: all of it is of the newest one.
func TestAttributesOfVersion11(t *testing.T) {
	p := New(Config{})
	c := p.Contact(1, []byte("c"))
	p.contacts.Set(p.cword(c, cAttrAt), 5000)
	p.attributes.Set(uint64(c), []byte(`"z":1,"a":2,"tags":["y","x"]`))
	p.Identify(c, []byte(`"a":9,"tags":["w"],"q":0`), 4000)
	if got := string(p.described(c)); got != `"a":2,"q":0,"tags":["w","x","y"],"z":1` {
		t.Error(got)
	}
}

func TestAttributesThatDoNotFit(t *testing.T) {
	p := New(Config{})
	c := p.Contact(1, []byte("c"))
	long := strings.Repeat("x", slab.MaxText-100)
	p.Identify(c, []byte(`"a":"`+long+`"`), 1000)
	p.Identify(c, []byte(`"b":"`+long+`"`), 2000)
	p.Identify(c, []byte(`"c":1`), 3000)
	if got := string(p.described(c)); !strings.HasPrefix(got, `"a":"x`) || !strings.HasSuffix(got, `x","c":1`) || p.Totals().Unsaid != 1 {
		t.Errorf("%d bytes, %d unsaid", len(got), p.Totals().Unsaid)
	}
}

// What is known of a contact follows from what was said and when, not from the order that it came in, over snapshots and merges.
func TestAttributesInAnyOrder(t *testing.T) {
	type saying struct {
		at   models.Time
		text string
	}
	type known struct {
		at    models.Time
		value string // "": taken away
	}
	rapid.Check(t, func(t *rapid.T) {
		var all []saying
		keys, tags := map[string]known{}, map[string]known{}
		var cleared models.Time = -1
		put := func(m map[string]known, key string, k known) {
			if old, ok := m[key]; !ok || old.at < k.at || old.at == k.at && old.value < k.value {
				m[key] = k
			}
		}
		for range rapid.IntRange(1, 8).Draw(t, "events") {
			s := saying{at: models.Time(rapid.IntRange(1, 5).Draw(t, "at")) * 1000}
			var parts []string
			for _, key := range []string{"zip", "age", `q"`} {
				switch v := rapid.IntRange(0, 4).Draw(t, key); v {
				case 0, 1:
				case 2:
					parts = append(parts, fmt.Sprintf("%q:null", key))
					put(keys, key, known{s.at, ""})
				default:
					parts = append(parts, fmt.Sprintf("%q:%d", key, v))
					put(keys, key, known{s.at, fmt.Sprint(v)})
				}
			}
			if rapid.IntRange(0, 5).Draw(t, "clear") == 0 {
				parts = append(parts, `"tags":null`)
				cleared = max(cleared, s.at)
			} else if tag := rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "tag"); tag != "" {
				parts = append(parts, fmt.Sprintf(`"tags":[%q]`, tag))
				put(tags, tag, known{s.at, tag})
			}
			if tag := rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "removed"); tag != "" {
				parts = append(parts, fmt.Sprintf(`"remove_tags":%q`, tag))
				put(tags, tag, known{s.at, ""})
			}
			s.text = strings.Join(parts, ",")
			all = append(all, s)
		}
		want := map[string]any{}
		for key, k := range keys {
			if k.value != "" {
				want[key] = json.Number(k.value)
			}
		}
		var kept []any
		for _, tag := range slices.Sorted(maps.Keys(tags)) {
			if k := tags[tag]; k.value != "" && k.at >= cleared {
				kept = append(kept, tag)
			}
		}
		if kept != nil {
			want["tags"] = kept
		}
		all = rapid.Permutation(all).Draw(t, "order")
		cut, split := rapid.IntRange(0, len(all)).Draw(t, "restart"), rapid.IntRange(0, len(all)).Draw(t, "of another")
		p := New(Config{})
		c, other := p.Contact(1, []byte("c")), p.Contact(1, []byte("d"))
		for i, s := range all {
			if i == cut {
				p = reread(t, p)
			}
			if i < split {
				p.Identify(other, []byte(s.text), s.at)
			} else {
				p.Identify(c, []byte(s.text), s.at)
			}
		}
		p.merge(other, c)
		var got map[string]any
		d := json.NewDecoder(strings.NewReader("{" + string(p.described(c)) + "}"))
		d.UseNumber()
		if err := d.Decode(&got); err != nil {
			t.Fatalf("%s: %v", p.described(c), err)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("%v: got %v, want %v", all, got, want)
		}
	})
}

func reread(t *rapid.T, p *People) *People {
	var b bytes.Buffer
	if _, err := p.Freeze().WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	again := New(Config{})
	if err := again.ReadVersion(&b, 12); err != nil {
		t.Fatal(err)
	}
	return again
}

// An event says the same of a contact without allocating.
func TestAttributesAllocateNothing(t *testing.T) {
	p := New(Config{})
	c := p.Contact(1, []byte("c"))
	text := []byte(`"name":"Ann","age":30,"tags":["a","b"],"zip":"00-001"`)
	p.Identify(c, text, 1000)
	p.Identify(c, []byte(`"age":31`), 2000)
	if n := testing.AllocsPerRun(100, func() { p.Identify(c, text, 1000) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
