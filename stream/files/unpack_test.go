package files

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

func zipped(t *testing.T, parts ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(parts); i += 2 {
		w, err := z.Create(parts[i])
		if err == nil {
			_, err = w.Write([]byte(parts[i+1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gzipped(content string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write([]byte(content))
	z.Close()
	return b.Bytes()
}

func zstded(t *testing.T, content string) []byte {
	t.Helper()
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	return z.EncodeAll([]byte(content), nil)
}

func written(t *testing.T, name string, content []byte) string {
	t.Helper()
	name = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestPackings(t *testing.T) {
	const rows = "2026-01-01,v,A,1,1\n2026-01-01,w,B,2,1\n"
	f := func(name string, content []byte, events int64, bad string) {
		t.Helper()
		cfg := clicks
		cfg.Format, cfg.Files = "", []string{written(t, name, content)}
		s, err := Run(context.Background(), cfg, &memory{}, nil)
		if err != nil || s.Total != events || s.Persons != events/max(1, events/2) {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
		if len(s.First) == 0 && bad != "" || len(s.First) > 0 && !strings.Contains(s.First[0].String(), bad) {
			t.Errorf("%s: bad rows %v", name, s.First)
		}
	}
	f("a.csv", []byte(clicksHead+rows), 2, "")
	f("a.csv.gz", gzipped(clicksHead+rows), 2, "")
	f("a.csv.zst", zstded(t, clicksHead+rows), 2, "")
	f("a.zip", zipped(t, "one.csv", clicksHead+rows, "__MACOSX/._one.csv", "x", "dir/", "", "dir/two.tsv", strings.ReplaceAll(clicksHead+rows, ",", "\t"),
		"three.csv.gz", string(gzipped(clicksHead+rows+"never,v,A,1,1\n"))), 6, "a.zip/three.csv.gz:4: time")
}

func TestPackingsThatFail(t *testing.T) {
	f := func(name string, content []byte, want string) {
		t.Helper()
		cfg := clicks
		cfg.Format, cfg.Files = "", []string{written(t, name, content)}
		if _, err := Run(context.Background(), cfg, &memory{}, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
	whole := zstded(t, clicksHead+strings.Repeat("2026-01-01,v,A,1,1\n", 1000))
	f("a.csv.zst", whole[:len(whole)-3], "unexpected EOF")
	f("a.zip", zipped(t, "dir/", ""), "no file is in it")
	f("a.zip", zipped(t, "b.zip", string(zipped(t, "c.csv", clicksHead))), "unzip it")
	f("a.zip", zipped(t, "b.bin", "x"), `cannot tell the format of`)
	f("a.zip", []byte(zipMagic), "not a valid zip file")
	cfg := clicks
	cfg.Files, cfg.Stdin = []string{Stdin}, bytes.NewReader(zipped(t, "c.csv", clicksHead))
	if _, err := Run(context.Background(), cfg, &memory{}, nil); err == nil || !strings.Contains(err.Error(), "standard input") {
		t.Error(err)
	}
}

// The workbook is openpyxl's: dates, a formula's result, a row that is empty, a hidden sheet before.
func TestWorkbook(t *testing.T) {
	cfg := Config{Currency: "EUR", Files: []string{"testdata/workbook/orders.xlsx"}, Map: []string{
		"event==purchase", "time=Date", "order=Order", "contact=Mail", "visitor=order-{Order}", "item_id=SKU", "quantity=Qty", "price=Price", "props.paid=Paid",
	}}
	m := &memory{}
	s := mustRun(t, cfg, m)
	if s.Rows != 4 || s.Orders != 3 || s.Bad != 0 || s.Money["EUR"].Purchased != 40_200_000+300_000+1_299_000_000+12_500_000 {
		t.Errorf("%+v", s)
	}
	want := []string{`"time":"2026-03-01T10:00:00.000Z"`, `"item_id":"MUG \"B\""`, `"item_id":"PLATE, L"`, `"paid":"true"`}
	for _, part := range want {
		if !strings.Contains(m.values[0], part) {
			t.Errorf("no %s in %s", part, m.values[0])
		}
	}
	if !strings.Contains(m.values[1], `"time":"2026-03-02T23:59:59.500Z"`) || !strings.Contains(m.values[1], `"item_id":"1234567"`) || !strings.Contains(m.values[1], "böb@") {
		t.Error(m.values[1])
	}
	cfg.Sheet, cfg.Map = "Other", clicks.Map[:4]
	if s := mustRun(t, cfg, &memory{}); s.Total != 1 {
		t.Errorf("%+v", s)
	}
	cfg.Sheet = "Nope"
	if _, err := Run(context.Background(), cfg, &memory{}, nil); err == nil || !strings.Contains(err.Error(), `no sheet "Nope": there are Hidden, Orders, Other`) {
		t.Error(err)
	}
}

const (
	bookPart  = `<workbook xmlns="m" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="S" r:id="r1"/></sheets></workbook>`
	relsPart  = `<Relationships><Relationship Id="r1" Target="/xl/worksheets/s.xml"/></Relationships>`
	textsPart = `<sst><si><t>a</t></si><si><r><t>b</t></r><r><t xml:space="preserve"> c</t></r><rPh><t>x</t></rPh></si></sst>`
	stylePart = `<styleSheet><numFmts><numFmt numFmtId="164" formatCode="yyyy\-mm"/><numFmt numFmtId="165" formatCode="0.00 &quot;days&quot;"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="22"/></cellXfs></styleSheet>`
)

func sheetText(t *testing.T, rows string) (string, error) {
	t.Helper()
	b := zipped(t, workbookFile, bookPart, "xl/_rels/workbook.xml.rels", relsPart, "xl/sharedStrings.xml", textsPart, "xl/styles.xml", stylePart,
		"xl/worksheets/s.xml", rows)
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	w, err := openWorkbook(z, "")
	if err != nil {
		return "", err
	}
	defer w.close()
	out, err := io.ReadAll(w)
	return string(out), err
}

func TestSheetText(t *testing.T) {
	f := func(rows, want, fails string) {
		t.Helper()
		got, err := sheetText(t, "<worksheet><sheetData>"+rows+"</sheetData></worksheet>")
		if got != want || (err == nil) != (fails == "") || err != nil && !strings.Contains(err.Error(), fails) {
			t.Errorf("%s: got %q, %v, want %q, %s", rows, got, err, want, fails)
		}
	}
	f(`<row r="2"><c r="A2" t="s"><v>0</v></c><c r="B2" t="s"><v>1</v></c></row><row r="4"><c r="B4"><f>1+1</f><v>2</v></c></row>`, "\n\"a\",\"b c\"\n\n\"\",\"2\"\n", "")
	f(`<row><c><v>1</v></c><c t="inlineStr"><is><t>x
y</t></is></c></row><row><c t="b"><v>1</v></c></row>`, "\"1\",\"x y\"\n\"true\",\"\"\n", "")
	f(`<row><c s="1"><v>46082</v></c><c s="2"><v>46082</v></c><c s="3"><v>46082.5</v></c><c><v>0.30000000000000004</v></c><c t="e"><v>#N/A</v></c><c><v>1.5E3</v></c></row>`,
		`"2026-03-01T00:00:00","46082","2026-03-01T12:00:00","0.3","","1500"`+"\n", "")
	f(`<row><c t="s"><v>7</v></c></row>`, "", "row 1 of the sheet cannot be read: there is no text of the number 7")
	f(`<row><c t="s"><v>-1</v></c></row>`, "", "no text of the number -1")
	f(`<row><c r="ZZZZZ1"><v>7</v></c></row>`, "", `no column of a cell "ZZZZZ1"`)
	if _, err := sheetText(t, "<worksheet><sheetData><row><c><v>1</v></c></row><row><c><v>2"); err == nil || !strings.Contains(err.Error(), "row 2 of the sheet cannot be read: XML syntax error") {
		t.Errorf("a torn sheet: %v", err)
	}
}

// FuzzPacked: whatever is in a container, reading ends, without more rows than it has, and alike each time.
func FuzzPacked(f *testing.F) {
	f.Add(0, "<row><c r=\"B1\" t=\"s\"><v>1</v></c></row>")
	f.Add(0, "<row r=\"9\"><c s=\"1\"><v>46082.99999999</v></c><c r=\"A9\"><is><t>x</t></is></c></row>")
	f.Add(1, "[{\"v\":\"x\",\"a\":[{\"i\":\"A\"},{}]},")
	f.Add(1, "{\n\"v\": \"x\", \"a\":[{\"i\":{\"k\":[0]}}]\n}")
	f.Add(2, "t,j\n2026-01-01,\"{\"\"v\"\":\"\"x\"\",\"\"a\"\":[{\"\"i\"\":\"\"A\"\"},7]}\"\n")
	f.Fuzz(func(t *testing.T, kind int, text string) {
		read := func() (values []string, rows int64) {
			cfg, m := Config{Start: date(2026, 1, 1)}, &memory{}
			switch kind {
			case 0:
				out, _ := sheetText(t, "<worksheet><sheetData>"+text+"</sheetData></worksheet>")
				return []string{out}, 0
			case 1:
				cfg.Format, cfg.Map = JSONL, []string{"event==view_item", "visitor={v|a[0].v}", "item_id=a[].i", "props.k=a[].k[].z", "where v != y"}
			case 2:
				cfg.Format, cfg.Map = CSV, []string{"event==view_item", "visitor=j.v?", "item_id={j.a[].i|t~(.)-}", "time=t"}
			default:
				t.Skip()
			}
			s, _ := Run(context.Background(), input(cfg, text), m, nil)
			return m.values, s.Rows
		}
		values, rows := read()
		if kind > 0 && int64(len(values)) > rows {
			t.Fatalf("%q: %d events of %d rows", text, len(values), rows)
		}
		if again, _ := read(); !slices.Equal(values, again) {
			t.Fatalf("%q: %q, then %q", text, values, again)
		}
	})
}
