package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"orrery/models"
	"orrery/models/settings"
	"orrery/stream/source"
	"orrery/stream/source/foreign"
)

// fake stands in for engine and stream: answers that a test sets, and what was asked.
type fake struct {
	mu       sync.Mutex
	query    models.FrameQuery // the last one, its bytes copied
	items    []models.FrameItem
	frameErr error
	social   models.Social
	stats    models.Stats
	status   StreamStatus
	profiles map[string]models.Profile
	contacts []models.Profile // exported
	rfm      *models.RFM
	models   *models.CustomerModels
	records  []models.Record
	settings *settings.Store
	first    *models.Event // a setting that stands before the next one in the log
	logErr   error
	panics   bool

	exported  ExportRequest // the last one
	exportErr error         // with which exports end
}

// Quality implements Quality.
func (k *fake) Quality(models.Time) []models.FrameQuality {
	return []models.FrameQuality{{Frame: "next", K: 20, Windows: []models.QualityWindow{
		{Window: "hour", Samples: 40, Hits: 18, HR: 0.45, MRR: 0.21, Shown: 310, Coverage: 0.31}, {Window: "day"},
	}}}
}

// checkFake checks definitions as the engine does, but for conditions.
func checkFake(v *settings.Version) (err error) {
	if v.Kind == settings.KindShop {
		_, err = settings.ReadShop(v.Body)
	} else {
		_, err = settings.ReadFrame(v.Body, []string{"bestsellers", "trending", "bought_together"})
	}
	return err
}

// Explain implements Explainer.
func (k *fake) Explain(q *models.FrameQuery, draft []byte, into *models.Frame) (*models.FrameTrace, error) {
	if draft != nil {
		if err := k.settings.Check(&settings.Version{Kind: settings.KindFrame, Name: "draft", Body: draft}); err != nil {
			return nil, err
		}
	}
	into.Truncated = false
	return &models.FrameTrace{Steps: []models.StepTrace{{Recipe: "bestsellers", Looked: 3, Dropped: map[string]int{"unavailable": 1}, Found: 2, Taken: 2,
		Top: []models.ScoreTrace{{Item: "SKU7", Before: .5, After: 1, Rules: []models.RuleTrace{{Rule: "own brand", Factor: 2}}}}}}}, k.Frame(q, into)
}

// Setting implements Settings, of a single shop.
func (k *fake) Setting(_ []byte, kind, name string) (*settings.Setting, bool) {
	return k.settings.Find(1, kind, name)
}

// Settings implements Settings.
func (k *fake) Settings(_ []byte, kind string) []*settings.Setting { return k.settings.List(1, kind) }

// CheckSetting implements Settings.
func (k *fake) CheckSetting(_ []byte, v *settings.Version) error { return k.settings.Check(v) }

func newFake() *fake {
	return &fake{
		settings: settings.New(checkFake),
		items: []models.FrameItem{
			{Score: 0.83117, Recipe: "bought_after_viewing", Evidence: models.Evidence{ID: []byte("SKU1"), Count: 127, Score: 214.2},
				Social:  models.Social{ViewingNow: 5, Viewed24h: -1, Carted24h: -1, Bought24h: 12},
				Product: models.Product{ID: []byte("SKU7"), Title: []byte("Kettle"), URL: []byte("https://shop/p/7"), Image: []byte("https://shop/i/7.jpg"), Price: 24_900_000, Sale: 19_900_000, Currency: []byte("EUR"), JSON: []byte(`"item_id":"SKU7","title":"Kettle","price":24.9,"sale_price":19.9,"currency":"EUR"`)}},
			{Score: 0.5, Recipe: "bestsellers", Evidence: models.Evidence{Count: 3.456},
				Social:  models.Social{ViewingNow: -1, Viewed24h: -1, Carted24h: -1, Bought24h: -1},
				Product: models.Product{ID: []byte(`a"b`)}},
		},
		social:   models.Social{ViewingNow: 5, Viewed24h: 120, Carted24h: 9, Bought24h: -1},
		status:   StreamStatus{Ready: true, SnapshotAge: -1},
		profiles: map[string]models.Profile{},
	}
}

// ErasureOf implements People.
func (k *fake) ErasureOf(dst, id []byte) []byte {
	return models.AppendSealedID(dst, [3]uint64{uint64(len(id))})
}

