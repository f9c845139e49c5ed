package stream

import (
	"encoding/binary"
	"fmt"
	"io"

	"orrery/models/slab"
)

// frozenSeen is a seen of one moment: u32 sets, of each capacity u64 and count u64, then of each its words as slab
// writes them.
type frozenSeen struct {
	heads []byte
	words []*slab.Frozen
}

func (s *seen) freeze() *frozenSeen {
	f := &frozenSeen{heads: binary.LittleEndian.AppendUint32(nil, uint32(len(s.sets)))}
	for _, set := range s.sets {
		f.heads = binary.LittleEndian.AppendUint64(f.heads, set.capacity)
		f.heads = binary.LittleEndian.AppendUint64(f.heads, set.count)
		f.words = append(f.words, set.words.Freeze())
	}
	return f
}

// WriteTo implements io.WriterTo.
func (f *frozenSeen) WriteTo(w io.Writer) (int64, error) {
	n, err := w.Write(f.heads)
	total := int64(n)
	for _, words := range f.words {
		if err != nil {
			break
		}
		var k int64
		k, err = words.WriteTo(w)
		total += k
	}
	return total, err
}

func (f *frozenSeen) close() {
	for _, words := range f.words {
		words.Close()
	}
}

// maxSets bounds what a snapshot may claim: sets grow by four from firstSet on.
const maxSets = 64

// restore reads what freeze wrote, in the given version of it: the first one knew the shop's own ids only and had not given them
// a bit of their own. Sets keep the sizes that they had; those that begin later follow s.remembered.
func (s *seen) restore(r io.Reader, version uint16) error {
	var n [4]byte
	if _, err := io.ReadFull(r, n[:]); err != nil {
		return fmt.Errorf("cannot read the number of id sets: %w", err)
	}
	count := binary.LittleEndian.Uint32(n[:])
	if count == 0 || count > maxSets {
		return fmt.Errorf("cannot read %d id sets: between 1 and %d are possible", count, maxSets)
	}
	heads := make([]byte, 16*count)
	if _, err := io.ReadFull(r, heads); err != nil {
		return fmt.Errorf("cannot read the sizes of the id sets: %w", err)
	}
	s.sets = nil
	for i := range int(count) {
		set := &idSet{
			capacity: binary.LittleEndian.Uint64(heads[16*i:]),
			count:    binary.LittleEndian.Uint64(heads[16*i+8:]),
		}
		set.buckets = bucketsFor(set.capacity)
		if _, err := set.words.ReadFrom(r); err != nil {
			return fmt.Errorf("cannot read an id set: %w", err)
		}
		if set.capacity == 0 || set.count > set.capacity || set.words.Len() != set.buckets*bucketWords {
			return fmt.Errorf("cannot use an id set of %d ids, %d at most, in %d words", set.count, set.capacity, set.words.Len())
		}
		if version == 1 {
			set.trust()
		}
		s.sets = append(s.sets, set)
	}
	return nil
}

// trust makes all keys those of trusted ids. They stay in their buckets, which high bits choose.
func (t *idSet) trust() {
	for i := range t.words.Len() {
		switch w := t.words.Load(i); {
		case w == publicID:
			t.words.Set(i, freeSlot)
		case w&publicID != 0:
			t.words.Set(i, w&^publicID)
		}
	}
}
