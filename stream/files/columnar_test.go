package files

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	arrowmemory "github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/pqarrow"
)

// ga4Schema is GA4's export as BigQuery writes it, as far as the cases have it.
var ga4Schema = func() *arrow.Schema {
	text, whole, number := arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int64, arrow.PrimitiveTypes.Float64
	structs := func(f ...arrow.Field) arrow.DataType { return arrow.ListOf(arrow.StructOf(f...)) }
	field := func(name string, t arrow.DataType) arrow.Field {
		return arrow.Field{Name: name, Type: t, Nullable: true}
	}
	return arrow.NewSchema([]arrow.Field{
		field("event_date", text), field("event_timestamp", whole), field("event_name", text), field("user_id", text), field("user_pseudo_id", text),
		field("event_params", structs(field("key", text), field("value", arrow.StructOf(field("string_value", text), field("int_value", whole), field("double_value", number))))),
		field("items", structs(field("item_id", text), field("item_name", text), field("item_brand", text), field("item_category", text), field("price", number), field("quantity", whole))),
		field("ecommerce", arrow.StructOf(field("transaction_id", text), field("purchase_revenue", number))),
	}, nil)
}()

// columnFiles writes JSON lines as Parquet, an Arrow stream and an Arrow file.
func columnFiles(t *testing.T, schema *arrow.Schema, lines []byte) (paths []string) {
	t.Helper()
	text := append(append([]byte("["), bytes.ReplaceAll(bytes.TrimSpace(lines), []byte("\n"), []byte(","))...), ']')
	record, _, err := array.RecordFromJSON(arrowmemory.DefaultAllocator, schema, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	defer record.Release()
	create := func(name string, write func(*os.File) error) {
		f, err := os.Create(filepath.Join(t.TempDir(), name))
		if err == nil {
			err = write(f)
		}
		if err != nil {
			t.Fatal(err)
		}
		f.Close() // Parquet's writer has done so
		paths = append(paths, f.Name())
	}
	create("events.parquet", func(f *os.File) error {
		w, err := pqarrow.NewFileWriter(schema, f, parquet.NewWriterProperties(), pqarrow.DefaultWriterProps())
		if err == nil {
			err = w.Write(record)
		}
		if err == nil {
			err = w.Close()
		}
		return err
	})
	create("events.arrow", func(f *os.File) error {
		w := ipc.NewWriter(f, ipc.WithSchema(schema))
		if err := w.Write(record); err != nil {
			return err
		}
		return w.Close()
	})
	create("events.feather", func(f *os.File) error {
		w, err := ipc.NewFileWriter(f, ipc.WithSchema(schema))
		if err == nil {
			err = w.Write(record)
		}
		if err == nil {
			err = w.Close()
		}
		return err
	})
	return paths
}

var rowID = regexp.MustCompile(`"id":"[^"]*",|"order":"ga4-bigquery-[^"]*",`)

// GA4's export with nested columns is the same events whether it comes as JSON lines, Parquet or Arrow.
func TestColumnar(t *testing.T) {
	for _, name := range []string{"c23-ga4-bigquery.jsonl", "files-ga4_bigquery.jsonl"} {
		lines, err := os.ReadFile(filepath.Join("testdata/cases", name))
		if err != nil {
			t.Fatal(err)
		}
		read := func(path string) ([]string, Summary) {
			m := &memory{}
			s, err := Run(context.Background(), Config{Files: []string{path}, Preset: "ga4", Now: casesNow}, m, nil)
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			for i, value := range m.values { // an id that the file does not give is made of the row as it is written
				m.values[i] = rowID.ReplaceAllString(value, "")
			}
			return m.values, s
		}
		want, of := read(filepath.Join("testdata/cases", name))
		for _, path := range columnFiles(t, ga4Schema, lines) {
			if got, s := read(path); !slices.Equal(got, want) || len(got) == 0 || s.Rows != of.Rows || s.Err() != nil {
				t.Errorf("%s of %s\n got %s\nwant %s\n%+v", filepath.Base(path), name, strings.Join(got, "\n"), strings.Join(want, "\n"), s)
			}
		}
	}
}

// What is cut off or empty is an error with the file's name, and nobody waits for what does not come.
func TestColumnarDamaged(t *testing.T) {
	lines, err := os.ReadFile("testdata/cases/c23-ga4-bigquery.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range columnFiles(t, ga4Schema, lines) {
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, size := range []int{8, 100, len(whole) / 2} {
			if err := os.WriteFile(path, whole[:size], 0o600); err != nil {
				t.Fatal(err)
			}
			s, err := Run(context.Background(), Config{Files: []string{path}, Preset: "ga4", Now: casesNow}, &memory{}, nil)
			if err == nil && s.Err() == nil || err != nil && !strings.Contains(err.Error(), filepath.Base(path)) {
				t.Errorf("%d bytes of %s: %v, %v", size, filepath.Base(path), err, s.Err())
			}
		}
	}
	path := columnFiles(t, ga4Schema, lines)[0]
	s, err := Run(context.Background(), Config{Files: []string{path}, Preset: "ga4", Now: casesNow, Limit: 1}, &memory{}, nil) // has had enough
	if err != nil || len(s.Events) != 1 {
		t.Errorf("%+v, %v", s, err)
	}
}
