package serve

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"orrery/models"
)

const (
	viewEvent = `{"event":"view_item","id":"1","visitor":"v-1","items":[{"item_id":"SKU1"}]}`
	buyEvent  = `{"event":"purchase","id":"2","visitor":"v-1","order":"O-1","value":39.8,"currency":"EUR"}`
	accepted1 = `{"accepted":1,"rejected":[]}`
)

func TestEvents(t *testing.T) {
	r := newRig(t, Config{})
	f := func(body string, want ...models.Topic) {
		t.Helper()
		r.fake.set(func() { r.fake.records = nil })
		resp := r.do("POST", "/v1/events", body)
		if resp.StatusCode() != 202 {
			t.Errorf("%s: %d %s", body, resp.StatusCode(), resp.Body())
		}
		var got []models.Topic
		for _, rec := range r.fake.taken() {
			got = append(got, rec.Topic)
		}
		if len(got) != len(want) {
			t.Fatalf("%s: topics %v, want %v", body, got, want)
		}
		for i := range got {
			if got[i] != want[i] {
				t.Errorf("%s: topics %v, want %v", body, got, want)
			}
		}
	}
	f(viewEvent, models.Pageviews)
	if rec := r.fake.taken()[0]; string(rec.Key) != "v-1" || string(rec.Value) != viewEvent {
		t.Errorf("record %s %s", rec.Key, rec.Value)
	}
	f("["+viewEvent+","+buyEvent+"]", models.Pageviews, models.Transactions)
	f(viewEvent+"\n"+buyEvent+"\n", models.Pageviews, models.Transactions)
	f(`{"event":"product_upsert","items":[{"item_id":"S"}]}`, models.Catalogue)
	if rec := r.fake.taken()[0]; string(rec.Key) != "default\x1fS" {
		t.Errorf("key %q", rec.Key)
	}
	f(`{"event":"identify","visitor":"v","contact":"a@b"}`, models.Contacts)

	// Keys that had to be unescaped lie in the decoder's scratch, which the next event overwrites.
	f(`[{"event":"page_view","visitor":"\u0061\u0062"},{"event":"page_view","visitor":"\u0063\u0064"}]`, models.Pageviews, models.Pageviews)
	if a, b := r.fake.taken()[0].Key, r.fake.taken()[1].Key; string(a) != "ab" || string(b) != "cd" {
		t.Errorf("keys %s %s", a, b)
	}
}

func TestEventsRejected(t *testing.T) {
	r := newRig(t, Config{MaxEvents: 3})
	f := func(body string, status int, want string, headers ...string) {
		t.Helper()
		r.expect("POST", "/v1/events", body, status, want, headers...)
	}
	f(viewEvent, 202, accepted1)
	f("["+viewEvent+`,{"event":"view_item"}]`, 202,
		`{"accepted":1,"rejected":[{"index":1,"code":"missing","message":"visitor or contact is missing: every event but a product's is somebody's","field":"visitor"}]}`)
	f(`{"visitor":"v"}`, 400,
		`{"error":{"code":"missing","message":"event is missing: every event has a name","field":"event"},"accepted":0,"rejected":[{"index":0,"code":"missing","message":"event is missing: every event has a name","field":"event"}]}`)
	f("", 400, `{"error":{"code":"not_json","message":"the body is empty"},"accepted":0,"rejected":[{"index":0,"code":"not_json","message":"the body is empty"}]}`)
	f("["+viewEvent, 202, `{"accepted":1,"rejected":[{"index":1,"code":"not_json","message":"the body is not JSON: its array is not closed"}]}`)
	f("[]", 202, `{"accepted":0,"rejected":[]}`)
	f(strings.Repeat(viewEvent+"\n", 4), 413, `{"error":{"code":"too_many_events","message":"more than 3 events in one request: nothing was taken"}}`)
	f(strings.Repeat(viewEvent+"\n", 3), 202, `{"accepted":3,"rejected":[]}`)
	if n := len(r.fake.taken()); n != 6 {
		t.Errorf("%d records, want 6", n)
	}

	r.fake.set(func() { r.fake.logErr = models.ErrFull })
	f(viewEvent, 429, `{"error":{"code":"full","message":"the stream is full: send the same events again later"}}`)
	if got := r.do("POST", "/v1/events", viewEvent).Header.Peek("Retry-After"); string(got) != "1" {
		t.Errorf("Retry-After %q", got)
	}
	r.fake.set(func() { r.fake.logErr = models.ErrQuota })
	r.expect("POST", "/v1/events", viewEvent, 503, `{"error":{"code":"quota","message":"the log's share of the disk is used up: send the same events again later"}}`)
	r.fake.set(func() { r.fake.logErr = models.ErrStalled })
	if got := r.do("POST", "/v1/events", viewEvent); string(got.Header.Peek("Retry-After")) != "1" || got.StatusCode() != 503 {
		t.Errorf("a log that does not answer: status %d, Retry-After %q", got.StatusCode(), got.Header.Peek("Retry-After"))
	}
	r.fake.set(func() { r.fake.logErr = errLog })
	f(viewEvent, 503, `{"error":{"code":"log_unavailable","message":"the events could not be made durable: send them again with the same ids"}}`)
}

