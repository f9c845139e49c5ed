package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"orrery/engine"
	"orrery/models"
	"orrery/serve"
	"orrery/stream/columnar"
)

// street is an engine that has taken the events of two shops.
func street(t *testing.T) *engine.Engine {
	t.Helper()
	e, err := engine.New(engine.Config{Floor: 1})
	if err != nil {
		t.Fatal(err)
	}
	events := append(streetOf("north"), streetOf("south")...)
	slices.SortStableFunc(events, func(a, b *models.Event) int { return int(a.Time - b.Time) })
	e.Apply(events)
	e.Apply([]*models.Event{
		{Kind: models.Refund, Name: []byte("refund"), ID: []byte("r1"), Shop: []byte("south"), Order: []byte("O-0-7"), Value: 2 * models.Micros, HasValue: true, Currency: []byte("EUR"), Time: shopsBegan + 41*models.Day},
		{Kind: models.Cancel, Name: []byte("cancel"), ID: []byte("r2"), Shop: []byte("south"), Order: []byte("O-0-14"), Time: shopsBegan + 41*models.Day},
	})
	return e
}

// exportOf writes an export and returns it, the number of its rows, and where it goes on.
func exportOf(t *testing.T, x *exports, q serve.ExportRequest) (text []byte, rows int64, next string) {
	t.Helper()
	q.Now = shopsBegan + 42*models.Day
	n := 0
	q.NewID = func(dst []byte) []byte { n++; return fmt.Appendf(dst, "r-%d", n) }
	if q.Frame == "" {
		q.Frame = "mail"
	}
	table, err := x.OpenExport(context.Background(), q)
	if err != nil {
		t.Fatalf("%+v: %v", q, err)
	}
	var out bytes.Buffer
	rows, next, err = table.Write(context.Background(), &out)
	if err != nil {
		t.Fatalf("%+v: %v", q, err)
	}
	return out.Bytes(), rows, next
}

// lines reads JSON lines.
func linesOf(t *testing.T, text []byte) (rows []map[string]any) {
	t.Helper()
	for line := range bytes.Lines(text) {
		var row map[string]any
		if err := json.Unmarshal(line, &row); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		rows = append(rows, row)
	}
	return rows
}

// Every table of a shop has as many rows in every format, and its counts and sums are those of /v1/stats.
func TestExportsEqualStats(t *testing.T) {
	x := &exports{engine: street(t)}
	for _, shop := range []string{"north", "south"} {
		stats := x.engine.ShopStats([]byte(shop))
		for what := range exportTables {
			text, want, next := exportOf(t, x, serve.ExportRequest{What: what, Shop: shop})
			rows := linesOf(t, text)
			if next != "" || int64(len(rows)) != want || want == 0 {
				t.Fatalf("%s of %s: %d rows, %d lines, cursor %q", what, shop, want, len(rows), next)
			}
			table, _, _ := exportOf(t, x, serve.ExportRequest{What: what, Shop: shop, Format: "csv"})
			if cells, err := csv.NewReader(bytes.NewReader(table)).ReadAll(); err != nil || int64(len(cells)) != want+1 {
				t.Errorf("%s of %s: %d rows of CSV, want %d: %v", what, shop, len(cells), want+1, err)
			}
			for _, format := range []string{"arrow", "parquet"} {
				file, _, _ := exportOf(t, x, serve.ExportRequest{What: what, Shop: shop, Format: format})
				var again bytes.Buffer
				if err := columnar.JSON(bytes.NewReader(file), &again); err != nil || bytes.Count(again.Bytes(), []byte("\n")) != len(rows) {
					t.Errorf("%s of %s as %s: %d rows, want %d: %v", what, shop, format, bytes.Count(again.Bytes(), []byte("\n")), len(rows), err)
				}
			}
			checkSums(t, what, rows, &stats)
		}
	}
}

