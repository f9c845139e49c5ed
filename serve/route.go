package serve

import "bytes"

// route is an endpoint; metrics are labelled by it, never by the raw path.
type route uint8

const (
	routeNone route = iota // no such path
	routeHome
	routeScript
	routeStyle
	routeIcon
	routeDocs
	routeDocsScript
	routeOpenAPI
	routeTracker
	routeHealth
	routeReady
	routeMetricsPage
	routeEvents
	routeFrame
	routeFrames
	routeFrameNames
	routeContact
	routeContactProducts
	routeContactMail
	routeVisitor
	routeSocial
	routeRFM
	routeModels
	routeExport
	routeStats
	routeQuality
	routeLive
	routeShop
	routeShopProduct
	routeShopPicture
	routeShopScript
	routeShopStyle
	routes
)

// access says who may ask.
type access uint8

const (
	open   access = iota // anybody: pages without data, health
	public               // a write key, which every visitor of the shop can read: CORS applies
	secret               // a secret key
)

// endpoint is the fixed part of a route. The table serves labels, access and the contract test with the API
// description; requests are matched by the switch below.
type endpoint struct {
	name   string // the metrics label
	method string
	path   string // as in openapi.yaml
	access access
}

var endpoints = [routes]endpoint{
	routeNone:            {"none", "", "", open},
	routeHome:            {"home", "GET", "/", open},
	routeScript:          {"script", "GET", "/dashboard.js", open},
	routeStyle:           {"style", "GET", "/dashboard.css", open},
	routeIcon:            {"icon", "GET", "/icon.svg", open},
	routeDocs:            {"docs", "GET", "/docs", open},
	routeDocsScript:      {"docs_script", "GET", "/docs.js", open},
	routeOpenAPI:         {"openapi", "GET", "/openapi.yaml", open},
	routeTracker:         {"tracker", "GET", "/t.js", open},
	routeHealth:          {"health", "GET", "/healthz", open},
	routeReady:           {"ready", "GET", "/readyz", open},
	routeMetricsPage:     {"metrics", "GET", "/metrics", secret},
	routeEvents:          {"events", "POST", "/v1/events", public},
	routeFrame:           {"frame", "GET", "/v1/frames/{frame}", public},
	routeFrames:          {"frames", "POST", "/v1/frames", public},
	routeFrameNames:      {"frame_names", "GET", "/v1/frames", public},
	routeContact:         {"contact", "GET", "/v1/contacts/{id}", secret},
	routeContactProducts: {"contact_products", "GET", "/v1/contacts/{id}/products", secret},
	routeContactMail:     {"contact_mail", "GET", "/v1/contacts/{id}/products.html", secret},
	routeVisitor:         {"visitor", "GET", "/v1/visitors/{id}", secret},
	routeSocial:          {"social", "GET", "/v1/social/{product}", public},
	routeRFM:             {"rfm", "GET", "/v1/rfm", secret},
	routeModels:          {"models", "GET", "/v1/models", secret},
	routeExport:          {"export_contacts", "POST", "/v1/export/contacts", secret},
	routeStats:           {"stats", "GET", "/v1/stats", secret},
	routeQuality:         {"quality", "GET", "/v1/quality", secret},
	routeLive:            {"live", "GET", "/v1/live", secret},
	routeShop:            {"shop", "GET", "/demo/", open},
	routeShopProduct:     {"shop_product", "GET", "/demo/p/{id}", open},
	routeShopPicture:     {"shop_picture", "GET", "/demo/img/{id}", open},
	routeShopScript:      {"shop_script", "GET", "/demo/shop.js", open},
	routeShopStyle:       {"shop_style", "GET", "/demo/shop.css", open},
}

// String returns the label of a route.
func (r route) String() string { return endpoints[r].name }

