package files

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

// readAll reads rows as "line|cell|cell", bad ones as "line! reason".
func readAll(in rows) (out []string, err error) {
	for {
		r, err := in.next()
		var bad *rowError
		switch {
		case err == io.EOF:
			return out, nil
		case errors.As(err, &bad):
			out = append(out, fmt.Sprintf("%d! %v", bad.line, bad.err))
		case err != nil:
			return out, err
		default:
			out = append(out, fmt.Sprintf("%d|%s", r.line, bytes.Join(r.cells, []byte{'|'})))
		}
	}
}

func TestDelimited(t *testing.T) {
	f := func(text string, want ...string) {
		t.Helper()
		for _, wrap := range []func(io.Reader) io.Reader{
			func(r io.Reader) io.Reader { return r }, iotest.OneByteReader, iotest.DataErrReader,
		} {
			d, err := newDelimited(wrap(strings.NewReader(text)), ',', '"', nil)
			if err == nil {
				err = d.bind(d.header)
			}
			if err != nil {
				t.Fatalf("%q: %v", text, err)
			}
			if got, err := readAll(d); err != nil || !slices.Equal(got, want) {
				t.Errorf("%q: got %q, %v, want %q", text, got, err, want)
			}
		}
	}
	f("a,b\n1,2\n3,4\n", "2|1|2", "3|3|4")
	f("a,b\n1,2", "2|1|2")
	f("a,b\r\n1,2\r\n\r\n3,4\r\n", "2|1|2", "4|3|4")
	f("\ufeffa,b\n1,2\n", "2|1|2")
	f("\n\na,b\n\n1,2\n\n", "5|1|2")
	f("a,b\n,\n", "2||")
	f("a\n\"\"\n", "2|")
	f("a,b\n\"1,5\",\"say \"\"hi\"\"\"\n3,4\n", `2|1,5|say "hi"`, "3|3|4")
	f("a,b\n\"two\nlines\",2\n3,4\n", "2|two\nlines|2", "4|3|4")
	f("a,b\n5\" plate,2\n", `2|5" plate|2`)
	f("a,b\n1,\"x\" \n3,4\n", "2! text after the closing quote of column 2", "3|3|4")
	f("a,b\n1\n1,2,3\n3,4\n", "2! 1 columns instead of 2", "3! 3 columns instead of 2", "4|3|4")
	f("a,b\n\"never closed,2\n3,4\n5,6\n", "2! a quote is never closed", "3|3|4", "4|5|6")
	f("a\n\"x\"\"\n3\n", "2! a quote is never closed", "3|3")
}

func TestDelimitedLongRecords(t *testing.T) {
	long := strings.Repeat("x", maxRecord+10)
	for _, text := range []string{
		"a\n" + long + "\nlast\n",
		"a\n\"" + strings.Repeat("line\n", maxRecord/4) + "\"\nlast\n",
	} {
		d, err := newDelimited(strings.NewReader(text), ',', '"', nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.bind([]string{"a"}); err != nil {
			t.Fatal(err)
		}
		rows, err := readAll(d)
		if err != nil || !strings.HasPrefix(rows[0], "2! ") || !strings.HasSuffix(rows[len(rows)-1], "|last") {
			t.Errorf("got %.40q ... %q, %v", rows[0], rows[len(rows)-1], err)
		}
		if len(d.buf) > 4*maxRecord {
			t.Errorf("buffer of %d bytes", len(d.buf))
		}
	}
}

func TestDelimitedPseudoColumns(t *testing.T) {
	d, err := newDelimited(strings.NewReader("1\t\"2\n\n3\t4\n"), '\t', 0, []string{"x", "y"})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.bind([]string{"y", "#", "x"}); err != nil {
		t.Fatal(err)
	}
	got, _ := readAll(d)
	if want := []string{`1|"2|1|1`, "3|4|2|3"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if err := d.bind([]string{"z"}); err == nil || err.Error() != `cannot find column "z": there are x, y` {
		t.Errorf("got %v", err)
	}
}

// A file that breaks off with an error must not end with half a row.
func TestDelimitedBrokenOff(t *testing.T) {
	failure := errors.New("disk on fire")
	in := io.MultiReader(strings.NewReader("a\n1\n23"), iotest.ErrReader(failure))
	d, err := newDelimited(in, ',', '"', nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.bind([]string{"a"}); err != nil {
		t.Fatal(err)
	}
	if got, err := readAll(d); !slices.Equal(got, []string{"2|1"}) || !errors.Is(err, failure) {
		t.Errorf("got %q, %v", got, err)
	}
}

// What the standard library writes is read back.
func TestDelimitedRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 5).Draw(t, "columns")
		cell := rapid.StringOfN(rapid.RuneFrom([]rune("ab ,\"\n\té")), 0, 6, -1)
		table := rapid.SliceOfN(rapid.SliceOfN(cell, n, n), 0, 8).Draw(t, "rows")
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		w.UseCRLF = rapid.Bool().Draw(t, "crlf")
		header := make([]string, n)
		for i := range header {
			header[i] = string(rune('a' + i))
		}
		w.Write(header)
		w.WriteAll(table)
		d, err := newDelimited(iotest.HalfReader(&b), ',', '"', nil)
		if err == nil {
			err = d.bind(header)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range table {
			r, err := d.next()
			if err != nil {
				t.Fatal(err)
			}
			for i := range want {
				// With CRLF the writer turns a line feed within a field into CRLF as well.
				if got := strings.ReplaceAll(string(r.cells[i]), "\r\n", "\n"); got != want[i] {
					t.Fatalf("got %q, want %q", got, want[i])
				}
			}
		}
		if _, err := d.next(); err != io.EOF {
			t.Fatalf("after the last row: %v", err)
		}
	})
}

// Whatever the bytes, reading ends, and text that the standard library takes reads the same here.
func FuzzDelimited(f *testing.F) {
	f.Add("a,b\n1,2\n")
	f.Add("a\n\"x\"\"y\n\",\n")
	f.Add("\ufeff\"a\"\r\n1\"\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		d, err := newDelimited(strings.NewReader(text), ',', '"', nil)
		if err != nil || d.bind(make([]string, 0)) != nil {
			return
		}
		ref := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, byteOrderMark)))
		all, refErr := ref.ReadAll()
		var got [][]string
		for i := 0; ; i++ {
			if i > len(text)+1 {
				t.Fatal("more rows than bytes")
			}
			_, err := d.next()
			if err == io.EOF {
				break
			}
			if err != nil {
				continue
			}
			var row []string
			for _, field := range d.fields {
				row = append(row, string(field))
			}
			got = append(got, row)
		}
		if refErr != nil || len(all) == 0 || strings.Contains(text, "\r") {
			return
		}
		if !slices.EqualFunc(got, all[1:], slices.Equal) {
			t.Fatalf("%q: got %q, want %q", text, got, all[1:])
		}
	})
}
