package serve

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"orrery/models"
)

// withCatalogue is a recommender that can tell a product.
type withCatalogue struct {
	*fake
	product models.Product
}

func (w withCatalogue) Product(_, id []byte) (models.Product, bool) {
	return w.product, bytes.Equal(id, w.product.ID)
}

func TestShopIsOfTheDemoOnly(t *testing.T) {
	r := newRig(t, Config{})
	for _, path := range []string{"/demo/", "/demo/p/SKU1", "/demo/img/SKU1.svg", "/demo/shop.js"} {
		r.expect("GET", path, "", 404, "")
	}
}

func TestShopProduct(t *testing.T) {
	r := newRig(t, Config{Demo: true})
	r.server.deps.Catalogue = withCatalogue{r.fake, models.Product{
		ID: []byte("S/1"), Title: []byte(`</script><b>"`), Brand: []byte("B"), Category: []byte("A > B"), Price: 24_900_000, Sale: 19_900_000, Currency: []byte("EUR"),
	}}
	f := func(path, want string) {
		t.Helper()
		body := string(r.expect("GET", path, "", 200, "").Body())
		_, rest, _ := strings.Cut(body, `<script type="application/ld+json">`)
		got, rest, _ := strings.Cut(rest, `</script>`)
		if got != want || !json.Valid([]byte(got)) || !strings.Contains(rest, "/t.js") {
			t.Errorf("%s\n got %s\nwant %s", path, got, want)
		}
	}
	f("/demo/p/S%2F1", `{"@context":"https://schema.org","@type":"Product","sku":"S/1","name":"\u003c/script>\u003cb>\"","category":"A > B","brand":"B","offers":{"@type":"Offer","price":19.90,"priceCurrency":"EUR"}}`)
	f("/demo/p/other", `{"@context":"https://schema.org","@type":"Product","sku":"other","name":"other","category":"","brand":""}`)
	if body := string(r.do("GET", "/demo/", "").Body()); strings.Contains(body, "ld+json") {
		t.Error("the home page has a product")
	}
}

func TestDrawings(t *testing.T) {
	seen := map[string]bool{}
	for i := range 400 {
		id := fmt.Sprintf("P%05d", i)
		drawing := appendDrawing(nil, []byte(id))
		if bytes.ContainsAny(drawing, "{}") || !bytes.Equal(drawing, appendDrawing(nil, []byte(id))) {
			t.Fatalf("%s: %s", id, drawing)
		}
		d := xml.NewDecoder(bytes.NewReader(drawing))
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", id, err)
			}
		}
		seen[string(drawing)] = true
	}
	if all := len(palettes) * len(drawings) * 4; len(seen) < all*3/4 {
		t.Errorf("400 ids have %d different drawings of %d", len(seen), all)
	}
}
