package intern

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"sync/atomic"

	"orrery/models/slab"
)

// Strings numbers byte strings within scopes: the same string has another number in another scope (one scope a shop).
// A string has at most MaxString bytes. Cost: 8 B a name for its place, 12 B of table on average, and the name with 4 B
// for its scope.
type Strings struct {
	refs  slab.Words // word number: slab.Ref of scope (4 bytes, little endian) + string
	text  slab.Text
	n     atomic.Uint32
	table atomic.Pointer[table]
	buf   []byte
	seed  Seed
}

const scopeBytes = 4

// MaxString is the longest string that can be numbered.
const MaxString = slab.MaxText - scopeBytes

// NewStrings returns an empty interner.
func NewStrings() *Strings {
	s := &Strings{}
	s.refs.Grow(1)
	s.table.Store(newTable(minSlots))
	return s
}

// Len returns how many strings are numbered. Any goroutine may call it.
func (s *Strings) Len() int { return int(s.n.Load()) }

// Bytes returns the memory held, in bytes. Any goroutine may call it.
func (s *Strings) Bytes() uint64 { return s.refs.Bytes() + s.text.Bytes() + s.table.Load().bytes() }

// Seed sets what decides where strings lie. It must not be called beside readers, nor while there are strings, unless
// ReadFrom follows.
func (s *Strings) Seed(seed Seed) { s.seed = seed }

// HashOf returns what a string of a scope is found by, for Prefetch, PrefetchRef, PrefetchText and FindHash.
func (s *Strings) HashOf(scope uint32, name []byte) uint64 {
	return s.seed.Hash(name) + uint64(scope)*0xd6e8feb86659fd93
}

// Probes returns how many slots of the table are looked at to find every string once, and the most for one: what tests
// bound.
func (s *Strings) Probes() (all, most int) { return s.table.Load().probes() }

// Find returns the number of name in scope, or 0. Any goroutine may call it.
func (s *Strings) Find(scope uint32, name []byte) uint32 {
	return s.find(tagOf(s.HashOf(scope, name)), scope, name)
}

// FindHash is Find by HashOf of scope and name.
func (s *Strings) FindHash(hash uint64, scope uint32, name []byte) uint32 {
	return s.find(tagOf(hash), scope, name)
}

func (s *Strings) find(tag, scope uint32, name []byte) uint32 {
	for t := s.table.Load(); t != nil; {
		before := t.before.Load() // first: what is not here yet must be found there
		for number, i := t.seek(tag, t.home(tag)); number != 0; number, i = t.seek(tag, i) {
			b := s.get(number)
			if binary.LittleEndian.Uint32(b) == scope && bytes.Equal(b[scopeBytes:], name) {
				return number
			}
		}
		t = before
	}
	return 0
}

// Prefetch, PrefetchRef and PrefetchText ask for what Find will look at, one after the other, by HashOf of scope and name: see
// Hashes.Prefetch.
func (s *Strings) Prefetch(hash uint64) { s.table.Load().prefetch(tagOf(hash)) }

// PrefetchRef asks for where the string of a hash is.
func (s *Strings) PrefetchRef(hash uint64) {
	if number := s.table.Load().guess(tagOf(hash)); number != 0 {
		s.refs.Prefetch(uint64(number))
	}
}

// PrefetchText asks for the beginning of the string of a hash.
func (s *Strings) PrefetchText(hash uint64) {
	if number := s.table.Load().guess(tagOf(hash)); number != 0 {
		s.text.Prefetch(slab.Ref(s.refs.Load(uint64(number))))
	}
}

// get returns scope and name of a number.
func (s *Strings) get(number uint32) []byte { return s.text.Get(slab.Ref(s.refs.Load(uint64(number)))) }

// Add returns the number of name in scope, a new one where it has none. Only the writer calls it.
func (s *Strings) Add(scope uint32, name []byte) (number uint32, fresh bool) {
	tag := tagOf(s.HashOf(scope, name))
	if number = s.find(tag, scope, name); number != 0 {
		return number, false
	}
	number = s.n.Load() + 1
	s.buf = append(binary.LittleEndian.AppendUint32(s.buf[:0], scope), name...)
	s.refs.Grow(uint64(number) + 1)
	s.refs.Set(uint64(number), uint64(s.text.Append(s.buf)))
	s.table.Store(s.table.Load().with(tag, number, int(number)))
	s.n.Store(number)
	return number, true
}

// Name returns the string of a number that was handed out; shared and immutable. Any goroutine may call it.
func (s *Strings) Name(number uint32) []byte { return s.get(number)[scopeBytes:] }

// Scope returns the scope of a number that was handed out. Any goroutine may call it.
func (s *Strings) Scope(number uint32) uint32 { return binary.LittleEndian.Uint32(s.get(number)) }

// Freeze returns the names of this moment, as two parts to be written one after the other.
func (s *Strings) Freeze() *slab.Parts { return slab.Join(s.refs.Freeze(), s.text.Freeze()) }

// ReadFrom replaces the content by what Freeze wrote, and numbers it anew. It must not run beside readers.
func (s *Strings) ReadFrom(r io.Reader) (int64, error) {
	read, err := slab.ReadAll(r, &s.refs, &s.text)
	if err != nil {
		return read, err
	}
	s.refs.Grow(1)
	n := uint32(s.refs.Len() - 1)
	t := tableFor(int(n))
	for k := uint32(1); k <= n; k++ {
		ref := slab.Ref(s.refs.Load(uint64(k)))
		if ref&slab.MaxText < scopeBytes || !s.text.Holds(ref) {
			return read, fmt.Errorf("cannot restore name %d of %d: it lies outside of the text", k, n)
		}
		t.add(tagOf(s.HashOf(s.Scope(k), s.Name(k))), k)
	}
	s.table.Store(t)
	s.n.Store(n)
	return read, nil
}
