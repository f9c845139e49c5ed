package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"orrery/engine"
	"orrery/models"
)

// setting returns the record of a version of a frame.
func setting(shop, name string, version int, body string) *models.Event {
	value := fmt.Sprintf(`{"kind":"frame","name":%q,"version":%d,"id":"x","time":1,"setting":%s}`, name, version, body)
	return &models.Event{Kind: models.SettingRecord, Shop: []byte(shop), Props: []byte(value)}
}

// shelfOf is a shop of which everybody looks at a to f, a most of all, and the catalogue of another one.
const shelfOf = `{"event":"product_upsert","currency":"EUR","items":[{"item_id":"a","item_name":"A","price":10,"brand":"Acme","item_category":"Home > Kit","availability":"in stock"}]}
{"event":"product_upsert","currency":"EUR","items":[{"item_id":"b","item_name":"B","price":20,"brand":"Bolt","item_category":"Home > Kitchen","availability":"in stock"}]}
{"event":"product_upsert","currency":"EUR","items":[{"item_id":"c","item_name":"C","price":30,"brand":"Acme","item_category":"Home > Kitchen","availability":"in stock"}]}
{"event":"product_upsert","currency":"EUR","items":[{"item_id":"d","item_name":"D","price":40,"brand":"Bolt","item_category":"Garden","availability":"in stock"}]}
{"event":"product_upsert","currency":"EUR","items":[{"item_id":"e","item_name":"E","item_category":"Garden","availability":"in stock"}]}
`

func views() (lines string) {
	for i, item := range "aaaaaabbbbbccccdddee" {
		lines += fmt.Sprintf(`{"event":"view_item","visitor":"v%d","items":[{"item_id":"%c"}]}`+"\n", i, item)
	}
	return lines
}

// What is set holds from where it stands in the log: for replays, restarts and imports as for who has folded it first, and for one shop.
func TestSettingWhereItStands(t *testing.T) {
	at := models.MinTime + 26*365*models.Day
	q := models.FrameQuery{Frame: []byte("exit"), Now: at + models.Hour}
	e := newEngine(t, engine.Config{})
	applyAt(t, e, shelfOf+views(), at)
	var f models.Frame
	if err := e.Frame(&q, &f); err != models.ErrUnknownFrame {
		t.Fatalf("a frame that nobody has set: %v", err)
	}
	set := func(e *engine.Engine, ev *models.Event) {
		t.Helper()
		if why := e.Admit(ev); why != nil {
			t.Fatal(why)
		}
		e.Apply([]*models.Event{ev})
	}
	set(e, setting("default", "exit", 1, `{"steps":[{"recipe":"most_viewed","where":"price < 35"}]}`))
	set(e, setting("other", "exit", 1, `{"steps":[{"recipe":"most_viewed"}]}`))
	check := func(what string, e *engine.Engine, want string) {
		t.Helper()
		if got := products(t, e, q); got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	check("set", e, "a b c")
	applyAt(t, e, `{"event":"product_price","items":[{"item_id":"c","price":36}]}`, at+1)
	check("a price has changed", e, "a b")
	applyAt(t, e, `{"event":"product_price","items":[{"item_id":"d","price":3}]}`, at+1)
	check("another one has", e, "a b d")

	again := newEngine(t, engine.Config{})
	restore(t, again, save(t, e))
	again.Settle()
	check("restarted", again, "a b d")

	imported := newEngine(t, engine.Config{})
	if err := e.EachFact("test", 0, imported.TakeFact); err != nil {
		t.Fatal(err)
	}
	if s, ok := imported.Setting(nil, "frame", "exit"); !ok || s.Newest().ID != "x" || len(imported.Settings([]byte("other"), "")) != 1 {
		t.Errorf("imported: %+v", s)
	}

	set(e, setting("default", "exit", 2, `{"steps":[{"recipe":"most_viewed","number":2},{"recipe":"new"}],"slots":3}`))
	check("another version", e, "a b e")
	set(e, setting("default", "exit", 2, `{"steps":[{"recipe":"new"}]}`)) // too late
	check("a conflict", e, "a b e")
	gone := &models.Event{Kind: models.SettingRecord, Shop: []byte("default"), Props: []byte(`{"kind":"frame","name":"exit","version":3,"id":"x","deleted":true}`)}
	set(e, gone)
	if err := e.Frame(&q, &f); err != models.ErrUnknownFrame {
		t.Errorf("deleted: %v", err)
	}
}

// A record that is no setting is a dead letter, with the reason.
func TestSettingRefused(t *testing.T) {
	e := newEngine(t, engine.Config{})
	for _, c := range [][2]string{
		{`{"kind":"frame","name":"a","version":1,"setting":{"steps":[{"recipe":"new","where":"prise < 3"}]}}`, "did you mean price?"},
		{`{"kind":"frame","name":"a","version":0,"setting":{"steps":[{"recipe":"new"}]}}`, "version"},
		{`{"kind":"frame","name":"a","version":1}`, "setting"},
		{`{"kind":"colour","name":"a","version":1,"setting":{}}`, "there is no kind"},
		{`x`, "no setting"},
	} {
		why := e.Admit(&models.Event{Kind: models.SettingRecord, Shop: []byte("default"), Props: []byte(c[0])})
		if why == nil || why.Code != models.BadSetting || !strings.Contains(why.Reason, c[1]) {
			t.Errorf("%s: %+v", c[0], why)
		}
	}
}
