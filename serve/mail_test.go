package serve

import (
	"strings"
	"testing"

	"orrery/models"
)

func TestMail(t *testing.T) {
	r := newRig(t, Config{})
	r.fake.set(func() {
		r.fake.items = []models.FrameItem{
			{Product: models.Product{ID: []byte("A"), Title: []byte(`<b>"Tom" & 'Jo'</b>`), URL: []byte(`https://shop/p?a=1&b="`), Image: []byte("HTTPS://shop/a.jpg"), Price: 24_900_000, Sale: 19_900_000, Currency: []byte("EUR")}},
			{Product: models.Product{ID: []byte("B"), URL: []byte("javascript:alert(1)"), Image: []byte("data:image/png;base64,x"), Price: 5_000_000}},
			{Product: models.Product{ID: []byte("C")}},
		}
	})
	resp := r.expect("GET", "/v1/contacts/anna/products.html", "", 200, "")
	body := string(resp.Body())
	if got := string(resp.Header.ContentType()); got != typeHTML {
		t.Errorf("Content-Type %s", got)
	}
	for _, want := range []string{
		`<a href="https://shop/p?a=1&amp;b=&#34;"`, `&lt;b&gt;&#34;Tom&#34; &amp; &#39;Jo&#39;&lt;/b&gt;`, `src="HTTPS://shop/a.jpg"`,
		`19.90&nbsp;EUR</span> <s`, `24.90&nbsp;EUR</s>`, `>B</div>`, `>5.00</div>`, `>C</div>`, `&nbsp;</td>`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("%s is missing in\n%s", want, body)
		}
	}
	for _, never := range []string{"javascript:", "data:", "<b>", "<style", "<script"} {
		if strings.Contains(body, never) {
			t.Errorf("%s stands in\n%s", never, body)
		}
	}
	if opened, closed := strings.Count(body, "<td"), strings.Count(body, "</td>"); opened != 4 || closed != 4 {
		t.Errorf("%d cells opened, %d closed", opened, closed)
	}
	r.fake.set(func() { r.fake.items = nil })
	r.expect("GET", "/v1/contacts/anna/products.html", "", 200, "")
}
