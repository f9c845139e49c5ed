package serve

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp/fasthttputil"

	"orrery/models"
)

func TestNewReportsAllThatIsMissing(t *testing.T) {
	_, err := New(Config{MaxBody: -1, Keys: []Key{{}}}, Deps{})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"MaxBody", "key 0", "no Recommender", "no Log", "no Clock"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %q", want, err)
		}
	}
}

// A word that opens two doors is refused: as a write key, which stands in pages, it would give the secret away.
func TestKeysDiffer(t *testing.T) {
	k := newFake()
	for _, keys := range [][]Key{{{Write: "a", Secret: "a"}}, {{Write: "a"}, {Shop: "x", Secret: "a"}}} {
		if _, err := New(Config{Keys: keys}, k.deps()); err == nil || !strings.Contains(err.Error(), "used twice") {
			t.Errorf("%v: %v", keys, err)
		}
	}
}

func TestDevelopmentModeStaysOnLoopback(t *testing.T) {
	f := func(cfg Config, address string, ok bool) {
		t.Helper()
		if err := cfg.mayListen(address); (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
	}
	f(Config{}, "127.0.0.1:8080", true)
	f(Config{}, "[::1]:8080", true)
	f(Config{}, "localhost:8080", true)
	f(Config{}, ":8080", false)
	f(Config{}, "0.0.0.0:8080", false)
	f(Config{}, "192.0.2.1:8080", false)
	f(Config{}, "8080", false)
	f(Config{Open: true}, ":8080", true)
	f(Config{Keys: []Key{{Secret: "s"}}}, ":8080", true)
}

func TestKeys(t *testing.T) {
	r := newRig(t, Config{Keys: []Key{{Shop: "north", Write: "w", Secret: "s"}, {Secret: "all"}, {Operator: "op"}}, Origins: []string{"https://shop.example"}})
	f := func(method, uri string, status int, headers ...string) {
		t.Helper()
		r.expect(method, uri, viewEvent, status, "", headers...)
	}
	const frame, stats = "/v1/frames/for_you?visitor=v", "/v1/stats"
	f("GET", frame, 401)
	f("GET", frame, 200, "Authorization: Bearer w")
	f("GET", frame, 200, "Authorization: bearer s")
	f("GET", frame, 401, "Authorization: Basic w")
	f("GET", frame, 401, "Authorization: Bearer x")
	f("GET", frame+"&key=w", 200)
	f("GET", frame+"&key=%77", 200)
	f("GET", frame+"&key=s", 401) // a secret key in a URL
	f("GET", frame+"&shop=north", 200, "Authorization: Bearer w")
	f("GET", frame+"&shop=south", 403, "Authorization: Bearer w")
	f("GET", frame+"&shop=south", 403, "Authorization: Bearer all") // a key that names no shop speaks for the default one
	f("GET", frame+"&shop=default", 200, "Authorization: Bearer all")
	f("GET", frame, 200, "Authorization: Bearer all")
	if string(r.fake.query.Shop) != "default" {
		t.Errorf("shop %q", r.fake.query.Shop)
	}
	f("GET", frame, 200, "Authorization: Bearer w")
	if string(r.fake.query.Shop) != "north" {
		t.Errorf("shop %q", r.fake.query.Shop)
	}
	f("POST", "/v1/events?key=w", 202)
	f("GET", stats, 403, "Authorization: Bearer w")
	f("GET", stats, 200, "Authorization: Bearer s")
	f("GET", "/metrics", 401)
	f("GET", "/metrics", 403, "Authorization: Bearer s") // the figures of all shops
	f("GET", "/metrics", 200, "Authorization: Bearer op")
	f("GET", stats+"?shop=south", 403, "Authorization: Bearer s")
	f("GET", stats+"?shop=south", 200, "Authorization: Bearer op")
	f("GET", frame+"&shop=south", 200, "Authorization: Bearer op")
	f("GET", frame+"&key=op", 401) // in a URL
	f("POST", "/v1/events?shop=south", 202, "Authorization: Bearer op")
	f("GET", "/healthz", 200)
	f("GET", "/", 200)
}

func TestContactsAreProved(t *testing.T) {
	r := newRig(t, Config{Keys: []Key{{Write: "w", Secret: "s", ContactSecret: "k"}, {Write: "trusting"}}})
	f := func(uri, key string, status int) {
		t.Helper()
		r.expect("GET", "/v1/frames/for_you"+uri, "", status, "", "Authorization: Bearer "+key)
	}
	const proof = "8a7e6e1f" // not it
	good := hex.EncodeToString(hmacOf("k", "a@b"))
	f("?visitor=v", "w", 200)
	f("?contact=a%40b", "w", 403)
	f("?contact=a%40b&contact_hmac="+proof, "w", 403)
	f("?contact=a%40b&contact_hmac=zz", "w", 403)
	f("?contact=a%40b&contact_hmac="+good, "w", 200)
	f("?contact_hmac="+good+"&contact=a%40b", "w", 200)
	f("?contact=a%40c&contact_hmac="+good, "w", 403)
	f("?contact=%20A%40B&contact_hmac="+good, "w", 200)                                    // made of the one form
	f("?contact=%20A%40B&contact_hmac="+hex.EncodeToString(hmacOf("k", " A@B")), "w", 200) // or as it is sent
	f("?contact=%20A%40B&contact_hmac="+hex.EncodeToString(hmacOf("k", "A@B")), "w", 403)
	f("?contact=a%40b", "s", 200)
	f("?contact=a%40b", "trusting", 403) // no secret to prove it with: the public key names no contact
	f("?visitor=v", "trusting", 200)
	r.expect("POST", "/v1/frames", `{"contact":"a@b","frames":[{"frame":"for_you"}]}`, 403, "", "Authorization: Bearer w")
	r.expect("POST", "/v1/frames", `{"contact":"a@b","contact_hmac":"`+good+`","frames":[{"frame":"for_you"}]}`, 200, "", "Authorization: Bearer w")
}

func hmacOf(secret, text string) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

func TestOrigins(t *testing.T) {
	f := func(cfg Config, method, uri, origin, want string, status int) {
		t.Helper()
		r := newRig(t, cfg)
		resp := r.expect(method, uri, "", status, "", "Origin: "+origin)
		if got := string(resp.Header.Peek("Access-Control-Allow-Origin")); got != want {
			t.Errorf("%s %s from %s: allowed %q, want %q", method, uri, origin, got, want)
		}
	}
	keys := Config{Keys: []Key{{Write: "w"}}, Origins: []string{"https://shop.example"}}
	f(Config{}, "GET", "/v1/frames/for_you", "http://localhost:3000", "http://localhost:3000", 200)
	f(Config{}, "GET", "/v1/frames/for_you", "http://127.0.0.1:3000", "http://127.0.0.1:3000", 200)
	f(Config{}, "GET", "/v1/frames/for_you", "https://any.example", "", 403)
	f(Config{}, "OPTIONS", "/v1/events", "https://any.example", "", 403)
	f(Config{}, "GET", "/v1/stats", "https://any.example", "", 403)
	f(Config{}, "GET", "/v1/stats", "http://localhost:3000", "", 200) // read by nobody: it asks for no permission
	f(Config{}, "OPTIONS", "/v1/stats", "http://localhost:3000", "", 204)
	f(Config{Origins: []string{"*"}}, "GET", "/v1/frames/for_you", "https://any.example", "https://any.example", 200)
	f(keys, "GET", "/t.js", "https://other.example", "*", 200)
	f(keys, "OPTIONS", "/v1/events", "https://shop.example", "https://shop.example", 204)
	f(keys, "OPTIONS", "/v1/events", "https://other.example", "", 204)
	f(keys, "GET", "/v1/social/x?key=w", "https://shop.example", "https://shop.example", 200)
	f(keys, "GET", "/v1/social/x?key=w", "https://other.example", "", 200)
	f(keys, "GET", "/v1/social/x", "https://shop.example", "https://shop.example", 401)
}

func TestPaths(t *testing.T) {
	r := newRig(t, Config{})
	f := func(method, uri string, status int, want string) {
		t.Helper()
		r.expect(method, uri, "", status, want)
	}
	f("GET", "/nope", 404, `{"error":{"code":"no_such_path","message":"no such path; /docs lists what there is"}}`)
	f("POST", "/v1/stats", 405, `{"error":{"code":"method_not_allowed","message":"this path takes GET, HEAD, OPTIONS"}}`)
	f("DELETE", "/v1/frames", 405, `{"error":{"code":"method_not_allowed","message":"this path takes GET, HEAD, POST, OPTIONS"}}`)
	f("HEAD", "/healthz", 200, "")
	f("GET", "/v1/frames/", 404, "")
	f("GET", "/v1/frames/a/b", 404, "")
	f("GET", "/v1/social/%zz", 400, `{"error":{"code":"bad_parameter","message":"the path is not a valid escaped id of at most 512 bytes","field":"path"}}`)
	f("GET", "/v1/social/a%2F..%2Fb%20+c", 200, `{"item_id":"a/../b +c","viewing_now":5,"viewed_24h":120,"carted_24h":9,"bought_24h":null}`)
	f("GET", "/v1/social/unknown", 200, `{"item_id":"unknown","viewing_now":null,"viewed_24h":null,"carted_24h":null,"bought_24h":null}`)
}

func TestProfile(t *testing.T) {
	r := newRig(t, Config{})
	r.fake.profiles["a/b@c"] = models.Profile{
		Contact: "a/b@c", Attributes: []byte(`{"name":"Anna"}`), Visitors: 2, FirstSeen: 1_795_000_000_000, LastSeen: 1_795_000_001_234, Sessions: 3, Events: 40,
		Viewed: []models.ItemTouch{{ID: []byte("S"), At: 1_795_000_000_000}}, Cart: []models.ItemTouch{{ID: []byte("T"), At: 1_795_000_000_000, Quantity: 2}},
		Orders:     []models.OrderTouch{{Order: "O", At: 1_795_000_000_000, Value: 39_800_000, Currency: "EUR", Items: []models.LineTouch{{ItemTouch: models.ItemTouch{ID: []byte("S"), At: 1_795_000_000_000, Quantity: 1}}}}},
		OrderCount: 1, Spent: map[string]models.Money{"EUR": 39_800_000},
	}
	const known = `"contact":"a/b@c","attributes":{"name":"Anna"},"visitors":2,"first_seen":"2026-11-18T11:06:40.000Z","last_seen":"2026-11-18T11:06:41.234Z","sessions":3,"events":40,` +
		`"viewed":[{"item_id":"S","time":"2026-11-18T11:06:40.000Z"}],"cart":[{"item_id":"T","time":"2026-11-18T11:06:40.000Z","quantity":2}],` +
		`"orders":[{"order":"O","time":"2026-11-18T11:06:40.000Z","value":"39.80","currency":"EUR","items":[{"item_id":"S","time":"2026-11-18T11:06:40.000Z","quantity":1}]}],` +
		`"order_count":1,"spent":{"EUR":"39.80"},"bot":false,"customer":null,"intent":null,"outlook":null,"mail":null}`
	r.expect("GET", "/v1/contacts/a%2Fb@c", "", 200, "{"+known)
	r.expect("GET", "/v1/visitors/a%2Fb%40c", "", 200, `{"visitor":"a/b@c",`+known)
	r.expect("GET", "/v1/contacts/x", "", 404, `{"error":{"code":"unknown_contact","message":"no event has named the contact \"x\""}}`)
	r.expect("GET", "/v1/visitors/x", "", 404, `{"error":{"code":"unknown_visitor","message":"no event has named the visitor \"x\""}}`)
	r.fake.profiles["empty"] = models.Profile{}
	r.expect("GET", "/v1/visitors/empty", "", 200, `{"visitor":"empty","contact":null,"attributes":null,"visitors":0,"first_seen":null,"last_seen":null,"sessions":0,"events":0,"viewed":[],"cart":[],"orders":[],"order_count":0,"spent":{},"bot":false,"customer":null,"intent":null,"outlook":null,"mail":null}`)
}

func TestContactProducts(t *testing.T) {
	r := newRig(t, Config{})
	resp := r.do("GET", "/v1/contacts/anna%40example.com/products?n=4", "")
	if got := changing.ReplaceAllString(strings.TrimSpace(string(resp.Body())), ""); got != `{"frame":"for_you",`+frameBody+`}` {
		t.Errorf("got %s", got)
	}
	if q := r.fake.query; string(q.Contact) != "anna@example.com" || q.N != 4 || string(q.Frame) != "for_you" {
		t.Errorf("query %+v", q)
	}
	r.do("GET", "/v1/contacts/anna/products?frame=product%5Fpage&contact=eve", "")
	if q := r.fake.query; string(q.Contact) != "anna" || string(q.Frame) != "product_page" {
		t.Errorf("query %+v", q)
	}
	r.expect("GET", "/v1/contacts/anna/products?frame=nope", "", 404, "")
}

func TestStats(t *testing.T) {
	r := newRig(t, Config{})
	r.fake.set(func() {
		r.fake.stats = models.Stats{Events: map[string]uint64{"view_item": 7, `a"b`: 1}, Total: 8, Orders: 2, Buyers: 1, Visitors: 3, Revenue: map[string]models.Money{"EUR": 123_450_000, "USD": -1_000_000}, Bytes: map[string]uint64{"sessions": 10}, StreamTime: 1_795_000_000_000}
	})
	r.fake.set(func() {
		r.fake.status = StreamStatus{Lag: 5, Duplicates: 4, DeadLetters: map[string]uint64{"not_json": 2, "missing": 1},
			Warnings: map[models.WarningCount]uint64{{Field: "contact", Code: "no_id", Word: "null"}: 2, {Field: "contact", Code: "no_id", Word: "guest"}: 1}}
	})
	r.expect("GET", "/v1/stats", "", 200, `{"events":{"a\"b":1,"view_item":7},"total":8,"orders":2,"refunds":0,"cancels":0,"buyers":1,"repeats":0,"visitors":3,"contacts":0,"leads":0,"sessions":0,"bots":0,"items":0,"products":0,"hidden":{"unlisted":0,"removed":0,"sold_out":0,"refused":0},`+
		`"revenue":{"EUR":"123.45","USD":"-1.00"},"claims":{"open":0,"confirmed":0,"expired":0},"merged_contacts":0,"forgotten_returned":0,"over_refunds":0,"over_refunded":{},"order_conflicts":0,"order_conflict_value":{},"duplicates":4,"deadletters":3,"deadletters_by_code":{"missing":1,"not_json":2},"warnings":{"contact":3},"lag":5,"bytes":{"sessions":10},"stream_time":"2026-11-18T11:06:40.000Z"}`)
}

func TestReadiness(t *testing.T) {
	r := newRig(t, Config{MaxLag: 100})
	f := func(status StreamStatus, code int, want string) {
		t.Helper()
		r.fake.set(func() { r.fake.status = status })
		r.expect("GET", "/readyz", "", code, "")
		r.expect("GET", "/readyz?verbose", "", code, want)
	}
	f(StreamStatus{Ready: true}, 200, `{"ready":true,"checks":[{"name":"caught_up","ok":true,"fatal":true,"reason":"0 records behind"},{"name":"log","ok":true,"fatal":false,"reason":"moving"},{"name":"lag","ok":true,"fatal":true,"reason":"0 records behind"},{"name":"serving","ok":true,"fatal":true,"reason":"serving"},{"name":"proxy","ok":true,"fatal":false,"reason":"no proxy hides visitors behind one address"}]}`)
	f(StreamStatus{Lag: 1203, Err: errLog}, 503, `{"ready":false,"checks":[{"name":"caught_up","ok":false,"fatal":true,"reason":"still reading the log: 1203 records behind"},{"name":"log","ok":false,"fatal":false,"reason":"the broker is gone"},{"name":"lag","ok":false,"fatal":true,"reason":"1203 records behind"},{"name":"serving","ok":true,"fatal":true,"reason":"serving"},{"name":"proxy","ok":true,"fatal":false,"reason":"no proxy hides visitors behind one address"}]}`)
	r.expect("GET", "/healthz", "", 200, `{"status":"ok"}`)
}

func TestPanicIsAnswered(t *testing.T) {
	r := newRig(t, Config{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	r.fake.set(func() { r.fake.panics = true })
	for range 3 {
		r.expect("GET", "/v1/frames/for_you", "", 500, `{"error":{"code":"internal","message":"the server failed to answer; this is a bug in it"}}`)
	}
	r.fake.set(func() { r.fake.panics = false })
	r.expect("GET", "/v1/frames/for_you", "", 200, "")
	if body := string(r.do("GET", "/metrics", "").Body()); !strings.Contains(body, "orrery_http_panics_total 3\n") {
		t.Error("panics are not counted")
	}
}

func TestMetrics(t *testing.T) {
	r := newRig(t, Config{Version: "1.2.3"})
	r.fake.set(func() { r.fake.stats = models.Stats{Events: map[string]uint64{"view_item": 7}} })
	r.fake.set(func() {
		r.fake.status.Partitions = []PartitionStatus{{Topic: "pageviews", Partition: 1, Position: 90, End: 100}}
	})
	r.do("GET", "/v1/frames/for_you", "")
	r.do("GET", "/v1/frames/secret-looking-path", "")
	r.do("POST", "/v1/events", viewEvent)
	body := string(r.do("GET", "/metrics", "").Body())
	for _, want := range []string{
		`orrery_http_requests_total{route="frame",code="200"} 1`, `orrery_http_requests_total{route="frame",code="404"} 1`,
		`orrery_http_request_seconds_count{route="frame"} 2`, `orrery_http_request_seconds_bucket{route="frame",le="+Inf"} 2`,
		`orrery_http_events_total{type="view_item",outcome="accepted"} 1`, `orrery_events_total{type="view_item"} 7`,
		`orrery_stream_lag_records{topic="pageviews",partition="1"} 10`, `orrery_ready 1`, `orrery_build_info{version="1.2.3",go="go`, `process_resident_memory_bytes`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("%q is missing in\n%s", want, body)
		}
	}
	if strings.Contains(body, "secret-looking-path") {
		t.Error("a raw path became a label")
	}
	for line := range strings.Lines(body) {
		if !strings.HasPrefix(line, "#") && !slices.ContainsFunc([]string{"orrery_", "go_", "process_"}, func(prefix string) bool { return strings.HasPrefix(line, prefix) }) {
			t.Errorf("the metric collides with those of others: %s", line)
		}
	}
}

// Every metric is Orrery's by its name, or one of the process or of Go that all programs have.
func TestMetricsHaveAPrefix(t *testing.T) {
	r := newRig(t, Config{})
	r.fake.set(func() {
		r.fake.stats = models.Stats{Events: map[string]uint64{"view_item": 7}, Bytes: map[string]uint64{"people": 1}, Revenue: map[string]models.Money{"EUR": 1}, Dropped: []models.Dropped{{What: "claim", Why: "ceiling", N: 1}}}
		r.fake.status.Partitions = []PartitionStatus{{Topic: "pageviews", Partition: 1, Position: 90, End: 100}}
		r.fake.status.DeadLetters = map[string]uint64{"not_json": 2}
	})
	r.do("POST", "/v1/events", viewEvent)
	own := 0
	for line := range strings.Lines(string(r.do("GET", "/metrics", "").Body())) {
		if strings.HasPrefix(line, "orrery_") {
			own++
		} else if line[0] != '#' && !strings.HasPrefix(line, "go_") && !strings.HasPrefix(line, "process_") {
			t.Errorf("%q has no prefix", line)
		}
	}
	if own < 30 {
		t.Errorf("only %d metrics", own)
	}
}

// F14: the labels of metrics are names of known kinds; what anybody has made up counts as "other".
func TestF14Labels(t *testing.T) {
	r := newRig(t, Config{})
	r.fake.set(func() {
		r.fake.stats = models.Stats{Events: map[string]uint64{"a\"b\\c": 1, "anna@example.com": 2, "other": 4, "purchase": 8, "add_payment_info": 16}}
	})
	body := string(r.do("GET", "/metrics", "").Body())
	for _, want := range []string{`orrery_events_total{type="other"} 7`, `orrery_events_total{type="purchase"} 8`, `orrery_events_total{type="add_payment_info"} 16`} {
		if !strings.Contains(body, want) {
			t.Errorf("%s is missing in\n%s", want, body)
		}
	}
	if strings.Contains(body, "anna") || strings.Contains(body, "b\\c") {
		t.Error("a made-up name is a label")
	}
}

// What the engine says holds for a moment: no cache on the way may keep it.
func TestNothingIsCached(t *testing.T) {
	r := newRig(t, Config{})
	for _, uri := range []string{"/v1/frames/for_you", "/v1/frames/nope", "/v1/social/SKU1", "/v1/contacts/nobody", "/v1/contacts/a/products.html", "/v1/stats", "/readyz"} {
		if got := string(r.do("GET", uri, "").Header.Peek("Cache-Control")); got != "no-store" {
			t.Errorf("%s: Cache-Control %q", uri, got)
		}
	}
}

// Of 50 durations the slowest is the 99th percentile; the histogram must not round it away.
func TestQuantiles(t *testing.T) {
	var h histogram
	for range 49 {
		h.observe(time.Millisecond)
	}
	h.observe(time.Second)
	var c counts
	h.load(&c)
	f := func(q float64, least, most time.Duration) {
		t.Helper()
		if got := c.quantile(q); got < least || got > most {
			t.Errorf("quantile %v is %s", q, got)
		}
	}
	f(0.5, time.Millisecond, 1200*time.Microsecond)
	f(0.98, time.Millisecond, 1200*time.Microsecond)
	f(0.99, time.Second, 1200*time.Millisecond)
	f(1, time.Second, 1200*time.Millisecond)
}

func TestAssets(t *testing.T) {
	r := newRig(t, Config{Demo: true})
	for path, kind := range map[string]string{
		"/": typeHTML, "/dashboard.js": typeScript, "/dashboard.css": typeStyle, "/icon.svg": typeSVG, "/docs": typeHTML, "/docs.js": typeScript,
		"/openapi.yaml": typeYAML, "/t.js": typeScript, "/demo/": typeHTML, "/demo/shop.js": typeScript, "/demo/shop.css": typeStyle,
	} {
		resp := r.expect("GET", path, "", 200, "")
		if string(resp.Header.ContentType()) != kind || len(resp.Body()) == 0 || len(resp.Header.Peek("Content-Security-Policy")) == 0 {
			t.Errorf("%s: %s", path, resp.Header.String())
		}
		etag := string(resp.Header.Peek("ETag"))
		for _, known := range []string{etag, strings.TrimPrefix(etag, "W/"), `"other", ` + etag} {
			again := r.expect("GET", path, "", 304, "", "If-None-Match: "+known)
			if vary := string(again.Header.Peek("Vary")); vary != "Accept-Encoding" {
				t.Errorf("%s: not modified, Vary %q", path, vary)
			}
		}
		r.expect("GET", path, "", 200, "", `If-None-Match: "other"`)
	}
}

// TestTrackerIsSmall holds the tracker to 5 KB on the wire, since every page of a shop loads it, and to what it is made of.
func TestTrackerIsSmall(t *testing.T) {
	r := newRig(t, Config{})
	resp := r.do("GET", "/t.js", "", "Accept-Encoding: br, gzip")
	plain, err := resp.BodyGunzip()
	if n := len(resp.Body()); n > 5<<10 || err != nil || !strings.HasPrefix(string(plain), "/* Orrery's tracker") {
		t.Errorf("%d bytes, %v", n, err)
	}
	source := sha256.Sum256(file("t.js"))
	if made := fmt.Sprintf("made of t.js %x:", source[:8]); !strings.Contains(string(plain[:100]), made) {
		t.Errorf("t.min.js is not %s run .ci/tracker", made)
	}
}

// TestStop stops a server with real sockets and a live stream open: readiness turns false, the stream ends, and Stop waits.
func TestStop(t *testing.T) {
	k := newFake()
	s, err := New(Config{Listen: "127.0.0.1:0", Admin: "127.0.0.1:0", DrainDelay: 2 * time.Second}, k.deps())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	base := "http://" + s.Addr().String()
	admin, err := http.Get("http://" + s.AdminAddr().String() + "/")
	if err != nil || admin.StatusCode != 200 {
		t.Fatal(admin, err)
	}
	admin.Body.Close()
	live, err := http.Get(base + "/v1/live")
	if err != nil {
		t.Fatal(err)
	}
	stopped := make(chan error)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		stopped <- s.Stop(ctx)
	}()
	for !s.stopping.Load() {
		time.Sleep(time.Millisecond)
	}
	ready, err := http.Get(base + "/readyz")
	if err != nil || ready.StatusCode != 503 {
		t.Errorf("while draining: %v, %v", ready, err)
	} else {
		ready.Body.Close()
	}
	if _, err := io.ReadAll(live.Body); err != nil {
		t.Errorf("the live stream broke: %v", err)
	}
	live.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	if _, err := net.DialTimeout("tcp", s.Addr().String(), time.Second); err == nil {
		t.Error("still listening")
	}
	if err := s.Stop(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestStopRightAfterStart(t *testing.T) {
	for range 20 {
		s, err := New(Config{}, newFake().deps())
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Serve(fasthttputil.NewInmemoryListener(), nil); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		if err := s.Stop(ctx); err != nil {
			t.Fatal(err)
		}
		cancel()
	}
}

// message is one server-sent event.
type message struct {
	event string
	data  map[string]any
}

func readMessage(t *testing.T, in *bufio.Reader) message {
	t.Helper()
	var m message
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch name {
		case "event":
			m.event = value
		case "data":
			if err := json.Unmarshal([]byte(value), &m.data); err != nil {
				t.Fatalf("%v: %s", err, value)
			}
		case "":
			if m.event != "" {
				return m
			}
		}
	}
}

// Before the first snapshot there is none, and not one that is new.
func TestLiveSnapshotAge(t *testing.T) {
	s, err := New(Config{}, newFake().deps()) // not started: its own looks do not disturb
	if err != nil {
		t.Fatal(err)
	}
	s.live.ticker.Stop()
	f := func(age time.Duration, want string) {
		t.Helper()
		if got := string(s.live.scopes[""].appendTick(nil, &sample{status: StreamStatus{SnapshotAge: age}})); !strings.Contains(got, `"snapshot_age":`+want+`,`) {
			t.Errorf("%s: %s", age, got)
		}
	}
	f(-1, "null")
	f(0, "0")
	f(90*time.Second, "90")
}

// The dashboard's trends are those of the shop that its keys speak for.
func TestTrendsOfAShop(t *testing.T) {
	f := func(want string, keys ...Key) {
		t.Helper()
		k := newFake()
		s, err := New(Config{Keys: keys}, k.deps())
		if err != nil {
			t.Fatal(err)
		}
		s.live.ticker.Stop()
		if s.live.scopes[""].appendTrends(nil); string(k.query.Shop) != want {
			t.Errorf("%v: shop %q", keys, k.query.Shop)
		}
	}
	f("")
	f("", Key{Write: "w", Secret: "s"})
	f("north", Key{Shop: "north", Write: "w"}, Key{Shop: "north", Secret: "s"})
	f("", Key{Shop: "north", Write: "w"}, Key{Shop: "south", Secret: "s"})
}

func TestLive(t *testing.T) {
	k := newFake()
	s, err := New(Config{Listen: "127.0.0.1:0", Admin: NoListener, MaxStreams: 1}, k.deps())
	if err != nil {
		t.Fatal(err)
	}
	s.live.ticker.Reset(30 * time.Millisecond)
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := s.Stop(ctx); err != nil {
			t.Error(err)
		}
	}()
	uri := "http://" + s.Addr().String() + "/v1/live"
	first, err := http.Get(uri)
	if err != nil {
		t.Fatal(err)
	}
	second, err := http.Get(uri)
	if err != nil || second.StatusCode != 503 {
		t.Errorf("a second stream: %v, %v", second, err)
	}
	second.Body.Close()
	in := bufio.NewReader(first.Body)
	seen := map[string]int{}
	// More events after every message: a reader that the machine keeps waiting may miss the tick that tells of the first.
	for total := uint64(100); seen["tick"] < 5 || seen["trends"] < 1 || seen["rate"] < 1; total += 100 {
		m := readMessage(t, in)
		k.set(func() { k.stats = models.Stats{Total: total, Events: map[string]uint64{"view_item": total}} })
		seen[m.event]++
		if m.event != "tick" {
			continue
		}
		if rate := m.data["events_per_second"].(float64); rate > 0 {
			seen["rate"]++
			if kinds := m.data["by_kind"].(map[string]any); kinds["view_item"].(float64) < 100 || m.data["recent_visitors"].([]any)[0] != "v-1" {
				t.Errorf("tick %v", m.data)
			}
		}
	}
	first.Body.Close()
	for i := 0; s.live.readers() > 0; i++ {
		if i == 1000 {
			t.Fatal("the reader's absence went unnoticed")
		}
		time.Sleep(20 * time.Millisecond)
	}
}
