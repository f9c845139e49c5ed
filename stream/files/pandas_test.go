package files

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"orrery/models"
)

// pandasCount is what testdata/presets/count.py counts of a file by pandas alone. What it does not count is nil.
type pandasCount struct {
	Preset, File                                       string
	Rows, Views, Carts, Orders, Cancels, Lines, Buyers *int64
	First, Last                                        *time.Time
	Purchased, Refunded                                *string
}

// counted counts the same of what a preset makes of a file.
func (c *pandasCount) check(t *testing.T, folder string) {
	lines := int64(0)
	var e models.Event
	sink := memory{visit: func(r models.Record) {
		if e.Decode(r.Value, replayed) == nil && e.Kind == models.Purchase {
			lines += int64(len(e.Items))
		}
	}}
	s := mustRun(t, Config{Preset: c.Preset, Files: []string{folder + c.File}}, &sink)
	if err := s.Err(); err != nil || len(s.Refused) > 0 {
		t.Errorf("%s: %v, %v", c.File, err, s.Refused)
	}
	for name, pair := range map[string][2]*int64{
		"rows": {c.Rows, &s.Rows}, "orders": {c.Orders, &s.Orders}, "buyers": {c.Buyers, &s.Buyers}, "lines": {c.Lines, &lines},
	} {
		if pair[0] != nil && *pair[0] != *pair[1] {
			t.Errorf("%s: %d %s, pandas counts %d", c.File, *pair[1], name, *pair[0])
		}
	}
	for name, want := range map[string]*int64{"view_item": c.Views, "add_to_cart": c.Carts, "cancel": c.Cancels} {
		if want != nil && *want != s.Events[name] {
			t.Errorf("%s: %d %s, pandas counts %d", c.File, s.Events[name], name, *want)
		}
	}
	var purchased, refunded models.Money
	for _, m := range s.Money {
		purchased, refunded = purchased+m.Purchased, refunded+m.Refunded
	}
	for _, pair := range []struct {
		want *string
		got  models.Money
	}{{c.Purchased, purchased}, {c.Refunded, refunded}} {
		if pair.want == nil {
			continue
		}
		if want, err := models.ParseMoney([]byte(*pair.want)); err != nil || want != pair.got {
			t.Errorf("%s: %s, pandas counts %s", c.File, pair.got, *pair.want)
		}
	}
	if c.First != nil && (!s.From.Std().Equal(*c.First) || !s.To.Std().Equal(*c.Last)) {
		t.Errorf("%s: from %s to %s, pandas counts %s to %s", c.File, s.From.Std(), s.To.Std(), c.First, c.Last)
	}
	t.Logf("| %s | %s | %d | %d | %d | %d | %s | %s |", c.Preset, c.File, s.Rows, s.Orders, lines, s.Buyers, purchased, refunded)
}

const presetFolder = "testdata/presets/"

// Each preset makes of its file what pandas counts in it. The counts are kept in expected.jsonl: see TestPandasStillCounts.
func TestPresetsAsPandasCounts(t *testing.T) {
	text, err := os.ReadFile(presetFolder + "expected.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range bytes.Lines(text) {
		var c pandasCount
		d := json.NewDecoder(bytes.NewReader(line))
		if err := d.Decode(&c); err != nil {
			t.Fatal(err)
		}
		c.check(t, presetFolder)
		n++
	}
	if n != 11 {
		t.Errorf("%d files are counted", n)
	}
}

// The kept counts are what pandas says: make proof-pandas.
func TestPandasStillCounts(t *testing.T) {
	python := os.Getenv("ORRERY_PANDAS")
	if python == "" {
		t.Skip("ORRERY_PANDAS is not set: a Python with pandas 2.3.3")
	}
	out, err := exec.Command(python, presetFolder+"count.py", presetFolder).Output()
	if err != nil {
		t.Fatal(err)
	}
	kept, err := os.ReadFile(presetFolder + "expected.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.TrimSpace(string(out)), strings.TrimSpace(string(kept)); got != want {
		t.Errorf("pandas counts\n%s\nkept is\n%s", got, want)
	}
}
