package catalogue

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"orrery/models"
)

const start = models.MinTime + 26*365*models.Day

// feed applies a catalogue event given as JSON, and returns the item's number.
func feed(t rapid.TB, c *Catalogue, shop uint32, line string) (uint32, Effect) {
	t.Helper()
	var e models.Event
	if why := e.Decode([]byte(line), start); why != nil {
		t.Fatalf("%s: %v", line, why)
	}
	item := c.Item(shop, e.Items[0].ID)
	return item, c.Apply(shop, item, &e)
}

// mention applies an item of another event.
func mention(t rapid.TB, c *Catalogue, shop uint32, item string) (uint32, Effect) {
	t.Helper()
	var e models.Event
	if why := e.Decode([]byte(`{"event":"view_item","visitor":"v","currency":"EUR","items":[`+item+`]}`), start); why != nil {
		t.Fatalf("%s: %v", item, why)
	}
	n := c.Item(shop, e.Items[0].ID)
	return n, c.Mention(shop, n, &e.Items[0], e.Currency)
}

func upsert(item string) string {
	return `{"event":"product_upsert","time":"2026-01-02T03:04:05Z","currency":"EUR","items":[` + item + `]}`
}

// What anybody may name a product cannot end the script element of a page that an answer is pasted into.
func TestScript(t *testing.T) {
	c, name := New(), "</script><script>alert(1)</script>"
	item, _ := mention(t, c, 1, `{"item_id":"<A>","item_name":"`+name+`"}`)
	var p models.Product
	if c.Product(item, &p); string(p.ID) != "<A>" || string(p.Title) != name {
		t.Errorf("product %q is called %q", p.ID, p.Title)
	}
	if _, json := c.Slot(item); bytes.IndexByte(json, '<') >= 0 {
		t.Errorf("slot %s", json)
	}
}

// show writes a product in one line.
func show(c *Catalogue, item uint32) string {
	var p models.Product
	c.Product(item, &p)
	s := fmt.Sprintf("%s %q %q %q %q %q %s", p.ID, p.Title, p.URL, p.Image, p.Brand, p.Category, p.Price)
	if p.Sale > 0 {
		s += " sale " + p.Sale.String()
	}
	s += " " + string(p.Currency)
	if p.Listed {
		s += " listed"
	}
	if !p.InStock {
		s += " sold"
	}
	return s
}

func TestFeed(t *testing.T) {
	c := New()
	f := func(line, want string) {
		t.Helper()
		item, _ := feed(t, c, 1, line)
		if got := show(c, item); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", line, got, want)
		}
	}
	f(upsert(`{"item_id":"A","item_name":"Lamp","price":20,"item_category":"Home>Light","item_brand":"Lux","link":"https://x/a","image_link":"https://x/a.jpg","sale_price":"15.50"}`),
		`A "Lamp" "https://x/a" "https://x/a.jpg" "Lux" "Home > Light" 20.00 sale 15.50 EUR listed`)
	f(`{"event":"product_price","currency":"EUR","items":[{"item_id":"A","price":18}]}`,
		`A "Lamp" "https://x/a" "https://x/a.jpg" "Lux" "Home > Light" 18.00 sale 15.50 EUR listed`)
	f(`{"event":"product_price","items":[{"item_id":"A","price":12}]}`, // below the sale price: no sale any more
		`A "Lamp" "https://x/a" "https://x/a.jpg" "Lux" "Home > Light" 12.00 EUR listed`)
	f(`{"event":"product_price","items":[{"item_id":"A","sale_price":9}]}`,
		`A "Lamp" "https://x/a" "https://x/a.jpg" "Lux" "Home > Light" 12.00 sale 9.00 EUR listed`)
	f(`{"event":"product_price","items":[{"item_id":"A","sale_price":null}]}`,
		`A "Lamp" "https://x/a" "https://x/a.jpg" "Lux" "Home > Light" 12.00 EUR listed`)
	f(`{"event":"product_stock","items":[{"item_id":"A","stock":0}]}`,
		`A "Lamp" "https://x/a" "https://x/a.jpg" "Lux" "Home > Light" 12.00 EUR listed sold`)
	f(`{"event":"product_stock","items":[{"item_id":"A","props":1}]}`, // says nothing
		`A "Lamp" "https://x/a" "https://x/a.jpg" "Lux" "Home > Light" 12.00 EUR listed sold`)
	f(`{"event":"product_price","currency":"USD","items":[{"item_id":"A","price":30}]}`,
		`A "Lamp" "https://x/a" "https://x/a.jpg" "Lux" "Home > Light" 30.00 USD listed sold`)
	f(`{"event":"product_remove","items":[{"item_id":"A"}]}`,
		`A "Lamp" "https://x/a" "https://x/a.jpg" "Lux" "Home > Light" 30.00 USD sold`)
	// A new listing replaces what it says, and keeps what it leaves out.
	f(upsert(`{"item_id":"A","title":"Lamp 2","url":"https://x/b"}`),
		`A "Lamp 2" "https://x/b" "https://x/a.jpg" "Lux" "Home > Light" 30.00 EUR listed sold`)
	f(upsert(`{"item_id":"A","item_name":"Lamp 3","price":40,"sale_price":40,"product_type":"Sale","availability":"out of stock"}`),
		`A "Lamp 3" "https://x/b" "https://x/a.jpg" "Lux" "Sale" 40.00 EUR listed sold`)
	f(upsert(`{"item_id":"A","item_name":"`+strings.Repeat("x", maxTitle+1)+`","price":1e-6,"sale_price":-1,"in_stock":true}`),
		`A "`+strings.Repeat("x", maxTitle)+`" "https://x/b" "https://x/a.jpg" "Lux" "Sale" 0.000001 EUR listed`)
	f(`{"event":"product_remove","items":[{"item_id":"unknown"}]}`, `unknown "" "" "" "" "" 0.00 `)
	if n := c.Products(); n != 1 {
		t.Errorf("%d products", n)
	}
}

