package files

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var scattered = Config{
	Map: []string{"event==purchase", "order=order", "contact=customer", "time=date", "item_id=sku", "quantity=qty", "price=price"}, Currency: "EUR",
}

// Rows of one order belong together wherever they stand, in other files too.
func TestCaseInterleaved(t *testing.T) {
	want := []string{"o1 2026-03-01T00:00:00Z 50.00 A*1 B*2", "o2 2026-03-01T00:00:00Z 15.00 A*1 C*1", "o3 2026-03-02T00:00:00Z 10.00 A*1"}
	for _, sort := range []bool{false, true} {
		cfg := scattered
		cfg.Sort = sort
		got, s := runCase(t, cfg, "files-lines_interleaved.csv")
		if !slices.Equal(got, want) || s.Orders != 3 || s.Money["EUR"].Purchased != 75_000_000 {
			t.Errorf("sort %v: got %q, %+v", sort, got, s)
		}
	}
}

func TestCaseSemicolon(t *testing.T) {
	got, s := runCase(t, orderLines, "c23-semicolon.csv")
	if want := []string{"S1 2026-10-01T10:00:00Z 29.90 A*1 B*2"}; !slices.Equal(got, want) || s.Dialects[0].Separator != ";" {
		t.Errorf("got %q", got)
	}
}

const scatteredRows = `order,customer,date,sku,qty,price
o1,c1,2026-03-01,A,1,10.00
o2,c2,2026-03-01,A,1,10.00
o1,c1,2026-03-01,B,2,free
o2,c2,2026-03-01,C,1
,c3,2026-03-02,A,1,10.00
,c3,2026-03-02,A,1,11.00
o1,c1,2026-03-01,D,2,1.00
`

// A bad row makes its whole order bad; rows without an order are each one of their own.
func TestBadRowSpoilsItsOrder(t *testing.T) {
	for _, sort := range []bool{false, true} {
		cfg := scattered
		cfg.Format, cfg.Now, cfg.Sort = CSV, casesNow, sort
		var rejects bytes.Buffer
		cfg.Rejects = &rejects
		m := &memory{}
		s := mustRun(t, input(cfg, scatteredRows), m)
		if s.Rows != 7 || s.Total != 2 || s.Bad != 5 || s.Money["EUR"].Purchased != 21_000_000 {
			t.Errorf("sort %v: %+v", sort, s)
		}
		want := `file,line,reason
-,4,"price ""free"" is not a decimal number"
-,5,5 columns instead of 6
-,2,"order ""o1"" is left out as a whole: line 4 of - is bad"
-,8,"order ""o1"" is left out as a whole: line 4 of - is bad"
-,3,"order ""o2"" is left out as a whole: line 5 of - is bad"
`
		if rejects.String() != want {
			t.Errorf("sort %v: rejects\n%s", sort, &rejects)
		}
	}
}

// What was good before an end that nobody wanted is sent; the order that the end is in is not.
func TestGoodRowsBeforeAFatalError(t *testing.T) {
	cfg := scattered
	cfg.Format, cfg.Now, cfg.Strict = CSV, casesNow, true
	m := &memory{}
	s, err := Run(context.Background(), input(cfg, scatteredRows), m, nil)
	if !errors.Is(err, ErrStrict) || s.Total != 1 || !strings.Contains(m.values[0], `"o2"`) {
		t.Errorf("strict: %v, %+v", err, s)
	}
	cfg.Strict = false
	cfg.Files, cfg.Stdin = []string{"testdata/cases/files-lines_interleaved.csv", "testdata/cases/files-times.csv"}, nil
	if s, err := Run(context.Background(), cfg, &memory{}, nil); err == nil || !strings.Contains(err.Error(), "files-times.csv") || s.Orders != 3 {
		t.Errorf("a second file of other columns: %v, %+v", err, s)
	}

	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write([]byte("order,customer,date,sku,qty,price\no1,c1,2026-03-01,A,1,10.00\no2,c2,2026-03-01,A,1,10.00\n"))
	z.Flush()
	name := filepath.Join(t.TempDir(), "cut.csv.gz")
	if err := os.WriteFile(name, packed.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg.Files = []string{name}
	if s, err := Run(context.Background(), cfg, &memory{}, nil); err == nil || s.Orders != 1 || s.Bad != 1 || !strings.Contains(s.First[0].Reason, `"o2" is left out: the file breaks off`) {
		t.Errorf("cut off: %v, %+v", err, s)
	}
}
