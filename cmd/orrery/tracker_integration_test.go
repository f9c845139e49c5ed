//go:build integration

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// shopPage is a page as shops have them, and what the tracker makes of it: "event item_id price currency" where there is a product,
// "event order value currency" of an order, "search query", "identify contact".
type shopPage struct {
	name   string
	head   string // before the tracker
	body   string
	act    string // evaluated when the page is there
	header string // "Name: value"
	tag    string // further attributes of the tracker's element
	query  string // of the address
	want   []string
}

func ld(x string) string { return `<script type="application/ld+json">` + x + `</script>` }

const offer = `"offers":{"@type":"Offer","price":"49.90","priceCurrency":"EUR"}`

func layer(x string) string {
	return `<script>window.dataLayer = window.dataLayer || []; function gtag(){dataLayer.push(arguments)}; ` + x + `</script>`
}

// shopPages are forty pages: shapes of JSON-LD, data layers old and new, pages that change without loading, and pages that break
// what runs on them.
var shopPages = []shopPage{
	{name: "plain", body: ld(`{"@context":"https://schema.org","@type":"Product","sku":"A","name":"Grinder",` + offer + `}`), want: []string{"view_item A 49.9 EUR"}},
	{name: "aggregate", body: ld(`{"@type":"Product","sku":"A","offers":{"@type":"AggregateOffer","lowPrice":"49.90","highPrice":"99.90","priceCurrency":"EUR"}}`), want: []string{"view_item A 49.9 EUR"}},
	{name: "category-list", body: ld(`{"@type":"Product","sku":"A","category":["Home","Kitchen"],` + offer + `}`), want: []string{"view_item A 49.9 EUR Home > Kitchen"}},
	{name: "currency-sign", body: ld(`{"@type":"Product","sku":"A","offers":{"price":"49.90","priceCurrency":"€"}}`), want: []string{"view_item A 49.9 EUR"}},
	{name: "currency-dollar", body: ld(`{"@type":"Product","sku":"A","offers":{"price":"49.90","priceCurrency":"$"}}`), want: []string{"view_item A 49.9"}},
	{name: "graph", body: ld(`{"@graph":[{"@type":"WebPage"},{"@type":"BreadcrumbList"},{"@type":"Product","sku":"A",` + offer + `}]}`), want: []string{"view_item A 49.9 EUR"}},
	{name: "graph-single", body: ld(`{"@graph":{"@type":"Product","sku":"A",` + offer + `}}`), want: []string{"view_item A 49.9 EUR"}},
	{name: "main-entity", body: ld(`{"@type":"ItemPage","mainEntity":{"@type":"Product","sku":"A",` + offer + `}}`), want: []string{"view_item A 49.9 EUR"}},
	{name: "group", body: ld(`{"@type":"ProductGroup","productGroupID":"G","hasVariant":[{"@type":"Product","sku":"G-S",` + offer + `},{"@type":"Product","sku":"G-M",` + offer + `}]}`), want: []string{"view_item G 49.9 EUR"}},
	{name: "group-variant", query: "?variant=2", body: ld(`{"@type":"ProductGroup","productGroupID":"G","hasVariant":[{"@type":"Product","sku":"G-S","offers":{"url":"/group-variant?variant=1","price":5}},{"@type":"Product","sku":"G-M","offers":{"url":"/group-variant?variant=2","price":6}}]}`), want: []string{"view_item G-M 6"}},
	{name: "only-mpn", body: ld(`{"@type":"Product","mpn":"M-1",` + offer + `}`), want: []string{"view_item M-1 49.9 EUR"}},
	{name: "price-comma", body: ld(`{"@type":"Product","sku":"A","offers":{"price":"49,90","priceCurrency":"EUR"}}`), want: []string{"view_item A 49.9 EUR"}},
	{name: "price-thousands", body: ld(`{"@type":"Product","sku":"A","offers":{"price":"1,299.00","priceCurrency":"USD"}}`), want: []string{"view_item A 1299 USD"}},
	{name: "price-german", body: ld(`{"@type":"Product","sku":"A","offers":{"price":"1.299,00 €","priceCurrency":"EUR"}}`), want: []string{"view_item A 1299 EUR"}},
	{name: "price-spec", body: ld(`{"@type":"Product","sku":"A","offers":[{"priceSpecification":[{"priceType":"https://schema.org/ListPrice","price":"60"},{"price":"49.90","priceCurrency":"EUR"}]}]}`), want: []string{"view_item A 49.9 EUR"}},
	{name: "price-words", body: ld(`{"@type":"Product","sku":"A","offers":{"price":"on request"}}`), want: []string{"view_item A"}},
	{name: "sku-number", body: ld(`{"@type":"Product","sku":13,"offers":{"price":5}}`), want: []string{"view_item 13 5"}},
	{name: "types", body: ld(`{"@type":["Thing","http://schema.org/Product"],"sku":"A",` + offer + `}`), want: []string{"view_item A 49.9 EUR"}},
	{name: "related", body: ld(`{"@type":"Product","sku":"MAIN",`+offer+`}`) + ld(`{"@type":"Product","sku":"R1",`+offer+`}`) + ld(`{"@type":"Product","sku":"R2",`+offer+`}`), want: []string{"view_item MAIN 49.9 EUR"}},
	{name: "related-first", body: ld(`[{"@type":"Product","sku":"R1","url":"/p/other",` + offer + `},{"@type":"Product","sku":"MAIN","url":"/related-first",` + offer + `}]`), want: []string{"view_item MAIN 49.9 EUR"}},
	{name: "category", body: ld(`[{"@type":"Product","sku":"R1","url":"/p/1",`+offer+`},{"@type":"Product","sku":"R2","url":"/p/2",`+offer+`}]`) + ld(`{"@type":"ItemList","itemListElement":[{"@type":"ListItem","item":{"@type":"Product","sku":"R3"}}]}`)},
	{name: "twice", body: ld(`{"@type":"Product","sku":"A",`+offer+`}`) + ld(`{"@type":"Product","sku":"A",`+offer+`}`), want: []string{"view_item A 49.9 EUR"}},
	{name: "broken-json", body: ld("<!-- {\"@type\":\"Product\",\"sku\":\"A\",\"name\":\"two\nlines\"," + offer + ",} -->"), want: []string{"view_item A 49.9 EUR"}},
	{name: "no-json", body: ld(`{"@type":`) + ld(`null`) + ld(`17`) + ld(`[null,{"@graph":null},"x"]`) + ld(`{"@type":"Product","name":"without any number"}`)},
	{name: "microdata", body: `<div itemscope itemtype="https://schema.org/Product"><b itemprop="name">Pan</b><meta itemprop="sku" content="MD"><span itemprop="offers" itemscope itemtype="https://schema.org/Offer"><meta itemprop="priceCurrency" content="EUR"><i itemprop="price">19,95</i></span></div>`, want: []string{"view_item MD 19.95 EUR"}},
	{name: "attribute", body: `<div data-orrery-view="BY-HAND"></div>` + ld(`{"@type":"Product","sku":"A",`+offer+`}`), want: []string{"view_item BY-HAND"}},
	{name: "layer-ga4", head: layer(`dataLayer.push({event:"view_item",ecommerce:{currency:"EUR",value:"19.90",items:[{item_id:"L1",price:"19.90",item_category:"Home",item_category2:"Kitchen"}]}})`), body: ld(`{"@type":"Product","sku":"OTHER",` + offer + `}`), want: []string{"view_item L1 19.9 EUR Home > Kitchen"}},
	{name: "layer-later", body: ld(`{"@type":"Product","sku":"A",`+offer+`}`) + layer(``), act: `dataLayer.push({event:"view_item",ecommerce:{items:[{item_id:"A-IN-OTHER-WORDS"}]}}, {ecommerce:null}, {event:"add_to_cart",ecommerce:{currency:"EUR",items:[{item_id:"A",quantity:2,price:5}]}})`,
		want: []string{"add_to_cart A 5 EUR", "view_item A 49.9 EUR"}},
	{name: "layer-replaced", act: `dataLayer = [{event:"add_to_cart",ecommerce:{items:[{item_id:"N"}]}}]; orrery.flush(); dataLayer.push({event:"gtm.js"},{event:"remove_from_cart",ecommerce:{items:[{item_id:"N"}]}})`, want: []string{"add_to_cart N", "remove_from_cart N"}},
	{name: "gtag", head: layer(`gtag("js", new Date()); gtag("config", "G-1")`), act: `gtag("event","purchase",{transaction_id:"T-1",value:39.8,currency:"EUR",tax:4,items:[{item_id:"G1",price:19.9,quantity:2}]}); gtag("event","purchase",{transaction_id:"",value:1,items:[{item_id:"G1"}]}); gtag("event","scroll",{})`,
		want: []string{"purchase T-1 39.8 EUR"}},
	{name: "universal", head: layer(`dataLayer.push({ecommerce:{currencyCode:"EUR",detail:{actionField:{list:"x"},products:[{id:"U1",name:"Cup",price:"7.50",category:"Home/Kitchen"}]}}})`),
		act:  `dataLayer.push({event:"x",ecommerce:{currencyCode:"EUR",purchase:{actionField:{id:"U-9",revenue:"15.00",tax:"2"},products:[{id:"U1",price:"7.50",quantity:2}]}}})`,
		want: []string{"purchase U-9 15 EUR", "view_item U1 7.5 EUR Home > Kitchen"}},
	{name: "layer-off", tag: `data-layer="off"`, head: layer(`dataLayer.push({event:"add_to_cart",ecommerce:{items:[{item_id:"L"}]}})`)},
	{name: "search", query: "?q=red+shoes&utm_source=news", want: []string{"search red shoes"}},
	{name: "form", body: `<form data-orrery-identify onsubmit="return false"><input type=email name=m value=" anna@example.com "></form><form id=other onsubmit="return false"><input type=email value="no@example.com"></form>`,
		act: `document.forms[0].requestSubmit(); document.forms[1].requestSubmit()`, want: []string{"identify anna@example.com"}},
	{name: "clicks", body: `<div data-orrery-recommendation="r-1"><a data-orrery-item="X"></a><a data-orrery-item="Y" data-orrery-event="add_to_cart"><b id=b>buy</b></a></div>`, act: `document.getElementById("b").click(); document.dispatchEvent(new MouseEvent("click"))`,
		want: []string{"add_to_cart Y", "select_item Y"}},
	{name: "spa", body: ld(`{"@type":"Product","sku":"S1",` + offer + `}`), act: `history.replaceState({}, "", "/spa#top"); setTimeout(() => { history.pushState({}, "", "/spa/2"); setTimeout(() => { document.querySelector("script[type*=ld]").textContent = '{"@type":"Product","sku":"S2"}' }, 100) }, 100)`,
		want: []string{"page_view /spa/2", "view_item S1 49.9 EUR", "view_item S2"}},
	{name: "spa-list", body: ld(`{"@type":"Product","sku":"S1",` + offer + `}`), act: `history.pushState({}, "", "/spa-list/all")`, want: []string{"page_view /spa-list/all", "view_item S1 49.9 EUR"}},
	{name: "hash-routes", act: `location.hash = "#!/p/7"; setTimeout(() => { location.hash = "#!/p/7" }, 150)`, want: []string{"page_view /hash-routes#!/p/7"}},
	{name: "consent", tag: `data-consent="required"`, act: `window.before = document.cookie; gtag = function () { dataLayer.push(arguments) }; gtag("consent", "default", {analytics_storage: "denied"}); orrery.push(["event", "view_cart"]); gtag("consent", "update", {analytics_storage: "granted"}); orrery.push(["event", "add_to_cart", {items: [{item_id: "C"}]}])`,
		want: []string{"add_to_cart C", "view_cart"}},
	{name: "csp", header: "Content-Security-Policy: default-src 'none'; script-src 'unsafe-inline' ORIGIN; connect-src ORIGIN; require-trusted-types-for 'script'", body: ld(`{"@type":"Product","sku":"A","name":"Salt &amp; Pepper",` + offer + `}`), want: []string{"view_item A 49.9 EUR"}},
	{name: "prototype-js", head: `<script>Array.prototype.toJSON = function () { return "[broken]" }; Object.prototype.extra = function () {}; Array.from = function () { return null }; Array.prototype.each = function () {};</script>`, body: ld(`{"@type":"Product","sku":"A",` + offer + `}`), want: []string{"view_item A 49.9 EUR"}},
	{name: "taken-names", body: `<a id=orrery></a><form name=title></form><form><input name=closest></form><img name=cookies><iframe name=frame srcdoc="x"></iframe>` + ld(`{"@type":"Product","sku":"A",`+offer+`}`), want: []string{"view_item A 49.9 EUR"}},
	{name: "queue", head: `<script>orrery = []; orrery.push(["event", "view_cart"], ["no_such_command", 1], null, ["ready", function (v) { window.id = v }], ["ready", function () { throw "theirs" }])</script>`, act: `orrery.push(["event"]); orrery.push("x", 7); orrery.push(["consent", true])`, want: []string{"view_cart"}},
	{name: "broken-page", head: `<script>history.pushState = null; Object.defineProperty(window, "sessionStorage", {get() { throw new Error("denied") }}); Object.defineProperty(document, "cookie", {get() { throw new Error("denied") }, set() { throw new Error("denied") }}); console.log = null; navigator.sendBeacon = undefined</script>`, body: ld(`{"@type":"Product","sku":"A",` + offer + `}`), want: []string{"view_item A 49.9 EUR"}},
	{name: "video", body: `<video title="How to grind" muted></video>`, act: `var v = document.querySelector("video"); v.dispatchEvent(new Event("play")); v.dispatchEvent(new Event("play")); v.dispatchEvent(new Event("ended"))`, want: []string{"video_complete", "video_start"}},
	{name: "module", tag: "off", body: `<script type=module>import { start, orrery } from "ORIGIN/orrery.mjs"; start({ key: "KEY" }); start({ key: "KEY" }); orrery.event("view_cart"); orrery.visitor().then((v) => { window.id = v })</script>`, want: []string{"view_cart"}},
	{name: "debug", tag: `data-debug`, act: `orrery.push(["nothing"], ["event", "purchase", {order: "D-1", value: "12,50"}]); orrery.flush()`, want: []string{"purchase D-1 12,50"}},
}

