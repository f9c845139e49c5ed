package files

import (
	"slices"
	"strings"
	"testing"

	"orrery/models"
)

// told runs a case, and says who did what with which products, for what.
func told(t *testing.T, cfg Config, files ...string) (list []string, s Summary) {
	t.Helper()
	for _, file := range files {
		cfg.Files = append(cfg.Files, "testdata/cases/"+file)
	}
	cfg.Now = casesNow
	m := &memory{}
	s = mustRunFiles(t, cfg, m)
	for _, value := range m.values {
		var e models.Event
		if err := e.Decode([]byte(value), models.TimeOf(casesNow())); err != nil {
			list = append(list, "refused: "+err.Error())
			continue
		}
		line := []string{string(e.Name), string(e.Visitor), string(e.Contact)}
		if len(e.Order) > 0 {
			line = append(line, string(e.Order), e.Amount().String(), string(e.Currency))
		}
		for i := range e.Items {
			line = append(line, string(e.Items[i].ID)+"*"+string(appendInt(nil, int64(e.Items[i].Quantity))))
		}
		if models.Member(e.Props, "bot") != nil {
			line = append(line, "bot")
		}
		list = append(list, strings.Join(line, " "))
	}
	return list, s
}

func mustRunFiles(t *testing.T, cfg Config, m *memory) Summary {
	t.Helper()
	s, err := Run(t.Context(), cfg, m, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestCaseLogs(t *testing.T) {
	f := func(cfg Config, files []string, want ...string) {
		t.Helper()
		got, s := told(t, cfg, files...)
		if !slices.Equal(got, want) || s.Bad != 0 {
			t.Errorf("%s: got\n%s\nwant\n%s\n%+v", files, strings.Join(got, "\n"), strings.Join(want, "\n"), s)
		}
	}
	f(Config{Preset: "segment"}, []string{"files-segment.jsonl"},
		"page_view a1 ", "view_item a1  MUG-B*1", "identify a1 u-9", "purchase a1 u-9 T-1 49.90 EUR MUG-B*2 PLATE-L*1", "refund a1 u-9 T-1 20.00 EUR")
	f(Config{Preset: "matomo"}, []string{"files-matomo.json"},
		"page_view aa11 ann@shop.example", "view_item aa11 ann@shop.example MUG-B*1",
		"purchase aa11 ann@shop.example T-1 49.90  MUG-B*2 PLATE-L*1", "page_view bb22 ")
	f(Config{Preset: "snowplow"}, []string{"files-snowplow.csv"},
		"view_item u1  MUG*1", "add_to_cart u1  MUG*2", "purchase u1  T1 50.00 EUR MUG*2 PAN*1", "page_view u2 ")
	f(Config{Currency: "USD", Map: []string{
		"visitor={client_id|clientId}", "time=timestamp", "url=page_url", "referrer=referrer?", "user_agent=user_agent",
		"event=event_name", "event.page_viewed=page_view", "event.product_added_to_cart=add_to_cart", "event.checkout_started=begin_checkout",
		"event.checkout_completed=purchase", "event.email_filled_on_popup=identify",
		"view_item where event_name = page_viewed and page_url ~ /products/",
		"contact=event_data.user_email", "order=event_data.transaction_id", "value=event_data.revenue",
		"item_id={event_data.items[].item_id|page_url~/products/([^/?]+)}", "item_name=event_data.items[].item_name",
		"price=event_data.items[].item_price", "quantity=event_data.items[].quantity",
	}}, []string{"files-events_20260301.csv", "files-events_20260302.csv"},
		"view_item v1  soft-bed*1", "add_to_cart v1  soft-bed*1", "begin_checkout v1 ", "purchase v1 h1 ORD-1 100.00 USD SB-Q*1",
		"view_item b1  soft-bed*1 bot", "add_to_cart b2  pillow*1 bot", "refused: visitor or contact is missing: every event but a product's is somebody's", "identify v2 h2",
		"view_item v2  pillow*1", "purchase v2 h2 ORD-2 60.50 USD PI-S*2 SH-1*1", "purchase v3 h3 ORD-1 40.00 USD PI-S*2", "purchase v4 h4 ORD-3 0.00 USD")
}
