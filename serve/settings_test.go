package serve

import (
	"bytes"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"

	"orrery/models"
)

// A setting is made, changed under its ETag, looked at, taken back and restored; what is wrong is told by its field.
func TestSettings(t *testing.T) {
	r := newRig(t, Config{Keys: []Key{{Name: "k", Write: "write-key-of-a-shop", Secret: "secret-key-of-a-shop"}}})
	const key = "Authorization: Bearer secret-key-of-a-shop"
	one, two := `{"steps":[{"recipe":"trending"}]}`, `{ "slots": 4, "steps": [{"recipe":"trending"}] }`
	const at = "/v1/settings/frame/exit"
	for i, c := range []struct {
		do, body string
		headers  []string
		status   int
		want     string
	}{
		{"GET " + at, "", nil, 404, `"not_set"`},
		{"PUT " + at, one, []string{"If-Match: \"1\""}, 409, `newest version is 0`},
		{"PUT " + at + "?author=anna", one, nil, 200, `"version":1`},
		{"PUT " + at, two, []string{"If-Match: \"1\""}, 200, `"setting":{"slots":4,"steps":[{"recipe":"trending"}]}`},
		{"PUT " + at, one, []string{"If-Match: \"1\""}, 409, `newest version is 2`},
		{"PUT " + at + "?version=1", one, nil, 409, `"conflict"`},
		{"PUT " + at, `{"steps":[{"recipe":"trendng"}]}`, nil, 422, `"field":"steps[0].recipe"`},
		{"PUT " + at, `{"steps"`, nil, 400, `"bad_body"`},
		{"PUT " + at, ``, nil, 400, `"bad_body"`},
		{"PUT /v1/settings/frames/exit", one, nil, 422, `did you mean frame?`},
		{"GET " + at + "?version=1", "", nil, 200, `"author":"anna"`},
		{"GET " + at + "?version=7", "", nil, 404, `"no_such_version"`},
		{"DELETE " + at, "", []string{"If-Match: \"1\""}, 409, `"conflict"`},
		{"DELETE " + at, "", nil, 200, `"deleted":true`},
		{"DELETE " + at, "", nil, 404, `"not_set"`},
		{"GET " + at, "", nil, 404, `"not_set"`},
		{"GET /v1/settings", "", nil, 200, `{"settings":[]}`},
		{"PUT " + at + "?restore=3", "", nil, 404, `"no_such_version"`},
		{"PUT " + at + "?restore=2", "", nil, 200, `"restores":2`},
		{"GET " + at + "/history", "", nil, 200, `"version":3,`},
		{"POST " + at + "/preview?visitor=v", `{"steps":[{"recipe":"trendng"}]}`, nil, 422, `"field":"steps[0].recipe"`},
		{"POST /v1/settings/frame/product_page/preview?visitor=v", one, nil, 200, `"explain":{"steps":[{"recipe":"bestsellers","looked":3,`},
		{"POST /v1/settings/shop/shop/preview", one, nil, 400, `only settings of kind frame`},
		{"GET /v1/frames/product_page?explain=1", "", nil, 200, `"rules":[{"rule":"own brand","factor":2}]`},
		{"PUT /v1/settings/shop/shop", `{"time_zone":"Europe/Warszawa"}`, nil, 422, `"field":"time_zone"`},
		{"PUT /v1/settings/shop/shop", `{"time_zone":"Europe/Warsaw","currency":"PLN"}`, nil, 200, `"version":1`},
	} {
		method, uri, _ := strings.Cut(c.do, " ")
		resp := r.do(method, uri, c.body, append(c.headers, key)...)
		if resp.StatusCode() != c.status || !strings.Contains(string(resp.Body()), c.want) {
			t.Errorf("%d. %s: %d %s, want %d %s", i, c.do, resp.StatusCode(), resp.Body(), c.status, c.want)
		}
	}
	for _, path := range []string{"/v1/settings", at, at + "/history", "/v1/frames/product_page?explain=1"} {
		if resp := r.do("GET", path, "", "Authorization: Bearer write-key-of-a-shop"); resp.StatusCode() != fasthttp.StatusForbidden {
			t.Errorf("the public key reads %s: %d", path, resp.StatusCode())
		}
	}
	records := r.fake.taken()
	for _, record := range records {
		if record.Topic != models.Settings || bytes.Contains(record.Value, []byte("secret-key")) || !bytes.HasPrefix(record.Key, []byte("default\x1f")) {
			t.Errorf("%s %q %s", record.Topic, record.Key, record.Value)
		}
	}
	zone := string(records[len(records)-1].Value)
	if len(records) != 5 || !strings.Contains(zone, `{"from":1774746000,"ahead":7200}`) { // 2026-03-29T01:00Z
		t.Errorf("%d records, the last one %s", len(records), zone)
	}
}

// Of two writers of one version the one that comes later in the log is told so.
func TestSettingsConflict(t *testing.T) {
	r := newRig(t, Config{})
	r.fake.first = &models.Event{Props: []byte(`{"kind":"frame","name":"exit","version":1,"id":"another","setting":{"steps":[{"recipe":"trending"}]}}`)}
	if resp := r.do("PUT", "/v1/settings/frame/exit", `{"steps":[{"recipe":"bestsellers"}]}`); resp.StatusCode() != 409 {
		t.Errorf("%d %s", resp.StatusCode(), resp.Body())
	}
	r.fake.set(func() { r.fake.status.Ready = false })
	if resp := r.do("PUT", "/v1/settings/frame/exit", `{"steps":[{"recipe":"bestsellers"}]}`); resp.StatusCode() != 503 {
		t.Errorf("%d %s", resp.StatusCode(), resp.Body())
	}
}