func TestEffects(t *testing.T) {
	c := New()
	f := func(line string, want Effect) {
		t.Helper()
		if _, got := feed(t, c, 1, line); got != want {
			t.Errorf("%s: effect %d", line, got)
		}
	}
	lamp := upsert(`{"item_id":"A","item_name":"Lamp","price":20,"item_category":"Home"}`)
	f(lamp, Described|Moved)
	f(lamp, 0)
	f(upsert(`{"item_id":"A","item_name":"Lamp","price":20,"item_category":"Light"}`), Moved)
	f(upsert(`{"item_id":"A","item_name":"Lamp","price":20,"item_category":"Light","brand":"Lux"}`), Described)
	f(`{"event":"product_price","items":[{"item_id":"A","price":20}]}`, 0)
	f(`{"event":"product_price","items":[{"item_id":"A","price":21}]}`, Described)
	f(`{"event":"product_stock","items":[{"item_id":"A","stock":1}]}`, 0)
	f(`{"event":"product_remove","items":[{"item_id":"A"}]}`, 0)
}

// Events describe what the feed has not listed, and every new fact is taken, the first one of its kind.
func TestMention(t *testing.T) {
	c := New()
	f := func(item, want string) {
		t.Helper()
		n, _ := mention(t, c, 1, item)
		if got := show(c, n); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", item, got, want)
		}
	}
	f(`{"item_id":"A"}`, `A "" "" "" "" "" 0.00 EUR`)
	f(`{"item_id":"A","price":20}`, `A "" "" "" "" "" 20.00 EUR`)
	f(`{"item_id":"A","price":30,"item_name":"Lamp"}`, `A "Lamp" "" "" "" "" 20.00 EUR`)
	f(`{"item_id":"A","item_name":"Other","item_category":"Home","item_brand":"Lux"}`, `A "Lamp" "" "" "Lux" "Home" 20.00 EUR`)
	f(`{"item_id":"A","item_name":"Third","item_category":"Else","price":1}`, `A "Lamp" "" "" "Lux" "Home" 20.00 EUR`)
	feed(t, c, 1, upsert(`{"item_id":"A","item_name":"Listed"}`))
	f(`{"item_id":"A","item_name":"Fourth","price":99}`, `A "Listed" "" "" "Lux" "Home" 20.00 EUR listed`)
	n := c.Item(1, []byte("A"))
	it := models.Item{ID: []byte("A"), Name: []byte("x"), Price: 1, HasPrice: true}
	if got := testing.AllocsPerRun(100, func() { c.Mention(1, n, &it, nil) }); got != 0 {
		t.Errorf("a mention of a known product allocates %g times", got)
	}
}

