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
		cells := map[string]string{"a": "1", "b": " 2 ", "empty": " ", "day": "Mon", "url": "https://x.example/products/soft-bed?size=Q", "none": "null"}
		r := &row{}
		for _, c := range m.columns {
			r.cells = append(r.cells, []byte(cells[strings.TrimSuffix(c, maybe)]))
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
	f("{empty|none|a}", "1")
	f("url~/products/([^/?]+)", "soft-bed")
	f("url~/pro[a-z]+/", "/products/")
	f("url~/(?:shoes|beds)/(.+)", "")
	f("{empty|url~/(shoes|products)/}-{a}", "products-1")
	f(`{url~/\w{8}/(.{4})|a}`, "soft")
	f(`{url~/\w{9}/(.{4})|a}`, "1")
}

func TestMappedValues(t *testing.T) {
	f := func(cell, want string, entries ...string) {
		t.Helper()
		m, err := parseMapping(append([]string{"visitor==v", "event=name"}, entries...), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := m.event.render(&[]byte{}, &row{cells: [][]byte{[]byte(cell)}}); string(got) != want {
			t.Errorf("%s: got %q, want %q", cell, got, want)
		}
	}
	named := []string{"event.page_viewed=page_view", "event.Order Completed=purchase", "event.v1.0=view_item"}
	f("page_viewed", "page_view", named...)
	f(" Order Completed ", "purchase", named...)
	f("v1.0", "view_item", named...)
	f("other", "other", named...)
	f("", "", named...)
	f("other", "custom", append(named, "event.*=custom")...)
	f("page_viewed", "page_view", append(named, "event.*=custom")...)
}

func TestRules(t *testing.T) {
	f := func(cell, rule string, wanted bool, named string) {
		t.Helper()
		m, err := parseMapping([]string{"event==e", "visitor==v", rule}, nil)
		if err != nil {
			t.Fatal(err)
		}
		r := &row{}
		for _, c := range m.columns {
			r.cells = append(r.cells, map[string][]byte{"s": []byte(cell), "one": []byte("1")}[c])
		}
		scratch := []byte{}
		if got := m.wanted(&scratch, r); got != wanted {
			t.Errorf("%q %s: wanted %v", cell, rule, got)
		}
		if got := m.named(&scratch, r); string(got) != named {
			t.Errorf("%q %s: named %q", cell, rule, got)
		}
	}
	f("voided", "where s != voided", false, "")
	f("paid", "where s != voided", true, "")
	f("", "where s != voided", true, "")
	f("paid", "where s = 'paid'", true, "")
	f("open", "where s in paid, sent", false, "")
	f("sent", "where s in paid, sent", true, "")
	f("sent", "where s not in paid,sent", false, "")
	f("sent", "cancel where s not in paid", true, "cancel")
	f("paid", "cancel where s not in paid", true, "")
	f("null", "where s is empty", true, "")
	f("x", "where s is empty", false, "")
	f("x", "where s is not empty and one = 1", true, "")
	f("x", "where s is not empty and one = 2", false, "")
	f("-12.5", "refund where s < 0", true, "refund")
	f("12.5", "refund where s < 0", true, "")
	f("0", "where s >= 0", true, "")
	f("0", "where s > 0", false, "")
	f("0", "where s <= 0", true, "")
	f("text", "where s <= 0", false, "")
	f("/p/x", "view_item where s ~ ^/p/", true, "view_item")
	f("/q/x", "where s !~ ^/p/", true, "")
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
	f(`cannot map "colour": there is no such field`, "event=e", "visitor=v", "colour.red=blue")
	f(`values of "query" are mapped, but it is not: add query=COLUMN`, "event=e", "visitor=v", "query.a=b")
	f(`cannot map "event.a": a value is named once`, "event=e", "visitor=v", "event.a=b", "event.a=c")
	f(`cannot read map entry "url=u~(": the pattern behind u~ cannot be read`, "event=e", "visitor=v", "url=u~(")
	f(`a column has no name`, "event=e", "visitor=v", "url=~x")
	f(`cannot read map entry "where x": "x" is no condition: it is COLUMN and one of =`, "event=e", "visitor=v", "where x")
	f(`"abc" is no number`, "event=e", "visitor=v", "where x > abc")
	f(`cannot read map entry "where x ~ (": error parsing regexp`, "event=e", "visitor=v", "where x ~ (")
}
