package files

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var withoutID = regexp.MustCompile(`"id":"[^"]*",`)

// folder writes files into a new folder, "name: text" each, and returns their paths.
func folder(t testing.TB, texts ...string) (paths []string) {
	t.Helper()
	dir := t.TempDir()
	for _, text := range texts {
		name, body, _ := strings.Cut(text, ": ")
		paths = append(paths, filepath.Join(dir, name))
		if err := os.WriteFile(paths[len(paths)-1], []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return paths
}

// Orders, their items and the products of these lie in three files with three dialects. An order without items counts with its value
// where there is one, items without an order are counted.
func TestJoin(t *testing.T) {
	p := folder(t,
		"orders.csv: id,customer,date,status\no1,c1,2026-03-01 10:00:00,ok\no2,c2,2026-03-01 11:00:00,ok\no3,c1,2026-03-02 10:00:00,ok\no4,c3,2026-03-02 10:00:00,lost\n",
		"items.csv: order_id;sku;price;qty;when\no1;A;1.299,00;1;01.03.2026\no2;B;12,50 €;2;01.03.2026\no1;B;12,50;1;01.03.2026\no9;A;5,00;1;01.03.2026\n",
		"products.jsonl: {\"sku\":\"A\",\"name\":\"Pan\",\"status\":\"on\"}\n{\"sku\":\"B\",\"name\":\"Mug\"}\n{\"sku\":\"Z\",\"name\":\"Nobody's\"}\n")
	cfg := Config{
		Files: p[:1], Join: []string{p[1] + ":id=order_id", p[2] + ":sku"}, Currency: "EUR", Group: []string{"id"},
		Map: []string{"event==purchase", "time=date", "order=id", "contact=customer", "item_id=sku", "item_name=products.name", "price=price", "quantity=qty",
			"item.status=products.status?", "props.status=status", "cancel where status = lost"},
	}
	var sink memory
	s := mustRun(t, cfg, &sink)
	events := sink.values
	want := []string{
		`{"event":"purchase","time":"2026-03-01T10:00:00.000Z","contact":"c1","items":[{"item_id":"A","item_name":"Pan","price":1299.00,"status":"on"},{"item_id":"B","item_name":"Mug","price":12.50}],"order":"o1","value":1311.50,"currency":"EUR","props":{"status":"ok"}}`,
		`{"event":"purchase","time":"2026-03-01T11:00:00.000Z","contact":"c2","items":[{"item_id":"B","item_name":"Mug","price":12.50,"quantity":2}],"order":"o2","value":25.00,"currency":"EUR","props":{"status":"ok"}}`,
	}
	for i, w := range want {
		if got := withoutID.ReplaceAllString(events[i], ""); got != w {
			t.Errorf("event %d\n got %s\nwant %s", i, got, w)
		}
	}
	if got := fmt.Sprint(s.Joins); len(events) != 4 || s.Rows != 4 || s.Bad != 0 || !strings.Contains(got, " 4 2 2 1} ") || !strings.HasSuffix(got, " 3 2 2 1}]") || s.Money["EUR"].Purchased != 1_336_500_000 {
		t.Errorf("%d events, %+v", len(events), s)
	}
	cfg.Join[0] = p[1] + ":customer=sku"
	if s := mustRun(t, cfg, &memory{}); s.Err() == nil || !strings.Contains(s.Err().Error(), "no row has found one in") {
		t.Errorf("a join by the wrong column: %v", s.Err())
	}
	for _, bad := range []string{"nowhere.csv:id", p[1], p[1] + ":", ":id", p[1] + ":id=nothing", p[1] + ":nothing=sku"} {
		cfg.Join = []string{bad}
		if _, err := Run(t.Context(), cfg, &memory{}, nil); err == nil {
			t.Errorf("--join %s is taken", bad)
		}
	}
}

// A join gives the rows that two loops give, whatever the keys.
func TestJoinOracle(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		key := rapid.SampledFrom([]string{"", "a", "b", "ab", "é", "1"})
		left := rapid.SliceOfN(key, 1, 12).Draw(rt, "left")
		right := rapid.SliceOfN(key, 1, 12).Draw(rt, "right")
		names := rapid.SliceOfN(key, 1, 6).Draw(rt, "names")
		texts := []string{"l.csv: k,n\n", "r.csv: k,v,w\n", "q.csv: k,name\n"}
		for i, k := range left {
			texts[0] += fmt.Sprintf("%s,%d\n", k, i)
		}
		for i, k := range right {
			texts[1] += fmt.Sprintf("%s,v%d,%s\n", k, i, names[i%len(names)])
		}
		for i, k := range names {
			texts[2] += fmt.Sprintf("%s,name%d\n", k, i)
		}
		var want []string
		for i, l := range left {
			found := 0
			for j, r := range right {
				if l != r || l == "" {
					continue
				}
				found++
				named := 0
				for k, n := range names {
					if w := names[j%len(names)]; w == n && n != "" {
						named++
						want = append(want, fmt.Sprintf("%d v%d name%d", i, j, k))
					}
				}
				if named == 0 {
					want = append(want, fmt.Sprintf("%d v%d ", i, j))
				}
			}
			if found == 0 {
				want = append(want, fmt.Sprintf("%d  ", i))
			}
		}
		p := folder(t, texts...)
		cfg := Config{Files: p[:1], Join: []string{p[1] + ":k", p[2] + ":w=k"}, Start: date(2026, 1, 1),
			Map: []string{"event==search", "visitor=row-{n}", "props.n=n", "props.v=v?", "props.name=name?"}}
		var sink memory
		if _, err := Run(t.Context(), cfg, &sink, nil); err != nil {
			rt.Fatal(err)
		}
		ids := map[string]bool{}
		for i, value := range sink.values {
			var e struct {
				ID    string
				Props struct{ N, V, Name string }
			}
			if err := json.Unmarshal([]byte(value), &e); err != nil {
				rt.Fatal(err)
			}
			props := fmt.Sprintf("%s %s %s", e.Props.N, e.Props.V, e.Props.Name)
			if i >= len(want) || props != want[i] {
				rt.Fatalf("row %d is %q, want %q of %q", i, props, want[min(i, len(want)-1)], want)
			}
			ids[e.ID] = true
		}
		if len(ids) != len(want) {
			rt.Fatalf("%d ids, want %d", len(ids), len(want))
		}
	})
}