// recorder stands before the server and keeps what pages send.
type recorder struct {
	*httptest.Server
	mu     sync.Mutex
	events []sentEvent
	bad    []string // answers that are no success
}

type sentEvent struct {
	Event    string
	Visitor  string
	Contact  string
	Query    string
	Order    string
	Value    any
	Currency string
	Page     struct{ URL string }
	Items    []struct {
		ID       any    `json:"item_id"`
		Price    any    `json:"price"`
		Category string `json:"item_category"`
		Name     string `json:"item_name"`
	}
}

func newRecorder(t *testing.T, target string) *recorder {
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	r := new(recorder)
	through := httputil.NewSingleHostReverseProxy(u)
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		req.Host = u.Host
		if req.URL.Path != "/v1/events" || req.Method != "POST" {
			through.ServeHTTP(w, req)
			return
		}
		body, _ := io.ReadAll(req.Body)
		req.Body = io.NopCloser(bytes.NewReader(body))
		answer := httptest.NewRecorder()
		through.ServeHTTP(answer, req)
		var events []sentEvent
		err := json.Unmarshal(body, &events)
		r.mu.Lock()
		if r.events = append(r.events, events...); err != nil || answer.Code != 202 || !strings.Contains(answer.Body.String(), `"rejected":[]`) {
			r.bad = append(r.bad, fmt.Sprintf("%v %d %s for %s", err, answer.Code, answer.Body, body))
		}
		r.mu.Unlock()
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(answer.Code)
		w.Write(answer.Body.Bytes())
	}))
	t.Cleanup(r.Close)
	return r
}

