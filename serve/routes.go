package serve

import (
	"github.com/valyala/fasthttp"

	"orrery/models"
	"orrery/models/settings"
)

// access says who may ask.
type access uint8

const (
	open     access = iota // anybody: pages without data, health
	signed                 // what the body proves, by a signature or a key in it, or any key: the handler sees to it
	public                 // a write key, which every visitor of the shop can read: CORS applies
	secret                 // a secret key: everything of its shop
	operator               // the operator's key: all shops, and the machine
	admin                  // the admin token; routes of the admin listener only
)

// String returns what an access is called in messages.
func (a access) String() string {
	return [...]string{"no key", "a signature", "a write key", "the secret key", "the operator's key", "the admin token"}[a]
}

// handler answers a request, or tells why it does not.
type handler func(*Server, *call) *fault

// route is an endpoint: a line of the table, and its number there.
type route struct {
	line
	number int
	kept   []byte // cache
}

// line is one line of the table. Metrics are labelled by its name, never by the raw path.
type line struct {
	name    string // the metrics label
	method  string
	pattern string // as in openapi.yaml: a segment "{id}" is a parameter
	access  access
	handler handler
	cache   string // the Cache-Control of what it answers; errors are never kept
	body    int    // the most bytes of a request's body; 0: it takes none, and none is waited for
	marks   marks
}

// marks are what few routes need.
type marks uint8

const (
	anyHost  marks = 1 << iota // answers under any Host: probes call a pod by its address
	anySite                    // a page of any origin may load it
	relayed                    // programs of other platforms send here: what they are called says nothing of a visitor
	crossing                   // CORS applies, as with a write key
)

const (
	fresh = "no-store"             // some caches keep for minutes what says nothing of it
	asked = "no-cache"             // kept, and asked for again with its ETag
	hour  = "public, max-age=3600" // the tracker: what pages load again and again
	day   = "public, max-age=86400"
)

