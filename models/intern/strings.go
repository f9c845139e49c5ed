package intern

import (
	"bytes"
	"io"
	"sync/atomic"

	"github.com/cespare/xxhash/v2"

	"orrery/models/slab"
)

// Strings numbers byte strings within scopes: the same string has another number in another scope (one scope a shop).
// Cost: 8 B a name for its place, 12 B of table, and the name with 4 B for its scope.
type Strings struct {
	refs  slab.Words // word number: slab.Ref of scope (4 bytes, little endian) + string
	text  slab.Text
	n     uint32
	table atomic.Pointer[table]
	buf   []byte
}

const scopeBytes = 4

// NewStrings returns an empty interner.
func NewStrings() *Strings {
	s := &Strings{}
	s.refs.Grow(1)
	s.table.Store(newTable(minSlots))
	return s
}

// Len returns how many strings are numbered.
func (s *Strings) Len() int { return int(atomic.LoadUint32(&s.n)) }

// Bytes returns the memory held, in bytes.
func (s *Strings) Bytes() uint64 {
	return s.refs.Bytes() + s.text.Bytes() + uint64(len(s.table.Load().slots))*8
}

func hashOf(scope uint32, name []byte) uint64 {
	return xxhash.Sum64(name) + uint64(scope)*0xd6e8feb86659fd93
}

// Find returns the number of name in scope, or 0. Any goroutine may call it.
func (s *Strings) Find(scope uint32, name []byte) uint32 {
	return s.find(hashOf(scope, name), scope, name)
}

func (s *Strings) find(hash uint64, scope uint32, name []byte) uint32 {
	return s.table.Load().find(hash, func(number uint32) bool {
		t := s.text.Get(slab.Ref(s.refs.Load(uint64(number))))
		return scopeOf(t) == scope && bytes.Equal(t[scopeBytes:], name)
	})
}

func scopeOf(t []byte) uint32 {
	return uint32(t[0]) | uint32(t[1])<<8 | uint32(t[2])<<16 | uint32(t[3])<<24
}

// Add returns the number of name in scope, a new one where it has none. Only the writer calls it.
func (s *Strings) Add(scope uint32, name []byte) (number uint32, fresh bool) {
	hash := hashOf(scope, name)
	if number = s.find(hash, scope, name); number != 0 {
		return number, false
	}
	number = s.n + 1
	s.buf = append(s.buf[:0], byte(scope), byte(scope>>8), byte(scope>>16), byte(scope>>24))
	s.buf = append(s.buf, name...)
	s.refs.Grow(uint64(number) + 1)
	s.refs.Set(uint64(number), uint64(s.text.Append(s.buf)))
	s.insert(hash, number)
	return number, true
}

func (s *Strings) insert(hash uint64, number uint32) {
	t := s.table.Load()
	if t.full(int(number)) {
		t = newTable(2 * len(t.slots))
		for k := uint32(1); k < number; k++ {
			t.add(s.hash(k), k)
		}
		s.table.Store(t)
	}
	t.add(hash, number)
	atomic.StoreUint32(&s.n, number)
}

func (s *Strings) hash(number uint32) uint64 { return hashOf(s.Scope(number), s.Name(number)) }

// Name returns the string of a number that was handed out; shared and immutable.
func (s *Strings) Name(number uint32) []byte {
	return s.text.Get(slab.Ref(s.refs.Load(uint64(number))))[scopeBytes:]
}

// Scope returns the scope of a number that was handed out.
func (s *Strings) Scope(number uint32) uint32 {
	return scopeOf(s.text.Get(slab.Ref(s.refs.Load(uint64(number)))))
}

// Freeze returns the names of this moment, as two parts to be written one after the other.
func (s *Strings) Freeze() *slab.Parts { return slab.Join(s.refs.Freeze(), s.text.Freeze()) }

// ReadFrom replaces the content by what Freeze wrote, and numbers it anew. It must not run beside readers.
func (s *Strings) ReadFrom(r io.Reader) (int64, error) {
	n, err := slab.ReadAll(r, &s.refs, &s.text)
	if err != nil {
		return n, err
	}
	count := uint32(0)
	if s.refs.Len() > 1 {
		count = uint32(s.refs.Len()) - 1
	}
	slots := minSlots
	for 3*int(count+1) >= 2*slots {
		slots *= 2
	}
	t := newTable(slots)
	for k := uint32(1); k <= count; k++ {
		t.add(s.hash(k), k)
	}
	s.refs.Grow(1)
	s.table.Store(t)
	atomic.StoreUint32(&s.n, count)
	return n, nil
}
