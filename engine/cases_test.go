package engine_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"orrery/engine"
	"orrery/models"
)

// Public fault reports, made up again: see testdata/cases.

const caseTime models.Time = 1_796_000_000_000 // when they are sent

// applyAt applies events, one a line, which came at a moment.
func applyAt(t *testing.T, e *engine.Engine, lines string, at models.Time) {
	t.Helper()
	for line := range strings.Lines(lines) {
		ev := new(models.Event)
		if err := ev.Decode([]byte(strings.TrimSpace(line)), at); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		e.Apply([]*models.Event{ev})
	}
}

// products returns the products of a frame.
func products(t *testing.T, e *engine.Engine, q models.FrameQuery) string {
	t.Helper()
	var f models.Frame
	q.Now = e.StreamTime()
	if err := e.Frame(&q, &f); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for i := range f.Items {
		ids = append(ids, string(f.Items[i].Product.ID))
	}
	return strings.Join(ids, " ")
}

// Case c25: a burst of a person's browser teaches nothing, and the person stays one.
func TestBurstOfAPerson(t *testing.T) {
	e := newEngine(t, engine.Config{Floor: 1})
	body, err := os.ReadFile("testdata/cases/c25-burst.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	before, order, _ := strings.Cut(string(body), `{"event": "purchase"`)
	applyAt(t, e, before, caseTime)
	visitor := []byte("real")
	if got := products(t, e, models.FrameQuery{Frame: []byte("cart_left"), Visitor: visitor}); got != "Q8 Q7 Q6 Q5 Q4 Q3 Q2 Q1" {
		t.Errorf("cart %q", got)
	}
	applyAt(t, e, `{"event": "purchase"`+order, caseTime)
	if got := products(t, e, models.FrameQuery{Frame: []byte("recently_viewed"), Visitor: visitor, N: 100}); !strings.Contains(got, "Q8") || strings.Contains(got, "P") {
		t.Errorf("viewed %q", got)
	}
	for _, frame := range []string{"for_you", "next", "home_page", "mail", "most_viewed", "trending"} {
		for _, who := range []string{"real", "somebody"} {
			if got := products(t, e, models.FrameQuery{Frame: []byte(frame), Visitor: []byte(who)}); strings.Contains(got, "P") {
				t.Errorf("%s of %s shows %q of the burst", frame, who, got)
			}
		}
	}
	for _, frame := range []string{"home_page", "mail"} { // what for_you leaves out, a later step may show
		if got := products(t, e, models.FrameQuery{Frame: []byte(frame), Visitor: visitor}); !strings.Contains(got, "Q") {
			t.Errorf("%s is %q after the burst", frame, got)
		}
	}
	p, _ := e.Visitor(nil, visitor, e.StreamTime())
	if p.Bot || e.Stats().Bots != 0 || p.OrderCount != 1 {
		t.Errorf("bot %v, %d bots, %d orders", p.Bot, e.Stats().Bots, p.OrderCount)
	}
}

// Case c10: what a crawler puts into a cart counts as little as what it views.
func TestCrawlersCarts(t *testing.T) {
	e := newEngine(t, engine.Config{Floor: 1})
	var b strings.Builder
	for i := range 3 {
		fmt.Fprintf(&b, `{"event":"add_to_cart","id":"gb%d","visitor":"gb%d","items":[{"item_id":"CARTBOT","price":9}],"bot":true}`+"\n", i, i)
		fmt.Fprintf(&b, `{"event":"view_item","id":"gv%d","visitor":"gv%d","items":[{"item_id":"VIEWBOT","price":9}],"bot":true}`+"\n", i, i)
	}
	applyAt(t, e, b.String(), caseTime)
	if s, _ := e.Social(nil, []byte("CARTBOT"), nil, e.StreamTime()); s.Carted24h > 0 || e.Stats().Bots != 6 {
		t.Errorf("carted by %d, %d bots", s.Carted24h, e.Stats().Bots)
	}
	if got := products(t, e, models.FrameQuery{Frame: []byte("cart_left"), Visitor: []byte("gb1")}); got != "" {
		t.Errorf("cart %q", got)
	}
}

// Case c28: a browser that two share splits at the login.
func TestSharedBrowser(t *testing.T) {
	e := newEngine(t, engine.Config{})
	for i, file := range []string{"c28-shared-browser.ndjson", "c28-shared-browser-2.ndjson"} {
		body, err := os.ReadFile("testdata/cases/" + file)
		if err != nil {
			t.Fatal(err)
		}
		applyAt(t, e, string(body), caseTime+models.Time(i)*1500)
	}
	f := func(frame, visitor, contact, want string) {
		t.Helper()
		if got := products(t, e, models.FrameQuery{Frame: []byte(frame), Visitor: []byte(visitor), Contact: []byte(contact)}); got != want {
			t.Errorf("%s of %s%s is %q, want %q", frame, visitor, contact, got, want)
		}
	}
	const ann, ben = "ann@x.example", "ben@x.example"
	f("recently_viewed", "", ann, "ANNS")
	f("cart_left", "", ann, "ANNS")
	f("recently_viewed", "", ben, "BENS")
	f("cart_left", "", ben, "")
	f("recently_viewed", "kiosk", "", "BENS")
	f("cart_left", "kiosk", "", "")
	if got := products(t, e, models.FrameQuery{Frame: []byte("mail"), Contact: []byte("Ben@X.example ")}); strings.Contains(got, "ANNS") {
		t.Errorf("Ben's mail shows %q", got)
	}
	p, _ := e.Contact(nil, []byte(ann), e.StreamTime())
	if p.Sessions != 1 || len(p.Viewed) != 1 || len(p.Cart) != 1 {
		t.Errorf("Ann has %d sessions, %d views, %d in the cart", p.Sessions, len(p.Viewed), len(p.Cart))
	}

	// Who logs out leaves nothing on the browser, and takes nothing of what comes.
	at := caseTime + models.Minute
	applyAt(t, e, `{"event":"logout","id":"o","visitor":"kiosk"}`+"\n"+`{"event":"view_item","id":"o2","visitor":"kiosk","items":[{"item_id":"NOBODYS"}]}`, at)
	f("recently_viewed", "kiosk", "", "NOBODYS")
	f("recently_viewed", "", ben, "BENS")
	// A clerk who acts for Ann is not Ann's browser.
	applyAt(t, e, `{"event":"identify","id":"a","visitor":"clerk","contact":"ann@x.example","acting_as":true}`+"\n"+
		`{"event":"view_item","id":"a2","visitor":"clerk","items":[{"item_id":"CLERKS"}]}`, at)
	f("recently_viewed", "", ann, "ANNS")
	f("recently_viewed", "clerk", "", "CLERKS")
}

// A browser with more than eight contacts within a month links nobody, and a contact is linked to fifty browsers at most.
func TestKiosk(t *testing.T) {
	e := newEngine(t, engine.Config{})
	for i := range 9 {
		at := caseTime + models.Time(i)*models.Hour
		applyAt(t, e, fmt.Sprintf(`{"event":"identify","id":"k%d","visitor":"till","contact":"k%d@x.example"}`+"\n"+
			`{"event":"purchase","id":"kp%d","visitor":"till","order":"K%d","value":5}`, i, i, i, i), at)
		if p, _ := e.Contact(nil, []byte("k0@x.example"), at); i < 8 && p.OrderCount != 1 || i == 8 && p.OrderCount != 0 {
			t.Errorf("after %d contacts the first has %d orders", i+1, p.OrderCount)
		}
	}
	if s := e.Stats(); s.Orders != 9 || s.Buyers != 1 {
		t.Errorf("%d orders of %d", s.Orders, s.Buyers)
	}
	for i := range 60 {
		applyAt(t, e, fmt.Sprintf(`{"event":"identify","id":"s%d","visitor":"b%d","contact":"info@x.example"}`+"\n"+
			`{"event":"purchase","id":"sp%d","visitor":"b%d","order":"S%d","value":5}`, i, i, i, i, i), caseTime+models.Day)
	}
	if p, _ := e.Contact(nil, []byte("info@x.example"), e.StreamTime()); p.OrderCount != 50 {
		t.Errorf("%d orders of everybody's address", p.OrderCount)
	}
}
