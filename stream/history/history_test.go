package history

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"orrery/models"
	"orrery/stream"
	"orrery/stream/columnar"
	"orrery/stream/snapshot"
)

const began = models.Time(20_500) * models.Day

// logged is a log of one partition: a purchase every seventh record, six hours between two.
func logged(n int) (records []stream.Record) {
	for i := range n {
		e := &models.Event{Kind: models.ViewItem, Name: []byte("view_item"), ID: fmt.Appendf(nil, "e%d", i), Visitor: fmt.Appendf(nil, "v%d", i%5), Time: began + models.Time(i)*6*models.Hour}
		if i%7 == 3 {
			e.Kind, e.Name, e.Order, e.Contact, e.Value, e.HasValue = models.Purchase, []byte("purchase"), fmt.Appendf(nil, "o%d", i), []byte("anna@example.com"), models.Money(i)*models.Micros, true
		}
		records = append(records, stream.Record{Topic: models.Pageviews, Offset: int64(i), Time: e.Time, Event: e})
	}
	return records
}

func at(next int) func() []snapshot.Position {
	return func() []snapshot.Position { return []snapshot.Position{{Topic: "t", Next: int64(next), Epoch: -1}} }
}

func open(t interface{ Fatal(...any) }, cfg Config) *History {
	h, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// rowsOf reads all rows of a table from the files that count, and compares each with its sum.
func rowsOf(t interface{ Fatal(...any) }, h *History, table *columnar.Table) (rows []string) {
	for _, f := range h.m.Files {
		if f.Table != table.Name {
			continue
		}
		if err := columnar.Verify(h.cfg.Dir, f.Sealed); err != nil {
			t.Fatal(err)
		}
		n := int64(0)
		if err := h.each(f, table, func(row []columnar.Value) error {
			n++
			rows = append(rows, fmt.Sprintf("%03d %s %s %s", row[3].Number(), f.Day, row[9].Bytes(), row[10].Bytes()))
			return nil
		}); err != nil || n != f.Rows {
			t.Fatal(err, n, f.Rows)
		}
	}
	return rows
}

// filesOf returns what lies in a folder.
func filesOf(dir string) (n int) {
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && d.Name() != columnar.ManifestName {
			n++
		}
		return nil
	})
	return n
}

// Whenever the process dies, and however records come in batches and parts, each record is kept once, under its day, and days that are over
// are one file a table.
func TestKilledAnyTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "history")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		log := logged(rapid.IntRange(1, 25).Draw(t, "records"))
		cfg := Config{Dir: dir, PartRows: int64(rapid.IntRange(3, 20).Draw(t, "part")), Every: time.Hour}
		h, next := open(t, cfg), 0
		for next < len(log) {
			n := min(rapid.IntRange(1, 15).Draw(t, "batch"), len(log)-next)
			if err := h.Take(log[next:next+n], at(next+n)); err != nil {
				t.Fatal(err)
			}
			next += n
			if rapid.IntRange(0, 3).Draw(t, "dies") == 0 {
				h, next = open(t, cfg), 0
				if from := h.From(); len(from) > 0 {
					next = int(from[0].Next)
				}
			}
		}
		if err := h.Flush(); err != nil {
			t.Fatal(err)
		}
		h = open(t, cfg)
		rows := rowsOf(t, h, &Events)
		slices.Sort(rows)
		for i, row := range rows {
			if want := fmt.Sprintf("%03d %s v%d", i, dayOf(log[i].Time), i%5); !strings.HasPrefix(row, want) {
				t.Fatalf("row %d is %s, want %s", i, row, want)
			}
		}
		if orders := rowsOf(t, h, &Orders); len(rows) != len(log) || len(orders) != (len(log)+3)/7 {
			t.Fatalf("%d rows, %d orders of %d records", len(rows), len(orders), len(log))
		}
		for _, f := range h.m.Files {
			if over := f.Day < dayOf(h.newest-settled); over != f.Whole {
				t.Fatalf("%+v: the day is over: %v", f, over)
			}
		}
		if n := filesOf(dir); n != len(h.m.Files) {
			t.Fatalf("%d files, %d count", n, len(h.m.Files))
		}
	})
}

// Who is erased is in no file by name, in none of the bytes, and counts on; what comes later of somebody erased names nobody either.
func TestErase(t *testing.T) {
	gone := false
	cfg := Config{Dir: t.TempDir(), PartRows: 9, Every: time.Hour, Erased: func(_, contact, visitor []byte) bool {
		return gone && (string(contact) == "anna@example.com" || string(visitor) == "v3")
	}}
	h := open(t, cfg)
	log := logged(40)
	if err := h.Take(log[:31], at(31)); err != nil {
		t.Fatal(err)
	}
	before := len(rowsOf(t, h, &Events))
	gone = true
	rows, err := h.Erase()
	if err != nil || rows == 0 {
		t.Fatal(rows, err)
	}
	if again, err := h.Erase(); err != nil || again != 0 {
		t.Errorf("%d rows are found again: %v", again, err)
	}
	if err := h.Take(log[31:], at(40)); err != nil {
		t.Fatal(err)
	}
	if err := h.Flush(); err != nil {
		t.Fatal(err)
	}
	h = open(t, cfg)
	all := append(rowsOf(t, h, &Events), rowsOf(t, h, &Orders)...)
	for _, row := range all {
		if strings.Contains(row, "anna") || strings.Contains(row, "v3") {
			t.Errorf("the history names %s", row)
		}
	}
	if n := len(rowsOf(t, h, &Events)); n != 40 || before > 31 {
		t.Errorf("%d rows are kept of 40", n)
	}
}

// The oldest days go where there are too many, or too many bytes; the newest one stays.
func TestBound(t *testing.T) {
	cfg := Config{Dir: t.TempDir(), Days: 3, PartRows: 1}
	h := open(t, cfg)
	log := logged(60)
	for i := range log {
		if err := h.Take(log[i:i+1], at(i+1)); err != nil {
			t.Fatal(err)
		}
	}
	if days := h.days(); len(days) != 3 || days[2] != dayOf(log[59].Time) || h.Status().Lost != 0 {
		t.Errorf("the days are %v, %+v", days, h.Status())
	}
	cfg.MaxBytes = 1
	h = open(t, cfg)
	if err := h.Take(logged(61)[60:], at(61)); err != nil {
		t.Fatal(err)
	}
	if s := h.Status(); s.Days != 1 || s.Lost == 0 {
		t.Errorf("%+v", s)
	}
	if folders, _ := os.ReadDir(cfg.Dir); len(folders) != 2 { // the day's, and the manifest
		t.Errorf("there are %v", folders)
	}
}