func TestEventsCompressed(t *testing.T) {
	r := newRig(t, Config{MaxBody: 10_000})
	f := func(body []byte, encoding string, status int, want string) {
		t.Helper()
		r.expect("POST", "/v1/events", string(body), status, want, "Content-Encoding: "+encoding)
	}
	f(zip(viewEvent), "gzip", 202, accepted1)
	f(zip(viewEvent), "gzip", 202, accepted1) // a reused reader
	f(zip(viewEvent), "GZIP", 202, accepted1)
	f(zip(viewEvent), "x-gzip", 202, accepted1)
	f([]byte(viewEvent), "identity", 202, accepted1)
	f([]byte(viewEvent), "gzip", 400, `{"error":{"code":"bad_body","message":"the body is not valid gzip"}}`)
	f(zip(viewEvent)[:20], "gzip", 400, `{"error":{"code":"bad_body","message":"the body is not valid gzip"}}`)
	f([]byte(viewEvent), "br", 415, `{"error":{"code":"unsupported_encoding","message":"send the body plain or as gzip","field":"Content-Encoding"}}`)
	f(zip(strings.Repeat(" ", 1_000_000)), "gzip", 413, `{"error":{"code":"too_large","message":"the body is larger than 10000 bytes: send it in parts"}}`)
}

func zip(s string) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	w.Write([]byte(s))
	w.Close()
	return out.Bytes()
}

func TestBodyTooLarge(t *testing.T) {
	r := newRig(t, Config{MaxBody: 10_000})
	want := `{"error":{"code":"too_large","message":"the body is larger than 10000 bytes: send it in parts"}}`
	r.expect("POST", "/v1/events", strings.Repeat(" ", 5<<20), 413, want)
	r.expect("POST", "/v1/events", viewEvent, 202, accepted1)
}