func TestAvailability(t *testing.T) {
	f := func(props string, sold bool) {
		t.Helper()
		c := New()
		item, _ := feed(t, c, 1, upsert(`{"item_id":"A",`+props+`}`))
		if c.Allowed(1, item) == sold {
			t.Errorf("%s: sold %v", props, !sold)
		}
	}
	f(`"availability":"in_stock"`, false)
	f(`"availability":"in stock"`, false)
	f(`"availability":"preorder"`, false)
	f(`"availability":"backorder"`, false)
	f(`"availability":"whatever"`, false)
	f(`"availability":""`, false)
	f(`"availability":null`, false)
	f(`"availability":"out_of_stock"`, true)
	f(`"availability":"out of stock"`, true)
	f(`"availability":"Out Of Stock"`, true)
	f(`"availability":"OutOfStock"`, true)
	f(`"availability":"out-of-stock"`, true)
	f(`"availability":"https://schema.org/OutOfStock"`, true)
	f(`"availability":"http://schema.org/SoldOut"`, true)
	f(`"availability":"https://schema.org/InStock"`, false)
	f(`"availability":"discontinued"`, true)
	f(`"availability":"sold_out"`, true)
	f(`"availability":"`+strings.Repeat("out of stock ", 20)+`"`, false)
	f(`"stock":0`, true)
	f(`"stock":"0"`, true)
	f(`"stock":-3`, true)
	f(`"stock":5`, false)
	f(`"stock":"many"`, false)
	f(`"availability":"in_stock","stock":0`, true)
	f(`"stock":5,"availability":"out_of_stock"`, true)
}

func TestAllowed(t *testing.T) {
	c := New()
	a, _ := mention(t, c, 1, `{"item_id":"A"}`)
	b, _ := mention(t, c, 2, `{"item_id":"A"}`)
	f := func(item uint32, want bool) {
		t.Helper()
		shop := c.Shop(item)
		if c.Allowed(shop, item) != want || c.Allowed(shop+1, item) {
			t.Errorf("item %d of shop %d: allowed %v", item, shop, !want)
		}
	}
	f(a, true) // no feed: everything goes
	feed(t, c, 1, `{"event":"product_stock","items":[{"item_id":"A","stock":0}]}`)
	f(a, false)
	feed(t, c, 1, `{"event":"product_stock","items":[{"item_id":"A","stock":1}]}`)
	f(a, true)
	listed, _ := feed(t, c, 1, upsert(`{"item_id":"L"}`))
	f(a, true) // a product is no full feed
	for way, want := range map[Unlisted]bool{Hide: false, Show: true} {
		c.SetUnlisted(way)
		f(a, want)
	}
	c.SetUnlisted(UntilFull)
	full(t, c, 1, 1)
	f(a, false) // not in the feed
	f(listed, true)
	f(b, true) // another shop has no feed
	feed(t, c, 1, upsert(`{"item_id":"A"}`))
	f(a, true)
	feed(t, c, 1, `{"event":"product_remove","items":[{"item_id":"L"}]}`)
	f(listed, false)
	if unlisted, removed, sold := c.Hidden(1); unlisted != 0 || removed != 1 || sold != 0 {
		t.Error(unlisted, removed, sold)
	}
	// What is taken out is hidden whether there was a feed or not.
	feed(t, c, 2, `{"event":"product_remove","items":[{"item_id":"A"}]}`)
	f(b, false)
}

