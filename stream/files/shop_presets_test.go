package files

import (
	"slices"
	"strings"
	"testing"
)

func TestCaseShopify(t *testing.T) {
	got, s := runCase(t, Config{Preset: "shopify"}, "c23-shopify.csv")
	want := []string{
		"#1001 2024-04-10T18:34:29Z 65.00 MUG-1*1 PLATE-1*2", "#1002 2024-04-11T13:00:00Z 18.00 MUG-1*1",
		"#1003 2024-04-12T13:00:00Z 40.00 PLATE-1*2", "#1003 2024-04-12T13:00:00Z 20.00",
		"#1004 2024-04-12T14:00:00Z 20.00 MUG-1*1", "#1004 2024-04-12T14:00:00Z 0.00",
		`#1005 2024-04-12T15:00:00Z 10.00 Gift note, "for you"*1`,
	}
	if !slices.Equal(got, want) || s.Err() != nil || len(s.Refused) != 0 {
		t.Errorf("got %s, %+v", strings.Join(got, "\n"), s)
	}
	if m := s.Money["USD"]; s.Orders != 5 || m.Purchased != 153_000_000 || m.Refunded != 20_000_000 || s.Events["cancel"] != 1 {
		t.Errorf("%+v", s)
	}
	got, s = runCase(t, Config{Preset: "shopify"}, "files-shopify_orders.csv")
	want = []string{
		"#1001 2026-03-01T09:00:00Z 65.00 MUG-B*2 PLATE-L*1", "#1002 2026-03-05T17:30:00Z 36.00 MUG-B*2", "#1002 2026-03-05T17:30:00Z 18.00",
		"#1003 2026-03-06T08:00:00Z 20.00 Plate, large*1", "#1003 2026-03-06T08:30:00Z 0.00", "#1004 2026-03-07T11:00:00Z 20.00 MUG-R*1",
	}
	if !slices.Equal(got, want) || s.Err() != nil || len(s.Refused) != 0 {
		t.Errorf("got %s, %+v", strings.Join(got, "\n"), s)
	}
	// 141 less the refund and the cancelled order are the 103 of the shop.
	if m := s.Money["EUR"]; s.Orders != 4 || s.Buyers != 3 || m.Purchased != 141_000_000 || m.Refunded != 18_000_000 {
		t.Errorf("%+v", s)
	}
}

func TestCaseBigQuery(t *testing.T) {
	for _, preset := range []string{"ga4", "ga4-bigquery"} {
		got, s := runCase(t, Config{Preset: preset}, "c23-ga4-bigquery.jsonl")
		for i := range got { // derived orders
			got[i] = strings.Join(strings.Fields(got[i])[max(0, len(strings.Fields(got[i]))-4):], " ")
		}
		if len(got) != 5 || s.Rows != 5 || s.Events["view_item"] != 1 || s.Events["purchase"] != 4 || s.Orders != 3 || s.Err() != nil {
			t.Errorf("%s: got %q, %+v", preset, got, s)
		}
		// T-1 stands twice in the file: the engine counts its order once.
		if m := s.Money["USD"]; m.Purchased != 39_800_000+74_800_000 {
			t.Errorf("%s: %+v", preset, s)
		}
	}
	got, s := runCase(t, Config{Preset: "ga4"}, "files-ga4_bigquery.jsonl")
	want := []string{
		" 2026-03-01T10:00:00Z 0.00", " 2026-03-01T10:00:00Z 0.00", " 2026-03-01T10:00:05Z 20.00 MUG-B*1", " 2026-03-01T10:00:09Z 40.00 MUG-B*2",
		"T-1 2026-03-01T10:00:30Z 49.90 MUG-B*2 PLATE-L*1", " 2026-03-01T10:00:40Z 3.00 A*1 B*1",
	}
	if !slices.Equal(got, want) || s.Persons != 3 && s.Persons != 2 || s.Money["EUR"].Purchased != 49_900_000 {
		t.Errorf("got %q, %+v", got, s)
	}
}

func TestJSONArrays(t *testing.T) {
	f := func(text, columns string, want ...string) {
		t.Helper()
		in := newJSONRows(strings.NewReader(text))
		if err := in.bind(strings.Split(columns, " ")); err != nil {
			t.Fatal(err)
		}
		if got, err := readAll(in); err != nil || !slices.Equal(got, want) {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
	f(`{"o":1,"a":[{"i":"x"},{"i":"y","n":{"m":2}}]}`+"\n"+`{"o":2,"a":[]}`+"\n"+`{"o":3}`, "o a[].i a[].n.m #", "1|1|x||1", "1|1|y|2|1", "2|2|||2", "3|3|||3")
	f(`{"a":7}`, "a[].i", "1! member a is no array")
	f(`{"a":[1,{"i":2}]}`, "a[].i", "1! an element of a is no object", "1|2")
	f(`{"p":[{"key":"k","value":{"string_value":null,"int_value":"5"}},{"key":"l","value":6},{"key":"m.n","value":{"double_value":1.5}}]}`, "p.k p.l p.m.n p.z q?", "1|5|6|1.5||")
	f(`{"p":[{"k":1}]}`, "p.k", "1! member p is an array: p[].k makes an item of each element")
	f(`{"p":[1]}`, "p.k", "1! member p is no list of keys and values")
	if err := newJSONRows(strings.NewReader("")).bind([]string{"a[].x", "b[].y"}); err == nil {
		t.Error("two arrays")
	}
}
