package intern

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"orrery/models/slab"
)

type key struct {
	scope uint32
	name  string
}

// Strings numbers as a map does, before and after a restore in the middle.
func TestStringsAgainstMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, model, keys := NewStrings(), map[key]uint32{}, []key{}
		gen := rapid.Custom(func(t *rapid.T) key {
			return key{rapid.Uint32Range(0, 3).Draw(t, "scope"), string(rapid.SliceOfN(rapid.ByteRange('a', 'd'), 0, 5).Draw(t, "name"))}
		})
		for range rapid.IntRange(0, 3).Draw(t, "restores") {
			for range rapid.IntRange(0, 400).Draw(t, "names") {
				k := gen.Draw(t, "key")
				known := model[k]
				if got := s.Find(k.scope, []byte(k.name)); got != known {
					t.Fatalf("Find(%v) = %d, want %d", k, got, known)
				}
				number, fresh := s.Add(k.scope, []byte(k.name))
				if fresh != (known == 0) {
					t.Fatalf("Add(%v): fresh %v", k, fresh)
				}
				if known == 0 {
					known = uint32(len(model) + 1)
					model[k], keys = known, append(keys, k)
				}
				if number != known {
					t.Fatalf("Add(%v) = %d, want %d", k, number, known)
				}
			}
			var b bytes.Buffer
			if _, err := s.Freeze().WriteTo(&b); err != nil {
				t.Fatal(err)
			}
			s = NewStrings()
			if _, err := s.ReadFrom(&b); err != nil {
				t.Fatal(err)
			}
			if s.Len() != len(model) {
				t.Fatalf("%d names after the restore, want %d", s.Len(), len(model))
			}
			for i, k := range keys {
				n := uint32(i + 1)
				if s.Scope(n) != k.scope || string(s.Name(n)) != k.name || s.Find(k.scope, []byte(k.name)) != n {
					t.Fatalf("name %d is %d %q after the restore, want %v", n, s.Scope(n), s.Name(n), k)
				}
			}
		}
	})
}

// Names that share the tag, or the whole home, are told apart.
func TestTable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tab := newTable(minSlots)
		tags := rapid.SliceOfN(rapid.OneOf(rapid.Uint32(), rapid.Uint32Range(math.MaxUint32-3, math.MaxUint32), rapid.Just(uint32(0))), 1, 2000).Draw(t, "tags")
		model := map[uint32][]uint32{}
		for i, tag := range tags {
			number := uint32(i + 1)
			tab = tab.with(tag, number, int(number))
			model[tag] = append(model[tag], number)
			if before := tab.before.Load(); before != nil && before.before.Load() != nil {
				t.Fatal("three tables")
			}
		}
		for tag, want := range model {
			found := map[uint32]bool{}
			for at := tab; at != nil; at = at.before.Load() {
				for number, i := at.seek(tag, at.home(tag)); number != 0; number, i = at.seek(tag, i) {
					found[number] = true
				}
			}
			if len(found) != len(want) {
				t.Fatalf("tag %x has %v, want %v", tag, found, want)
			}
			for _, number := range want {
				if !found[number] {
					t.Fatalf("tag %x has %v, want %v", tag, found, want)
				}
			}
		}
	})
}

func TestHashesAgainstMap(t *testing.T) {
	const stride = 3
	rapid.Check(t, func(t *rapid.T) {
		keys := new(slab.Words)
		h := NewHashes(keys, stride)
		model := map[uint64]uint32{}
		gen := rapid.OneOf(rapid.Uint64Range(1, 300), rapid.Uint64Range(1, math.MaxUint64), rapid.Custom(func(t *rapid.T) uint64 {
			return rapid.Uint64Range(1, 300).Draw(t, "high") << 32 // one tag apart
		}))
		for range rapid.IntRange(0, 3).Draw(t, "restores") {
			for range rapid.IntRange(0, 400).Draw(t, "hashes") {
				hash := gen.Draw(t, "hash")
				if got := h.Find(hash); got != model[hash] {
					t.Fatalf("Find(%x) = %d, want %d", hash, got, model[hash])
				}
				number, fresh := h.Add(hash)
				if fresh {
					for w := range uint64(stride) {
						if v := keys.Load(uint64(number)*stride + w); w > 0 && v != 0 || w == 0 && v != hash {
							t.Fatalf("a fresh record holds %x", v)
						}
						if w > 0 {
							keys.Set(uint64(number)*stride+w, 1)
						}
					}
					model[hash] = uint32(len(model) + 1)
				}
				if number != model[hash] || h.Len() != len(model) {
					t.Fatalf("Add(%x) = %d of %d, want %d of %d", hash, number, h.Len(), model[hash], len(model))
				}
			}
			var b bytes.Buffer
			if _, err := keys.Freeze().WriteTo(&b); err != nil {
				t.Fatal(err)
			}
			keys = new(slab.Words)
			if _, err := keys.ReadFrom(&b); err != nil {
				t.Fatal(err)
			}
			h = NewHashes(keys, stride)
			h.Rebuild()
			if h.Len() != len(model) {
				t.Fatalf("%d hashes after the restore, want %d", h.Len(), len(model))
			}
		}
	})
}

