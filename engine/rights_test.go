package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"orrery/engine"
	"orrery/models"
)

// rig is an engine that is told things by the shop and by strangers.
type rig struct {
	t *testing.T
	e *engine.Engine
	n int
}

func newRightsRig(t *testing.T, cfg engine.Config) *rig {
	return &rig{t: t, e: newEngine(t, cfg)}
}

// say applies an event as it stands in the log, by the record's time.
func (r *rig) say(trust string, at models.Time, text string, args ...any) error {
	r.n++
	body := fmt.Sprintf(text, args...)
	if !strings.Contains(body, `"time"`) {
		body = fmt.Sprintf(`{"time":%d,%s`, at, body[1:])
	}
	body = strings.TrimSuffix(body, "}") + fmt.Sprintf(`,"id":"id-%d","trust":%q,"net":"%016x"}`, r.n, trust, r.n<<16)
	ev := new(models.Event)
	if err := ev.Decode([]byte(body), at); err != nil {
		return err
	}
	r.e.Apply([]*models.Event{ev})
	return nil
}

func (r *rig) must(trust string, at models.Time, text string, args ...any) {
	r.t.Helper()
	if err := r.say(trust, at, text, args...); err != nil {
		r.t.Fatal(err)
	}
}

// shown returns the products of a frame.
func (r *rig) shown(frame, visitor, contact string, at models.Time) (list []string) {
	r.t.Helper()
	var f models.Frame
	q := models.FrameQuery{Frame: []byte(frame), Visitor: []byte(visitor), Contact: []byte(contact), Now: at}
	if err := r.e.Frame(&q, &f); err != nil {
		r.t.Fatal(err)
	}
	for _, it := range f.Items {
		list = append(list, string(it.Product.ID))
	}
	return list
}

const noon = models.MinTime + 26*365*models.Day + 12*models.Hour

// TestF3abProducts: a stranger's products are refused, and addresses are those of the web.
func TestF3abProducts(t *testing.T) {
	r := newRightsRig(t, engine.Config{})
	for _, kind := range []string{"product_upsert", "product_remove", "product_price", "product_stock", "refund", "cancel", "email_sent", "email_open", "email_click"} {
		if err := r.say("public", noon, `{"event":%q,"contact":"c","order":"O","value":1,"items":[{"item_id":"EVIL"}]}`, kind); err == nil || !strings.Contains(err.Error(), "needs the secret key") {
			t.Errorf("%s by a stranger: %v", kind, err)
		}
		if err := r.say("secret", noon, `{"event":%q,"contact":"c","order":"O","value":1,"items":[{"item_id":"A"}]}`, kind); err != nil {
			t.Error(err)
		}
	}
}

// TestF18Addresses: whoever says it, a product's links are http or https.
func TestF18Addresses(t *testing.T) {
	r := newRightsRig(t, engine.Config{})
	for _, link := range []string{"javascript:alert(6)", "JavaScript:x", "data:text/html,x", "//evil.example", "vbscript:x", " https://x", "java\\tscript:x"} {
		r.must("secret", noon, `{"event":"product_upsert","items":[{"item_id":"A","url":"%s","image":"%s","title":"T"}]}`, link, link)
		r.must("public", noon, `{"event":"view_item","visitor":"v","items":[{"item_id":"B","link":"%s","image_link":"%s"}]}`, link, link)
		for _, id := range []string{"A", "B"} {
			if p, _ := r.e.Product(nil, []byte(id)); len(p.URL)+len(p.Image) > 0 {
				t.Errorf("%s: %s has the links %q and %q", link, id, p.URL, p.Image)
			}
		}
	}
	r.must("secret", noon, `{"event":"product_upsert","items":[{"item_id":"A","url":"HTTPS://shop.example/a","image":"http://shop.example/a.jpg"}]}`)
	if p, _ := r.e.Product(nil, []byte("A")); string(p.URL) != "HTTPS://shop.example/a" || string(p.Image) != "http://shop.example/a.jpg" {
		t.Errorf("links of the web: %q %q", p.URL, p.Image)
	}
}

