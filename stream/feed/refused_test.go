package feed

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"orrery/models"
)

// A row of a full feed that is refused keeps its product as it is known, and is told; where nobody can read whose row it is, nothing is
// taken out but by force.
func TestRefusedRows(t *testing.T) {
	s, dir := newShop(), t.TempDir()
	taker := NewTaker(Config{Dir: dir, Known: s, Log: s, Settle: time.Second})
	at := models.Time(1_790_000_000_000)
	take := func(text string, force bool) string {
		t.Helper()
		at += models.Minute
		r, err := taker.Take(context.Background(), strings.NewReader(text), Request{Shop: "s", Mode: Full, Force: force, At: at})
		if err != nil {
			return err.Error()
		}
		var listed []string
		s.EachListed(nil, func(id []byte) bool { listed = append(listed, string(id)); return true })
		return fmt.Sprintf("retired %d kept %d refused %d, listed %s", r.Retired, r.Kept, r.Hidden.Refused, listed)
	}
	f := func(text string, force bool, want string) {
		t.Helper()
		if got := take(text, force); got != want {
			t.Errorf("%s: %s, not %s", text, got, want)
		}
	}
	rss := func(items ...string) string {
		return "<rss><channel>" + strings.Join(items, "") + "</channel></rss>"
	}
	item := func(id string) string {
		return "<item><g:id>" + id + "</g:id><title>T</title><g:price>5 EUR</g:price></item>"
	}
	f(rss(item("A"), item("B"), item("C"), item("D")), false, "retired 0 kept 0 refused 0, listed [A B C D]")
	broken := `<item><g:id>B</g:id><title>T &#xZZ; <<</title></item>`
	f(rss(item("A"), broken, item("D")), false, "retired 1 kept 1 refused 1, listed [A B D]")
	f(rss(item("A"), "<item><title>no id</title></item>", item("D")), false, "retired 0 kept 1 refused 1, listed [A B D]")
	if n := taker.Newest("s"); n == nil || n.At != at || !strings.Contains(n.Report.Problems[0].Reason, "nothing was taken out") {
		t.Errorf("newest %+v", n)
	}
	f(rss(item("A"), "<item><title>no id</title></item>", item("D")), true, "retired 1 kept 0 refused 1, listed [A D]")
	f("id,title,price\nA,T,5\nD,T,5,x,y\n", false, "retired 0 kept 1 refused 1, listed [A D]")
	f("title,id,price\nT,A,5\nT,x,D,5,y\n", false, "retired 0 kept 1 refused 1, listed [A D]") // which column is the id
	// What became of the newest feed is known to the next process, and what it said of a product.
	again := NewTaker(Config{Dir: dir, Known: s, Log: s})
	if n := again.Newest("s"); n == nil || n.At != at || n.Report.Bad != 1 || again.Newest("other") != nil {
		t.Errorf("newest %+v", n)
	}
	f(rss(item("A"), strings.Replace(item("D"), "5 EUR", "soon", 1)), false, "retired 0 kept 0 refused 0, listed [A D]")
	if of := taker.Newest("s").Of("D"); len(of) != 1 || of[0].Field != "price" {
		t.Errorf("of D: %+v", of)
	}
}

// What shops write into texts, links and moments is read as a browser would.
func TestLenient(t *testing.T) {
	read := func(text string, o Options) (p Product, notes int) {
		t.Helper()
		_, err := Read(strings.NewReader(text), o, func(got *Product) error { p = *got; return nil }, func(Problem) error { notes++; return nil })
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		return p, notes
	}
	head := "id,title,link,image_link,price,availability,item_group_id\n"
	f := func(row, want string, notes int) {
		t.Helper()
		p, n := read(head+row+"\n", Options{})
		if got := fmt.Sprintf("%s|%s|%s|%s|%s %s|%s|%s", p.ID, p.Title, p.Link, p.Image, p.Price, p.Currency, p.Availability, p.Group); got != want || n != notes {
			t.Errorf("%s: %s (%d notes), not %s", row, got, n, want)
		}
	}
	f(`0012,Tea &amp; Co &quot;8&quot;,//shop.example/p,/i/1.jpg,"12,50 zł",In Stock,null`, `0012|Tea & Co "8"|https://shop.example/p|https://shop.example/i/1.jpg|12.50 PLN|in_stock|`, 0)
	f(`A,T,www.shop.example/a b,img/2.jpg,0 EUR,https://schema.org/OutOfStock,`, `A|T|https://www.shop.example/a%20b|https://www.shop.example/img/2.jpg|0.00 EUR|out_of_stock|`, 1)
	f(`A,T,/p/1,,"1.299,00 €",sofort lieferbar,G`, `A|T|||1299.00 EUR|in_stock|G`, 1)
	f(`A,T,javascript:alert(1),data:x,5,PreOrder,`, `A|T|||5.00 |preorder|`, 2)
	long := strings.Repeat("ä", 300)
	if p, n := read(head+"A,"+long+",,,5,,\n", Options{}); p.Title != long[:512] || n != 1 {
		t.Errorf("a long title is kept as %d bytes, %d notes", len(p.Title), n)
	}
	if p, _ := read(head+"A,T,/p/1,i.jpg,5,,\n", Options{Base: "https://shop.example/feeds/all.csv"}); p.Link != "https://shop.example/p/1" || p.Image != "https://shop.example/p/i.jpg" {
		t.Errorf("links on the feed's shop: %s %s", p.Link, p.Image)
	}
	for _, window := range []string{"2026-11-27T00:00+0100/2026-11-30T00:00+0100", "2026-11-27 00:00:00 +0100/2026-11-29T23:00:00Z", "2026-11-26T23:00:00.000Z / 2026-11-30T00:00:00+01", "2026-11-27 00:00+01:00/2026-11-30 00:00:00+01:00"} {
		p, n := read("id,price,sale_price,sale_price_effective_date\nA,5,4,"+window+"\n", Options{})
		if p.From != 1795734000000 || p.Until != 1795993200000 || n != 1 { // there is no title
			t.Errorf("%s: %d %d, %d notes", window, p.From, p.Until, n)
		}
	}
}
