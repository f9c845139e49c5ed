package intent

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"orrery/stream/files"
)

func behaved(t *testing.T, cfg BehaviourConfig) *BehaviourResult {
	t.Helper()
	r, err := Behaviour(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := r.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + b.String())
	return r
}

// TestBehaviourSimulated: on the simulated shop every kind of forecast beats the base rate of its moment.
func TestBehaviourSimulated(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	// A smaller shop than the backtest's own: large enough for each interval to lie clear of 0, and no more, for the race
	// detector's sake.
	r := behaved(t, BehaviourConfig{Seed: 3, Days: 80, Rate: 0.015, Persons: 4000})
	for _, row := range r.Rows {
		if row.N < 1000 || row.LogLoss >= row.BaseLoss || row.Gain.High >= 0 || row.ECE > 0.03 {
			t.Errorf("%+v", row)
		}
	}
	if q := r.Models.Product; q == nil || q.LogLoss >= q.BaseLoss {
		t.Errorf("product %+v", q)
	}
	if q := r.Models.Shelf; q == nil || q.LogLoss >= q.BaseLoss {
		t.Errorf("shelf %+v", q)
	}
}

// TestBehaviourGA4: too few of its visitors buy for the outlook over weeks, and the gate says so.
func TestBehaviourGA4(t *testing.T) {
	r := behaved(t, BehaviourConfig{Replay: files.Config{Files: []string{dataFile(t, "ga4_ecommerce_events/ga4_ecommerce_events.csv.gz")}, Preset: "ga4"}})
	if row := r.Rows[0]; row.LogLoss >= row.BaseLoss || row.Gain.High >= 0 {
		t.Errorf("%+v", row)
	}
	for _, q := range r.Models.Outlook {
		if q.Outcomes < 1000 || q.Purchases >= leastPurchases != (q.Gate == "" || q.LogLoss >= q.BaseLoss) {
			t.Errorf("%+v", q)
		}
	}
}

const leastPurchases = 30 // the engine's

// TestBehaviourShelves: where visitors go next on a real shop of clothing.
func TestBehaviourShelves(t *testing.T) {
	r := behaved(t, BehaviourConfig{Replay: files.Config{Files: []string{dataFile(t, "eshop_clothing_2008/e-shop-clothing-2008.csv.gz")}, Preset: "eshop-clothing"}})
	if q := r.Models.Shelf; q == nil || q.Outcomes < 5000 || q.LogLoss >= q.BaseLoss || q.Hits < q.BaseHits-0.01 {
		t.Errorf("%+v", q)
	}
}

func dataFile(t *testing.T, name string) string {
	data := os.Getenv("ORRERY_DATA")
	if data == "" {
		t.Skip("ORRERY_DATA is not set: it names the folder of the public data sets")
	}
	return filepath.Join(data, name)
}

// An event that the engine does not take is counted, and the others go on.
func TestBehaviourGoesOnPastARefusedEvent(t *testing.T) {
	file := filepath.Join(t.TempDir(), "events.csv")
	text := "when;who;what;sku;price\n01.03.2026 10:00;v1;view_item;A;1,50\n01.03.2026 10:01;;view_item;A;1,50\n01.03.2026 10:02;v2;view_item;A;1,50\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := Behaviour(t.Context(), BehaviourConfig{Replay: files.Config{Files: []string{file}, Map: []string{"event=what", "time=when", "visitor=who", "item_id=sku", "price=price"}}})
	if err != nil || r.Events != 2 || r.Refused["visitor missing"] != 1 || len(r.Read) != 1 || r.Read[0].Separator != ";" {
		t.Errorf("%+v, %v", r, err)
	}
}