const (
	framesPrefix   = "/v1/frames/"
	contactsPrefix = "/v1/contacts/"
	visitorsPrefix = "/v1/visitors/"
	socialPrefix   = "/v1/social/"
	shopPrefix     = "/demo/p/"
	picturePrefix  = "/demo/img/"
	productsSuffix = "/products"
	mailSuffix     = "/products.html"
)

// match finds the route of a raw path, without its query, and the raw path parameter. allowed is the method of the path
// where the request's own is another one.
func match(method, path []byte) (r route, param []byte, allowed string) {
	r, param = find(path)
	if r == routeFrameNames && string(method) == "POST" {
		return routeFrames, nil, ""
	}
	want := endpoints[r].method
	switch {
	case r == routeNone, string(method) == want, want == "GET" && string(method) == "HEAD":
		return r, param, ""
	case r == routeFrameNames:
		return r, param, "GET, POST"
	}
	return r, param, want
}

func find(path []byte) (route, []byte) {
	if len(path) > 4 && string(path[:4]) == "/v1/" {
		return findAPI(path)
	}
	switch string(path) {
	case "/":
		return routeHome, nil
	case "/dashboard.js":
		return routeScript, nil
	case "/dashboard.css":
		return routeStyle, nil
	case "/icon.svg":
		return routeIcon, nil
	case "/docs":
		return routeDocs, nil
	case "/docs.js":
		return routeDocsScript, nil
	case "/openapi.yaml":
		return routeOpenAPI, nil
	case "/t.js":
		return routeTracker, nil
	case "/healthz":
		return routeHealth, nil
	case "/readyz":
		return routeReady, nil
	case "/metrics":
		return routeMetricsPage, nil
	}
	return findShop(path)
}

func findShop(path []byte) (route, []byte) {
	if id, ok := parameter(path, shopPrefix); ok {
		return routeShopProduct, id
	}
	if id, ok := parameter(path, picturePrefix); ok {
		return routeShopPicture, id
	}
	switch string(path) {
	case "/demo/":
		return routeShop, nil
	case "/demo/shop.js":
		return routeShopScript, nil
	case "/demo/shop.css":
		return routeShopStyle, nil
	}
	return routeNone, nil
}

func findAPI(path []byte) (route, []byte) {
	if name, ok := parameter(path, framesPrefix); ok {
		return routeFrame, name
	}
	switch string(path) {
	case "/v1/events":
		return routeEvents, nil
	case "/v1/frames":
		return routeFrameNames, nil
	case "/v1/rfm":
		return routeRFM, nil
	case "/v1/models":
		return routeModels, nil
	case "/v1/export/contacts":
		return routeExport, nil
	case "/v1/stats":
		return routeStats, nil
	case "/v1/quality":
		return routeQuality, nil
	case "/v1/live":
		return routeLive, nil
	}
	if id, ok := parameter(path, socialPrefix); ok {
		return routeSocial, id
	}
	if id, ok := parameter(path, visitorsPrefix); ok {
		return routeVisitor, id
	}
	return findContact(path)
}

func findContact(path []byte) (route, []byte) {
	rest, ok := bytes.CutPrefix(path, []byte(contactsPrefix))
	if !ok {
		return routeNone, nil
	}
	if id, ok := bytes.CutSuffix(rest, []byte(mailSuffix)); ok && segment(id) {
		return routeContactMail, id
	}
	if id, ok := bytes.CutSuffix(rest, []byte(productsSuffix)); ok && segment(id) {
		return routeContactProducts, id
	}
	if segment(rest) {
		return routeContact, rest
	}
	return routeNone, nil
}

// parameter returns what follows prefix where it is one path segment.
func parameter(path []byte, prefix string) ([]byte, bool) {
	if len(path) <= len(prefix) || string(path[:len(prefix)]) != prefix {
		return nil, false
	}
	rest := path[len(prefix):]
	return rest, segment(rest)
}

// segment says that an id is one non-empty path segment; a slash within an id comes escaped.
func segment(id []byte) bool { return len(id) > 0 && bytes.IndexByte(id, '/') < 0 }
