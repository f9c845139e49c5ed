package serve

import (
	"fmt"
	"strings"
	"testing"
)

func answersName(_ *Server, c *call) *fault { return c.end([]byte(c.route.name)) }

func testRouter() *router {
	var rows []line
	for _, pattern := range []string{
		"GET /", "GET /a", "POST /a", "GET /a/", "PUT /a/{x}", "GET /a/fixed", "GET /a/{x}/b", "GET /a/fixed/c", "GET /a/{x}/{y}/{z}", "DELETE /a/{x}", "GET /a/{x}/b.html", "GET /{any}",
	} {
		method, path, _ := strings.Cut(pattern, " ")
		rows = append(rows, line{pattern, method, path, open, answersName, fresh, 0, 0})
	}
	return newRouter(rows)
}

func TestRouter(t *testing.T) {
	all := testRouter()
	for _, x := range []struct{ request, route, params string }{
		{"GET /", "GET /", ""},
		{"GET /a", "GET /a", ""},
		{"HEAD /a", "GET /a", ""},
		{"POST /a", "POST /a", ""},
		{"DELETE /a", "405 GET, HEAD, POST, OPTIONS", ""},
		{"GET /a/", "GET /a/", ""},
		{"PUT /a/1", "PUT /a/{x}", "1"},
		{"DELETE /a/1", "DELETE /a/{x}", "1"},
		{"GET /a/1", "405 DELETE, PUT, OPTIONS", "1"},
		{"GET /a/fixed", "GET /a/fixed", ""},
		{"PUT /a/fixed", "405 GET, HEAD, OPTIONS", ""},
		{"GET /a/fixed/c", "GET /a/fixed/c", ""},
		{"GET /a/fixed/b", "GET /a/{x}/b", "fixed"},
		{"GET /a/%2F/b", "GET /a/{x}/b", "%2F"},
		{"GET /a/1/b.html", "GET /a/{x}/b.html", "1"},
		{"GET /a/1/c", "404", ""},
		{"GET /a//b", "404", ""},
		{"GET /a/1/b/", "404", ""},
		{"GET /a/1/2/3", "GET /a/{x}/{y}/{z}", "1 2 3"},
		{"GET /a/1/b/3", "GET /a/{x}/{y}/{z}", "1 b 3"},
		{"GET /a/1/2/3/4", "404", ""},
		{"GET /b", "GET /{any}", "b"},
		{"GET /b/", "404", ""},
		{"GET //", "404", ""},
		{"GET ", "404", ""},
		{"GET a", "404", ""},
	} {
		method, path, _ := strings.Cut(x.request, " ")
		var ids params
		got, place := "404", all.find([]byte(path), &ids)
		if place != nil {
			got = "405 " + place.allow
			if r := place.take([]byte(method)); r != nil {
				got = r.name
			}
		}
		var given []string
		for _, id := range ids {
			if id != nil {
				given = append(given, string(id))
			}
		}
		if got != x.route || strings.Join(given, " ") != x.params {
			t.Errorf("%s: %s %v, want %s %s", x.request, got, given, x.route, x.params)
		}
	}
}

// TestRouterOrder: the order of the table means nothing.
func TestRouterOrder(t *testing.T) {
	rows := table(&Config{Demo: true, MaxBody: 1})
	there := newRouter(rows)
	back := make([]line, len(rows))
	for i := range rows {
		back[len(rows)-1-i] = rows[i]
	}
	turned := newRouter(back)
	for _, r := range rows {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"} {
			var a, b params
			path := []byte(placeholders.ReplaceAllString(r.pattern, "x"))
			p, q := there.find(path, &a), turned.find(path, &b)
			if p.allow != q.allow || fmt.Sprint(a) != fmt.Sprint(b) {
				t.Fatalf("%s: %s %q, and turned %s %q", path, p.allow, a, q.allow, b)
			}
			x, y := p.take([]byte(method)), q.take([]byte(method))
			if (x == nil) != (y == nil) || x != nil && x.name != y.name {
				t.Errorf("%s %s: %v, and turned %v", method, path, x, y)
			}
		}
	}
}

// TestRouterContradiction: a table cannot have a line twice, nor more parameters than a request has room for.
func TestRouterContradiction(t *testing.T) {
	for _, patterns := range [][]string{{"/a/{x}", "/a/{y}"}, {"/{a}/{b}/{c}/{d}"}} {
		var rows []line
		for _, p := range patterns {
			rows = append(rows, line{p, "GET", p, open, answersName, fresh, 0, 0})
		}
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("a router was made of %v", patterns)
				}
			}()
			newRouter(rows)
		}()
	}
}

func TestRouterAllocatesNothing(t *testing.T) {
	all := newRouter(table(&Config{Demo: true}))
	paths := [][]byte{[]byte("/v1/frames/product_page"), []byte("/v1/contacts/anna/products.html"), []byte("/nothing/here"), []byte("/v1/events")}
	method := []byte("GET")
	if n := testing.AllocsPerRun(100, func() {
		for _, path := range paths {
			var ids params
			if p := all.find(path, &ids); p != nil {
				p.take(method)
			}
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestMethods: what a path does not take is refused with what it takes; HEAD has a GET's head and no body; OPTIONS tells.
func TestMethods(t *testing.T) {
	r := newRig(t, Config{Demo: true, Keys: []Key{{Write: "w", Secret: "s"}}})
	for _, row := range r.server.routes.routes[1:] {
		path := placeholders.ReplaceAllString(row.pattern, "product_page")
		resp := r.do("TRACE", path, "")
		allow := string(resp.Header.Peek("Allow"))
		if resp.StatusCode() != 405 || !strings.Contains(allow, row.method) || string(resp.Header.Peek("Cache-Control")) != fresh {
			t.Errorf("TRACE %s: %d, Allow %q", path, resp.StatusCode(), allow)
		}
		resp = r.do("OPTIONS", path, "")
		if resp.StatusCode() != 204 || string(resp.Header.Peek("Allow")) != allow || len(resp.Body()) > 0 {
			t.Errorf("OPTIONS %s: %d, Allow %q, %q", path, resp.StatusCode(), resp.Header.Peek("Allow"), resp.Body())
		}
		if row.method != "GET" {
			continue
		}
		get, head := "GET", "HEAD"
		if row.name == "live" {
			get = head // a GET does not end
		}
		got, want := r.do(head, path, "", "Authorization: Bearer s"), r.do(get, path, "", "Authorization: Bearer s")
		if got.StatusCode() != want.StatusCode() || len(got.Body()) > 0 || string(got.Header.ContentType()) != string(want.Header.ContentType()) {
			t.Errorf("HEAD %s: %d %s %q, GET %d %s", path, got.StatusCode(), got.Header.ContentType(), got.Body(), want.StatusCode(), want.Header.ContentType())
		}
		if cache := string(got.Header.Peek("Cache-Control")); got.StatusCode() == 200 && cache != row.cache || got.StatusCode() != 200 && cache != fresh {
			t.Errorf("HEAD %s: %d, Cache-Control %q", path, got.StatusCode(), cache)
		}
	}
	resp := r.do("OPTIONS", "/v1/frames", "", "Origin: https://shop.example", "Access-Control-Request-Method: POST")
	if resp.StatusCode() != 204 || len(resp.Header.Peek("Access-Control-Allow-Origin")) > 0 {
		t.Errorf("preflight of a strange origin: %s", resp.Header.String())
	}
}