// checkSums compares a table with the shop's figures.
func checkSums(t *testing.T, what string, rows []map[string]any, stats *models.Stats) {
	t.Helper()
	switch what {
	case "contacts", "recommendations":
		if uint64(len(rows)) != stats.Contacts {
			t.Errorf("%d %s, there are %d contacts", len(rows), what, stats.Contacts)
		}
	case "orders":
		orders, net := uint64(0), models.Money(0)
		for _, row := range rows {
			if row["cancelled"] == false {
				orders++
			}
			net += models.MoneyOf(row["net"].(float64))
		}
		if orders != stats.Orders || net != stats.Revenue["EUR"] {
			t.Errorf("%d orders of %v EUR, want %d of %v", orders, net, stats.Orders, stats.Revenue["EUR"])
		}
	}
}

// A table in parts is the table: each part begins where the cursor of the one before says, also in another process.
func TestExportsInParts(t *testing.T) {
	x := &exports{engine: street(t)}
	for what := range exportTables {
		for _, format := range []string{"jsonl", "csv"} {
			whole, rows, _ := exportOf(t, x, serve.ExportRequest{What: what, Shop: "south", Format: format})
			var parts []byte
			var n int64
			q := serve.ExportRequest{What: what, Shop: "south", Format: format, Limit: 7}
			for {
				again := &exports{engine: street(t)} // as after a restart
				if n > 20 {
					again, q.Limit = x, 100 // no need to build it for every row
				}
				part, some, next := exportOf(t, again, q)
				parts, n = append(parts, part...), n+some
				if q.Cursor = next; next == "" {
					break
				}
			}
			if got, want := withoutIDs(parts), withoutIDs(whole); n != rows || got != want {
				t.Errorf("%s as %s: in parts %d rows, %d bytes, at once %d rows, %d bytes", what, format, n, len(got), rows, len(want))
			}
		}
	}
}

// withoutIDs takes the ids of recommendations out of an export: they are new ones each time.
func withoutIDs(text []byte) string {
	var out []string
	for line := range strings.Lines(string(text)) {
		if i := strings.Index(line, "r-"); i >= 0 {
			end := i + 2
			for end < len(line) && line[end] >= '0' && line[end] <= '9' {
				end++
			}
			line = line[:i] + line[end:]
		}
		out = append(out, line)
	}
	return strings.Join(out, "")
}

// What is recommended in an export is what the frame answers.
func TestExportedFrames(t *testing.T) {
	x := &exports{engine: street(t)}
	text, _, _ := exportOf(t, x, serve.ExportRequest{What: "recommendations", Shop: "north", Frame: "bestsellers", N: 3})
	ids := map[string]bool{}
	for _, row := range linesOf(t, text) {
		var f models.Frame
		if err := x.engine.Frame(&models.FrameQuery{Shop: []byte("north"), Frame: []byte("bestsellers"), Contact: []byte(row["contact"].(string)), N: 3, Now: shopsBegan + 42*models.Day}, &f); err != nil {
			t.Fatal(err)
		}
		items := row["items"].([]any)
		if len(items) != len(f.Items) || len(items) == 0 {
			t.Fatalf("%v: %d items, the frame has %d", row["contact"], len(items), len(f.Items))
		}
		for i := range items {
			if got := items[i].(map[string]any)["item_id"]; got != string(f.Items[i].Product.ID) {
				t.Errorf("%v: slot %d is %v, the frame has %s", row["contact"], i, got, f.Items[i].Product.ID)
			}
		}
		ids[row["recommendation"].(string)] = true
	}
	if uint64(len(ids)) != x.engine.ShopStats([]byte("north")).Contacts {
		t.Errorf("%d ids of recommendations", len(ids))
	}
}

// A segment's contacts are those that have it.
func TestExportOfSegment(t *testing.T) {
	x := &exports{engine: street(t)}
	all, _, _ := exportOf(t, x, serve.ExportRequest{What: "contacts", Shop: "south"})
	want := map[string]int{}
	for _, row := range linesOf(t, all) {
		if s, ok := row["segment"].(string); ok {
			want[s]++
		}
	}
	if len(want) < 2 {
		t.Fatalf("the segments are %v", want)
	}
	for segment, n := range want {
		for _, what := range []string{"contacts", "recommendations"} {
			if _, rows, _ := exportOf(t, x, serve.ExportRequest{What: what, Shop: "south", Segment: segment}); rows != int64(n) {
				t.Errorf("%d %s of %s, want %d", rows, what, segment, n)
			}
		}
	}
}

