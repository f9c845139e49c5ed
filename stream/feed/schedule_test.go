package feed

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestPublic(t *testing.T) {
	for address, want := range map[string]bool{
		"127.0.0.1": false, "::1": false, "10.1.2.3": false, "192.168.0.1": false, "172.16.0.1": false, "169.254.169.254": false, "100.64.0.1": false,
		"0.0.0.0": false, "fe80::1": false, "fd00::1": false, "224.0.0.1": false, "255.255.255.255": false, "64:ff9b::7f00:1": false, "::ffff:127.0.0.1": false,
		"8.8.8.8": true, "2001:4860:4860::8888": true,
	} {
		if got := public(netip.MustParseAddr(address).Unmap()); got != want {
			t.Errorf("%s is public: %v", address, got)
		}
	}
}

// What a feed's address may lead to, and what a feed may be.
func TestFetch(t *testing.T) {
	const text = "id,title\na,A\n"
	var asked atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		switch r.URL.Path {
		case "/feed":
			if r.Header.Get("If-None-Match") == `"1"` || r.Header.Get("If-Modified-Since") == "yesterday" {
				w.WriteHeader(http.StatusNotModified)
				return
			}
			w.Header().Set("ETag", `"1"`)
			io.WriteString(w, text)
		case "/gzip":
			w.Header().Set("Content-Encoding", "gzip")
			zip := gzip.NewWriter(w)
			io.WriteString(zip, text)
			zip.Close()
		case "/moved":
			http.Redirect(w, r, "/feed", http.StatusFound)
		case "/round":
			http.Redirect(w, r, "/round", http.StatusFound)
		case "/file":
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		case "/gone":
			w.WriteHeader(http.StatusNotFound)
		case "/long":
			io.WriteString(w, strings.Repeat("x", 2000))
		}
	}))
	defer s.Close()
	get := func(f *Fetcher, address string, last Fetched) (string, Fetched, error) {
		body, now, err := f.Fetch(context.Background(), address, last)
		if err != nil || body == nil {
			return "", now, err
		}
		defer body.Close()
		b, err := io.ReadAll(body)
		if bytes.HasPrefix(b, []byte{0x1f, 0x8b}) {
			b = []byte("packed")
		}
		return string(b), now, err
	}
	f := NewFetcher(FetchConfig{Private: true, MaxBytes: 1000})
	got, now, err := get(f, s.URL+"/feed", Fetched{})
	if err != nil || got != text || now.ETag != `"1"` {
		t.Errorf("%q, %+v, %v", got, now, err)
	}
	if got, again, err := get(f, s.URL+"/feed", now); err != nil || got != "" || again != now {
		t.Errorf("unchanged: %q, %+v, %v", got, again, err)
	}
	if got, _, err := get(f, s.URL+"/moved", Fetched{}); err != nil || got != text {
		t.Errorf("moved: %q, %v", got, err)
	}
	if got, _, err := get(f, s.URL+"/gzip", Fetched{}); err != nil || got != "packed" { // Read unpacks it, within bounds
		t.Errorf("gzip: %q, %v", got, err)
	}
	for _, path := range []string{"/round", "/file", "/gone", "/long"} {
		if got, _, err := get(f, s.URL+path, Fetched{}); err == nil {
			t.Errorf("%s: %q", path, got)
		} else if strings.Contains(err.Error(), s.URL) {
			t.Errorf("%s: the error tells the address: %v", path, err)
		}
	}
	before := asked.Load()
	for _, address := range []string{s.URL + "/feed", "ftp://shop.example/x", "//shop.example", "http://[::1]:80/"} {
		if got, _, err := get(NewFetcher(FetchConfig{Timeout: 5 * time.Second}), address, Fetched{}); err == nil {
			t.Errorf("%s: %q", address, got)
		}
	}
	if _, _, err := get(NewFetcher(FetchConfig{}), s.URL+"/feed", Fetched{}); !errors.Is(err, ErrPrivate) || asked.Load() != before {
		t.Errorf("a private address: %v, asked %d times", err, asked.Load()-before)
	}
}

// A feed is fetched by who speaks, taken as a full one, and asked for by its ETag the next time; one that was refused is asked for whole.
func TestSchedule(t *testing.T) {
	body, etag, asked, whole := priced(20, func(int) string { return "5 EUR" }), `"1"`, 0, 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		if r.Header.Get("If-None-Match") == etag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		whole++
		w.Header().Set("ETag", etag)
		io.WriteString(w, body)
	}))
	defer server.Close()
	known := newShop()
	taker := NewTaker(Config{Dir: t.TempDir(), Known: known, Log: known, Settle: time.Second})
	s := &Schedule{
		Sources: []Source{{Shop: "default", URL: server.URL + "/feed.csv?token=secret", Every: time.Hour}}, Taker: taker, Dir: t.TempDir(),
		Fetcher: NewFetcher(FetchConfig{Private: true}), Speaks: func() bool { return true }, Log: slog.New(slog.DiscardHandler), state: make([]Outcome, 1),
	}
	f := func(wantAsked, wantWhole, products int, same bool, refused string) {
		t.Helper()
		err := s.fetch(context.Background(), 0)
		o := s.Outcomes()[0]
		if asked != wantAsked || whole != wantWhole || o.Same != same || o.Report.Products != products || (err != nil) != (refused != "") || !strings.Contains(o.Error, refused) {
			t.Errorf("asked %d, whole %d, %+v, %v", asked, whole, o, err)
		}
	}
	f(1, 1, 20, false, "")
	f(2, 1, 20, true, "")
	body, etag = priced(5, func(int) string { return "5 EUR" }), `"2"`
	f(3, 2, 20, false, "nothing was taken")
	f(4, 3, 20, false, "nothing was taken") // not remembered
	body, etag = priced(15, func(int) string { return "5 EUR" }), `"3"`
	f(5, 4, 15, false, "")
	if n := len(known.events); n != 21+6 { // 20 products and the news, then 5 are retired, and the news
		t.Errorf("%d events", n)
	}
	// Nobody fetches who does not speak.
	quiet := &Schedule{Sources: s.Sources, Taker: taker, Dir: s.Dir, Fetcher: s.Fetcher, Speaks: func() bool { return false }, Log: s.Log}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	quiet.Run(ctx)
	if asked != 5 {
		t.Errorf("asked %d times", asked)
	}
}
