package serve

import (
	"strings"
	"testing"
	"time"
)

// A key and the one that replaces it are valid side by side, until the old one ends; who still uses it is counted.
func TestKeysAreReplaced(t *testing.T) {
	now := time.Now()
	r := newRig(t, Config{Keys: []Key{
		{Name: "pages-1", Shop: "north", Write: "old", Until: now.Add(time.Hour)},
		{Name: "pages-2", Shop: "north", Write: "new", Created: time.Unix(1_795_000_000, 0)},
		{Name: "gone", Shop: "north", Write: "ended", Until: now.Add(-time.Second)},
		{Name: "server", Secret: "s"}, {Name: "house", Operator: "op"},
	}})
	f := func(key string, status int, code string) {
		t.Helper()
		resp := r.expect("POST", "/v1/events", viewEvent, status, "", "Authorization: Bearer "+key)
		if !strings.Contains(string(resp.Body()), code) {
			t.Errorf("%s: %s", key, resp.Body())
		}
	}
	f("old", 202, "")
	f("new", 202, "")
	f("new", 202, "")
	f("ended", 401, "key_ended")
	page := string(r.do("GET", "/metrics", "", "Authorization: Bearer op").Body())
	for _, want := range []string{
		`orrery_key_requests_total{key="pages-1",scope="public",shop="north"} 1`, `orrery_key_requests_total{key="pages-2",scope="public",shop="north"} 2`,
		`orrery_key_requests_total{key="gone",scope="public",shop="north"} 0`, `orrery_key_requests_total{key="house",scope="operator",shop=""} 1`,
		`orrery_key_created_seconds{key="pages-2",scope="public",shop="north"} 1795000000`,
	} {
		if !strings.Contains(page, want+"\n") {
			t.Errorf("%s is missing in %s", want, page)
		}
	}
}

// With keys a shop exists when a key names it: an event cannot make one (reference finding F5).
func TestEventsMakeNoShops(t *testing.T) {
	r := newRig(t, Config{Keys: []Key{{Write: "w", Secret: "s"}, {Shop: "north", Write: "n"}}})
	f := func(key, shop string, status int) {
		t.Helper()
		r.expect("POST", "/v1/events", `{"event":"page_view","visitor":"v"`+shop+`}`, status, "", "Authorization: Bearer "+key)
	}
	for _, key := range []string{"w", "s"} {
		f(key, "", 202)
		f(key, `,"shop":"default"`, 202)
		f(key, `,"shop":"north"`, 400)
		f(key, `,"shop":"made-up"`, 400)
	}
	f("n", "", 202)
	f("n", `,"shop":"north"`, 202)
	f("n", `,"shop":"default"`, 400)
	r.expect("POST", "/v1/events?shop=made-up", `{"event":"page_view","visitor":"v"}`, 403, "", "Authorization: Bearer w")
}
