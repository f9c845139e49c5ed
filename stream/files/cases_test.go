package files

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"orrery/models"
)

// Public fault reports, made up again: see testdata/cases.

// casesNow is the clock of these replays.
func casesNow() time.Time { return time.Date(2026, 11, 30, 19, 0, 0, 0, time.UTC) }

func runCase(t *testing.T, cfg Config, file string) (list []string, s Summary) {
	t.Helper()
	cfg.Files, cfg.Now = []string{"testdata/cases/" + file}, casesNow
	m := &memory{}
	s, err := Run(context.Background(), cfg, m, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range m.values {
		var e models.Event
		if err := e.Decode([]byte(value), models.TimeOf(casesNow())); err != nil {
			t.Fatalf("%s: %v", value, err)
		}
		products := ""
		for i := range e.Items {
			products += fmt.Sprintf(" %s*%d", e.Items[i].ID, e.Items[i].Quantity)
		}
		list = append(list, fmt.Sprintf("%s %s %v%s", e.Order, e.Time.Std().Format(time.RFC3339Nano), e.Amount(), products))
	}
	return list, s
}

var orderLines = Config{
	Map:   []string{"event==purchase", "time=date", "contact=email", "order=order", "item_id=sku", "price=price", "quantity=qty"},
	Group: []string{"order"}, Currency: "EUR",
}

func TestCaseTimes(t *testing.T) {
	got, s := runCase(t, orderLines, "c03-times.csv")
	want := []string{
		"D1 2025-11-30T14:30:00Z 10.00 A*1", "D2 2025-11-30T14:30:00Z 10.00 A*1", "D4 2025-11-30T14:30:00Z 10.00 A*1",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %q", got)
	}
	if s.Bad != 1 || !strings.Contains(s.First[0].Reason, `"2025113014"`) || !strings.Contains(s.First[0].Reason, "2034") {
		t.Errorf("D3: %+v", s.First)
	}
	got, s = runCase(t, Config{Map: []string{
		"event=event_name", "time=event_timestamp", "visitor=user_pseudo_id", "order=ecommerce.transaction_id", "value=ecommerce.purchase_revenue",
	}}, "c03-times.jsonl")
	if len(got) != 2 || s.From != 1764513000123 || s.To != 1764513000123 {
		t.Errorf("got %q, from %v", got, s.From)
	}
}

func TestCaseLines(t *testing.T) {
	got, s := runCase(t, orderLines, "c14-lines.csv")
	want := []string{
		"N1 2026-10-01T10:00:00Z 14.90 A*1", "N2 2026-10-01T10:00:00Z 9.90 A*1", "N3 2026-10-01T10:00:00Z 22.90 A*1 FABRIC*1",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %q", got)
	}
	if s.Bad != 0 || len(s.Refused) != 0 || fmt.Sprint(s.Noted) != "map[items[].price deduction:1 items[].quantity deduction:1 items[].quantity rounded:1]" {
		t.Errorf("%+v", s)
	}
	if m := s.Money["EUR"]; m.Purchased != 47_700_000 || m.Refused != 0 {
		t.Errorf("money %+v", m)
	}
}

// A time that cannot be makes a bad row of one of Orrery's own events as well.
func TestOwnEventsOfNoTime(t *testing.T) {
	m := &memory{}
	cfg := Config{Files: []string{"-"}, Format: JSONL, Now: casesNow, Stdin: strings.NewReader(
		`{"event":"page_view","visitor":"v","time":202511301430}` + "\n" + `{"event":"page_view","visitor":"v"}` + "\n" +
			`{"event":"page_view","visitor":"v","contact":"null","time":1764513000}` + "\n")}
	s, err := Run(context.Background(), cfg, m, nil)
	if err != nil || s.Bad != 1 || len(m.values) != 2 || s.Noted["contact no_id null"] != 1 {
		t.Errorf("%+v, %v", s, err)
	}
}
