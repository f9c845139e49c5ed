package serve

import (
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"testing"

	"orrery/models"
)

const frameBody = `"items":[` +
	`{"item_id":"SKU7","title":"Kettle","price":24.9,"sale_price":19.9,"currency":"EUR","score":0.8312,"recipe":"bought_after_viewing","because":{"item_id":"SKU1","count":127,"score":214.2},"social":{"viewing_now":5,"bought_24h":12}},` +
	`{"item_id":"a\"b","score":0.5000,"recipe":"bestsellers","because":{"count":3.46,"score":0}}]`

var changing = regexp.MustCompile(`"recommendation":"r-01M7Q5CQG0[0-9A-Z]{10}",|,"took_us":\d+`)

func TestFrame(t *testing.T) {
	r := newRig(t, Config{})
	resp := r.do("GET", "/v1/frames/product_page?visitor=v-1&contact=a%40b.example&product=SKU1&cart=a,b,&exclude=x&category=Home+%3E+Kitchen&n=8&utm_source=x", "")
	if !json.Valid(resp.Body()) {
		t.Fatalf("no JSON: %s", resp.Body())
	}
	got := changing.ReplaceAllString(strings.TrimSpace(string(resp.Body())), "")
	if want := `{"frame":"product_page",` + frameBody + `}`; got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	q := r.fake.query
	if string(q.Visitor) != "v-1" || string(q.Contact) != "a@b.example" || string(q.Category) != "Home > Kitchen" || q.N != 8 || q.Now != 1_795_000_000_000 {
		t.Errorf("query %+v", q)
	}
	if got := string(joined(q.Products)) + "|" + string(joined(q.Exclude)); got != "SKU1,a,b|x" {
		t.Errorf("ids %s", got)
	}
}

// A product's id may hold commas; those of a cart are what separates its ids.
func TestProductWithComma(t *testing.T) {
	r := newRig(t, Config{})
	r.expect("GET", "/v1/frames/product_page?product=a%2Cb", "", 200, "")
	if got := r.fake.query.Products; len(got) != 1 || string(got[0]) != "a,b" {
		t.Errorf("products %q", got)
	}
}

func joined(ids [][]byte) []byte {
	var out []byte
	for i, id := range ids {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, id...)
	}
	return out
}

func TestFrameParameters(t *testing.T) {
	r := newRig(t, Config{})
	f := func(query string, status int, want string) {
		t.Helper()
		r.expect("GET", "/v1/frames/product_page"+query, "", status, want)
	}
	bad := func(query, field, message string) {
		t.Helper()
		f(query, 400, `{"error":{"code":"bad_parameter","message":"`+message+`","field":"`+field+`"}}`)
	}
	for _, n := range []string{"", "0", "-1", "101", "1e2", "abc", "99999999999999999999999", "+5", "8%00"} {
		if n != "8%00" {
			bad("?n="+n, "n", "n must be a whole number from 1 to 100")
		}
	}
	bad("?n=8%00", "n", "the value is not validly escaped")
	bad("?visitor=%zz", "visitor", "the value is not validly escaped")
	bad("?visitor=%e", "visitor", "the value is not validly escaped")
	bad("?visitor="+strings.Repeat("v", 513), "visitor", "the value is longer than 512 bytes")
	bad("?cart=a,"+strings.Repeat("v", 513), "cart", "the value is longer than 512 bytes")
	bad("?cart="+strings.Repeat("v,", 201), "cart", "more than 200 ids")
	f("", 200, "")
	f("?", 200, "")
	f("?&&=&x", 200, "")
	f("?n=100&visitor=", 200, "")
	r.expect("GET", "/v1/frames/nope", "", 404,
		`{"error":{"code":"unknown_frame","message":"there is no frame \"nope\"; there are product_page, for_you, trending","field":"frame"}}`)
	r.expect("GET", "/v1/frames", "", 200, `{"frames":["product_page","for_you","trending"]}`)
	r.fake.set(func() { r.fake.frameErr = errors.New("broken") })
	f("", 500, `{"error":{"code":"internal","message":"the frame could not be answered"}}`)
}

