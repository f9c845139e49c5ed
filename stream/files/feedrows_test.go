package files

import (
	"errors"
	"io"
	"strings"
	"testing"
)

func feedOf(text string) (rows [][]string, bad []string, err error) {
	f := newFeedRows(strings.NewReader(text))
	if err := f.bind([]string{"id", "title", "price", "currency", "category", "link", "shipping.price"}); err != nil {
		return nil, nil, err
	}
	for {
		r, err := f.next()
		var row *rowError
		switch {
		case err == io.EOF:
			return rows, bad, nil
		case errors.As(err, &row):
			bad = append(bad, row.err.Error())
			continue
		case err != nil:
			return rows, bad, err
		}
		var cells []string
		for _, c := range r.cells {
			cells = append(cells, string(c))
		}
		rows = append(rows, cells)
	}
}

func TestFeed(t *testing.T) {
	f := func(text, want string, wantBad int) {
		t.Helper()
		rows, bad, err := feedOf(text)
		if err != nil || len(bad) != wantBad {
			t.Fatalf("%d bad rows (%q), error %v; want %d", len(bad), bad, err, wantBad)
		}
		var lines []string
		for _, r := range rows {
			lines = append(lines, strings.Join(r, "|"))
		}
		if got := strings.Join(lines, "\n"); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
	const g = `xmlns:g="http://base.google.com/ns/1.0"`
	rss := func(items string) string {
		return `<rss version="2.0" ` + g + `><channel><title>shop</title>` + items + `</channel></rss>`
	}
	f(rss(`<item><g:id>1</g:id><title>A &amp; B</title><g:price>599 CZK</g:price><g:product_type>X &gt; Y</g:product_type></item>`), "1|A & B|599|CZK|X > Y||", 0)
	f("\xef\xbb\xbf"+rss(`<item><g:id> 1 </g:id><g:title><![CDATA[<b>"x"</b>]]></g:title></item>`), `1|<b>"x"</b>|||||`, 0)
	f(rss(`<item><g:id>1</g:id><g:shipping><g:country>CZ</g:country><g:price>79 CZK</g:price></g:shipping><g:price>5 EUR</g:price></item>`), "1||5|EUR|||79 CZK", 0)
	f(rss(`<item><g:id>1</g:id></item><item><g:id>1</g:id></item><item><g:title>no id</g:title></item><item><g:id>2</g:id></item>`), "1||||||\n2||||||", 2)
	f(rss(`<item><g:id>1</g:id><g:google_product_category>276</g:google_product_category></item>`), "1||||||", 0)
	f(rss(`<item><g:id>1</g:id><g:google_product_category>A &gt; B</g:google_product_category></item>`), "1||||A > B||", 0)
	f(`<feed xmlns="http://www.w3.org/2005/Atom" `+g+`><entry><g:id>1</g:id><link href="https://s/1"/><title>t</title></entry></feed>`, "1|t||||https://s/1|", 0)
	f(`<?xml version="1.0" encoding="ISO-8859-1"?>`+rss("<item><g:id>1</g:id><title>caf\xe9</title></item>"), "1|café|||||", 0)
	f(rss(""), "", 0)
}

func TestFeedBroken(t *testing.T) {
	for _, text := range []string{`<rss><channel><item><id>1</id>`, `<rss><item><id>1</title></item></rss>`, `<?xml version="1.0" encoding="utf-16"?><rss/>`} {
		if _, _, err := feedOf(text); err == nil {
			t.Errorf("no error for %q", text)
		}
	}
}

func TestSplitPrice(t *testing.T) {
	f := func(s, number, currency string) {
		t.Helper()
		if n, c := splitPrice(s); n != number || c != currency {
			t.Errorf("splitPrice(%q) = %q, %q; want %q, %q", s, n, c, number, currency)
		}
	}
	f("599 CZK", "599", "CZK")
	f("32.0 USD", "32.0", "USD")
	f("EUR 1,299.50", "1299.50", "EUR")
	f("1.299,50 EUR", "1299.50", "EUR")
	f("1 299,5 eur", "1299.5", "EUR")
	f("1,299 USD", "1299", "USD")
	f("12", "12", "")
	f("12 Kč", "12", "")
	f("-3 EUR", "-3", "EUR")
	f("", "", "")
}

func FuzzFeed(f *testing.F) {
	f.Add(`<rss xmlns:g="x"><item><g:id>1</g:id><g:price>1 EUR</g:price></item></rss>`)
	f.Add(`<feed><entry><id>1</id><link href="x"/></entry></feed>`)
	f.Fuzz(func(t *testing.T, text string) {
		seen := map[string]bool{}
		rows, _, _ := feedOf(text)
		for _, r := range rows {
			if r[0] == "" || seen[r[0]] {
				t.Fatalf("a row of id %q", r[0])
			}
			seen[r[0]] = true
		}
	})
}