// JSON of a slot is valid whatever is written in a feed, and the texts come back as they were.
func TestTexts(t *testing.T) {
	text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-z"\\/<>&]{0,20}`), rapid.SampledFrom([]string{"", `"`, `\`, "\u2028\x00\n", "Größe 38 – 40", "مصر", "🪐"}))
	rapid.Check(t, func(t *rapid.T) {
		want := map[string]string{
			"title": text.Draw(t, "title"), "url": text.Draw(t, "url"), "image": text.Draw(t, "image"), "item_id": "id" + text.Draw(t, "id"),
		}
		for name, s := range want {
			want[name] = strings.ToValidUTF8(s, "\ufffd")
			if (name == "url" || name == "image") && s != "" {
				want[name] = "https://shop.example/" + want[name]
			}
		}
		// Ids have no control characters: the decoder sees to that.
		want["item_id"] = strings.Map(func(r rune) rune {
			if r < 0x20 || r >= 0x7f && r < 0xa0 {
				return -1
			}
			return r
		}, want["item_id"])
		want["item_id"] = string(models.CanonicalID([]byte(want["item_id"])))
		item, _ := json.Marshal(want)
		c := New()
		n, _ := feed(t, c, 1, upsert(string(item)))
		var p models.Product
		c.Product(n, &p)
		var got map[string]any
		if err := json.Unmarshal([]byte("{"+string(p.JSON)+"}"), &got); err != nil || !utf8.Valid(p.JSON) {
			t.Fatalf("{%s}: %v", p.JSON, err)
		}
		for name, s := range want {
			if s == "" && got[name] == nil {
				continue
			}
			if got[name] != s {
				t.Fatalf("%s is %q in the slot, want %q", name, got[name], s)
			}
		}
		if string(p.Title) != want["title"] || string(p.URL) != want["url"] || string(p.Image) != want["image"] || string(p.ID) != want["item_id"] {
			t.Fatalf("%q %q %q %q, want %v", p.ID, p.Title, p.URL, p.Image, want)
		}
	})
}

// The longest texts that are taken fit.
func TestLongTexts(t *testing.T) {
	c := New()
	long := func(n int) string { return strings.Repeat(`\u0001`, n) }
	item, _ := feed(t, c, 1, upsert(`{"item_id":"`+strings.Repeat(`\"`, models.MaxID)+`","title":"`+long(maxTitle)+`","url":"https://`+long(maxURL-8)+`","image":"https://`+long(maxURL-8)+`"}`))
	var p models.Product
	c.Product(item, &p)
	if len(p.Title) != maxTitle || len(p.URL) != maxURL || len(p.Image) != maxURL || !json.Valid([]byte("{"+string(p.JSON)+"}")) {
		t.Errorf("%d, %d, %d bytes in a slot of %d", len(p.Title), len(p.URL), len(p.Image), len(p.JSON))
	}
}

func TestCategories(t *testing.T) {
	c := New()
	f := func(path, want string) {
		t.Helper()
		if got := string(cleanPath(nil, []byte(path))); got != want {
			t.Errorf("%q is %q, want %q", path, got, want)
		}
	}
	f("", "")
	f(" > >", "")
	f("Home", "Home")
	f(" Home>Kitchen > Pans ", "Home > Kitchen > Pans")
	f("a>b>c>d>e>f>g>h>i>j", "a > b > c > d > e > f > g > h")

	item, _ := feed(t, c, 1, upsert(`{"item_id":"A","item_category":"Home > Kitchen > Pans"}`))
	other, _ := feed(t, c, 1, upsert(`{"item_id":"B"}`))
	foreign, _ := feed(t, c, 2, upsert(`{"item_id":"A","item_category":"Home"}`))
	var names []string
	for _, s := range c.AppendScopes(nil, c.Innermost(item)) {
		names = append(names, string(c.categories.Name(s)))
	}
	if !slices.Equal(names, []string{"Home > Kitchen > Pans", "Home > Kitchen", "Home", ""}) {
		t.Errorf("scopes %q", names)
	}
	shop, kitchen := c.Scope(1, nil), c.Scope(1, []byte("Home>Kitchen"))
	if c.Innermost(other) != shop || len(c.AppendScopes(nil, shop)) != 1 || c.Category(other) != 0 || c.Parent(shop) != 0 || c.Parent(c.Scope(1, []byte("Home"))) != shop {
		t.Error("a product without a category belongs to the shop alone")
	}
	g := func(item, scope uint32, want bool) {
		t.Helper()
		if c.Within(item, scope) != want {
			t.Errorf("item %d within %d: %v", item, scope, !want)
		}
	}
	g(item, shop, true)
	g(item, kitchen, true)
	g(item, c.Scope(1, []byte("Home > Kitchen > Pans")), true)
	g(item, c.Scope(2, []byte("Home")), false)
	g(other, shop, true)
	g(other, kitchen, false)
	g(foreign, shop, false)
	g(foreign, c.Scope(2, nil), true)
	if c.Scope(1, []byte("Garden")) != 0 || c.Scope(3, nil) != 0 {
		t.Error("an unknown category has a number")
	}
	path := []byte(" Home >Kitchen")
	if n := testing.AllocsPerRun(100, func() { c.Scope(1, path) }); n != 0 {
		t.Errorf("looking a category up allocates %g times", n)
	}
}

func TestRings(t *testing.T) {
	c := New()
	for i := range 100 {
		feed(t, c, 1, upsert(fmt.Sprintf(`{"item_id":"%d","price":10,"sale_price":%d}`, i, 9+i%2)))
		feed(t, c, 1, upsert(fmt.Sprintf(`{"item_id":"%d","price":10,"sale_price":%d}`, i, 9+i%2))) // again: not new
	}
	collect := func(each func(uint32, func(uint32) bool), n int) (ids []string) {
		each(1, func(item uint32) bool {
			ids = append(ids, string(c.ID(item)))
			return len(ids) < n
		})
		return ids
	}
	if got := collect(c.Newest, 3); !slices.Equal(got, []string{"99", "98", "97"}) {
		t.Errorf("newest %v", got)
	}
	if got := collect(c.OnSaleLately, 3); !slices.Equal(got, []string{"98", "96", "94"}) {
		t.Errorf("on sale %v", got)
	}
	if got := collect(c.Newest, 1000); len(got) != ringItems {
		t.Errorf("%d products are remembered as new", len(got))
	}
	c.Newest(2, func(uint32) bool { t.Error("another shop has new products"); return false })
}

func size(c *Catalogue) (n int) {
	var b bytes.Buffer
	c.Freeze().WriteTo(&b)
	return b.Len()
}

// The same feed again adds nothing; prices that change for ever do not fill the memory.
func TestMemory(t *testing.T) {
	c := New()
	list := func(price func(i int) int) {
		for i := range 1000 {
			feed(t, c, 1, upsert(fmt.Sprintf(`{"item_id":"%d","item_name":"Product %d","price":%d,"item_category":"C%d","url":"https://shop.example/products/%d","brand":"B%d"}`, i, i, price(i), i%7, i, i%5)))
		}
	}
	list(func(i int) int { return 5 })
	c.Item(1, []byte("1")) // room for one product more is always there
	before := size(c)
	list(func(i int) int { return 5 })
	if after := size(c); after != before {
		t.Errorf("the same feed again takes %d bytes", after-before)
	}
	held := c.Bytes()
	for n := range 50 {
		list(func(i int) int { return 6 + n })
	}
	if c.Bytes() > held+4<<20 {
		t.Errorf("50 new prices of 1,000 products: %d bytes held, %d before", c.Bytes(), held)
	}
	if got := show(c, c.Find(1, []byte("77"))); got != `77 "Product 77" "https://shop.example/products/77" "" "B2" "C0" 55.00 EUR listed` {
		t.Error(got)
	}
}

func TestRestore(t *testing.T) {
	a, b := New(), New()
	feed(t, a, 1, upsert(`{"item_id":"A","item_name":"Lamp \"x\"","price":20,"item_category":"Home>Light","item_brand":"Lux","sale_price":3}`))
	mention(t, a, 2, `{"item_id":"B","item_name":"Other"}`)
	var buf bytes.Buffer
	if _, err := a.Freeze().WriteTo(&buf); err != nil {
		t.Fatal(err)
	}
	if _, err := b.ReadFrom(bytes.NewReader(buf.Bytes())); err != nil {
		t.Fatal(err)
	}
	buf.Reset()
	if _, err := a.Offers().Freeze().WriteTo(&buf); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Offers().ReadFrom(&buf); err != nil {
		t.Fatal(err)
	}
	b.Settle()
	for _, c := range []*Catalogue{a, b} { // both go on alike
		feed(t, c, 1, upsert(`{"item_id":"C","item_category":"Home>Light"}`))
		feed(t, c, 1, `{"event":"product_price","items":[{"item_id":"A","price":30}]}`)
	}
	for item := uint32(1); item <= 3; item++ {
		if show(a, item) != show(b, item) || a.Shop(item) != b.Shop(item) || a.Category(item) != b.Category(item) {
			t.Errorf("%s is %s after a restore", show(a, item), show(b, item))
		}
	}
	if a.Products() != b.Products() || a.Items() != b.Items() || size(a) != size(b) {
		t.Error("the restored catalogue went another way")
	}
}

// Readers find products from the moment that they have a number, and whole slots while prices change.
func TestReaders(t *testing.T) {
	c := New()
	const items = 3000
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for i := 0; ; i = (i + 1) % items {
				select {
				case <-stop:
					return
				default:
				}
				item := c.Find(1, fmt.Appendf(nil, "%d", i))
				if item == 0 {
					continue
				}
				var p models.Product
				c.Product(item, &p)
				c.Allowed(1, item)
				c.Within(item, c.Scope(1, []byte("C3")))
				if title := fmt.Sprintf("Product %d", i); len(p.Title) > 0 && string(p.Title) != title || len(p.JSON) > 0 && !json.Valid([]byte("{"+string(p.JSON)+"}")) {
					t.Errorf("%q: %s", p.Title, p.JSON)
					return
				}
				_, _, _ = c.Bytes(), c.Products(), c.Items()
				c.Newest(1, func(item uint32) bool { return item > 0 })
			}
		})
	}
	for n := range 4 {
		for i := range items {
			feed(t, c, 1, upsert(fmt.Sprintf(`{"item_id":"%d","item_name":"Product %d","price":%d,"item_category":"C%d","image":"https://shop.example/%0500d"}`, i, i, n+1, i%7, i)))
		}
	}
	close(stop)
	wg.Wait()
}
