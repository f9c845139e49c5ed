package serve

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"orrery/models"
)

// operation is one operation of openapi.yaml.
type operation struct {
	method, path string
	id           string
	request      string // x-request
	body         string // the example of its request body
	example      string // of its first response
	secured      bool
}

// described reads the operations of openapi.yaml by its layout: paths two columns in, methods four.
func described(t *testing.T) []operation {
	t.Helper()
	text, err := web.ReadFile("web/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, paths, _ := strings.Cut(string(text), "\npaths:\n")
	paths, _, _ = strings.Cut(paths, "\ncomponents:\n")
	var all []operation
	path := ""
	for line := range strings.Lines(paths) {
		trimmed := strings.TrimSpace(line)
		name, value, _ := strings.Cut(trimmed, ": ")
		switch indent := len(line) - len(strings.TrimLeft(line, " ")); {
		case indent == 2:
			path = strings.TrimSuffix(trimmed, ":")
		case indent == 4:
			all = append(all, operation{method: strings.ToUpper(strings.TrimSuffix(trimmed, ":")), path: path, secured: true})
		case name == "operationId":
			all[len(all)-1].id = value
		case trimmed == "security: []":
			all[len(all)-1].secured = false
		case name == "x-request":
			all[len(all)-1].request = value
		case name == "example" && all[len(all)-1].request == "":
			all[len(all)-1].body = value
		case name == "example":
			all[len(all)-1].example = value
		}
	}
	return all
}

var placeholders = regexp.MustCompile(`\{[a-z]+\}`)

// TestContractPaths: what openapi.yaml describes exists, and what exists is described.
func TestContractPaths(t *testing.T) {
	all := newRouter(table(&Config{Demo: true}))
	seen := map[*route]bool{}
	for _, op := range described(t) {
		var ids params
		place := all.find([]byte(placeholders.ReplaceAllString(op.path, "x")), &ids)
		if place == nil || place.take([]byte(op.method)) == nil {
			t.Errorf("%s %s is described, and no route", op.method, op.path)
			continue
		}
		r := place.take([]byte(op.method))
		if r.method != op.method || r.pattern != op.path {
			t.Errorf("%s %s goes to the route %s %s", op.method, op.path, r.method, r.pattern)
		}
		if secured := r.access != open; secured != op.secured {
			t.Errorf("%s %s: needs a key: %v, described as %v", op.method, op.path, secured, op.secured)
		}
		seen[r] = true
	}
	for _, r := range all.routes[1:] {
		if !seen[r] {
			t.Errorf("%s %s is not described", r.method, r.pattern)
		}
	}
}

// TestContractExamples: the server answers the described requests with the described answers.
func TestContractExamples(t *testing.T) {
	r := newRig(t, Config{Demo: true})
	touch := []models.ItemTouch{{ID: []byte("SKU1"), At: 1_795_000_000_000}}
	r.fake.set(func() {
		r.fake.profiles["anna@example.com"] = models.Profile{
			Contact: "anna@example.com", Attributes: []byte(`{"name":"Anna"}`), Visitors: 2, FirstSeen: 1_795_000_000_000, LastSeen: 1_795_000_001_234, Sessions: 3, Events: 40,
			Viewed: touch, Cart: []models.ItemTouch{{ID: []byte("SKU2"), At: 1_795_000_000_000, Quantity: 2}},
			Orders:     []models.OrderTouch{{Order: "O-1", At: 1_795_000_000_000, Value: 39_800_000, Currency: "EUR", Items: []models.LineTouch{{ItemTouch: models.ItemTouch{ID: []byte("SKU1"), At: 1_795_000_000_000, Quantity: 1}}}}},
			OrderCount: 1, Spent: map[string]models.Money{"EUR": 39_800_000}, Customer: &anna,
			Outlook: exampleOutlook(), Mail: exampleMail(),
		}
		r.fake.rfm, r.fake.models = exampleRFM(), exampleModels()
		r.fake.contacts = []models.Profile{{Contact: "anna@example.com", Customer: &anna}, {Contact: "bert@example.com"}}
		r.fake.profiles["v-8f2c"] = models.Profile{Visitors: 1, FirstSeen: 1_795_000_000_000, LastSeen: 1_795_000_000_000, Sessions: 1, Events: 2, Viewed: touch, Intent: exampleIntent(), Outlook: exampleOutlook()}
		r.fake.stats = models.Stats{Events: map[string]uint64{"view_item": 7, "purchase": 2}, Total: 9, Orders: 2, Buyers: 1, Repeats: 2, Visitors: 3, Contacts: 1, Sessions: 4, Items: 5, Products: 5,
			Revenue: map[string]models.Money{"EUR": 123_450_000}, Bytes: map[string]uint64{"sessions": 1024}, StreamTime: 1_795_000_000_000}
		r.fake.status = StreamStatus{Ready: true, Duplicates: 4, DeadLetters: map[string]uint64{"not_json": 2, "missing": 1}}
	})
	r.fake.settings.Apply(1, &models.Event{Props: []byte(`{"kind":"frame","name":"product_page","version":1,"id":"a","time":1795000000000,"setting":{"steps":[{"recipe":"bought_together"}]}}`)}, nil)
	r.fake.settings.Apply(1, &models.Event{Props: []byte(`{"kind":"frame","name":"product_page","version":2,"id":"b","time":1795000001000,"author":"anna","setting":{"minimum":2,"steps":[{"recipe":"bought_together"},{"recipe":"bestsellers","number":4}]}}`)}, nil)
	for _, op := range described(t) {
		if op.request == "" {
			if op.path != "/v1/live" {
				t.Errorf("%s %s has no x-request", op.method, op.path)
			}
			continue
		}
		method, uri, _ := strings.Cut(op.request, " ")
		resp := r.do(method, uri, op.body)
		if resp.StatusCode() >= 300 {
			t.Errorf("%s: %d %s", op.request, resp.StatusCode(), resp.Body())
		}
		if op.example == "" {
			continue
		}
		if !json.Valid([]byte(op.example)) {
			t.Errorf("%s: its example is no JSON", op.request)
		}
		got := changing.ReplaceAllString(strings.TrimSpace(string(resp.Body())), "")
		if want := changing.ReplaceAllString(op.example, ""); got != want {
			t.Errorf("%s\n got %s\nwant %s", op.request, got, want)
		}
	}
}
