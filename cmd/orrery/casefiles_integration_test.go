//go:build integration

package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// replayCase replays one of the made-up files that fail as real ones do.
func (i *instance) replayCase(t *testing.T, file string, args ...string) (out string, code int) {
	t.Helper()
	all := append([]string{"replay", "--quiet", "--kafka.brokers", i.brokers, "--kafka.prefix", i.prefix}, args...)
	p := launch(t, i.dir, "case-"+file, nil, append(all, caseFile(t, file))...)
	code = p.wait(t)
	i.settle()
	return string(p.output(t)) + tail(p.file("log"), 5), code
}

func caseFile(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("testdata", "cases", name))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// Files that fail as real ones do, from the command to what the engine answers: crawlers that put things into carts, catalogues of others,
// customers by recency, frequency and money, and what is no feed.
func TestCaseFiles(t *testing.T) {
	i := newInstance(t, "--clock", "stream")
	i.start()
	if out, code := i.replayCase(t, "bots.jsonl", "--preset", "jsonl"); code != 0 {
		t.Errorf("bots.jsonl ends with %d: %s", code, out)
	}
	var proof struct {
		Viewed *int `json:"viewed_24h"`
		Carted *int `json:"carted_24h"`
	}
	i.get("/v1/social/MUG", &proof)
	if s := i.stats(); s.Bots != 3 || proof.Carted != nil || proof.Viewed == nil || *proof.Viewed != 2 {
		t.Errorf("%d bots, proof %+v", s.Bots, proof)
	}
	if out, code := i.replayCase(t, "feed_other_dialect.xml", "--preset", "google"); code != 0 || !strings.Contains(out, "product_upsert  1") {
		t.Errorf("a feed of another kind ends with %d: %s", code, out) // its own dialect says what it is
	}
	for _, feed := range []string{"facebook_catalog.csv", "woo_products.csv"} {
		execute(t, i.dir, "catalogue-"+feed, "catalogue", "import", "--url", i.http, caseFile(t, feed))
	}
	i.settle()
	var frame struct {
		Items []struct {
			ID    string  `json:"item_id"`
			Price float64 `json:"price"`
			Sale  float64 `json:"sale_price"`
			Image string  `json:"image"`
		} `json:"items"`
	}
	i.get("/v1/frames/new?n=20", &frame)
	var shown []string
	for _, it := range frame.Items {
		shown = append(shown, fmt.Sprintf("%s %.2f %.2f %s", it.ID, it.Price, it.Sale, filepath.Base(it.Image)))
	}
	slices.Sort(shown)
	if got := strings.Join(shown, "; "); got != "A 10.00 0.00 .; MUG-B 12.00 9.50 mug.jpg; TEE 20.00 15.00 1.jpg" {
		t.Errorf("the frame shows %s", got) // PLATE-L and CAP are sold out, OLD is not published
	}
	if out, code := i.replayCase(t, "rfm_orders.csv", "--map", "event==purchase", "--map", "order=order", "--map", "contact=customer", "--map", "time=time",
		"--map", "value=value", "--currency", "EUR"); code != 0 {
		t.Errorf("rfm_orders.csv ends with %d: %s", code, out)
	}
	// As pandas counts them; of one-time buyers F is 1 by this engine's rule, where pandas has 2.
	want := map[[2]int]int{{1, 1}: 37, {1, 4}: 21, {1, 5}: 22, {2, 1}: 37, {2, 4}: 17, {2, 5}: 27, {3, 1}: 45, {3, 4}: 17, {3, 5}: 18, {4, 1}: 40, {4, 4}: 22, {4, 5}: 17, {5, 1}: 35, {5, 4}: 21, {5, 5}: 24}
	var rfm struct {
		Grid []struct {
			R, F, Customers int
			Segment         string
		}
	}
	i.get("/v1/rfm", &rfm)
	for _, cell := range rfm.Grid {
		if cell.Customers != want[[2]int{cell.R, cell.F}] {
			t.Errorf("R%d F%d has %d customers, want %d", cell.R, cell.F, cell.Customers, want[[2]int{cell.R, cell.F}])
		}
	}
	segments := map[string]int{}
	for _, cell := range rfm.Grid {
		if cell.Customers > 0 {
			segments[cell.Segment] += cell.Customers
		}
	}
	for _, c := range i.export() {
		if c.Customer != nil {
			segments[c.Customer.RFM.Segment]--
		}
	}
	for name, n := range segments {
		if n != 0 {
			t.Errorf("of the segment %s the grid has %d more than the export", name, n)
		}
	}
	// After the grid: its buyer is a customer more, by whom the quintiles of the 400 move.
	if out, code := i.replayCase(t, "ga4_flat.parquet", "--preset", "ga4"); code != 0 || !strings.Contains(out, "20.00 = 20.00 purchased") {
		t.Errorf("Parquet ends with %d: %.300s", code, out)
	}
}
