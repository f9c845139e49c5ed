package feed

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"orrery/models"
)

// read returns the products of a feed, one a line, and the problems.
func read(t *testing.T, text string) (products, problems []string, sum Summary, err error) {
	t.Helper()
	sum, err = Read(strings.NewReader(text), Options{}, func(p *Product) error {
		products = append(products, string(p.AppendItem(nil)))
		if !json.Valid(p.AppendUpsert(nil, "s", 1)) {
			t.Errorf("no JSON: %s", p.AppendUpsert(nil, "s", 1))
		}
		if p.Hidden {
			products[len(products)-1] += " hidden"
		}
		return nil
	}, func(p Problem) error {
		problems = append(problems, p.String())
		return nil
	})
	return products, problems, sum, err
}

const (
	rss  = `<?xml version="1.0"?><rss xmlns:g="http://base.google.com/ns/1.0"><channel><title>Shop</title>`
	tail = `</channel></rss>`
)

func TestFeeds(t *testing.T) {
	file := func(name string) string {
		b, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	for _, c := range []struct {
		name, feed string
		want       []string
		problems   []string
	}{
		{"Meta CSV", file("facebook_catalog.csv"), []string{
			`{"item_id":"MUG-B","item_name":"Mug, blue","price":12.00,"item_category":"Home > Kitchen","url":"https://shop.example/p/mug","image":"https://shop.example/i/mug.jpg","brand":"Acme","availability":"in_stock","sale_price":9.50,"condition":"new"}`,
			`{"item_id":"PLATE-L","item_name":"Plate","price":1299.00,"item_category":"Home > Kitchen","url":"https://shop.example/p/plate","image":"https://shop.example/i/plate.jpg","brand":"Acme","availability":"out_of_stock","condition":"new"}`,
		}, nil},
		{"YML", file("feed_other_dialect.xml"), []string{`{"item_id":"A","item_name":"A","price":10.00,"availability":"in_stock"}`}, nil},
		{"WooCommerce", file("woo_products.csv"), []string{
			`{"item_id":"TEE-R","item_name":"Tee - Red","price":20.00,"image":"https://x.example/3.jpg","item_group_id":"TEE","availability":"in_stock","stock":5,"sale_price":15.00}`,
			`{"item_id":"CAP","item_name":"Cap","price":18.00,"item_category":"Clothing > Caps","image":"https://x.example/4.jpg","availability":"out_of_stock","stock":0,"categories_more":"Sale"}`,
			`{"item_id":"OLD","item_name":"Old","price":5.00,"item_category":"Clothing","availability":"in_stock"} hidden`,
			`{"item_id":"TEE","item_name":"Tee","price":20.00,"item_category":"Clothing > Tees","image":"https://x.example/1.jpg","item_group_id":"TEE","availability":"in_stock","sale_price":15.00}`,
		}, nil},
		{"YML with categories, params and an old price", `<?xml version="1.0" encoding="windows-1251"?><!DOCTYPE yml_catalog SYSTEM "shops.dtd"><yml_catalog><shop><categories><category id="1">Home</category><category id="2" parentId="1">Kit</category></categories>` +
			`<offers><offer id="7" available="false" group_id="9"><url>https://s.example/7</url><price>8</price><oldprice>10</oldprice><currencyId>RUB</currencyId><categoryId>2</categoryId><picture>https://s.example/7.jpg</picture><vendor>V</vendor><model>M1</model><param name="Colour">red</param></offer></offers></shop></yml_catalog>`,
			[]string{`{"item_id":"7","item_name":"V M1","price":10.00,"item_category":"Home > Kit","url":"https://s.example/7","image":"https://s.example/7.jpg","brand":"V","item_group_id":"9","availability":"out_of_stock","sale_price":8.00,"colour":"red"}`}, nil},
		{"Atom", `<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="g"><entry><id>tag:shop,1</id><title>Own</title><link rel="alternate" href="https://s.example/1"/><g:id>A1</g:id><g:price>EUR 1.299,00</g:price><g:availability>https://schema.org/OutOfStock</g:availability></entry></feed>`,
			[]string{`{"item_id":"A1","item_name":"Own","price":1299.00,"url":"https://s.example/1","availability":"out_of_stock"}`}, nil},
		{"TSV", "id\ttitle\tprice\tavailability\tsale price\tsale_price_effective_date\nX\t\"Mug\t12.00 USD\tin stock\t9.00 USD\t2026-11-27T00:00-0800/2026-11-30T23:59-0800\n",
			[]string{`{"item_id":"X","item_name":"\"Mug","price":12.00,"availability":"in_stock","sale_price":9.00,"sale_from":"2026-11-27T08:00:00Z","sale_until":"2026-12-01T07:59:00Z"}`}, nil},
		{"Google's API", `{"offerId":"G1","title":"G","price":{"value":"10.5","currency":"USD"},"salePrice":{"value":"9","currency":"USD"},"imageLink":"https://s.example/g.jpg","itemGroupId":"GG","availability":"in stock","productTypes":["A > B","C"]}` + "\n",
			[]string{`{"item_id":"G1","item_name":"G","price":10.50,"item_category":"A > B","image":"https://s.example/g.jpg","item_group_id":"GG","availability":"in_stock","sale_price":9.00}`}, nil},
		{"JSON array, number as id, in_stock", `[{"id":17,"title":"N","in_stock":false},{"id":"18","title":"O","in_stock":true,"stock":3}]`,
			[]string{`{"item_id":"17","item_name":"N","availability":"out_of_stock"}`, `{"item_id":"18","item_name":"O","availability":"in_stock","stock":3}`}, nil},
		{"Orrery's events", `{"event":"product_upsert","currency":"EUR","items":[{"item_id":"E","item_name":"Own","price":5,"url":"https://s.example/e","item_category":"X"}]}`,
			[]string{`{"item_id":"E","item_name":"Own","price":5.00,"item_category":"X","url":"https://s.example/e"}`}, nil},
		{"Shopify", "Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Variant SKU,Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy,Variant Price,Variant Compare At Price,Image Src,Status\n" +
			"tee,Tee,<p>x,Acme,Tops,new,TRUE,Size,S,T-S,shopify,3,deny,15.00,20.00,https://s.example/t.jpg,active\n" +
			"tee,,,,,,,,M,T-M,shopify,0,deny,15.00,,,\n" +
			"tee,,,,,,,,,,,,,,,https://s.example/t2.jpg,\n" +
			"old,Old,,,,,FALSE,Title,Default Title,,,,,5.00,,,draft\n",
			[]string{
				`{"item_id":"T-S","item_name":"Tee","price":20.00,"item_category":"Tops","image":"https://s.example/t.jpg","brand":"Acme","item_group_id":"tee","stock":3,"sale_price":15.00,"size":"S","tags":"new"}`,
				`{"item_id":"T-M","item_name":"Tee","price":15.00,"item_category":"Tops","image":"https://s.example/t.jpg","brand":"Acme","item_group_id":"tee","stock":0,"size":"M","tags":"new"}`,
				`{"item_id":"old","item_name":"Old","price":5.00,"item_group_id":"old"} hidden`,
			}, nil},
		{"semicolons, decimal commas", "id;title;price\na;A;12,50\nb;B;1.299\nc;C;3,5 zł\n",
			[]string{`{"item_id":"a","item_name":"A","price":12.50}`, `{"item_id":"b","item_name":"B","price":1299.00}`, `{"item_id":"c","item_name":"C","price":3.50}`}, nil},
		{"prices", "id,title,price,sale_price\na,A,\"1 299,00 zł\",\nb,B,CZK 599,\nc,C,1'299.50,\nd,D,-3,\ne,E,0,\nf,F,10,12\ng,G,soon,\n",
			[]string{
				`{"item_id":"a","item_name":"A","price":1299.00}`, `{"item_id":"b","item_name":"B","price":599.00}`, `{"item_id":"c","item_name":"C","price":1299.50}`, `{"item_id":"d","item_name":"D"}`,
				`{"item_id":"e","item_name":"E","price":0.00}`, `{"item_id":"f","item_name":"F","price":10.00,"sale_price":0.00}`, `{"item_id":"g","item_name":"G"}`,
			}, []string{"price: \"-3\" is out of range", "price: it is 0", "sale_price: it is higher", "price: \"soon\" is not a decimal number"}},
		{"one bad entity costs one product at most", rss + `<item><g:id>1</g:id><title>A &nbsp;&bogus; B</title></item><item><g:id>2</g:id><title>Bad &#0; x</title></item><item><g:id>3</g:id><title>C</title></item>` + tail,
			[]string{`{"item_id":"1","item_name":"A &bogus; B"}`, `{"item_id":"3","item_name":"C"}`}, []string{"no XML"}},
		{"an item that does not end", rss + `<item><g:id>1</g:id><title>A</title>` + tail, nil, []string{"does not end"}},
		{"CDATA with tags in it", rss + `<item><g:id>1</g:id><title><![CDATA[A </item> > "B"]]></title><g:shipping><g:price>79 CZK</g:price></g:shipping><g:price>5 CZK</g:price></item>` + tail,
			[]string{`{"item_id":"1","item_name":"A \u003c/item> > \"B\"","price":5.00}`}, nil},
		{"bad bytes", "id,title\na,\"x\xffy\x01\"\nb,B\n", nil, nil},
		{"ids that stand for nothing", "id,title\nnull,A\n,B\n(not set),C\n x ,D\n", []string{`{"item_id":"x","item_name":"D"}`}, []string{"id: it is missing", "id: it is missing", "id: it is missing"}},
		{"links that are no web", "id,title,link\na,A,javascript:alert(1)\n", []string{`{"item_id":"a","item_name":"A"}`}, []string{"no address of the web"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, problems, sum, err := read(t, c.feed)
			if err != nil {
				t.Fatal(err)
			}
			if c.name == "bad bytes" { // whatever encoding it is taken for, b is there
				if len(got) != 2 || !strings.Contains(got[1], `"b"`) {
					t.Errorf("%q", got)
				}
				return
			}
			if strings.Join(got, "\n") != strings.Join(c.want, "\n") {
				t.Errorf("%+v\n%s\nnot\n%s", sum, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
			for i, want := range c.problems {
				if i >= len(problems) || !strings.Contains(problems[i], want) {
					t.Errorf("problems are %q, not %q", problems, c.problems)
					break
				}
			}
		})
	}
}

func TestNoFeeds(t *testing.T) {
	for text, want := range map[string]error{
		"":                      ErrEmpty,
		"<!DOCTYPE html><html>": ErrPage,
		"<rss><channel/></rss>": ErrEmpty,
		"id,title\n":            ErrEmpty,
		`<!DOCTYPE x [<!ENTITY a "b">]><rss><item><id>1</id></item></rss>`: errDTD,
	} {
		if _, _, _, err := read(t, text); !errors.Is(err, want) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, _, _, err := read(t, "name,price\nA,1\n"); err == nil || !strings.Contains(err.Error(), "no column of ids") {
		t.Error(err)
	}
	for _, cut := range []string{rss + `<item><g:id>1</g:id><title>A</title></item><item><g:id>2`, `[{"id":"1","title":"A"},{"id":"2"`, `{"id":"1","title":"A"}` + "\n" + `{"id":"2","ti`} {
		if _, _, sum, err := read(t, cut); err != nil || !sum.Cut {
			t.Errorf("%.40q: %+v, %v", cut, sum, err)
		}
	}
}

// A feed costs the memory of one product, however long an unclosed quote, comment or CDATA is, and a gzip bomb is only long.
func TestBoundedMemory(t *testing.T) {
	long := strings.Repeat("x", MaxEntry+1<<20)
	for _, text := range []string{
		rss + "<item><g:id>1</g:id><title><![CDATA[" + long + "</title></item><item><g:id>2</g:id><title>B</title></item>" + tail,
		rss + "<!-- " + long,
		"id,title\na,\"" + long + "\nb,B\n",
		`{"id":"a","title":"` + long + "\"}\n" + `{"id":"b","title":"B"}` + "\n",
		`[{"id":"a","title":"` + long + `"},{"id":"b"}]`,
	} {
		_, problems, _, err := read(t, text)
		if err == nil && len(problems) == 0 {
			t.Errorf("%.30q: nothing is said of it", text)
		}
	}
}

func TestGzip(t *testing.T) {
	var zip bytes.Buffer
	w := gzip.NewWriter(&zip)
	fmt.Fprint(w, "id,title\n1,A\n")
	w.Close()
	if got, _, _, err := read(t, zip.String()); err != nil || len(got) != 1 {
		t.Error(got, err)
	}
	if _, _, _, err := read(t, zip.String()[:zip.Len()-12]); err == nil {
		t.Error("a broken gzip is taken")
	}
}

// FuzzRead: whatever a feed is, reading ends without a panic, and what it tells can be sent as events that Orrery takes.
func FuzzRead(f *testing.F) {
	for _, name := range []string{"woo_products.csv", "facebook_catalog.csv", "feed_other_dialect.xml"} {
		b, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(rss + `<item><g:id>1</g:id><title><![CDATA[A > B]]></title><g:price>1,5 EUR</g:price></item>` + tail))
	f.Add([]byte(`[{"id":1,"price":{"value":"1","currency":"EUR"},"in_stock":false}]`))
	f.Add([]byte("Handle,Variant Price,Option1 Name,Option1 Value\na,1,Size,S\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var e models.Event
		var buf []byte
		sum, _ := Read(bytes.NewReader(b), Options{}, func(p *Product) error {
			buf = p.AppendUpsert(buf[:0], "", 1_800_000_000_000)
			if err := e.Decode(buf, 1_800_000_000_000); err != nil {
				t.Fatalf("%s: %v", buf, err)
			}
			if len(e.Items) != 1 || string(e.Items[0].ID) != p.ID || e.Items[0].HasPrice != p.HasPrice || e.Items[0].Price != p.Price || len(e.Warnings) > 0 {
				t.Fatalf("%s is %+v, %v", buf, e.Items, e.Warnings)
			}
			return nil
		}, func(Problem) error { return nil })
		if sum.Bad > sum.Entries {
			t.Fatalf("%+v", sum)
		}
	})
}