// ContactData implements People.
func (k *fake) ContactData(_, contact []byte, now models.Time) (d models.ContactData, ok bool) {
	d.Shop = "default"
	d.Logins = []models.LoginTouch{{Visitor: 7, At: 1_795_000_000_000}}
	d.Mails = []models.MailTouch{{At: 1_795_000_000_000, Answered: true}}
	d.Claims = []models.ClaimTouch{{Order: 8, Visitor: 7, At: 1_795_000_000_000, Known: true}}
	d.Profile, ok = k.Contact(nil, contact, now)
	return d, ok
}

// Permit implements Recommender.
func (k *fake) Permit(q *models.FrameQuery, items []models.FrameItem) ([]models.FrameItem, bool) {
	return items, slices.Contains(k.Frames(), string(q.Frame))
}

func (k *fake) Frames() []string { return []string{"product_page", "for_you", "trending"} }

func (k *fake) Frame(q *models.FrameQuery, into *models.Frame) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.panics {
		panic("on purpose")
	}
	k.query = *q
	switch string(q.Frame) {
	case "product_page", "for_you", "trending":
	default:
		return models.ErrUnknownFrame
	}
	if k.frameErr != nil {
		return k.frameErr
	}
	into.Items = append(into.Items[:0], k.items...)
	into.Name = k.name(q.Frame)
	return nil
}

func (k *fake) name(b []byte) string {
	for _, n := range [...]string{"product_page", "for_you", "trending"} {
		if n == string(b) {
			return n
		}
	}
	return ""
}

func (k *fake) Social(_, product, _ []byte, _ models.Time) (models.Social, bool) {
	return k.social, string(product) != "unknown"
}

// ProductState implements Products: SKU7 is sold out, others are shown.
func (k *fake) ProductState(_, product []byte) (models.ProductState, bool) {
	switch id := string(product); id {
	case "unknown", "bad":
		return models.ProductState{}, false
	case "SKU7":
		return models.ProductState{ID: id, Title: "Kettle", Price: json.RawMessage("24.9"), Currency: "EUR", Listed: true, Group: "K", Variants: []string{"SKU8", "SKU7"},
			Shown: true, ShownAs: "SKU8", Hidden: models.HiddenSoldOut, Why: "it is out of stock", Times: models.FieldTimes{Text: "2026-11-18T12:53:20Z"}}, true
	default:
		return models.ProductState{ID: id, Listed: true, InStock: true, Shown: true, Why: "frames show it"}, true
	}
}

func (k *fake) Contact(_, contact []byte, _ models.Time) (models.Profile, bool) {
	p, ok := k.profiles[string(contact)]
	return p, ok
}

func (k *fake) Visitor(shop, visitor []byte, now models.Time) (models.Profile, bool) {
	return k.Contact(shop, visitor, now)
}

func (k *fake) RFM([]byte, models.Time) (models.RFM, bool) {
	if k.rfm == nil {
		return models.RFM{}, false
	}
	return *k.rfm, true
}

func (k *fake) CustomerModels([]byte) (models.CustomerModels, bool) {
	if k.models == nil {
		return models.CustomerModels{}, false
	}
	return *k.models, true
}

// FitOf implements Fits.
func (k *fake) FitOf([]byte) models.FitState {
	return models.FitState{State: models.FitCurrent, Reason: "learned from all 18532 orders"}
}

