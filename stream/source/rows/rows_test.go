package rows

import (
	"errors"
	"strings"
	"testing"

	"orrery/models"
	"orrery/stream/source/foreign"
)

var orders = Mapping{Fields: map[string]string{"event": "=purchase", "order": "id", "contact": "customer.email", "value": "net", "currency": "=EUR", "time": "made", "item_id": "sku",
	"price": "each", "quantity": "n", "props.shop_note": "note"}, Items: "lines", Deleted: "cancel"}

func TestRead(t *testing.T) {
	const row = `{"id":7,"customer":{"email":"a@example.com"},"net":"12.50","made":"2026-11-21 10:15:30","note":"x","lines":[{"sku":"A","each":5,"n":2},{"sku":"B","each":2.5},{"other":1}]}`
	const event = `{"event":"purchase","time":"2026-11-21T10:15:30Z","contact":"a@example.com","items":[{"item_id":"A","price":"5","quantity":"2"},{"item_id":"B","price":"2.5"}],"order":"7","value":"12.50","currency":"EUR","props":{"shop_note":"x"}}`
	flat := Mapping{Fields: map[string]string{"event": "kind", "visitor": "who", "item_id": "sku"}}
	for _, x := range []struct {
		m          *Mapping
		body, want string
	}{
		{&orders, row, event},
		{&orders, `{"before":null,"after":` + row + `,"op":"c","ts_ms":1}`, event},
		{&orders, `{"schema":{"type":"struct"},"payload":{"before":{"id":7},"after":` + row + `,"op":"u"}}`, event},
		{&orders, `{"before":{"id":7,"customer":{"email":"a@example.com"}},"after":null,"op":"d"}`, `{"event":"cancel","contact":"a@example.com","order":"7","currency":"EUR"}`},
		{&orders, `{"id":7,"__deleted":"true"}`, `{"event":"cancel","order":"7","currency":"EUR"}`},
		{&flat, `{"kind":"view_item","who":"v","sku":12}`, `{"event":"view_item","visitor":"v","items":[{"item_id":"12"}]}`},
		{&flat, `{"kind":"page_view","who":"v","payload":{"x":1}}`, `{"event":"page_view","visitor":"v"}`},
		{&flat, `{"before":{"kind":"view_item"},"after":null,"op":"d"}`, `skipped deleted row`},
		{&flat, ``, `skipped tombstone`},
		{&flat, `{"op":"u","after":null}`, `after is missing: the change says nothing of its row`},
		{&flat, `[1]`, `the message must be a JSON object`},
	} {
		var out foreign.Events
		got := ""
		if err := x.m.Read(&foreign.Message{Body: []byte(x.body)}, &out); err != nil {
			var bad *models.Invalid
			if !errors.As(err, &bad) {
				t.Fatal(err)
			}
			got = bad.Reason
		}
		out.Each(func(e []byte) { got += string(e) })
		for why := range out.Skipped() {
			got += "skipped " + why
		}
		if got != x.want {
			t.Errorf("%s\n got %s\nwant %s", x.body, got, x.want)
		}
	}
}

func TestCheck(t *testing.T) {
	if err := orders.Check(); err != nil {
		t.Error(err)
	}
	for word, m := range map[string]Mapping{"event is missing": {}, `"customer"`: {Fields: map[string]string{"event": "=purchase", "customer": "x"}}} {
		if err := m.Check(); err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%v does not say %s", err, word)
		}
	}
}

func FuzzRow(f *testing.F) {
	f.Add([]byte(`{"before":null,"after":{"id":7},"op":"c"}`))
	f.Add([]byte(`{"schema":1,"payload":{"op":"d","before":{"lines":[{"sku":1}]}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var out foreign.Events
		if orders.Read(&foreign.Message{Body: body}, &out) != nil {
			return
		}
		out.Each(func(event []byte) {
			var e models.Event
			var bad *models.Invalid
			if err := e.Decode(event, 1_796_000_000_000); errors.As(err, &bad) && (bad.Code == models.NotJSON || bad.Code == models.BadUTF8) {
				t.Fatalf("%s: %v", event, err)
			}
		})
	})
}