// told returns what has come of a page, in the words of shopPage, and its views.
func (r *recorder) told(name string) (said []string, pages int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.events {
		u, _ := url.Parse(e.Page.URL)
		if p := strings.TrimPrefix(u.Path, "/"); p != name && !strings.HasPrefix(p, name+"/") {
			continue
		}
		switch {
		case e.Event == "user_engagement":
			continue
		case e.Event == "page_view" && u.Path == "/"+name && !strings.Contains(u.Fragment, "/"):
			pages++
			continue
		case e.Event == "page_view":
			said = append(said, "page_view "+strings.TrimSuffix(u.Path+"#"+u.Fragment, "#"))
			continue
		}
		words := []any{e.Event}
		add := func(x any) {
			if x != nil && x != "" {
				words = append(words, x)
			}
		}
		switch {
		case e.Order != "":
			add(e.Order)
			add(e.Value)
		case len(e.Items) > 0:
			add(e.Items[0].ID)
			add(e.Items[0].Price)
		case e.Event == "identify":
			add(e.Contact)
		}
		add(e.Query)
		add(e.Currency)
		if len(e.Items) > 0 && e.Order == "" {
			add(e.Items[0].Category)
		}
		said = append(said, strings.TrimSuffix(fmt.Sprintln(words...), "\n"))
	}
	slices.Sort(said)
	return said, pages
}