func TestFrames(t *testing.T) {
	r := newRig(t, Config{})
	f := func(body string, status int, want string) {
		t.Helper()
		resp := r.do("POST", "/v1/frames", body)
		got := changing.ReplaceAllString(strings.TrimSpace(string(resp.Body())), "")
		if resp.StatusCode() != status || got != want {
			t.Errorf("%s\n got %d %s\nwant %d %s", body, resp.StatusCode(), got, status, want)
		}
	}
	one := func(name string) string { return `{"frame":"` + name + `",` + frameBody + `}` }
	unknown := `{"frame":"nope","error":{"code":"unknown_frame","message":"there is no frame \"nope\"; there are product_page, for_you, trending","field":"frame"}}`
	f(`{"visitor":"v","frames":[{"frame":"product_page","product":"P","n":4},{"frame":"for_you"}]}`, 200,
		`{"frames":[`+one("product_page")+`,`+one("for_you")+`]}`)
	f(`{"frames":[{"frame":"nope"},{"frame":"for_you"}]}`, 200, `{"frames":[`+unknown+`,`+one("for_you")+`]}`)
	f(`{"frames":[{"frame":"nope"}]}`, 404, `{"frames":[`+unknown+`],"error":`+strings.TrimPrefix(unknown, `{"frame":"nope","error":`))
	f(`{"frames":[]}`, 400, `{"error":{"code":"bad_body","message":"there must be from 1 to 20 frames","field":"frames"}}`)
	f(``, 400, `{"error":{"code":"bad_body","message":"the body is not JSON at byte 0"}}`)
	f(`{"frames":[{"frame":"for_you","n":101}]}`, 400, `{"error":{"code":"bad_body","message":"n must be a whole number from 1 to 100","field":"frames[0].n"}}`)
	f(`{"frames":[{"frame":"for_you","n":"4"}]}`, 400, `{"error":{"code":"bad_body","message":"must be a whole number, not a string","field":"frames[0].n"}}`)
	f(`{"frames":[{"frame":"for_you","n":1.5}]}`, 400, `{"error":{"code":"bad_body","message":"must be a whole number, not a number 1.5","field":"frames[0].n"}}`)
	long, many := strings.Repeat("v", 513), strings.Repeat(`"v",`, 200)+`"v"`
	bad := func(body, field, message string) {
		t.Helper()
		f(body, 400, `{"error":{"code":"bad_body","message":"`+message+`","field":"`+field+`"}}`)
	}
	for _, name := range []string{"shop", "visitor", "contact", "product"} {
		bad(`{"`+name+`":"`+long+`","frames":[{"frame":"for_you"}]}`, name, "the value is longer than 512 bytes")
	}
	for _, name := range []string{"cart", "exclude"} {
		bad(`{"`+name+`":["`+long+`"],"frames":[{"frame":"for_you"}]}`, name, "the value is longer than 512 bytes")
		bad(`{"`+name+`":[`+many+`],"frames":[{"frame":"for_you"}]}`, name, "more than 200 ids")
		bad(`{"frames":[{"frame":"for_you"},{"frame":"for_you","`+name+`":[`+many+`]}]}`, "frames[1]."+name, "more than 200 ids")
	}
	bad(`{"frames":[{"frame":"for_you","category":"`+long+`"}]}`, "frames[0].category", "the value is longer than 512 bytes")
	f(`{"frames":[{}]}`, 400, `{"error":{"code":"bad_body","message":"the frame's name is missing or too long","field":"frames[0].frame"}}`)

	r.do("POST", "/v1/frames", `{"dedupe":true,"exclude":["x"],"product":"P","frames":[{"frame":"product_page"},{"frame":"for_you","cart":["c"],"exclude":["y"]}]}`)
	if got := string(joined(r.fake.query.Exclude)); got != `x,SKU7,a"b,y` {
		t.Errorf("excluded %s", got)
	}
	if got := string(joined(r.fake.query.Products)); got != "c" {
		t.Errorf("products %s", got)
	}
}

func TestDecimals(t *testing.T) {
	f := func(v float64, places int, want string) {
		t.Helper()
		if got := string(appendDecimal(nil, v, places)); got != want {
			t.Errorf("appendDecimal(%v, %d) = %s, want %s", v, places, got, want)
		}
	}
	f(127, 2, "127")
	f(3.456, 2, "3.46")
	f(0.999, 2, "1")
	f(0.1, 2, "0.1")
	f(0.05, 2, "0.05")
	f(-1.5, 2, "-1.5")
	f(-0.001, 2, "0")
	f(1e12, 2, "1000000000000")
	f(nan(), 2, "0")
	s := func(v float32, want string) {
		t.Helper()
		if got := string(appendScore(nil, v)); got != want {
			t.Errorf("appendScore(%v) = %s, want %s", v, got, want)
		}
	}
	s(0.83117, "0.8312")
	s(0.99999, "1.0000")
	s(12.5, "12.5000")
	s(-1, "0.0000")
	s(float32(nan()), "0.0000")
}

func nan() float64 { var zero float64; return zero / zero }

func TestRecommendationIDsSort(t *testing.T) {
	var ids recommendationIDs
	last := ""
	for i := range 1000 {
		id := string(ids.append(nil, 1_795_000_000_000+models.Time(i/10)))
		if id <= last || len(id) != 22 {
			t.Fatalf("%s after %s", id, last)
		}
		last = id
	}
}