// A reader finds every name that was there before it asked, while tables grow under it.
func TestReadersDuringGrowth(t *testing.T) {
	const names = 60_000
	s, keys := NewStrings(), new(slab.Words)
	h := NewHashes(keys, 2)
	hash := func(i uint32) uint64 { return uint64(i) * 0x9e3779b97f4a7c15 }
	var added atomic.Uint32
	var wg sync.WaitGroup
	for r := range uint32(3) {
		wg.Go(func() {
			name := make([]byte, 4)
			for i := r; ; {
				n := added.Load()
				if n == names {
					return
				}
				if n == 0 {
					continue
				}
				i = (i*1664525 + 1013904223) % n
				binary.LittleEndian.PutUint32(name, i)
				if got := s.Find(7, name); got != i+1 {
					t.Errorf("name %d of %d has number %d", i, n, got)
					return
				}
				if got := h.Find(hash(i)); got != i+1 {
					t.Errorf("hash %d of %d has number %d", i, n, got)
					return
				}
				if s.Find(8, name) != 0 || h.Find(hash(i)+1) != 0 || !bytes.Equal(s.Name(i+1), name) {
					t.Errorf("name %d is confused with others", i)
					return
				}
				_, _, _, _ = s.Len(), h.Len(), s.Bytes(), h.Bytes()
			}
		})
	}
	name := make([]byte, 4)
	for i := range uint32(names) {
		binary.LittleEndian.PutUint32(name, i)
		if n, fresh := s.Add(7, name); n != i+1 || !fresh {
			t.Errorf("name %d got number %d", i, n)
		}
		if n, fresh := h.Add(hash(i)); n != i+1 || !fresh {
			t.Errorf("hash %d got number %d", i, n)
		}
		added.Store(i + 1)
	}
	wg.Wait()
}

// A snapshot that no checksum guards is refused where its names lead nowhere, and never crashes.
func TestDamagedStrings(t *testing.T) {
	s := NewStrings()
	for i := range 300 {
		s.Add(uint32(i%3), fmt.Appendf(nil, "name %d", i))
	}
	var whole bytes.Buffer
	if _, err := s.Freeze().WriteTo(&whole); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		b := bytes.Clone(whole.Bytes())
		for range rapid.IntRange(1, 3).Draw(t, "flips") {
			bit := rapid.OneOf(rapid.IntRange(0, 64*301+63), rapid.IntRange(0, 8*len(b)-1)).Draw(t, "bit")
			b[bit/8] ^= 1 << (bit % 8)
		}
		b = b[:rapid.OneOf(rapid.Just(len(b)), rapid.IntRange(0, len(b))).Draw(t, "cut")]
		damaged := NewStrings()
		n, err := damaged.ReadFrom(bytes.NewReader(b))
		if n > int64(len(b)) {
			t.Fatalf("read %d of %d bytes", n, len(b))
		}
		if err != nil {
			return
		}
		for i := 1; i <= damaged.Len(); i++ {
			damaged.Find(damaged.Scope(uint32(i)), damaged.Name(uint32(i)))
		}
	})
	if _, err := NewStrings().ReadFrom(io.LimitReader(&whole, 0)); err == nil {
		t.Error("an empty snapshot was taken")
	}
}

// Hashes that come and go are found while they are there and never after, before and after a restore, and tables do not grow
// with how many have gone.
func TestHashesDelete(t *testing.T) {
	const stride = 2
	rapid.Check(t, func(t *rapid.T) {
		keys := new(slab.Words)
		h := NewHashes(keys, stride)
		most := rapid.IntRange(1, 300).Draw(t, "most")
		model, order, free := map[uint64]uint32{}, []uint64{}, []uint32{}
		gen := rapid.OneOf(rapid.Uint64Range(1, 3000), rapid.Uint64Range(1, math.MaxUint64), rapid.Custom(func(t *rapid.T) uint64 {
			return rapid.Uint64Range(1, 40).Draw(t, "high")<<32 | rapid.Uint64Range(0, 40).Draw(t, "low") // tags that are shared
		}))
		check := func(hash uint64) {
			if got := h.Find(hash); got != model[hash] {
				t.Fatalf("Find(%x) = %d, want %d", hash, got, model[hash])
			}
		}
		for range rapid.IntRange(1, 3).Draw(t, "restores") {
			for range rapid.IntRange(0, 2000).Draw(t, "hashes") {
				hash := gen.Draw(t, "hash")
				check(hash)
				if model[hash] != 0 {
					continue
				}
				if len(order) == most {
					oldest := order[0]
					order = order[1:]
					h.Delete(model[oldest])
					free = append(free, model[oldest])
					delete(model, oldest)
					check(oldest)
				}
				if len(free) > 3 {
					model[hash] = free[0]
					free = free[1:]
					h.Reuse(hash, model[hash])
				} else {
					model[hash], _ = h.Add(hash)
				}
				order = append(order, hash)
				check(hash)
			}
			for hash := range model {
				check(hash)
			}
			if slots := h.Bytes() / 8; slots > uint64(max(minSlots, 16*most)) {
				t.Fatalf("%d slots for at most %d hashes", slots, most)
			}
			var b bytes.Buffer
			if _, err := keys.Freeze().WriteTo(&b); err != nil {
				t.Fatal(err)
			}
			keys = new(slab.Words)
			if _, err := keys.ReadFrom(&b); err != nil {
				t.Fatal(err)
			}
			h = NewHashes(keys, stride)
			h.Rebuild()
		}
	})
}
