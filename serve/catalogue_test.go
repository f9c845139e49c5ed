package serve

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"orrery/models"
)

// fakeFeeds reports what openapi.yaml shows, whatever the feed; what a body says can be an error.
type fakeFeeds struct{}

func (fakeFeeds) TakeFeed(_ context.Context, q FeedRequest, body io.Reader) (any, error) {
	b, err := io.ReadAll(body)
	switch text := string(b); {
	case err != nil:
		return nil, err
	case text == "busy":
		return nil, ErrFeedBusy
	case text == "shrunk" && !q.Force:
		return nil, &models.Invalid{Field: "mode", Code: "shrunk", Reason: "it has shrunk"}
	case text == "broken":
		return nil, errors.New("the disk is full")
	case strings.HasPrefix(text, "echo"):
		return map[string]any{"shop": q.Shop, "mode": q.Mode, "force": q.Force, "currency": q.Currency, "bytes": len(b)}, nil
	}
	return json.RawMessage(`{"format":"csv","encoding":"utf-8","platform":"google","entries":2,"bad":0,"mode":"full","products":2,"added":1,"changed":1,"unchanged":0,"retired":3,"kept":0,"unoffered":0,"duplicates":0,"events":6,"hidden":{"unlisted":4,"removed":3,"sold_out":0,"refused":0},"mend":1,"problems":[{"line":3,"item_id":"SKU7","field":"price","reason":"\"soon\" is not a decimal number"}]}`), nil
}

// Refused implements Feeds.
func (fakeFeeds) Refused(shop string) uint64 { return uint64(len(shop)) % 7 }

// FeedProblems implements Feeds.
func (fakeFeeds) FeedProblems(_, product string) ([]FeedProblem, models.Time) {
	if product != "SKU7" && product != "bad" {
		return nil, 0
	}
	return []FeedProblem{{Line: 3, Field: "price", Reason: "\"soon\" is not a decimal number"}}, 1_795_000_000_000
}

// What is told of a product needs the shop's secret key; one that only a refused row names is told as that.
func TestProduct(t *testing.T) {
	r := newRig(t, Config{Keys: []Key{{Shop: "s", Write: "write-key-16-bytes", Secret: "secret-key-16-byte"}}})
	f := func(id, key string, status int, want string) {
		t.Helper()
		resp := r.do("GET", "/v1/products/"+id, "", "Authorization: Bearer "+key)
		if resp.StatusCode() != status || !strings.Contains(string(resp.Body()), want) {
			t.Errorf("%s: %d %s, want %d %s", id, resp.StatusCode(), resp.Body(), status, want)
		}
	}
	f("SKU7", "write-key-16-bytes", 403, "")
	f("SKU7", "secret-key-16-byte", 200, `"hidden":"sold_out"`)
	f("SKU1", "secret-key-16-byte", 200, `"shown":true`)
	f("unknown", "secret-key-16-byte", 404, `"unknown_product"`)
	f("bad", "secret-key-16-byte", 200, `"hidden":"refused"`)
}

func TestCatalogue(t *testing.T) {
	r := newRig(t, Config{Keys: []Key{{Shop: "s", Write: "write-key-16-bytes", Secret: "secret-key-16-byte"}}})
	const secret = "Authorization: Bearer secret-key-16-byte"
	f := func(uri, body string, status int, want string, headers ...string) {
		t.Helper()
		resp := r.do("PUT", uri, body, headers...)
		if resp.StatusCode() != status || !strings.Contains(string(resp.Body()), want) {
			t.Errorf("PUT %s: %d %s, want %d %s", uri, resp.StatusCode(), resp.Body(), status, want)
		}
	}
	f("/v1/catalogue", "echo", 401, "")
	f("/v1/catalogue", "echo", 403, "", "Authorization: Bearer write-key-16-bytes")
	f("/v1/catalogue?mode=full&force=true&currency=EUR", "echo", 200, `{"bytes":4,"currency":"EUR","force":true,"mode":"full","shop":"s"}`, secret)
	f("/v1/settings/shop/shop", `{"currency":"PLN"}`, 200, `"version":1`, secret)
	f("/v1/catalogue", "echo", 200, `"currency":"PLN"`, secret) // what the shop has set, where the request does not say
	f("/v1/catalogue?currency=EUR", "echo", 200, `"currency":"EUR"`, secret)
	long := "echo" + strings.Repeat("x", 20<<20) // more than any other body may have
	f("/v1/catalogue", long, 200, `"bytes":20971524`, secret)
	f("/v1/catalogue", "echo", 200, `"bytes":4`, secret, "Content-Encoding: GZIP")
	f("/v1/catalogue", "echo", 200, `"bytes":4`, secret, "Content-Encoding: x-gzip")
	f("/v1/catalogue?mode=all", "echo", 400, `"field":"mode"`, secret)
	f("/v1/catalogue?currency=XYZ", "echo", 400, `"field":"currency"`, secret)
	f("/v1/catalogue?shop=other", "echo", 403, "", secret)
	f("/v1/catalogue", "", 400, "there is none", secret)
	f("/v1/catalogue", "shrunk", 422, `"code":"shrunk"`, secret)
	f("/v1/catalogue", "busy", 503, `"code":"busy"`, secret)
	f("/v1/catalogue", "broken", 503, `"code":"unavailable"`, secret)
	f("/v1/catalogue", "echo", 415, "", secret, "Content-Encoding: br")
}
