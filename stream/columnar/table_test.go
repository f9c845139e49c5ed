package columnar

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"orrery/models"
)

// all is a table with a column of each kind, and lists bounded and not.
var all = Table{Name: "all", Version: 3, Columns: []Column{
	{Name: "text", Kind: Text}, {Name: "id", Kind: ID}, {Name: "int", Kind: Int}, {Name: "real", Kind: Real}, {Name: "bool", Kind: Bool},
	{Name: "moment", Kind: Moment}, {Name: "day", Kind: Day}, {Name: "money", Kind: Money},
	{Name: "lines", Kind: List, Fields: []Column{{Name: "item_id", Kind: ID}, {Name: "price", Kind: Money}, {Name: "pieces", Kind: Int}}},
	{Name: "slots", Kind: List, Most: 2, Fields: []Column{{Name: "item_id", Kind: ID}, {Name: "score", Kind: Real}}},
}}

// rowOf draws a row.
func rowOf(t *rapid.T) []Value {
	maybe := func(v Value) Value {
		if rapid.IntRange(0, 4).Draw(t, "null") == 0 {
			return Value{}
		}
		return v
	}
	text := func() Value {
		return OfString(rapid.OneOf(rapid.StringN(0, 8, 30), rapid.SampledFrom([]string{"", "=1+1", "+48", "-x", "@a", "\tb", "a,b", `a"b`, "a\r\nb", " a"})).Draw(t, "text"))
	}
	day := models.Time(rapid.Int64Range(-30_000, 60_000).Draw(t, "day")) * models.Day
	list := func(most int, of func() []Value) Value {
		elements := make([][]Value, rapid.IntRange(0, most).Draw(t, "elements"))
		for i := range elements {
			elements[i] = of()
		}
		return OfList(elements)
	}
	moment := models.Time(rapid.Int64Range(-1<<40, 1<<43).Draw(t, "moment"))
	if moment == 0 || day == 0 {
		moment, day = 1, models.Day // 0 is null
	}
	return []Value{
		maybe(text()), maybe(text()), maybe(OfInt(rapid.Int64().Draw(t, "int"))), maybe(OfReal(rapid.Float64().Draw(t, "real"))), maybe(OfBool(rapid.Bool().Draw(t, "bool"))),
		maybe(OfMoment(moment)), maybe(OfMoment(day)), maybe(OfMoney(models.Money(rapid.Int64Range(-math.MaxInt64, math.MaxInt64).Draw(t, "money")))),
		maybe(list(5, func() []Value {
			return []Value{maybe(text()), maybe(OfMoney(models.Money(rapid.Int64Range(0, 1<<50).Draw(t, "price")))), maybe(OfInt(int64(1)))}
		})),
		maybe(list(2, func() []Value { return []Value{maybe(text()), maybe(OfReal(0.5))} })),
	}
}

func write(t testing.TB, table *Table, f Format, o Options, rows [][]Value) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := NewWriter(&out, table, f, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if err := w.Append(row); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func read(t testing.TB, table *Table, b []byte) (rows [][]Value) {
	t.Helper()
	if err := Rows(bytes.NewReader(b), table, func(row []Value) error {
		rows = append(rows, append([]Value(nil), row...))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return rows
}

// plain is what a row says, for comparisons.
func plain(table *Table, row []Value) string {
	return string(appendObject(nil, table.Columns, row))
}

// What is written as Arrow or Parquet is read again as it was, in batches and groups of any size; and the same rows are the same bytes.
func TestWrittenIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfN(rapid.Custom(rowOf), 0, 40).Draw(t, "rows")
		o := Options{BatchRows: rapid.IntRange(1, 20).Draw(t, "batch"), GroupBytes: rapid.IntRange(1, 4000).Draw(t, "group")}
		for _, f := range []Format{Arrow, Parquet} {
			var out bytes.Buffer
			for again := range 2 {
				var b bytes.Buffer
				w, err := NewWriter(&b, &all, f, o)
				if err != nil {
					t.Fatal(err)
				}
				for _, row := range rows {
					if err := w.Append(row); err != nil {
						t.Fatal(err)
					}
				}
				if err := w.Close(); err != nil {
					t.Fatal(err)
				}
				if again == 1 && !bytes.Equal(b.Bytes(), out.Bytes()) {
					t.Fatalf("%s: the same rows are other bytes", f)
				}
				out = b
			}
			n := 0
			err := Rows(bytes.NewReader(out.Bytes()), &all, func(row []Value) error {
				if got, want := plain(&all, row), plain(&all, rows[n]); got != want {
					return fmt.Errorf("row %d\n got %s\nwant %s", n, got, want)
				}
				n++
				return nil
			})
			if err != nil || n != len(rows) {
				t.Fatalf("%s: %d of %d rows: %v", f, n, len(rows), err)
			}
		}
	})
}

