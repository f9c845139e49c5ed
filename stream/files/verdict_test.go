package files

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestVerdict(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		s := mustRun(t, input(clicks, clicksHead+text), &memory{})
		if err := s.Err(); want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	f("", "no row was found")
	f("2026-01-01,v,i,1,1\n", "")
	f("2026-01-01,v,i,1,1\nx,v,i,1,1\n", `1 of 2 rows were not sent, the first at -:3: time "x"`)
	f("x,v,i,1,1\n", "none of 1 rows was understood")
	f("2026-01-01,,i,1,1\n", "the engine will refuse all 1 events: ")
	s := mustRun(t, Config{Files: []string{"testdata/cases/files-all_rows_bad.csv"}, Map: []string{"event==page_view", "visitor=visitor", "time=t"}}, &memory{})
	if s.Err() == nil {
		t.Error("all rows bad")
	}
}

func TestDidYouMean(t *testing.T) {
	f := func(name, want string) {
		t.Helper()
		cfg := clicks
		cfg.Map = append([]string{"event==" + name}, clicks.Map[1:]...)
		s := mustRun(t, input(cfg, clicksHead+"2026-01-01,v,i,1,1\n"), &memory{})
		if got := strings.Join(s.Warnings, ""); want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %s", name, got, want)
		}
	}
	f("view_item", "")
	f("veiw_item", "Did you mean view_item?")
	f("page_viewed", "Did you mean page_view?")
	f("Product Viewed", "Did you mean view_item?")
	f("purchased", "Did you mean purchase?")
	f("zzzzzz", `kept as "zzzzzz", and nothing is made of them`)
}

func TestPreview(t *testing.T) {
	p := &Preview{}
	s := mustRun(t, input(clicks, clicksHead+strings.Repeat("2026-01-01,v,i,1,1\n", 9)), p)
	if s.Total != 9 || len(p.Events) != 5 || !strings.Contains(string(p.Events[4]), `"item_id":"i"`) {
		t.Errorf("%+v, %s", s, p.Events)
	}
}

func TestForeignFiles(t *testing.T) {
	f := func(name, content, want string) {
		t.Helper()
		cfg := clicks
		cfg.Format = ""
		cfg.Files = []string{filepath.Join(t.TempDir(), name)}
		if content != "" {
			if err := os.WriteFile(cfg.Files[0], []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := Run(context.Background(), cfg, &memory{}, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
	f("a.parquet", "PAR1....", "file too small")
	f("a.xls", "\xd0\xcf\x11\xe0....", "it is a spreadsheet")
	f("nofile.xyz", "", "cannot open")
	f("nofile", "", "no such file")
}
