package snapshot

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"
)

// text is a section's data.
type text []byte

func (b text) WriteTo(w io.Writer) (int64, error) {
	n, err := w.Write(b)
	return int64(n), err
}

var header = Header{
	Sequence: 7, Written: time.Date(2026, 3, 1, 2, 3, 4, 0, time.UTC), Build: "test", Fingerprint: "f",
	NewestEvent: time.Date(2026, 3, 1, 2, 3, 4, 0, time.UTC),
	Positions:   []Position{{Topic: "orrery.pageviews", TopicID: "id", Partition: 2, Next: 12345, Epoch: 3}},
}

func write(t testing.TB, h Header, sections ...Section) []byte {
	t.Helper()
	var b bytes.Buffer
	n, err := Write(&b, h, sections, nil)
	if err != nil {
		t.Fatal(err)
	}
	if n != int64(b.Len()) {
		t.Fatalf("got size %d, want %d", n, b.Len())
	}
	return b.Bytes()
}

// read returns everything in a snapshot.
func read(b []byte) (Header, map[string][]byte, error) {
	r, err := NewReader(bytes.NewReader(b))
	if err != nil {
		return Header{}, nil, err
	}
	out := make(map[string][]byte)
	err = each(r, func(i Info, p io.Reader) error {
		data, err := io.ReadAll(p)
		out[fmt.Sprintf("%s/%d", i.Name, i.Version)] = data
		return err
	})
	return r.Header(), out, err
}

func TestRoundTrip(t *testing.T) {
	f := func(sections map[string][]byte) {
		t.Helper()
		var in []Section
		for name, data := range sections {
			in = append(in, Section{Name: name, Version: 3, Data: text(data)})
		}
		h, got, err := read(write(t, header, in...))
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(h, header) {
			t.Errorf("got header %v, want %v", h, header)
		}
		if len(got) != len(sections) {
			t.Errorf("got %d sections, want %d", len(got), len(sections))
		}
		for name, want := range sections {
			if data := got[name+"/3"]; !bytes.Equal(data, want) {
				t.Errorf("section %q: got %d bytes, want %d", name, len(data), len(want))
			}
		}
	}
	long := bytes.Repeat([]byte("0123456789abcdef"), blockSize/8)
	f(nil)
	f(map[string][]byte{"empty": {}})
	f(map[string][]byte{"a": []byte("x"), "b": {}, "c": []byte("long"), "block": long[:blockSize], "blocks": long[:blockSize+1]})
	f(map[string][]byte{string(long[:255]): long})
}

// A file that was cut off anywhere, or of which any one bit is wrong, is refused, and nothing panics.
func TestEveryDamageIsFound(t *testing.T) {
	whole := write(t, header, Section{"models", 1, text("some state")}, Section{"more", 2, text("some more of it")}, Section{"none", 1, text(nil)})
	for n := range whole {
		if _, _, err := read(whole[:n]); !errors.Is(err, ErrDamaged) {
			t.Fatalf("cut to %d of %d bytes: got %v, want ErrDamaged", n, len(whole), err)
		}
	}
	for at := range whole {
		for bit := range 8 {
			b := bytes.Clone(whole)
			b[at] ^= 1 << bit
			if _, _, err := read(b); !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrFormat) {
				t.Fatalf("bit %d of byte %d flipped: got %v, want ErrDamaged", bit, at, err)
			}
		}
	}
	if _, _, err := read(append(bytes.Clone(whole), 0)); !errors.Is(err, ErrDamaged) {
		t.Errorf("one byte more: got %v, want ErrDamaged", err)
	}
}

func TestInspect(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	whole := write(t, header, Section{"models", 1, text("some state")}, Section{"more", 2, text("more")})
	for n := 0; n <= len(whole); n++ {
		if err := os.WriteFile(path, whole[:n], 0o644); err != nil {
			t.Fatal(err)
		}
		got, err := Inspect(path)
		if n < len(whole) {
			if err == nil {
				t.Fatalf("cut to %d of %d bytes: got no error", n, len(whole))
			}
			continue
		}
		want, err2 := Verify(path)
		if err != nil || err2 != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("got %v %v, want %v %v", got, err, want, err2)
		}
	}
}

