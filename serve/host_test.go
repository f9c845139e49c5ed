package serve

import (
	"context"
	"encoding/base64"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestHostNames(t *testing.T) {
	f := func(listen string, listed []string, host string, want bool) {
		t.Helper()
		h := newHosts(listen, listed)
		if got := h.take([]byte(host)); got != want {
			t.Errorf("listening on %q, %v: Host %q taken: %v", listen, listed, host, got)
		}
	}
	for _, host := range []string{"127.0.0.1:8080", "127.0.0.1", "localhost", "LOCALHOST:1", "shop.localhost:3000", "[::1]:8080", "[::1]", "127.8.9.1", "localhost.", "[0:0:0:0:0:0:0:1]"} {
		f("127.0.0.1:8080", nil, host, true)
	}
	for _, host := range []string{"", "evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "evillocalhost", "10.0.0.7", "0.0.0.0", "[::]", "[::1", "127.1", "2130706433", "127.0.0.1@evil.example", "[127.0.0.1].evil.example", ".", ":8080"} {
		f("127.0.0.1:8080", nil, host, false)
	}
	f("192.0.2.1:80", nil, "192.0.2.1:80", true)
	f("192.0.2.1:80", nil, "192.0.2.2", false)
	f("orrery:80", nil, "Orrery", true)
	f(":8080", nil, "192.0.2.1", true) // an address cannot be rebound
	f("0.0.0.0:8080", nil, "[2001:db8::1]:8080", true)
	f(":8080", nil, "evil.example", false)
	f(":8080", nil, "", false)
	f(":8080", []string{"api.shop.example", "*.svc.cluster.local"}, "API.shop.example:443", true)
	f(":8080", []string{"api.shop.example", "*.svc.cluster.local"}, "orrery.default.svc.cluster.local", true)
	f(":8080", []string{"api.shop.example", "*.svc.cluster.local"}, "svc.cluster.local", false)
	f(":8080", []string{"api.shop.example"}, "shop.example", false)
	f(":8080", []string{"*"}, "evil.example", true)
}

// A page whose own name has come to lead to this machine (DNS rebinding) gets nothing: reference row A9.
func TestForeignHostIsRefused(t *testing.T) {
	for _, cfg := range []Config{{Demo: true}, {Demo: true, Keys: []Key{{Write: "w", Secret: "s"}, {Operator: "op"}}}} {
		r := newRig(t, cfg)
		for _, op := range described(t) {
			if op.request == "" {
				continue
			}
			method, uri, _ := strings.Cut(op.request, " ")
			status := 421
			if strings.HasPrefix(uri, "/healthz") || strings.HasPrefix(uri, "/readyz") || strings.HasPrefix(uri, "/metrics") {
				status = 200
			}
			resp := r.do(method, uri, op.body, "Host: evil.example:8080", "Authorization: Bearer op")
			if resp.StatusCode() != status {
				t.Errorf("%s: %d %s", op.request, resp.StatusCode(), resp.Body())
			}
		}
		if n := len(r.fake.taken()); n != 0 {
			t.Errorf("%d events were taken", n)
		}
	}
	r := newRig(t, Config{Hosts: []string{"api.shop.example"}})
	r.expect("GET", "/v1/stats", "", 200, "", "Host: api.shop.example")
	if body := string(r.do("GET", "/v1/stats", "", "Host: evil.example").Body()); !strings.Contains(body, "--http.hosts") {
		t.Errorf("no cure in %s", body)
	}
}

// Without keys a stranger's page can neither write nor read, whatever way its browser sends: reference row A8.
func TestCrossSiteIsRefused(t *testing.T) {
	r := newRig(t, Config{})
	f := func(method, uri string, status int, headers ...string) {
		t.Helper()
		before := len(r.fake.taken())
		resp := r.expect(method, uri, viewEvent, status, "", headers...)
		if took := len(r.fake.taken()) > before; took != (status == 202) {
			t.Errorf("%s %s %v: taken %v", method, uri, headers, took)
		}
		if status == 403 && len(resp.Header.Peek("Access-Control-Allow-Origin")) > 0 {
			t.Errorf("%s %s %v: may be read", method, uri, headers)
		}
	}
	const frame = "/v1/frames/for_you?contact=a%40b"
	for _, origin := range []string{"https://evil.example", "http://evil.example:8080", "null", "http://localhost.evil.example", "https://127.0.0.1.evil.example", "http://", "evil", "http://[::1]evil"} {
		f("POST", "/v1/events", 403, "Origin: "+origin, "Content-Type: text/plain;charset=UTF-8")
		f("POST", "/v1/events", 403, "Origin: "+origin, "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors")
		f("OPTIONS", "/v1/events", 403, "Origin: "+origin, "Access-Control-Request-Method: POST")
		f("GET", frame, 403, "Origin: "+origin)
		f("POST", "/v1/export/contacts", 403, "Origin: "+origin)
	}
	f("GET", frame, 403, "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: script")
	f("GET", "/v1/stats", 403, "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe")
	f("GET", "/v1/stats", 200, "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document") // a link that was clicked
	f("POST", "/v1/events", 202)                                                                                     // a server, curl
	for _, origin := range []string{"http://localhost:3000", "http://localhost", "https://127.0.0.1:8443", "http://[::1]:8080", "http://shop.localhost"} {
		f("POST", "/v1/events", 202, "Origin: "+origin)
		f("GET", frame, 200, "Origin: "+origin, "Sec-Fetch-Site: cross-site")
	}
	open := newRig(t, Config{Listen: "0.0.0.0:8080", Open: true}) // in a container: the same host, another port
	open.expect("POST", "/v1/events", viewEvent, 202, "", "Origin: http://10.0.0.9:3000", "Host: 10.0.0.9:8080")
	open.expect("POST", "/v1/events", viewEvent, 403, "", "Origin: http://10.0.0.8:3000", "Host: 10.0.0.9:8080")
}

// The preflights and answers that navigator.sendBeacon and fetch ask for, as Chromium asks.
func TestPagesOfTheShopMaySend(t *testing.T) {
	r := newRig(t, Config{Keys: []Key{{Write: "w"}}, Origins: []string{"https://shop.example"}})
	const from = "Origin: https://shop.example"
	ask := func(method string, headers ...string) map[string]string {
		t.Helper()
		resp := r.do(method, "/v1/events?key=w", viewEvent, headers...)
		if code := resp.StatusCode(); code != 204 && code != 202 {
			t.Errorf("%s %v: %d %s", method, headers, code, resp.Body())
		}
		got := map[string]string{}
		for name, value := range resp.Header.All() {
			if strings.HasPrefix(string(name), "Access-Control-") {
				got[string(name)] = string(value)
			}
		}
		return got
	}
	for _, content := range []string{"text/plain;charset=UTF-8", "text/plain", "application/json"} {
		got := ask("POST", from, "Content-Type: "+content)
		if len(got) != 2 || got["Access-Control-Allow-Origin"] != "https://shop.example" || got["Access-Control-Allow-Credentials"] != "true" {
			t.Errorf("%s: %v", content, got)
		}
	}
	got := ask("OPTIONS", from, "Access-Control-Request-Method: POST", "Access-Control-Request-Headers: content-type")
	if got["Access-Control-Allow-Origin"] != "https://shop.example" || got["Access-Control-Allow-Credentials"] != "true" ||
		!strings.Contains(got["Access-Control-Allow-Headers"], "Content-Type") || !strings.Contains(got["Access-Control-Allow-Methods"], "POST") {
		t.Errorf("preflight: %v", got)
	}
	// Nothing is said to whoever does not ask, and nothing is allowed to others.
	for _, headers := range [][]string{nil, {"Origin: https://other.example"}, {"Origin: http://localhost"}} {
		if got := ask("POST", headers...); len(got) != 0 {
			t.Errorf("%v: %v", headers, got)
		}
		if got := ask("OPTIONS", append(headers, "Access-Control-Request-Method: POST", "Origin: https://other.example")...); len(got) != 0 {
			t.Errorf("preflight %v: %v", headers, got)
		}
	}
}

func TestEveryAnswerForbidsSniffing(t *testing.T) {
	r := newRig(t, Config{Demo: true, Keys: []Key{{Write: "w", Secret: "s"}}})
	f := func(method, uri, body string, headers ...string) {
		t.Helper()
		resp := r.do(method, uri, body, headers...)
		if got := string(resp.Header.Peek("X-Content-Type-Options")); got != "nosniff" {
			t.Errorf("%s %s: %d, %q", method, uri, resp.StatusCode(), got)
		}
	}
	for _, op := range described(t) {
		if op.request != "" {
			method, uri, _ := strings.Cut(op.request, " ")
			f(method, uri, op.body, "Authorization: Bearer s")
			f(method, uri, op.body)
		}
	}
	f("GET", "/nope", "")
	f("POST", "/v1/events?key=w", strings.Repeat(" ", 6<<20))
}

// The admin listener: reference row A10. It answers under its own names, tells no command line, and opens profiles to the
// token only.
func TestAdmin(t *testing.T) {
	ask := func(cfg Config) func(path string, status int, headers ...string) string {
		cfg.Listen, cfg.Admin = "127.0.0.1:0", "127.0.0.1:0"
		s, err := New(cfg, newFake().deps())
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			http.DefaultClient.CloseIdleConnections()
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			if err := s.Stop(ctx); err != nil {
				t.Error(err)
			}
		})
		return func(path string, status int, headers ...string) string {
			t.Helper()
			r, err := http.NewRequest("GET", "http://"+s.AdminAddr().String()+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, h := range headers {
				name, value, _ := strings.Cut(h, ": ")
				if r.Header.Set(name, value); name == "Host" {
					r.Host = value
				}
			}
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, _ := io.ReadAll(resp.Body)
			if resp.StatusCode != status || resp.Header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%s %v: %d %q, %.200s", path, headers, resp.StatusCode, resp.Header.Get("X-Content-Type-Options"), body)
			}
			return string(body)
		}
	}
	keys := []Key{{Write: "w", Secret: "s"}}
	f := ask(Config{Keys: keys, AdminToken: "t"})
	for _, path := range []string{"/", "/debug/pprof", "/debug/pprof/", "/debug/pprof/heap", "/debug/pprof/cmdline"} {
		f(path, 421, "Host: evil.example", "Authorization: Bearer t")
	}
	for _, path := range []string{"/metrics", "/healthz", "/readyz"} {
		f(path, 200, "Host: 10.1.2.3:8081")
	}
	const bearer = "Authorization: Bearer t"
	f("/debug/pprof/heap", 401)
	f("/debug/pprof/heap", 401, "Authorization: Bearer tt")
	f("/debug/pprof/heap", 401, "Authorization: Bearer s")
	f("/debug/pprof/heap", 401, "Authorization: Basic dA==")
	f("/debug/pprof/heap", 200, bearer)
	f("/debug/pprof/heap", 200, "Authorization: Basic "+base64.StdEncoding.EncodeToString([]byte("x:t")))
	for _, path := range []string{"/debug/pprof/", "/debug/pprof"} {
		if page := f(path, 200, bearer); !strings.Contains(page, "goroutine") {
			t.Errorf("%s: %s", path, page)
		}
	}
	for _, path := range []string{"/debug/pprof/cmdline", "//debug/pprof/cmdline", "/debug/./pprof/cmdline", "/debug/pprof/%63mdline", "/debug/pprof/x%2F..%2Fcmdline", "/debug/pprof/cmdline%2F", "/debug/pprof/x%2Fcmdline"} {
		f(path, 404, bearer)
	}
	f("/debug/pprofx", 404, bearer)
	off := ask(Config{Keys: keys})
	for _, token := range []string{"", "Bearer ", "Bearer", "Basic Og=="} {
		off("/debug/pprof/heap", 404, "Authorization: "+token)
	}
}

// An admin listener that the network reaches is said at the start.
func TestOpenAdminIsWarnedOf(t *testing.T) {
	f := func(address string, warned bool) {
		t.Helper()
		var log strings.Builder
		s, err := New(Config{Listen: "127.0.0.1:0", Admin: address, Logger: slog.New(slog.NewTextHandler(&log, nil))}, newFake().deps())
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Start(); err != nil {
			t.Fatal(err)
		}
		if err := s.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(log.String(), "open to the network"); got != warned {
			t.Errorf("%s: %s", address, log.String())
		}
	}
	f("127.0.0.1:0", false)
	f("localhost:0", false)
	f(NoListener, false)
	f(":0", true)
	f("0.0.0.0:0", true)
}