// A client that sends a body that is too large piece by piece gets its answer when it has sent all, and no broken connection.
func TestSlowBodyTooLarge(t *testing.T) {
	r := newRig(t, Config{MaxBody: 10_000})
	conn, err := net.Dial("tcp", r.line.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	const pieces, piece = 16, 2_000
	fmt.Fprintf(conn, "POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n", pieces*piece)
	for range pieces {
		if _, err := conn.Write(make([]byte, piece)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(60 * time.Millisecond) // a quarter of the silence that ends the connection
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil || !strings.Contains(line, " 413 ") {
		t.Errorf("%q, %v", line, err)
	}
}

func TestBots(t *testing.T) {
	const cart = `{"event":"add_to_cart","id":"1","visitor":"v-1","items":[{"item_id":"SKU1"}]}`
	f := func(r *rig, event, name string, bot bool, headers ...string) {
		t.Helper()
		r.fake.set(func() { r.fake.records = nil })
		want, answer := event, accepted1
		if bot {
			want, answer = event[:len(event)-1]+`,"bot":true}`, `{"accepted":1,"rejected":[],"note":"bot"}`
		}
		r.expect("POST", "/v1/events", event, 202, answer, append(headers, "User-Agent: "+name)...)
		if got := string(r.fake.taken()[0].Value); !strings.HasPrefix(got, want[:len(want)-1]) || strings.Contains(got, `"bot"`) != bot {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	const googlebot = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
	const windowless = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/140.0.0.0 Safari/537.36"
	r := newRig(t, Config{})
	for _, name := range []string{
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
		"Mozilla/5.0 (Linux; Android 14; CUBOT P80) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36",
		"Mozilla/5.0 (Linux; Android 14; CUBOT_NOTE_S Build/O11019) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:130.0) Gecko/20100101 Firefox/130.0",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [FBAN/FBIOS;FBAV/470.0.0.39.100;FBDV/iPhone14,5]",
		"curl/8.0", "python-requests/2.32", "Go-http-client/2.0", "okhttp/4.12.0", "axios/1.7.2", "GuzzleHttp/7", "node-fetch", "Java/21.0.1", "PHP/8.3", "",
	} {
		f(r, viewEvent, name, false)
	}
	for _, name := range []string{
		googlebot, windowless,
		"Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
		"Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
		"Mozilla/5.0 (compatible; ClaudeBot/1.0; +claudebot@anthropic.com)",
		"facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
		"Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36 (compatible; AdsBot-Google-Mobile; +http://www.google.com/mobile/adsbot.html)",
		"Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)", "Mozilla/5.0 (compatible; SemrushBot/7~bl)", "WhatsApp/2.23.20.0",
		"Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)", "Wget/1.21", "Scrapy/2.11 (+https://scrapy.org)",
		"Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)", "Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)",
	} {
		f(r, viewEvent, name, true)
		f(r, cart, name, true)
	}
	f(newRig(t, Config{AllowHeadless: true}), viewEvent, windowless, false)
	f(newRig(t, Config{AllowHeadless: true}), viewEvent, googlebot, true)
	// What a shop's own server calls itself is its own business.
	keyed := newRig(t, Config{Keys: []Key{{Write: "w", Secret: "s"}}})
	f(keyed, viewEvent, googlebot, false, "Authorization: Bearer s")
	f(keyed, viewEvent, googlebot, true, "Authorization: Bearer w")
}

// Whoever sends ever new names costs a bounded number of look-ups.
func TestAgents(t *testing.T) {
	var a agents
	now := time.Unix(1_000, 0)
	for i := range 3 * maxLooks {
		a.of(fmt.Appendf(nil, "Mozilla/5.0 (%d)", i), now)
	}
	if len(a.said) != maxLooks {
		t.Errorf("%d look-ups in a second", len(a.said))
	}
	if got := a.of([]byte("Googlebot/2.1"), now); got != person {
		t.Errorf("the look-up above the bound says %d", got)
	}
	if got := a.of([]byte("Googlebot/2.1"), now.Add(time.Second)); got != robot {
		t.Errorf("the next second's look-up says %d", got)
	}
}

func TestShopsOfKeys(t *testing.T) {
	r := newRig(t, Config{Keys: []Key{{Shop: "north", Write: "w", Secret: "s"}}})
	f := func(body string, status int, shop string) {
		t.Helper()
		r.fake.set(func() { r.fake.records = nil })
		r.expect("POST", "/v1/events?key=w", body, status, "")
		if status != 202 {
			return
		}
		var e models.Event
		rec := r.fake.taken()[0]
		if err := e.Decode(rec.Value, 0); err != nil || string(e.Shop) != shop {
			t.Errorf("%s: shop %q, %v", rec.Value, e.Shop, err)
		}
		if again := models.RecordOf(&e, rec.Value); !bytes.Equal(again.Key, rec.Key) {
			t.Errorf("key %q, want %q", rec.Key, again.Key)
		}
	}
	f(viewEvent, 202, "north")
	f(`{"event":"page_view","visitor":"v","shop":"north"}`, 202, "north")
	f(`{"event":"page_view","visitor":"v","shop":""}`, 202, "north")
	f(`{"event":"page_view","visitor":"v","shop":null}`, 202, "north")
	f(`{"event":"page_view","visitor":"v","shop":"south"}`, 400, "")
	f(`{"event":"product_upsert","items":[{"item_id":"S"}]}`, 400, "")
	r.fake.set(func() { r.fake.records = nil })
	r.expect("POST", "/v1/events", `{"event":"product_upsert","items":[{"item_id":"S"}]}`, 202, "", "Authorization: Bearer s")
	var e models.Event
	rec := r.fake.taken()[0]
	if err := e.Decode(rec.Value, 0); err != nil || string(e.Shop) != "north" {
		t.Errorf("%s: shop %q, %v", rec.Value, e.Shop, err)
	}
	if again := models.RecordOf(&e, rec.Value); !bytes.Equal(again.Key, rec.Key) {
		t.Errorf("key %q, want %q", rec.Key, again.Key)
	}
}

func TestRejectionsAreJSON(t *testing.T) {
	r := newRig(t, Config{})
	for _, body := range []string{"\x00", "{", "[", "]", "null", "[1,2,3]", `{"event":"\ud800"}`, "\xff\xfe", `{"event":"x","visitor":"` + "\xff" + `"}`, strings.Repeat("[", 10_000)} {
		resp := r.do("POST", "/v1/events", body)
		if resp.StatusCode() != 400 || !json.Valid(resp.Body()) || !bytes.HasPrefix(resp.Body(), []byte(`{"error":{"code":`)) {
			t.Errorf("%q: %d %s", body, resp.StatusCode(), resp.Body())
		}
	}
}

// What was left out of an event that counts is told by index and field, and counted, a refused event's as well.
func TestWarnings(t *testing.T) {
	r := newRig(t, Config{})
	body := `{"event":"purchase","visitor":"v","contact":"null","order":"O","value":54.9,"items":[{"item_id":"A"},{"item_name":"Gift wrap","price":5}]}` + "\n" +
		viewEvent + "\n" + `{"event":"identify","visitor":"v","contact":"undefined"}`
	r.expect("POST", "/v1/events", body, 202, `{"accepted":2,"rejected":[{"index":2,"code":"missing","message":"contact is missing: identify says who a visitor is","field":"contact"}],`+
		`"warnings":[{"index":0,"field":"contact","code":"no_id","message":"contact is \"null\", which stands for no id: it is left out"},`+
		`{"index":0,"field":"items[1].item_id","code":"missing","message":"items[1].item_id is missing: the line is no product"}]}`)
	if n := len(r.fake.taken()); n != 2 {
		t.Errorf("%d records", n)
	}
	metrics := string(r.do("GET", "/metrics", "").Body())
	for _, want := range []string{
		`orrery_warnings_total{where="http",field="contact",code="no_id",word="null"} 1`,
		`orrery_warnings_total{where="http",field="contact",code="no_id",word="undefined"} 1`,
		`orrery_warnings_total{where="http",field="items[].item_id",code="missing",word=""} 1`,
	} {
		if !strings.Contains(metrics, want+"\n") {
			t.Errorf("no %s", want)
		}
	}
	r.expect("POST", "/v1/events", viewEvent, 202, accepted1) // nothing is left over from the event before

	many := `{"event":"view_item","visitor":"v","items":[` + strings.Repeat(`{},`, 200) + `{"item_id":"A"}]}`
	if got := strings.Count(string(r.do("POST", "/v1/events", many).Body()), `"code":"missing"`); got != maxWarned {
		t.Errorf("%d warnings in an answer", got)
	}
}
