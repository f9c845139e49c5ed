package files

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"
)

func TestTexts(t *testing.T) {
	f := func(text string, want ...string) {
		t.Helper()
		in := newTexts(&slow{text: text})
		var got []string
		for {
			b, err := in.next()
			if err != nil {
				if err.Error() != "EOF" {
					got = append(got, err.Error())
				}
				break
			}
			got = append(got, string(appendInt(nil, in.at()))+" "+string(b))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	f("{\"a\":1}\n\n{\"b\":2}", `1 {"a":1}`, "2 ", `3 {"b":2}`)
	f("{\"a\":1\n{\"b\":2}\n", `1 {"a":1`, `2 {"b":2}`) // one torn line costs one line
	f("\ufeff [\n {\"a\":\n 1},\n\n{\"b\":\"}\\\"]\"} ]\n", "2 {\"a\":\n 1}", `5 {"b":"}\"]"}`)
	f("{\n \"a\": [1, {}]\n}\n{\n}", "1 {\n \"a\": [1, {}]\n}", "4 {\n}")
	f("[1, \"x,]\" ,null]", "1 1", `1 "x,]"`, "1 null")
	f("[]")
	f("[{\"a\":1},", `1 {"a":1}`, "line 1: the array has no end: the file breaks off: unexpected EOF")
	f("[{\"a\":\n\"\\", "line 1: the element has no end: the file breaks off: unexpected EOF")
	f("[}", "line 1: '}' stands where an element is wanted")
	f("[1]\nx", "1 1", `line 2: 'x' stands behind the end of the array`)
	f("[\""+strings.Repeat("x", maxRecord)+"\"]", "line 1: an element is longer than 1 MiB")
}

// slow gives a part at a time.
type slow struct{ text string }

func (s *slow) Read(p []byte) (int, error) {
	if s.text == "" {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), 4093)], s.text)
	s.text = s.text[n:]
	return n, nil
}

func TestNestedCells(t *testing.T) {
	f := func(text string, columns []string, want ...string) {
		t.Helper()
		d, err := newDelimited(strings.NewReader(text), ',', '"', nil)
		if err != nil {
			t.Fatal(err)
		}
		in, err := nest(d, columns)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := readAll(in); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %q, %v, want %q", columns, got, err, want)
		}
	}
	const text = "id,a.b,data\n1,x,\"{\"\"v\"\":7,\"\"list\"\":[{\"\"s\"\":\"\"p\"\"},{\"\"s\"\":\"\"q\"\"}]}\"\n2,y,\n3,z,\"[{\"\"v\"\":1},{\"\"v\"\":2}]\"\n4,w,{\n5,u,7\n"
	f(text, []string{"id", "a.b"}, "2|1|x", "3|2|y", "4|3|z", "5|4|w", "6|5|u")
	f(text, []string{"id", "data.v", "data.list[].s", "#"},
		"2|1|7|p|1", "2|1|7|q|1", "3|2|||2", "4! member data is an array: data[].v makes an item of each element", "5! column data is no JSON", "6! member data is no object")
	f(text, []string{"data[1].v", "data[5].v"}, "2! member data is no array", "3||", "4|2|", "5! column data is no JSON", "6! member data is no array")
	f(text, []string{"id", "data[].v", "data[].#"}, "2! member data is no array", "3|2||", "4|3|1|1", "4|3|2|2", "5! column data is no JSON", "6! member data is no array")
}

func TestArraysInArrays(t *testing.T) {
	f := func(text, columns string, want ...string) {
		t.Helper()
		in := newJSONRows(strings.NewReader(text))
		if err := in.bind(strings.Split(columns, " ")); err != nil {
			t.Fatal(err)
		}
		if got, err := readAll(in); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %q, %v, want %q", columns, got, err, want)
		}
	}
	const text = `{"v":1,"a":[{"n":"x","i":[{"s":"p"},{"s":"q"}]},{"n":"y"},{"n":"z","i":[]},{"n":"w","i":[{"s":"r"}]}]}` + "\n" + `{"v":2}`
	f(text, "v a[].n a[].# a[].i[].s", "1|1|x|1|p", "1|1|x|1|q", "1|1|y|2|", "1|1|z|3|", "1|1|w|4|r", "2|2|||")
	f(text, "a[].i[0].s", "1|p", "1|", "1|", "1|r", "2|")
	f(`{"b":[{"n":1}]}`+"\n"+`{"a":[{"n":2}],"b":[{"n":1}]}`, "a[].n? b[].n?", "1||1", "2|2|")
	f(`{"tags":["x","y"]}`, "tags[]", "1|x", "1|y")
	in := newJSONRows(strings.NewReader(""))
	if err := in.bind([]string{"a[].n", "b[].n"}); err == nil || err.Error() != "cannot take rows from a and from b: one array makes the rows" {
		t.Error(err)
	}
}

// A column that has another name in another file is found by either; where it has none of them, the names are told.
func TestColumnsThatChange(t *testing.T) {
	cfg := Config{Format: CSV, Map: []string{"event==view_item", "time=t", "visitor={v|w}", "item_id=i"}}
	for _, head := range []string{"t,v,i", "t,w,i"} {
		if s := mustRun(t, input(cfg, head+"\n2026-01-01,x,A\n"), &memory{}); s.Persons != 1 {
			t.Errorf("%s: %+v", head, s)
		}
	}
	_, err := Run(context.Background(), input(cfg, "t,u,i\n2026-01-01,x,A\n"), &memory{}, nil)
	if err == nil || !strings.Contains(err.Error(), "cannot find any of the columns v, w: there are t, u, i") {
		t.Error(err)
	}
}

// Rows that a rule leaves out are counted; those it turns into a refund have their money the right way round.
func TestRulesOfOrders(t *testing.T) {
	cfg := Config{Format: CSV, Currency: "EUR", Map: []string{
		"event==purchase", "time=t", "contact=c", "order=o", "item_id=i", "price=p", "quantity=q",
		"where s != voided", "refund where q < 0", "cancel where s = lost",
	}}
	m := &memory{}
	s := mustRun(t, input(cfg, "t,c,o,i,p,q,s\n2026-01-01,x,1,A,10,2,paid\n2026-01-01,x,2,A,10,2,voided\n2026-01-02,x,R1,A,10,-1,paid\n2026-01-03,x,3,A,5,1,lost\nnever,x,4,A,5,1,voided\n"), m)
	if s.Rows != 5 || s.LeftOut != 2 || s.Bad != 0 || len(s.Refused) != 0 || s.Events["cancel"] != 1 || s.Money["EUR"] != (Turnover{Purchased: 20_000_000, Refunded: 10_000_000}) {
		t.Errorf("%+v", s)
	}
}
