package models

import "testing"

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
