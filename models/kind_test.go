package models

import (
	"strings"
	"testing"
)

func TestKinds(t *testing.T) {
	names := map[string]bool{}
	for k := Other + 1; k < kinds; k++ {
		name := k.String()
		if KindOf([]byte(name)) != k || name == "" || names[name] {
			t.Errorf("kind %d is called %q, which is kind %d", k, name, KindOf([]byte(name)))
		}
		names[name] = true
	}
	f := func(name string, want Kind, topic Topic) {
		t.Helper()
		if got := KindOf([]byte(name)); got != want || got.Topic() != topic {
			t.Errorf("%q is %v on %s, want %v on %s", name, got, got.Topic(), want, topic)
		}
	}
	f("view_item", ViewItem, Pageviews)
	f("view_search_results", Search, Pageviews)
	f("email_click", EmailClick, Pageviews)
	f("purchase", Purchase, Transactions)
	f("cancel", Cancel, Transactions)
	f("identify", Identify, Contacts)
	f("product_stock", ProductStock, Catalogue)
	f("spin_wheel", Other, Pageviews)
	f("View_Item", Other, Pageviews)
	f("", Other, Pageviews)
	if Other.String() != "other" || kinds.String() != "other" {
		t.Error("an unknown kind has a name")
	}
}

func TestProductOfKey(t *testing.T) {
	f := func(key, shop, item string, ok bool) {
		t.Helper()
		s, i, good := ProductOfKey([]byte(key))
		if good != ok || ok && (string(s) != shop || string(i) != item) {
			t.Errorf("%.40q: %.40q %.40q %v", key, s, i, good)
		}
	}
	for _, record := range []string{
		`{"event":"product_remove","items":[{"item_id":"SKU1"}]}`, `{"event":"product_upsert","shop":"de","items":[{"item_id":"\u00e4 ö"}]}`,
	} {
		e := decoded(t, record)
		shop := string(e.Shop)
		if shop == "" {
			shop = DefaultShop
		}
		f(string(RecordOf(e, []byte(record)).Key), shop, string(e.Items[0].ID), true)
	}
	f(string(RecordOf(decoded(t, `{"event":"product_price","items":[{"item_id":"SKU1","price":5}]}`), nil).Key), "", "", false)
	f("\x1fSKU1", "", "SKU1", true)
	f("default\x1f"+strings.Repeat("x", MaxID), "default", strings.Repeat("x", MaxID), true)
	f("default\x1f"+strings.Repeat("x", MaxID+1), "", "", false)
	f(strings.Repeat("x", MaxShop+1)+"\x1fSKU1", "", "", false)
	for _, key := range []string{"", "default", "default\x1f", "default\x1fa\nb", "a\x00\x1fSKU1", "default\x1f\xff", "\xff\x1fSKU1"} {
		f(key, "", "", false)
	}
}

func TestRecordOf(t *testing.T) {
	f := func(record string, topic Topic, key string) {
		t.Helper()
		r := RecordOf(decoded(t, record), []byte(record))
		if r.Topic != topic || string(r.Key) != key || string(r.Value) != record {
			t.Errorf("%s goes to %s by key %q, want %s, %q", record, r.Topic, r.Key, topic, key)
		}
	}
	f(`{"event":"view_item","visitor":"v","contact":"c"}`, Pageviews, "v")
	f(`{"event":"purchase","contact":"c","value":1}`, Transactions, "c")
	f(`{"event":"identify","contact":"c","visitor":"v"}`, Contacts, "v")
	f(`{"event":"product_upsert","items":[{"item_id":"i"}]}`, Catalogue, "default\x1fi")
	f(`{"event":"product_stock","shop":"s","items":[{"item_id":"i"}]}`, Catalogue, "s\x1fi\x1fproduct_stock")
}
