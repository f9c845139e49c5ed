package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"orrery/engine"
	"orrery/models"
	"orrery/serve"
)

// still is a log that keeps nothing, and a stream that has caught up.
type stillStream struct{}

func (stillStream) Append(context.Context, []models.Record) error { return nil }
func (stillStream) Status() serve.StreamStatus {
	return serve.StreamStatus{Ready: true, SnapshotAge: -1, Duplicates: 7777, DeadLetters: map[string]uint64{"theirs": 7777}}
}

// house is a server on an engine that has taken the events of some shops.
func house(t *testing.T, shops ...string) (base string) {
	t.Helper()
	e, err := engine.New(engine.Config{Floor: 1})
	if err != nil {
		t.Fatal(err)
	}
	var events []*models.Event
	for _, shop := range shops {
		events = append(events, streetOf(shop)...)
	}
	slices.SortStableFunc(events, func(a, b *models.Event) int { return int(a.Time - b.Time) })
	e.Apply(events)
	s, err := serve.New(serve.Config{
		Admin: serve.NoListener, Demo: true,
		Keys: []serve.Key{{Name: "n", Shop: "north", Write: "north-write", Secret: "north-secret"}, {Name: "s", Shop: "south", Secret: "south-secret"}, {Name: "o", Operator: "house"}},
	}, serve.Deps{
		Products: e,
		Exports:  &exports{engine: e}, Recommender: e, Social: e, Profiles: e, People: e, Customers: e, Statistics: e, Recent: e, Quality: e, Catalogue: e, Contacts: e,
		Log: stillStream{}, Stream: stillStream{}, Clock: func() models.Time { return shopsBegan + 40*models.Day },
	})
	if err != nil {
		t.Fatal(err)
	}
	line, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Serve(line, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := s.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return "http://" + line.Addr().String()
}

const shopsBegan = models.Time(20_000) * models.Day

// streetOf is forty days of a shop: the same persons and products by name in every shop, in another number, so that whatever is mixed up
// shows. Names of the south's own say so.
func streetOf(shop string) (events []*models.Event) {
	people, n := 20, 0
	if shop == "south" {
		people = 33
	}
	add := func(e *models.Event, at models.Time) {
		n++
		e.Shop, e.Time, e.ID, e.Name = []byte(shop), shopsBegan+at, fmt.Appendf(nil, "%s-%d", shop, n), []byte(e.Kind.String())
		events = append(events, e)
	}
	for day := range models.Time(40) {
		for p := range people {
			at := day*models.Day + models.Time(p)*models.Minute
			visitor, contact := fmt.Appendf(nil, "v-%d", p), fmt.Appendf(nil, "c%d@%s.example", p, shop)
			for k := range 3 {
				item := fmt.Appendf(nil, "SKU%d", (p+k*int(day))%9)
				if k == 2 {
					item = fmt.Appendf(nil, "only-%s-%d", shop, p%3)
				}
				add(&models.Event{Kind: models.ViewItem, Visitor: visitor, Items: []models.Item{{ID: item, Name: []byte("a thing of " + shop), Price: 5 * models.Micros, HasPrice: true, Quantity: 1}}}, at+models.Time(k)*models.Second)
			}
			if day == 0 && p%2 == 0 {
				add(&models.Event{Kind: models.Identify, Visitor: visitor, Contact: contact, Props: []byte(`"shop":"` + shop + `"`)}, at+5*models.Second)
			}
			if (int(day)+p)%7 == 0 {
				add(&models.Event{
					Kind: models.Purchase, Visitor: visitor, Order: fmt.Appendf(nil, "O-%d-%d", day, p), Value: 5 * models.Micros, HasValue: true,
					Currency: []byte("EUR"), Items: []models.Item{{ID: fmt.Appendf(nil, "SKU%d", p%9), Quantity: 1}},
				}, at+6*models.Second)
			}
		}
	}
	return events
}

// requests reads the x-request of each operation of openapi.yaml, with the example of its body.
func requests(t *testing.T) (list [][2]string) {
	t.Helper()
	text, err := os.ReadFile("../../serve/web/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	operation := regexp.MustCompile(`(?m)^      x-request: (.*)$`)
	example := regexp.MustCompile(`(?m)^              example: (.*)$`)
	at := operation.FindAllStringSubmatchIndex(string(text), -1)
	for i, m := range at {
		until := len(text)
		if i+1 < len(at) {
			until = at[i+1][0]
		}
		_ = until
		body := ""
		// The example of the request's body stands before x-request's answers or before it, within its operation.
		begin := strings.LastIndex(string(text[:m[0]]), "operationId")
		if b := strings.Index(string(text[begin:until]), "requestBody:"); b >= 0 {
			if x := example.FindStringSubmatch(string(text[begin+b : until])); x != nil {
				body = x[1]
			}
		}
		list = append(list, [2]string{string(text[m[2]:m[3]]), body})
	}
	return list
}

var moving = regexp.MustCompile(`"(took_us|recommendation|lag|accepted|stream_time)":("[^"]*"|[0-9]+)|retry: 2000`)

func asked(t *testing.T, base, method, uri, body, key string) (status int, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, base+uri, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+key)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
		var b [16 << 10]byte
		for text = ""; !strings.Contains(text, "event: tick"); {
			n, err := resp.Body.Read(b[:])
			if text += string(b[:n]); err != nil {
				t.Fatal(err)
			}
		}
		return resp.StatusCode, text
	}
	all, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, moving.ReplaceAllString(string(all), "")
}