// What cannot be exported is refused with the parameter and the cure.
func TestExportRefuses(t *testing.T) {
	x := &exports{engine: street(t)}
	_, _, next := exportOf(t, x, serve.ExportRequest{What: "orders", Shop: "south", Limit: 3})
	_, _, contacts := exportOf(t, x, serve.ExportRequest{What: "contacts", Shop: "south", Limit: 3})
	other, err := engine.New(engine.Config{})
	if err != nil {
		t.Fatal(err)
	}
	events := streetOf("south")
	slices.Reverse(events)
	other.Apply(events)
	for _, c := range []struct {
		x     *exports
		q     serve.ExportRequest
		field string
	}{
		{x, serve.ExportRequest{What: "passwords"}, "what"},
		{x, serve.ExportRequest{What: "orders", Format: "xml"}, "format"},
		{x, serve.ExportRequest{What: "orders", Segment: "Champions"}, "segment"},
		{x, serve.ExportRequest{What: "recommendations", Frame: "nothing"}, "frame"},
		{x, serve.ExportRequest{What: "orders", Shop: "south", Cursor: "x"}, "cursor"},
		{x, serve.ExportRequest{What: "orders", Shop: "north", Cursor: next}, "cursor"},
		{x, serve.ExportRequest{What: "contacts", Shop: "south", Cursor: next}, "cursor"},
		{x, serve.ExportRequest{What: "contacts", Shop: "south", Cursor: contacts, Segment: "New"}, "cursor"},
		{&exports{engine: other}, serve.ExportRequest{What: "contacts", Shop: "south", Cursor: contacts}, "cursor"}, // numbered otherwise
	} {
		var why *models.Invalid
		if _, err := c.x.OpenExport(context.Background(), c.q); !errors.As(err, &why) || why.Field != c.field {
			t.Errorf("%+v: %v", c.q, err)
		}
	}
}

// A file that broke off goes on where the last page ended, and is what it would have been at once.
func TestExportCommandGoesOn(t *testing.T) {
	defer func(n int64) { exportPage = n }(exportPage)
	exportPage = 4
	target, err := url.Parse(house(t, "south"))
	if err != nil {
		t.Fatal(err)
	}
	through := httputil.NewSingleHostReverseProxy(target)
	var asked atomic.Int64
	var broken atomic.Bool
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Host = target.Host
		if n := asked.Add(1); broken.Load() && n == 3 {
			panic(http.ErrAbortHandler)
		}
		through.ServeHTTP(w, r)
	}))
	defer proxy.Close()
	dir := t.TempDir()
	for _, format := range []string{"csv", "jsonl", "parquet"} {
		file := filepath.Join(dir, "contacts."+format)
		args := []string{"export", "contacts", "--url", proxy.URL, "--http.secret-key", "south-secret", "--out"}
		asked.Store(0)
		broken.Store(true)
		if _, stderr, code := output(t, append(args, file)...); (code == 0) != (format == "parquet") {
			t.Fatalf("%s: %d %s", format, code, stderr)
		}
		_, err := os.Stat(file)
		if notes, _ := filepath.Glob(file + ".cursor"); format != "parquet" && (!errors.Is(err, os.ErrNotExist) || len(notes) != 1) {
			t.Errorf("%s: the file is there before it is whole, or where to go on is not: %v %v", format, err, notes)
		}
		pages := asked.Swap(0)
		broken.Store(false)
		for _, name := range []string{file, file + ".whole." + format} {
			if _, stderr, code := output(t, append(args, name)...); code != 0 {
				t.Fatalf("%s: %d %s", format, code, stderr)
			}
			if name == file && format != "parquet" && asked.Load() > 9-pages {
				t.Errorf("%s: %d pages were fetched again", format, asked.Load())
			}
		}
		got, _ := os.ReadFile(file)
		want, err := os.ReadFile(file + ".whole." + format)
		if err != nil || !bytes.Equal(got, want) || len(want) == 0 {
			t.Errorf("%s: in parts %d bytes, at once %d", format, len(got), len(want))
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.part")); len(left) > 0 {
		t.Errorf("there is left %v", left)
	}
}