// JSON lines are JSON with every member; CSV is CSV with every column, and no cell of text begins as a formula does.
func TestTextFormats(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfN(rapid.Custom(rowOf), 1, 10).Draw(t, "rows")
		var lines, table bytes.Buffer
		for f, out := range map[Format]*bytes.Buffer{Lines: &lines, CSV: &table} {
			w, err := NewWriter(out, &all, f, Options{})
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range rows {
				if err := w.Append(row); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
		}
		n := 0
		for line := range bytes.Lines(lines.Bytes()) {
			var got map[string]any
			if err := json.Unmarshal(line, &got); err != nil || len(got) != len(all.Columns) {
				t.Fatalf("line %d: %s: %v", n, line, err)
			}
			if s, isText := got["text"].(string); isText != !rows[n][0].IsNull() || isText && utf8.Valid(rows[n][0].Bytes()) && s != string(rows[n][0].Bytes()) {
				t.Fatalf("line %d: the text is %q, not %q", n, s, rows[n][0].Bytes())
			}
			n++
		}
		in := csv.NewReader(&table)
		cells, err := in.ReadAll()
		if err != nil || n != len(rows) || len(cells) != len(rows)+1 {
			t.Fatalf("%d lines, %d rows of CSV, want %d: %v", n, len(cells), len(rows), err)
		}
		if got := strings.Join(cells[0][8:], " "); got != "lines slots_1_item_id slots_1_score slots_2_item_id slots_2_score" {
			t.Fatalf("the columns of lists are %s", got)
		}
		for i, row := range cells[1:] {
			for _, at := range []int{0, 1, 8, 9, 11} {
				if len(row[at]) > 0 && strings.ContainsRune("=+-@\t\r\n", rune(row[at][0])) {
					t.Fatalf("row %d: the cell %q is a formula", i, row[at])
				}
			}
		}
	})
}

// Null, the empty text and 0 are told apart in CSV.
func TestCSVNull(t *testing.T) {
	table := Table{Name: "t", Columns: []Column{{Name: "a", Kind: Text}, {Name: "b", Kind: Text}, {Name: "c", Kind: Int}, {Name: "d", Kind: Int}}}
	got := string(write(t, &table, CSV, Options{}, [][]Value{{{}, OfString(""), {}, OfInt(0)}}))
	if want := "a,b,c,d\r\n,\"\",,0\r\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := string(write(t, &table, CSV, Options{Headless: true}, nil)); got != "" {
		t.Errorf("got %q, want nothing", got)
	}
}

// A file of an older version has not all columns, one of a newer version has more: both are read.
func TestOtherVersions(t *testing.T) {
	old := Table{Name: "t", Version: 1, Columns: []Column{{Name: "a", Kind: ID}, {Name: "gone", Kind: Int}}}
	newer := Table{Name: "t", Version: 2, Columns: []Column{{Name: "added", Kind: Money}, {Name: "a", Kind: ID}}}
	for _, f := range []Format{Arrow, Parquet} {
		b := write(t, &old, f, Options{}, [][]Value{{OfString("x"), OfInt(1)}})
		if got := read(t, &newer, b); len(got) != 1 || plain(&newer, got[0]) != `{"added":null,"a":"x"}` {
			t.Errorf("%s: got %v", f, got)
		}
		other := Table{Name: "t", Columns: []Column{{Name: "a", Kind: Int}}}
		if err := Rows(bytes.NewReader(b), &other, func([]Value) error { return nil }); err == nil || !strings.Contains(err.Error(), "column a") {
			t.Errorf("%s: a column of another kind: %v", f, err)
		}
	}
}