// isWhole tells whether an answer of one shop is, to the byte, that of a server without others. Forecasts and segments are settled by the
// clock of the stream, which the last event of any shop moves.
func isWhole(uri string) bool {
	for _, part := range []string{"/v1/live", "/v1/models", "/v1/export", "/v1/rfm", "/v1/quality", "/v1/visitors", "/v1/contacts", "/v1/frames"} {
		if strings.HasPrefix(uri, part) {
			return false
		}
	}
	return true
}

// TestTwoShops walks openapi.yaml: with the key of one shop nothing of the other's is in any answer, counts are those of a server that has
// no other shop, and the other shop cannot be named. The operator is told of both.
func TestTwoShops(t *testing.T) {
	both, north, south := house(t, "north", "south"), house(t, "north"), house(t, "south")
	walked := 0
	for _, r := range append(requests(t), [2]string{"GET /v1/live"}, [2]string{"GET /v1/visitors/v-4"}, [2]string{"GET /v1/frames/bestsellers?n=20"},
		[2]string{"GET /v1/frames/viewed_together?product=SKU1"}, [2]string{"GET /v1/frames/for_you?visitor=v-2"}, [2]string{"GET /v1/social/SKU1"},
		[2]string{"POST /v1/export/orders"}, [2]string{"POST /v1/export/order_lines"}, [2]string{"POST /v1/export/products"}, [2]string{"POST /v1/export/neighbours"}, [2]string{"POST /v1/export/recommendations"}) {
		method, uri, _ := strings.Cut(r[0], " ")
		body := r[1]
		if !strings.HasPrefix(uri, "/v1/") {
			continue // no shop's figures, but for /metrics, which is the operator's
		}
		walked++
		for shop, alone := range map[string]string{"north": north, "south": south} {
			key, other := shop+"-secret", map[string]string{"north": "south", "south": "north"}[shop]
			status, got := asked(t, both, method, uri, body, key)
			if status == 401 || status == 403 {
				t.Errorf("%s with the key of %s: %d %s", r[0], shop, status, got)
			}
			if strings.Contains(got, other) || strings.Contains(got, "7777") || strings.Contains(got, "theirs") {
				t.Errorf("%s with the key of %s tells of others:\n%.600s", r[0], shop, got)
			}
			if isWhole(uri) {
				if _, want := asked(t, alone, method, uri, body, key); got != want {
					t.Errorf("%s with the key of %s\n     got %.600s\nwant, alone, %.600s", r[0], shop, got, want)
				}
			}
			sep := "?"
			if strings.Contains(uri, "?") {
				sep = "&"
			}
			if method == "GET" && !strings.HasPrefix(uri, "/v1/models") || strings.HasPrefix(uri, "/v1/export/") {
				if uri == "/v1/frames" || uri == "/v1/presets" {
					continue // names of frames, and frames to copy: no shop's
				}
				if status, got := asked(t, both, method, uri+sep+"shop="+other, body, key); status != 403 {
					t.Errorf("%s of %s with the key of %s: %d %s", r[0], other, shop, status, got)
				}
			}
		}
	}
	if walked < 15 {
		t.Errorf("only %d operations were walked", walked)
	}
	for _, key := range []string{"north-secret", "north-write"} {
		if status, text := asked(t, both, "GET", "/metrics", "", key); status != 403 {
			t.Errorf("/metrics with %s: %d %s", key, status, text)
		}
	}
	if status, text := asked(t, both, "GET", "/v1/stats", "", "house"); status != 200 || !strings.Contains(text, `"duplicates":7777`) || !strings.Contains(text, `"visitors":53`) {
		t.Errorf("the operator is told %d %s", status, text)
	}
	_, named := asked(t, both, "GET", "/v1/stats?shop=south", "", "house")
	if _, own := asked(t, both, "GET", "/v1/stats", "", "south-secret"); named != own {
		t.Errorf("the operator is told %s of the south, its own key %s", named, own)
	}
}