// TestTrackerOnShopPages opens forty and more pages of shops in Chromium: each tells one view and what it is to tell, and none of
// them meets an error.
func TestTrackerOnShopPages(t *testing.T) {
	i := newInstance(t, "--http.write-key", testWrite, "--http.secret-key", testSecret, "--bots.allow-headless", "--http.address-rate=-1")
	web := httptest.NewUnstartedServer(nil)
	web.Start()
	defer web.Close()
	i.args = append(i.args, "--http.origins", web.URL)
	i.start()
	r := newRecorder(t, i.http)
	pages := map[string]shopPage{}
	for _, p := range shopPages {
		pages[p.name] = p
	}
	web.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		p, ok := pages[strings.TrimPrefix(req.URL.Path, "/")]
		if !ok {
			http.NotFound(w, req)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fill := strings.NewReplacer("ORIGIN", r.URL, "KEY", testWrite)
		if name, value, ok := strings.Cut(p.header, ": "); ok {
			w.Header().Set(name, fill.Replace(value))
		}
		tag := fmt.Sprintf(`<script async src="%s/t.js" data-key="%s" %s></script>`, r.URL, testWrite, p.tag)
		if p.tag == "off" {
			tag = ""
		}
		fmt.Fprintf(w, "<!doctype html><html><head><title>%s</title>%s%s</head><body>%s</body></html>", p.name, p.head, tag, fill.Replace(p.body))
	})
	b := newBrowser(t, "--user-agent=Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36")
	for _, p := range shopPages {
		b.faults = nil
		b.open(web.URL + "/" + p.name + p.query)
		b.until(fmt.Sprintf(`location.pathname === %q && document.readyState === "complete" && window.orrery && typeof orrery.visitor === "function" && orrery.visitor()`, "/"+p.name))
		if p.act != "" {
			b.ask(nil, "("+"()=>{"+p.act+"; return 1})()")
		}
		wait := 250 * time.Millisecond // for what must not come
		if strings.HasPrefix(p.name, "spa") {
			wait = time.Second
		}
		time.Sleep(wait)
		b.ask(nil, "(()=>{orrery.flush(); return 1})()")
		slices.Sort(p.want)
		var said []string
		views := 0
		for deadline := time.Now().Add(15 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
			if said, views = r.told(p.name); views > 0 && len(said) >= len(p.want) {
				break
			}
		}
		if views != 1 || !slices.Equal(said, p.want) {
			t.Errorf("%s: %d views, %q; want 1, %q", p.name, views, said, p.want)
		}
		if p.name == "debug" {
			b.until(`document.body.lastElementChild.shadowRoot && document.body.lastElementChild.shadowRoot.textContent.includes("refused: value")`)
		}
		if p.name == "queue" || p.name == "module" {
			b.until("window.id === orrery.visitor()")
		}
		if len(b.faults) > 0 {
			t.Errorf("%s: uncaught: %s", p.name, b.faults)
		}
	}
	if len(r.bad) != 1 || !strings.Contains(r.bad[0], "12,50") {
		t.Errorf("the server refused %q; want the one of the page debug", r.bad)
	}
	t.Logf("%d pages", len(shopPages))
}