func TestStore(t *testing.T) {
	dir := t.TempDir()
	s, err := OpenStore(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenStore(dir); err == nil {
		t.Fatal("a second store in the directory: got no error")
	}
	load := func() (string, uint64, int) {
		t.Helper()
		var got string
		skipped := 0
		f, ok, err := s.Load(func(Header) error { return nil }, func(_ Info, r io.Reader) error {
			b, err := io.ReadAll(r)
			got = string(b)
			return err
		}, func(File, error) { skipped++ })
		if err != nil || !ok {
			t.Fatalf("got %v %v, want a snapshot", ok, err)
		}
		return got, f.Sequence, skipped
	}
	var files []File
	for i := range 5 {
		f, err := s.Save(header, []Section{{"n", 1, text(fmt.Sprint("state ", i))}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	if got, seq, _ := load(); got != "state 4" || seq != 5 {
		t.Errorf("got %q sequence %d, want state 4 sequence 5", got, seq)
	}
	if left, err := List(dir); err != nil || len(left) != Keep {
		t.Errorf("got %d files %v, want %d", len(left), err, Keep)
	}
	// The newest is cut off: the one before counts, and its number is not used again.
	if err := os.Truncate(files[4].Path, files[4].Size-3); err != nil {
		t.Fatal(err)
	}
	if got, _, skipped := load(); got != "state 3" || skipped != 1 {
		t.Errorf("got %q with %d passed over, want state 3 and 1", got, skipped)
	}
	if err := os.WriteFile(filepath.Join(dir, name(99)+temp), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = OpenStore(dir); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := os.Stat(filepath.Join(dir, name(99)+temp)); !os.IsNotExist(err) {
		t.Errorf("got %v, want the unfinished file removed", err)
	}
	if f, err := s.Save(header, nil, nil); err != nil || f.Sequence != 6 {
		t.Errorf("got sequence %d %v, want 6", f.Sequence, err)
	}
}

// failing is a section that cannot be written.
type failing struct{}

func (failing) WriteTo(w io.Writer) (int64, error) {
	n, _ := w.Write(make([]byte, 10))
	return int64(n), errors.New("broken")
}

func TestFailedSaveLeavesNothing(t *testing.T) {
	s, err := OpenStore(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Save(header, []Section{{"a", 1, failing{}}}, nil); err == nil {
		t.Fatal("got no error")
	}
	entries, err := os.ReadDir(s.dir)
	if err != nil || len(entries) != 1 { // the lock
		t.Errorf("got %v %v, want the lock alone", entries, err)
	}
}

// A snapshot that cannot be read back takes no older one's place.
func TestUnreadableSave(t *testing.T) {
	s, err := OpenStore(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for range Keep {
		if _, err := s.Save(header, []Section{{"a", 1, text("good")}}, nil); err != nil {
			t.Fatal(err)
		}
	}
	before, err := List(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	pieces := many{text(make([]byte, 3<<19)), text(make([]byte, 3<<19))} // more than what is read at once
	calls := 0
	damage := func() {
		if calls++; calls != len(pieces)+1 { // the first call of the reading
			return
		}
		files, err := filepath.Glob(filepath.Join(s.dir, name(Keep+1)+"*"))
		if err != nil || len(files) != 1 {
			t.Fatalf("got %v %v, want the new file", files, err)
		}
		if err := os.Truncate(files[0], 100); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Save(header, []Section{{"a", 1, pieces}}, damage); !errors.Is(err, ErrDamaged) {
		t.Errorf("got %v, want %v", err, ErrDamaged)
	}
	if after, err := List(s.dir); err != nil || !reflect.DeepEqual(after, before) {
		t.Errorf("got %v %v, want %v", after, err, before)
	}
	if err := os.MkdirAll(filepath.Join(s.dir, name(Keep+2), "x"), 0o755); err != nil { // in the way of a file
		t.Fatal(err)
	}
	if _, err := s.Save(header, []Section{{"a", 1, pieces}}, nil); err == nil {
		t.Error("got no error")
	}
	if left, err := filepath.Glob(filepath.Join(s.dir, "*"+temp)); err != nil || len(left) > 0 {
		t.Errorf("got %v %v, want nothing unfinished", left, err)
	}
}

func FuzzReader(f *testing.F) {
	f.Add(write(f, header, Section{"models", 1, text("some state")}, Section{"more", 2, text("")}))
	f.Add(write(f, Header{}))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, sections, err := read(b)
		if err != nil {
			return
		}
		// What is accepted says what it was made of.
		var in []Section
		r, _ := NewReader(bytes.NewReader(b))
		if err := each(r, func(i Info, p io.Reader) error {
			data, err := io.ReadAll(p)
			in = append(in, Section{i.Name, i.Version, text(data)})
			return err
		}); err != nil || len(in) < len(sections) {
			t.Fatalf("read twice: %v", err)
		}
		if _, err := Write(io.Discard, h, in, nil); err != nil {
			t.Fatalf("got %v when writing what was read", err)
		}
	})
}

// Writing lets others go first all along, and so does reading back; what is written does not depend on it.
func TestSaveRests(t *testing.T) {
	s, err := OpenStore(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	pieces := make([]io.WriterTo, 100)
	for i := range pieces {
		pieces[i] = text(bytes.Repeat([]byte{byte(i)}, 32<<10))
	}
	want := write(t, header, Section{"state", 1, many(pieces)})
	for n := range Keep + 1 {
		rests := 0
		f, err := s.Save(header, []Section{{"state", 1, many(pieces)}}, func() { rests++ })
		if err != nil {
			t.Fatal(err)
		}
		if least := len(pieces); rests < least || n >= Keep && rests <= least {
			t.Errorf("snapshot %d: rested %d times, want %d and some more when it is read back", n, rests, least)
		}
		if f.Size != int64(len(want)) {
			t.Errorf("snapshot %d: %d bytes, want %d", n, f.Size, len(want))
		}
	}
}

// many is a section that is written in pieces.
type many []io.WriterTo

func (m many) WriteTo(w io.Writer) (total int64, err error) {
	for _, p := range m {
		n, err := p.WriteTo(w)
		if total += n; err != nil {
			return total, err
		}
	}
	return total, nil
}
