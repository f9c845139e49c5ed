//go:build integration

package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

// segmentNode is the version of Segment's client library that the test runs, as its authors publish it.
const segmentNode = "@segment/analytics-node@3.1.0"

const segmentScript = `
const { Analytics } = require('@segment/analytics-node');
const client = new Analytics({ writeKey: process.env.KEY, host: process.env.HOST, flushAt: 40, flushInterval: 200, maxRetries: 20 });
let failed = 0;
client.on('error', (e) => { failed++; console.error(e); });
(async () => {
  for (let i = 0; i < 40; i++) {
    const user = { userId: 'user-' + i, anonymousId: 'anonymous-' + i };
    client.identify({ ...user, traits: { email: 'user' + i + '@example.com' } });
    client.page({ ...user, name: 'Home', properties: { url: 'https://shop.example/' } });
    client.track({ ...user, event: 'Product Viewed', properties: { product_id: 'P' + i % 7, price: 19.9, currency: 'EUR' } });
    client.track({ ...user, event: 'Product Added', properties: { product_id: 'P' + i % 7, quantity: 2 } });
    client.track({ ...user, event: 'Order Completed', properties: { order_id: 'O' + i, revenue: 39.8, total: 45, currency: 'EUR', products: [{ product_id: 'P' + i % 7, price: 19.9, quantity: 2 }] } });
    if (i % 10 == 0) client.track({ ...user, event: 'Order Refunded', properties: { order_id: 'O' + i, total: 19.9, currency: 'EUR' } });
  }
  await client.closeAndFlush({ timeout: 60000 });
  process.exit(failed ? 1 : 0);
})();
`

// TestSegmentNode has Segment's own library send through a proxy that fails half of the requests, one in two of them after the server
// has taken it: what is sent counts, and counts once.
func TestSegmentNode(t *testing.T) {
	dir := workDir(t)
	npm, err := exec.LookPath("npm")
	if err != nil {
		t.Skip("npm is missing, which fetches " + segmentNode)
	}
	install := exec.Command(npm, "install", "--no-audit", "--no-fund", "--prefix", dir, segmentNode)
	if said, err := install.CombinedOutput(); err != nil {
		t.Skipf("cannot fetch %s: %v\n%s", segmentNode, err, said)
	}
	i := newInstance(t, "--http.write-key", testWrite, "--http.secret-key", testSecret)
	i.start()
	target, err := url.Parse(i.http)
	if err != nil {
		t.Fatal(err)
	}
	through := httputil.NewSingleHostReverseProxy(target)
	var requests, taken atomic.Int64
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Host = target.Host
		switch requests.Add(1) % 4 {
		case 0:
			body, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(body))
			lost := httptest.NewRecorder()
			through.ServeHTTP(lost, r)
			if lost.Code == http.StatusOK {
				taken.Add(1)
			}
			http.Error(w, "the answer is lost", http.StatusBadGateway)
		case 1:
			http.Error(w, "not now", http.StatusServiceUnavailable)
		default:
			through.ServeHTTP(w, r)
		}
	}))
	defer proxy.Close()
	script := filepath.Join(dir, "send.js")
	if err := os.WriteFile(script, []byte(segmentScript), 0o600); err != nil {
		t.Fatal(err)
	}
	send := exec.Command("node", script)
	send.Env = append(os.Environ(), "KEY="+testSecret, "HOST="+proxy.URL)
	if said, err := send.CombinedOutput(); err != nil {
		t.Fatalf("the library gives up: %v\n%s", err, said)
	}
	want := map[string]uint64{"identify": 40, "page_view": 40, "view_item": 40, "add_to_cart": 40, "purchase": 40, "refund": 4}
	var s struct {
		Events   map[string]uint64 `json:"events"`
		Orders   int               `json:"orders"`
		Contacts int               `json:"contacts"`
		Revenue  map[string]string `json:"revenue"`
	}
	eventually(t, "all events are in", func() bool {
		s.Events = nil
		decodeJSON(t, i.secretly(t, "/v1/stats"), &s)
		return s.Events["refund"] >= 4 && s.Events["purchase"] >= 40
	})
	time.Sleep(200 * time.Millisecond) // for one too many
	decodeJSON(t, i.secretly(t, "/v1/stats"), &s)
	for name, n := range want {
		if s.Events[name] != n {
			t.Errorf("%s: %d, want %d", name, s.Events[name], n)
		}
	}
	if s.Orders != 40 || s.Contacts != 40 || s.Revenue["EUR"] != "1512.40" {
		t.Errorf("%d orders of %d contacts, %v; want 40, 40, 1512.40 EUR", s.Orders, s.Contacts, s.Revenue)
	}
	if taken.Load() == 0 { // the figure of duplicates is the operator's
		t.Error("no request was taken without the library knowing: nothing was tried")
	}
}

func (i *instance) secretly(t *testing.T, path string) []byte {
	t.Helper()
	r, err := http.NewRequest("GET", i.http+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+testSecret)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	return i.read(answer, http.StatusOK)
}
