package files

import (
	"strings"
	"testing"
)

func TestMappingText(t *testing.T) {
	f := func(entry, want string) {
		t.Helper()
		m, err := parseMapping([]string{"event==e", "visitor==v", "order=" + entry}, nil)
		if err != nil {
			t.Fatal(err)
		}
		cells := map[string]string{"a": "1", "b": " 2 ", "empty": " ", "day": "Mon"}
		r := &row{}
		for _, c := range m.columns {
			r.cells = append(r.cells, []byte(cells[c]))
		}
		scratch := []byte("before")
		if got := m.order.render(&scratch, r); string(got) != want {
			t.Errorf("%s: got %q, want %q", entry, got, want)
		}
		if !strings.HasPrefix(string(scratch), "before") {
			t.Errorf("%s: the scratch was overwritten: %q", entry, scratch)
		}
	}
	f("a", "1")
	f("b", "2")
	f("empty", "")
	f("=a", "a")
	f("=a={b}", "a={b}")
	f("x-{a}-{b}", "x-1-2")
	f("{a}{b}", "12")
	f("{day}!", "Mon!")
	f("x-{empty}", "")
}

func TestMappingErrors(t *testing.T) {
	f := func(want string, entries ...string) {
		t.Helper()
		_, err := parseMapping(entries, nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", entries, err, want)
		}
	}
	f("no event mapped", "visitor=v")
	f("neither visitor nor contact", "event=e")
	f(`cannot map "colour": there is no such field`, "event=e", "visitor=v", "colour=x")
	f(`cannot map "price": it is mapped twice`, "event=e", "visitor=v", "price=a", "price=b")
	f("price and amount mapped", "event=e", "visitor=v", "price=a", "amount=b")
	f(`cannot read map entry "visitor"`, "event=e", "visitor")
	f(`cannot read map entry "visitor="`, "event=e", "visitor=")
	f(`a brace without a column`, "event=e", "visitor=x-{a")
	f(`a brace without a column`, "event=e", "visitor=x-{}")
	f(`there is no such field`, "event=e", "visitor=v", "props.=x")
}
