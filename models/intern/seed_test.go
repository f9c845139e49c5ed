package intern

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/cespare/xxhash/v2"

	"orrery/models/flood"
	"orrery/models/slab"
)

// Under the zero seed hashes are what they were before there were seeds, under another one they have nothing to do with it.
func TestSeeds(t *testing.T) {
	name := []byte("anna@example.com")
	if got := SeedOf(0).Hash(name); got != xxhash.Sum64(name) {
		t.Errorf("without a seed the hash is %x", got)
	}
	if got := SeedOf(0).Mix(42); got != 42 {
		t.Errorf("without a seed 42 becomes %x", got)
	}
	found := map[uint64]uint64{}
	for n := range uint64(1000) {
		for _, h := range []uint64{SeedOf(n + 1).Hash(name), SeedOf(n + 1).Mix(xxhash.Sum64(name))} {
			if before, ok := found[h]; ok {
				t.Fatalf("seeds %d and %d lead to %x", before, n+1, h)
			}
			found[h] = n + 1
		}
	}
	if a, b := SeedOf(1), SeedOf(1); a.Hash(name) != b.Hash(name) || a.Mix(1) != b.Mix(1) {
		t.Error("a seed does not lead to the same hash again")
	}
}

// Whole hashes fall together without a seed only.
func TestMadeUpHash(t *testing.T) {
	anna := []byte("anna@example.com")
	twin := flood.Preimage(xxhash.Sum64(anna), "somebody")
	if SeedOf(0).Hash(twin) != SeedOf(0).Hash(anna) {
		t.Fatal("the test's id does not have the hash that it was made for")
	}
	if SeedOf(7).Hash(twin) == SeedOf(7).Hash(anna) {
		t.Error("the two are one under a seed as well")
	}
}

// F11, B5: names made up to lie together cost no more than any others.
func TestF11FloodedTables(t *testing.T) {
	const names = 50_000
	crafted, other := flood.IDs(names), make([][]byte, names)
	for i := range other {
		other[i] = fmt.Appendf(nil, "0192f6a0-%07x", i)
	}
	probes := func(seed uint64, ids [][]byte) (strings, hashes int) {
		s, keys := NewStrings(), new(slab.Words)
		h := NewHashes(keys, 1)
		s.Seed(SeedOf(seed))
		h.Seed(SeedOf(seed))
		for _, id := range ids {
			s.Add(1, id)
			h.Add(xxhash.Sum64(id)) // a hash that is known outside
		}
		strings, most := s.Probes()
		hashes, mostHash := h.Probes()
		if seed != 0 && max(most, mostHash) > maxWay {
			t.Errorf("a name takes %d probes, want %d at most", max(most, mostHash), maxWay)
		}
		return strings, hashes
	}
	for seed := range uint64(4) {
		craftedStrings, craftedHashes := probes(seed+1, crafted)
		otherStrings, otherHashes := probes(seed+1, other)
		if 10*craftedStrings > 12*otherStrings || 10*craftedHashes > 12*otherHashes {
			t.Errorf("crafted names take %d and %d probes, others %d and %d: want 1.2 times that at most", craftedStrings, craftedHashes, otherStrings, otherHashes)
		}
	}
	if few, _ := probes(0, crafted[:2000]); few < 100*2000 {
		t.Errorf("without a seed they take %d probes: they are no flood", few)
	}
}

// Names that are made up to share as many bits as a table of their number looks at move apart when it grows.
func TestLongWaysGrow(t *testing.T) {
	keys := new(slab.Words)
	h := NewHashes(keys, 1)
	const names = 1 << 12
	for i := range uint64(names) {
		h.Add(i<<51 | 1) // bits 51 to 62: all lie in the lower half of a table, at every second place
	}
	for i := range uint64(names) {
		if got := h.Find(i<<51 | 1); got != uint32(i+1) {
			t.Fatalf("name %d has number %d", i, got)
		}
	}
	if all, most := h.Probes(); most > maxWay {
		t.Errorf("a name takes %d probes of %d, want %d at most", most, all, maxWay)
	}
}

// Keyed numbers spread whatever they have in common.
func TestMixSpreads(t *testing.T) {
	s := SeedOf(3)
	for _, step := range []uint64{1, 1 << 7, 1 << 33, 1 << 50, 0x9e3779b97f4a7c15} {
		var slots [256]int
		for i := range uint64(1 << 16) {
			slots[s.Mix(i*step)>>56]++
		}
		for slot, n := range slots {
			if n < 128 || n > 384 { // 256 and eight deviations
				t.Errorf("of 65,536 numbers %x apart %d lie in slot %d of 256", step, n, slot)
			}
		}
	}
}

func BenchmarkSeed(b *testing.B) {
	for _, seed := range []uint64{0, 1} {
		for _, n := range []int{8, 16, 36} {
			b.Run(fmt.Sprintf("seed=%d/bytes=%d", seed, n), func(b *testing.B) {
				s, name := SeedOf(seed), make([]byte, n)
				b.ReportAllocs()
				for i := uint64(0); b.Loop(); i++ {
					binary.LittleEndian.PutUint64(name, i)
					s.Mix(s.Hash(name))
				}
			})
		}
	}
}