// OpenExport implements Exports: a line a contact.
func (k *fake) OpenExport(_ context.Context, q ExportRequest) (Export, error) {
	if q.What != "contacts" {
		return nil, &models.Invalid{Code: "unknown_export", Field: "what", Reason: "there are contacts"}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.exported = q
	return &fakeExport{k: k, q: q, contacts: k.contacts}, nil
}

type fakeExport struct {
	k        *fake
	q        ExportRequest
	contacts []models.Profile
}

func (e *fakeExport) ContentType() string { return typeLines }
func (e *fakeExport) Rows() int64         { return int64(len(e.contacts)) }
func (e *fakeExport) Write(ctx context.Context, w io.Writer) (rows int64, cursor string, err error) {
	for i := range e.contacts {
		if _, err := fmt.Fprintf(w, "{\"contact\":%q}\n", e.contacts[i].Contact); err != nil || ctx.Err() != nil {
			return int64(i), "", errors.Join(err, ctx.Err())
		}
		if e.q.Limit == int64(i+1) {
			return e.q.Limit, fmt.Sprint("after ", e.contacts[i].Contact), nil
		}
	}
	return int64(len(e.contacts)), "", e.k.exportErr
}

func (k *fake) RecentVisitors([]byte, int) []string { return []string{"v-1"} }

// ShopStats implements Statistics.
func (k *fake) ShopStats([]byte) models.Stats { return k.Stats() }

// ShopQuality implements Quality.
func (k *fake) ShopQuality(_ []byte, now models.Time) []models.FrameQuality { return k.Quality(now) }

func (k *fake) Stats() models.Stats {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.stats
}

func (k *fake) Status() StreamStatus {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.status
}

func (k *fake) Append(_ context.Context, records []models.Record) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.logErr != nil {
		return k.logErr
	}
	for _, r := range records {
		if r.Topic == models.Settings {
			if k.first != nil {
				k.settings.Apply(1, k.first, nil)
			}
			k.settings.Apply(1, &models.Event{Kind: models.SettingRecord, Props: r.Value}, nil)
		}
		k.records = append(k.records, models.Record{Topic: r.Topic, Key: bytes.Clone(r.Key), Value: bytes.Clone(r.Value)})
	}
	return nil
}

func (k *fake) taken() []models.Record {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.records
}

// set changes what the fake answers.
func (k *fake) set(change func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	change()
}

func (k *fake) deps() Deps {
	sources := map[string]Source{}
	for name, w := range source.Webhooks(foreign.BySKU) {
		sources[name] = w
	}
	return Deps{Sources: sources, Feeds: fakeFeeds{}, Exports: k, Recommender: k, Social: k, Profiles: k, People: k, Customers: k, Products: k, Statistics: k, Recent: k, Quality: k, Fits: k, Settings: k, Explainer: k, Contacts: fakeContacts{}, Log: k, Stream: k, Clock: func() models.Time { return 1_795_000_000_000 }}
}

// rig is a server on a loopback socket, and a client to it. (fasthttp's in-memory connections do not allow a deadline to
// be set while somebody writes, as the streams do.)
type rig struct {
	t      *testing.T
	fake   *fake
	server *Server
	line   net.Listener
	client fasthttp.HostClient
}

func newRig(t *testing.T, cfg Config, checks ...Check) *rig {
	t.Helper()
	k := newFake()
	deps := k.deps()
	deps.Checks = checks
	s, err := New(cfg, deps)
	if err != nil {
		t.Fatal(err)
	}
	line, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, fake: k, server: s, line: line}
	r.client = fasthttp.HostClient{Addr: "orrery", DisablePathNormalizing: true, Dial: func(string) (net.Conn, error) { return net.Dial("tcp", line.Addr().String()) }}
	if err := s.Serve(r.line, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		r.client.CloseIdleConnections()
		if err := s.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return r
}

// do sends a request; headers come as "Name: value".
func (r *rig) do(method, uri, body string, headers ...string) *fasthttp.Response {
	r.t.Helper()
	req, resp := fasthttp.AcquireRequest(), new(fasthttp.Response)
	defer fasthttp.ReleaseRequest(req)
	req.SetRequestURI("http://localhost" + uri)
	req.URI().DisablePathNormalizing = true
	req.Header.SetMethod(method)
	req.SetBodyString(body)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
		req.UseHostHeader = req.UseHostHeader || name == "Host"
	}
	if err := r.client.Do(req, resp); err != nil {
		r.t.Fatalf("%s %s: %v", method, uri, err)
	}
	return resp
}

// expect sends a request and checks status and body, where want is not empty.
func (r *rig) expect(method, uri, body string, status int, want string, headers ...string) *fasthttp.Response {
	r.t.Helper()
	resp := r.do(method, uri, body, headers...)
	got := strings.TrimSuffix(string(resp.Body()), "\n")
	if resp.StatusCode() != status || want != "" && got != want {
		r.t.Errorf("%s %s %s\n got %d %s\nwant %d %s", method, uri, body, resp.StatusCode(), got, status, want)
	}
	return resp
}

var errLog = errors.New("the broker is gone")
