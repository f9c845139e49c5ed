package serve

import (
	"bufio"
	"bytes"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

const asShop, asPage = "Authorization: Bearer s", "Authorization: Bearer w"

// behindProxy is a server with keys whose proxy is this machine.
func behindProxy() Config {
	cfg := keyed()
	cfg.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	return cfg
}

// status asks for a frame.
func (r *rig) status(headers ...string) int {
	r.t.Helper()
	return r.do("GET", "/v1/frames/for_you", "", headers...).StatusCode()
}

// until asks until it is refused, and returns how often it was answered.
func (r *rig) until(most int, headers ...string) (answered int) {
	r.t.Helper()
	for answered < most && r.status(headers...) == 200 {
		answered++
	}
	return answered
}

// An address that asks too often with the public key is told when to come back, and nobody else is.
func TestAddressesAreLimited(t *testing.T) {
	cfg := behindProxy()
	cfg.AddressRate = 2
	r := newRig(t, cfg)
	const loud, calm = "X-Forwarded-For: 203.0.113.1", "X-Forwarded-For: 203.0.113.2"
	began := time.Now()
	n := r.until(1000, asPage, loud)
	if more := int(time.Since(began).Seconds()*2) + 1; n < 20 || n > 20+more {
		t.Errorf("%d requests were answered", n)
	}
	resp := r.expect("GET", "/v1/frames/for_you", "", 429, `{"error":{"code":"too_often","message":"the address has sent too many requests: ask again after Retry-After seconds"}}`, asPage, loud)
	if got := string(resp.Header.Peek("Retry-After")); got != "1" {
		t.Errorf("Retry-After %q", got)
	}
	r.expect("POST", "/v1/events", viewEvent, 429, "", asPage, loud)
	r.expect("GET", "/v1/social/SKU1", "", 429, "", asPage, loud)
	for _, headers := range [][]string{{asPage, calm}, {asPage}, {asShop, loud}} {
		if got := r.status(headers...); got != 200 {
			t.Errorf("%q: %d", headers, got)
		}
	}
	r.expect("GET", "/healthz", "", 200, "", loud)
	text := string(r.expect("GET", "/metrics", "", 200, "", "Authorization: Bearer op").Body())
	if !strings.Contains(text, `orrery_dropped_total{what="request",why="rate_of_address"} 4`+"\n") || !strings.Contains(text, `orrery_dropped_total{what="request",why="rate_of_key"} 0`+"\n") {
		t.Error("what was refused is not counted")
	}
}

// Loopback is never limited by address, and what a peer that nobody trusts says of its client counts for nothing.
func TestLoopbackIsNotLimited(t *testing.T) {
	cfg := keyed()
	cfg.AddressRate = 1
	r := newRig(t, cfg)
	for i := range 50 {
		if got := r.status(asPage, fmt.Sprintf("X-Forwarded-For: 203.0.113.%d", i%2)); got != 200 {
			t.Fatalf("request %d: %d", i, got)
		}
	}
}

// 1,000 visitors behind one proxy are 1,000 addresses: none is refused for what the others ask.
func TestVisitorsBehindAProxyAreNotLimited(t *testing.T) {
	cfg := behindProxy()
	cfg.AddressRate = 1
	r := newRig(t, cfg)
	for i := range 3000 {
		if got := r.status(asPage, fmt.Sprintf("X-Forwarded-For: 203.0.%d.%d", i%1000/250, i%250)); got != 200 {
			t.Fatalf("request %d: %d", i, got)
		}
	}
}

// Large bodies and pages of many frames count as what they are.
func TestBodiesAndFramesCount(t *testing.T) {
	cfg := behindProxy()
	cfg.AddressRate = 10
	r := newRig(t, cfg)
	const bodies, frames = "X-Forwarded-For: 203.0.113.1", "X-Forwarded-For: 203.0.113.2"
	r.expect("POST", "/v1/events", viewEvent+strings.Repeat(" ", 200<<10), 202, "", asPage, bodies)
	r.expect("POST", "/v1/events", viewEvent, 429, "", asPage, bodies)
	const packed = "X-Forwarded-For: 203.0.113.3"
	r.expect("POST", "/v1/events", string(zip(viewEvent+strings.Repeat(" ", 200<<10))), 202, "", asPage, packed, "Content-Encoding: gzip")
	r.expect("POST", "/v1/events", viewEvent, 429, "", asPage, packed)
	page := `{"frames":[` + strings.Repeat(`{"frame":"for_you"},`, 19) + `{"frame":"for_you"}]}`
	n := 0
	for n < 20 && r.do("POST", "/v1/frames", page, asPage, frames).StatusCode() == 200 {
		n++
	}
	if n < 5 || n > 8 {
		t.Errorf("%d pages of 20 frames", n)
	}
}

// A key has a rate of its own, wherever it comes from.
func TestKeysAreLimited(t *testing.T) {
	cfg := keyed()
	cfg.KeyRate = 2
	r := newRig(t, cfg)
	for _, key := range []string{asPage, asShop} {
		began := time.Now()
		n := r.until(1000, key)
		if more := int(time.Since(began).Seconds()*2) + 1; n < 20 || n > 20+more {
			t.Errorf("%s: %d requests were answered", key, n)
		}
	}
	r.expect("GET", "/v1/frames/for_you", "", 429, `{"error":{"code":"too_often","message":"the key has sent too many requests: ask again after Retry-After seconds"}}`, asPage)
	cfg.KeyRate, cfg.AddressRate = -1, -1
	r = newRig(t, cfg)
	if n := r.until(200, asPage); n != 200 {
		t.Errorf("without a bound %d requests were answered", n)
	}
}

// Whoever runs the server behind a proxy and has not said so is told once, by the log and by a check, on the same host too; and those behind
// it are no network.
func TestHintAtProxy(t *testing.T) {
	for _, proxy := range []string{"10.0.0.7", "127.0.0.1", "::1"} {
		for _, header := range []string{"X-Forwarded-For: 203.0.113.1", "Forwarded: for=203.0.113.1", "X-Real-IP: 203.0.113.1"} {
			var log bytes.Buffer
			cfg := keyed()
			cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
			s, err := New(cfg, newFake().deps())
			if err != nil {
				t.Fatal(err)
			}
			c := &call{client: netip.MustParseAddr(proxy), ctx: newContext(header)}
			s.hintAtProxy(&call{client: netip.MustParseAddr(proxy), ctx: newContext()})
			s.hintAtProxy(&call{client: netip.MustParseAddr("203.0.113.1"), ctx: c.ctx})
			if ok, reason := s.hidden.probe(); log.Len() > 0 || !ok {
				t.Error(log.String(), reason)
			}
			s.hintAtProxy(c)
			s.hintAtProxy(c)
			if strings.Count(log.String(), "--http.trusted-proxies") != 1 || !strings.Contains(log.String(), proxy) {
				t.Error(log.String())
			}
			if ok, reason := s.hidden.probe(); ok || !strings.Contains(reason, "--http.trusted-proxies") || !strings.Contains(reason, proxy) {
				t.Error(ok, reason)
			}
		}
	}
}

// A proxy on this host that tells nothing of those behind it is found out by how many they are; a house, a test or a server is not.
func TestCrowdOfOneAddress(t *testing.T) {
	r := newRig(t, Config{Keys: []Key{{Write: "write-key-of-a-shop", Secret: "secret-key-of-a-shop"}}})
	send := func(key, prefix string, visitors int) {
		t.Helper()
		var body strings.Builder
		for i := range visitors {
			fmt.Fprintf(&body, `{"event":"page_view","visitor":"%s%d"}`+"\n", prefix, i)
		}
		r.expect("POST", "/v1/events", body.String(), 202, "", "Authorization: Bearer "+key)
	}
	hidden := func() bool { ok, _ := r.server.hidden.probe(); return !ok }
	send("secret-key-of-a-shop", "server", 900)
	for range 20 {
		send("write-key-of-a-shop", "v", 150)
	}
	if hidden() {
		t.Error("150 visitors look like a proxy")
	}
	send("write-key-of-a-shop", "w", 600)
	if !hidden() {
		t.Error("750 visitors of one address look like none")
	}
	if body := string(r.do("GET", "/readyz?verbose", "").Body()); !strings.Contains(body, `{"name":"proxy","ok":false,"fatal":false,"reason":"hundreds of visitors`) {
		t.Error(body)
	}
}

// Who has no key, a wrong one, or asks for what needs none is bounded by the address as well.
func TestOpenRoutesAreLimited(t *testing.T) {
	cfg := behindProxy()
	cfg.AddressRate = 2
	for _, path := range []string{"/t.js", "/", "/openapi.yaml", "/v1/frames/trending?key=wrong", "/v1/frames/trending", "/v1/rfm"} {
		r := newRig(t, cfg)
		often := 0
		for range 100 {
			if resp := r.do("GET", path, "", "X-Forwarded-For: 203.0.113.9"); resp.StatusCode() == 429 {
				often++
			}
		}
		if often < 50 {
			t.Errorf("%s: %d of 100 were refused", path, often)
		}
		if resp := r.do("GET", path, "", "X-Forwarded-For: 203.0.113.10"); resp.StatusCode() == 429 {
			t.Errorf("%s: another address is refused as well", path)
		}
		if resp := r.do("GET", path, ""); resp.StatusCode() == 429 {
			t.Errorf("%s: this machine is refused as well", path)
		}
	}
}

// A frame allocates nothing with keys, rates and a proxy in front either.
func TestLimitedFrameAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	cfg := behindProxy()
	cfg.AddressRate = 1 << 30
	deps := newFake().deps()
	deps.Recommender = newStill()
	s, err := New(cfg, deps)
	if err != nil {
		t.Fatal(err)
	}
	s.live.ticker.Stop()
	line, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Serve(line, nil); err != nil {
		t.Fatal(err)
	}
	defer s.Stop(t.Context())
	c, err := net.Dial("tcp", line.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	w := &wire{conn: c, in: bufio.NewReaderSize(c, 64<<10)}
	request := []byte("GET /v1/frames/product_page?visitor=v HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer w\r\nX-Forwarded-For: 192.0.2.1, 203.0.113.1\r\n\r\n")
	if body := w.ask(t, request); !bytes.Contains(body, []byte("SKU1")) {
		t.Fatalf("%s", body)
	}
	if n := testing.AllocsPerRun(2000, func() { w.ask(t, request) }); n > 0 {
		t.Errorf("%v allocations a request", n)
	}
}

// newContext is a request's context without a connection.
func newContext(headers ...string) *fasthttp.RequestCtx {
	ctx := new(fasthttp.RequestCtx)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		ctx.Request.Header.Set(name, value)
	}
	return ctx
}