// A file that is cut off is an error, or what was whole of it, never a panic.
func TestDamaged(t *testing.T) {
	rows := [][]Value{{OfString("a"), OfString("b"), OfInt(1), OfReal(2), OfBool(true), OfMoment(5), OfMoment(models.Day), OfMoney(7), OfList(nil), {}}}
	for _, f := range []Format{Arrow, Parquet} {
		b := write(t, &all, f, Options{}, rows)
		for at := 0; at < len(b); at += 7 {
			if err := Rows(bytes.NewReader(b[:at]), &all, func([]Value) error { return nil }); err == nil && f == Parquet {
				t.Errorf("%d bytes of %d were read", at, len(b))
			}
		}
	}
	if err := Rows(strings.NewReader("a,b\n1,2\n"), &all, nil); err == nil {
		t.Error("CSV was read as Parquet")
	}
}

// A file has its name when it is whole: not before, not after an error; and what it is stands in the manifest.
func TestFile(t *testing.T) {
	dir := t.TempDir()
	table := Table{Name: "t", Version: 1, Columns: []Column{{Name: "a", Kind: ID}}}
	path := filepath.Join(dir, "t.parquet")
	f, err := Create(path, &table, Parquet, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := f.Append([]Value{OfString("x")}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file is there before it is whole: %v", err)
	}
	sealed, err := f.Seal()
	if err != nil {
		t.Fatal(err)
	}
	if err := WriteManifest(dir, []Sealed{sealed}); err != nil {
		t.Fatal(err)
	}
	got, err := ReadManifest(dir)
	if err != nil || !reflect.DeepEqual(got, []Sealed{sealed}) || sealed.Rows != 3 || Verify(dir, sealed) != nil {
		t.Errorf("got %+v, %v, want %+v", got, err, sealed)
	}
	if err := os.WriteFile(path, []byte("other"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Verify(dir, sealed); !errors.Is(err, ErrDamaged) {
		t.Errorf("got %v, want ErrDamaged", err)
	}
	dropped, err := Create(filepath.Join(dir, "u.parquet"), &table, Parquet, Options{})
	if err != nil || dropped.Drop() != nil {
		t.Fatal(err)
	}
	if _, err := Create(filepath.Join(dir, "v.parquet"), &table, Parquet, Options{}); err != nil { // as a process leaves it that is killed
		t.Fatal(err)
	}
	if err := Clean(dir); err != nil {
		t.Fatal(err)
	}
	names, _ := filepath.Glob(filepath.Join(dir, "*"))
	hidden, _ := filepath.Glob(filepath.Join(dir, ".*"))
	if len(names) != 2 || len(hidden) != 0 {
		t.Errorf("there are %v, %v", names, hidden)
	}
}

// A reader that takes nothing more is an error of every format, and stays one.
func TestWriterFails(t *testing.T) {
	for _, f := range Formats {
		w, err := NewWriter(full{}, &all, f, Options{BatchRows: 1, GroupBytes: 1})
		if err != nil {
			continue
		}
		row := make([]Value, len(all.Columns))
		row[0] = OfString(strings.Repeat("x", 1<<17))
		for range 3 {
			err = w.Append(row)
		}
		if errClose := w.Close(); errClose == nil || f != Parquet && err == nil {
			t.Errorf("%s: append %v, close %v", f, err, errClose)
		}
	}
	var out bytes.Buffer
	w, err := NewWriter(&out, &all, Lines, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Append(nil); err == nil {
		t.Error("a row without values was taken")
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

// Buffers are those of the batch before: what a row costs is its texts.
func TestPool(t *testing.T) {
	p := new(pool)
	a := p.Allocate(100)
	a[99] = 1
	p.Free(a)
	b := p.Allocate(120)
	if &a[0] != &b[0] || b[99] != 0 || cap(b) != 128 {
		t.Error("what was freed is not used again, or is not zero")
	}
	b[5] = 7
	c := p.Reallocate(500, b)
	if c[5] != 7 || len(c) != 500 || c[499] != 0 {
		t.Error("what was there is gone")
	}
	for range 100 {
		p.Free(make([]byte, 1<<20))
	}
	if p.kept > poolBytes {
		t.Errorf("%d bytes are kept", p.kept)
	}
}