// TestTrackerPrerendered: a page that the browser renders ahead tells nothing until it is shown. A browser that is looked into
// renders nothing ahead, so the page goes on by itself.
func TestTrackerPrerendered(t *testing.T) {
	i := newInstance(t, "--http.write-key", testWrite, "--http.secret-key", testSecret, "--bots.allow-headless", "--http.origins=*")
	i.start()
	r := newRecorder(t, i.http)
	var rendering, shown atomic.Bool
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		tag := fmt.Sprintf(`<!doctype html><title>x</title><script async src="%s/t.js" data-key="%s"></script>`, r.URL, testWrite)
		switch req.URL.Path {
		case "/list":
			fmt.Fprint(w, tag, `<script type="speculationrules">{"prerender":[{"source":"list","urls":["/ahead"],"eagerness":"immediate"}]}</script>
				<script>setInterval(() => { orrery.push(["flush"]); fetch("/show").then((r) => { if (r.ok) location.href = "/ahead" }) }, 200)</script>`)
		case "/ahead":
			fmt.Fprint(w, tag, ld(`{"@type":"Product","sku":"PRE","offers":{"price":5}}`),
				`<script>window.orrery = []; orrery.push(["event", "view_cart"], ["flush"]); if (document.prerendering) fetch("/rendering")</script>`)
		case "/rendering":
			rendering.Store(true)
		case "/show":
			if !shown.Load() {
				w.WriteHeader(http.StatusNotFound)
			}
		}
	}))
	defer web.Close()
	cmd := exec.Command("chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--user-data-dir="+workDir(t),
		"--user-agent=Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36", web.URL+"/list")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		cmd.Process.Signal(syscall.SIGTERM) // so that its children end as well, before their folder is removed
		cmd.Wait()
	}()
	eventually(t, "the list is told, and the next page is rendered", func() bool { _, views := r.told("list"); return views == 1 && rendering.Load() })
	time.Sleep(500 * time.Millisecond) // for what must not come
	if said, views := r.told("ahead"); views != 0 || len(said) != 0 {
		t.Errorf("a page that nobody has seen tells %d views, %q", views, said)
	}
	shown.Store(true)
	eventually(t, "the page is told once it is shown", func() bool {
		said, views := r.told("ahead")
		return views == 1 && slices.Equal(said, []string{"view_cart", "view_item PRE 5"})
	})
}
