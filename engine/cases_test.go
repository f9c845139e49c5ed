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
