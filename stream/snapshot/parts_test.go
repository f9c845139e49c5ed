package snapshot

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
)

// A file that was cut off anywhere, or of which any one bit is wrong, is passed over when the sections are read at the
// same time, too; but for a bit of the hash of the whole, which says nothing of the state.
func TestLoadFindsEveryDamage(t *testing.T) {
	whole := write(t, header, Section{"models", 1, text("some state")}, Section{"more", 2, text("some more of it")}, Section{"none", 1, text(nil)})
	dir := t.TempDir()
	s := &Store{dir: dir}
	path := filepath.Join(dir, name(1))
	load := func(b []byte) (got map[string]string, skipped error) {
		t.Helper()
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		got = map[string]string{}
		_, _, err := s.Load(func(Header) error { return nil }, func(i Info, r io.Reader) error {
			data, err := io.ReadAll(r)
			mu.Lock()
			defer mu.Unlock()
			got[fmt.Sprint(i.Name, i.Version)] = string(data)
			return err
		}, func(_ File, err error) { skipped = err })
		if err != nil {
			t.Fatal(err)
		}
		return got, skipped
	}
	want, err := load(whole)
	if err != nil || !maps.Equal(want, map[string]string{"models1": "some state", "more2": "some more of it", "none1": ""}) {
		t.Fatalf("got %v %v, want all sections", want, err)
	}
	damaged := func(what string, b []byte) {
		t.Helper()
		if got, err := load(b); !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrFormat) || len(got) > 0 {
			t.Fatalf("%s: got %v and sections %v, want ErrDamaged and none", what, err, got)
		}
	}
	for n := range whole {
		damaged(fmt.Sprintf("cut to %d of %d bytes", n, len(whole)), whole[:n])
	}
	hash := len(whole) - trailerBytes + 8
	for at := range whole {
		b := bytes.Clone(whole)
		b[at] ^= 1 << (at % 8)
		if at >= hash && at < hash+8 {
			if got, err := load(b); err != nil || !maps.Equal(got, want) {
				t.Fatalf("byte %d of the hash: got %v %v, want the state", at-hash, got, err)
			}
			continue
		}
		damaged(fmt.Sprintf("bit %d of byte %d flipped", at%8, at), b)
	}
	damaged("a byte more", append(slices.Clone(whole), 0))
}

// What restore reports ends the search, and a section that it leaves unread is an error.
func TestLoadErrors(t *testing.T) {
	s, err := OpenStore(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Save(header, []Section{{"a", 1, text("state")}, {"b", 1, text("state")}}, nil); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	for name, f := range map[string]func(Info, io.Reader) error{
		"error":  func(Info, io.Reader) error { return broken },
		"unread": func(Info, io.Reader) error { return nil },
	} {
		_, ok, err := s.Load(func(Header) error { return nil }, f, func(_ File, err error) { t.Errorf("%s: passed over: %v", name, err) })
		if ok || err == nil || name == "error" && !errors.Is(err, broken) {
			t.Errorf("%s: got %v %v, want an error", name, ok, err)
		}
	}
}