// TestF4ClaimedContacts: who names a contact without a proof reads nothing of it, and changes nothing about it.
func TestF4ClaimedContacts(t *testing.T) {
	r := newRightsRig(t, engine.Config{})
	r.must("secret", noon, `{"event":"identify","visitor":"a","contact":"anna","name":"Anna"}`)
	r.must("secret", noon, `{"event":"purchase","visitor":"a","contact":"anna","order":"O","value":10,"items":[{"item_id":"A"}]}`)
	r.must("public", noon+models.Minute, `{"event":"view_item","visitor":"a","items":[{"item_id":"B"}]}`)
	before, _ := r.e.Contact(nil, []byte("anna"), noon+models.Hour)

	at := noon + 2*models.Minute
	r.must("public", at, `{"event":"page_view","visitor":"evil","contact":"anna"}`)
	r.must("public", at, `{"event":"identify","visitor":"evil","contact":"anna","name":"Mallory"}`)
	r.must("public", at, `{"event":"identify","time":%d,"contact":"anna","name":"Mallory"}`, at+23*models.Hour)
	r.must("public", at, `{"event":"page_view","contact":"anna","bot":true}`)
	r.must("public", at, `{"event":"page_view","visitor":"evil","contact":"anna","bot":true}`)
	r.must("public", at, `{"event":"view_item","contact":"anna","items":[{"item_id":"X"}]}`)
	for _, frame := range []string{"recently_viewed", "buy_again", "cart_left"} {
		if list := r.shown(frame, "evil", "", at); len(list) > 0 {
			t.Errorf("%s of the stranger: %v", frame, list)
		}
	}
	after, _ := r.e.Contact(nil, []byte("anna"), noon+models.Hour)
	if string(after.ClaimedAttributes) != `{"name":"Mallory"}` || after.Claimed {
		t.Errorf("claimed: %v %s", after.Claimed, after.ClaimedAttributes)
	}
	after.ClaimedAttributes = before.ClaimedAttributes
	after.Customer, after.Mail = before.Customer, before.Mail
	if got, want := fmt.Sprintf("%+v", after), fmt.Sprintf("%+v", before); got != want || after.Bot || string(after.Attributes) != `{"name":"Anna"}` {
		t.Errorf("anna after what strangers said of her:\n%s\nbefore:\n%s", got, want)
	}
	if p, ok := r.e.Visitor(nil, []byte("evil"), at); !ok || p.Contact != "" || len(p.Orders) > 0 {
		t.Errorf("the stranger is %q with %d orders", p.Contact, len(p.Orders))
	}
	if st := r.e.Stats(); st.Contacts != 1 || st.Leads != 0 {
		t.Errorf("%d contacts and %d leads", st.Contacts, st.Leads)
	}
}

// TestLeads: forms and identify of pages go on working, as leads, until the shop or a proof says who it is.
func TestLeads(t *testing.T) {
	for _, confirm := range []string{"secret", "signed", "proved"} {
		r := newRightsRig(t, engine.Config{})
		r.must("public", noon, `{"event":"view_item","visitor":"b","items":[{"item_id":"A"}]}`)
		r.must("public", noon, `{"event":"identify","visitor":"b","contact":"ben","name":"Ben"}`)
		p, ok := r.e.Contact(nil, []byte("ben"), noon)
		if !ok || !p.Claimed || string(p.ClaimedAttributes) != `{"name":"Ben"}` || p.Contact != "ben" || len(p.Viewed) > 0 {
			t.Errorf("the lead is %v %+v", ok, p)
		}
		if st := r.e.Stats(); st.Leads != 1 || st.Contacts != 0 {
			t.Errorf("%d leads, %d contacts", st.Leads, st.Contacts)
		}
		n := 0
		r.e.EachContact(nil, 0, noon, func([]byte, *models.Profile) bool { n++; return true })
		if n > 0 {
			t.Error("an export holds a lead")
		}
		again := newEngine(t, engine.Config{})
		restore(t, again, save(t, r.e))
		r.e = again
		r.must(confirm, noon+models.Minute, `{"event":"identify","visitor":"b","contact":"ben","tier":"gold"}`)
		p, _ = r.e.Contact(nil, []byte("ben"), noon+models.Minute)
		if p.Claimed || string(p.Attributes) != `{"tier":"gold"}` || len(p.Viewed) != 1 || p.Visitors != 1 {
			t.Errorf("confirmed by %s: %+v", confirm, p)
		}
		if st := r.e.Stats(); st.Leads != 0 || st.Contacts != 1 {
			t.Errorf("confirmed by %s: %d leads, %d contacts", confirm, st.Leads, st.Contacts)
		}
	}
}

// TestK4Attributes: what a page says with a proof never wins over what the shop says, by however its clock goes ahead.
func TestK4Attributes(t *testing.T) {
	for _, first := range []bool{true, false} {
		r := newRightsRig(t, engine.Config{})
		shop := func() { r.must("secret", noon, `{"event":"identify","visitor":"v","contact":"anna","name":"shop"}`) }
		page := func(ahead models.Time) {
			r.must("proved", noon, `{"event":"identify","time":%d,"visitor":"v","contact":"anna","name":"page"}`, noon+ahead)
		}
		if first {
			shop()
		}
		page(5 * models.Minute)
		page(23 * models.Hour)
		if !first {
			shop()
		}
		if p, _ := r.e.Contact(nil, []byte("anna"), noon); string(p.Attributes) != `{"name":"shop"}` {
			t.Errorf("the shop first: %v: %s", first, p.Attributes)
		}
	}
}