// table lists what the public listener answers. The order means nothing, but that a path's first route names its refused
// methods in metrics.
func table(cfg *Config) []line {
	all := cfg.MaxBody
	rows := []line{
		{"frame", "GET", "/v1/frames/{frame}", public, (*Server).answerFrame, fresh, 0, 0},
		{"frame_names", "GET", "/v1/frames", public, (*Server).answerFrameNames, fresh, 0, 0},
		{"frames", "POST", "/v1/frames", public, (*Server).answerFrames, fresh, min(maxPage, all), 0},
		{"events", "POST", "/v1/events", public, (*Server).answerEvents, fresh, all, 0},
		{"contacts", "POST", "/v1/contacts", secret, (*Server).answerContacts, fresh, all, 0},
		{"catalogue", "PUT", "/v1/catalogue", secret, (*Server).answerCatalogue, fresh, maxFeed, 0},
		{"product", "GET", "/v1/products/{id}", secret, (*Server).answerProduct, fresh, 0, 0},
		{"social", "GET", "/v1/social/{product}", public, (*Server).answerSocial, fresh, 0, 0},
		{"contact", "GET", "/v1/contacts/{id}", secret, (*Server).answerContact, fresh, 0, 0},
		{"contact_data", "GET", "/v1/contacts/{id}/data", secret, (*Server).answerContactData, fresh, 0, 0},
		{"erase_contact", "DELETE", "/v1/contacts/{id}", secret, erases("contact", models.CanonicalContact), fresh, 0, 0},
		{"erase_visitor", "DELETE", "/v1/visitors/{id}", secret, erases("visitor", models.CanonicalID), fresh, 0, 0},
		{"contact_products", "GET", "/v1/contacts/{id}/products", secret, (*Server).answerContactProducts, fresh, 0, 0},
		{"contact_mail", "GET", "/v1/contacts/{id}/products.html", secret, (*Server).answerContactMail, fresh, 0, 0},
		{"visitor", "GET", "/v1/visitors/{id}", secret, (*Server).answerVisitor, fresh, 0, 0},
		{"rfm", "GET", "/v1/rfm", secret, (*Server).answerRFM, fresh, 0, 0},
		{"models", "GET", "/v1/models", secret, (*Server).answerModels, fresh, 0, 0},
		{"export", "POST", "/v1/export/{what}", secret, (*Server).answerExport, fresh, 0, 0},
		{"settings", "GET", "/v1/settings", secret, (*Server).answerSettings, fresh, 0, 0},
		{"presets", "GET", "/v1/presets", secret, (*Server).answerPresets, fresh, 0, 0},
		{"setting", "GET", "/v1/settings/{kind}/{name}", secret, (*Server).answerSetting, fresh, 0, 0},
		{"put_setting", "PUT", "/v1/settings/{kind}/{name}", secret, (*Server).answerPutSetting, fresh, min(2*settings.MaxBody, all), 0},
		{"delete_setting", "DELETE", "/v1/settings/{kind}/{name}", secret, (*Server).answerDeleteSetting, fresh, 0, 0},
		{"setting_preview", "POST", "/v1/settings/{kind}/{name}/preview", secret, (*Server).answerPreview, fresh, min(2*settings.MaxBody, all), 0},
		{"setting_history", "GET", "/v1/settings/{kind}/{name}/history", secret, (*Server).answerSettingHistory, fresh, 0, 0},
		{"stats", "GET", "/v1/stats", secret, (*Server).answerStats, fresh, 0, 0},
		{"quality", "GET", "/v1/quality", secret, (*Server).answerQuality, fresh, 0, 0},
		{"live", "GET", "/v1/live", secret, (*Server).answerLive, asked, 0, 0},

		{"health", "GET", "/healthz", open, (*Server).answerHealth, fresh, 0, anyHost},
		{"ready", "GET", "/readyz", open, (*Server).answerReady, fresh, 0, anyHost},
		{"metrics", "GET", "/metrics", operator, (*Server).answerMetrics, fresh, 0, anyHost},
		{"tracker", "GET", "/t.js", open, script("t.min.js", typeScript), hour, 0, anySite},
		{"tracker_debug", "GET", "/t-debug.js", open, script("t-debug.js", typeScript), hour, 0, anySite},
		{"tracker_module", "GET", "/orrery.mjs", open, script("orrery.mjs", typeScript), hour, 0, anySite},
		{"tracker_types", "GET", "/orrery.d.ts", open, script("orrery.d.ts", typeText), hour, 0, anySite},
		{"home", "GET", "/", open, page("dashboard.html", typeHTML), asked, 0, 0},
		{"script", "GET", "/dashboard.js", open, page("dashboard.js", typeScript), asked, 0, 0},
		{"style", "GET", "/dashboard.css", open, page("dashboard.css", typeStyle), asked, 0, 0},
		{"icon", "GET", "/icon.svg", open, page("icon.svg", typeSVG), asked, 0, 0},
		{"docs", "GET", "/docs", open, page("docs.html", typeHTML), asked, 0, 0},
		{"docs_script", "GET", "/docs.js", open, page("docs.js", typeScript), asked, 0, 0},
		{"openapi", "GET", "/openapi.yaml", open, page("openapi.yaml", typeYAML), asked, 0, 0},
	}
	rows = append(rows, relays(all)...)
	if !cfg.Demo {
		return rows
	}
	return append(rows,
		line{"shop", "GET", "/demo/", open, page("shop.html", typeHTML), asked, 0, 0},
		line{"shop_product", "GET", "/demo/p/{id}", open, shopProduct(), fresh, 0, 0},
		line{"shop_picture", "GET", "/demo/img/{id}", open, (*Server).answerPicture, day, 0, 0},
		line{"shop_script", "GET", "/demo/shop.js", open, page("shop.js", typeScript), asked, 0, 0},
		line{"shop_style", "GET", "/demo/shop.css", open, page("shop.css", typeStyle), asked, 0, 0},
	)
}

// adminTable lists what the admin listener answers: metrics and health without a key, since it listens on loopback unless it
// is told otherwise.
func adminTable() []line {
	return []line{
		{"admin_metrics", "GET", "/metrics", open, (*Server).answerMetrics, fresh, 0, anyHost},
		{"admin_health", "GET", "/healthz", open, (*Server).answerHealth, fresh, 0, anyHost},
		{"admin_ready", "GET", "/readyz", open, (*Server).answerReady, fresh, 0, anyHost},
		{"admin", "GET", "/", open, (*Server).answerAdminHome, fresh, 0, 0},
		{"pprof", "GET", pprofPath, admin, (*Server).answerPprof, fresh, 0, 0},
		{"pprof", "GET", pprofPath + "/", admin, (*Server).answerPprof, fresh, 0, 0},
		{"pprof", "GET", pprofPath + "/{profile}", admin, (*Server).answerPprof, fresh, 0, 0},
	}
}

// none stands for requests without a route.
var none = &route{line: line{name: "none", method: fasthttp.MethodGet}}
