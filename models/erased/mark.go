package erased

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"sync"

	"orrery/models"
	"orrery/models/intern"
)

// Mark is what a list keeps of somebody: 128 bits of HMAC-SHA256, and some bits of the id's own hash, by which most of those who are not
// on the list are known without one.
type Mark struct {
	Lo, Hi uint64
	Bits   uint32
}

// markBits is how many bits of the hash a mark has: of a million ids each stands for one.
const markBits = 20

func bitsOf(hash uint64) uint32 { return uint32(hash^hash>>32) & (1<<markBits - 1) }

// What a key is used for.
const (
	ofContact byte = 'c'
	ofVisitor byte = 'v'
	ofName    byte = 'n' // in an erasure
	ofMask    byte = 'm' // over the hash in it
)

// macs computes HMAC-SHA256 under one key. Any goroutine may use it.
type macs struct{ pool sync.Pool }

// mac is one computation.
type mac struct {
	hash.Hash
	in, out []byte
}

func newMACs(key []byte) *macs {
	return &macs{sync.Pool{New: func() any { return &mac{Hash: hmac.New(sha256.New, key)} }}}
}

// sum returns the first 128 bits of the HMAC of a use, two numbers and a text.
func (s *macs) sum(use byte, a, b uint64, text []byte) (lo, hi uint64) {
	m := s.pool.Get().(*mac)
	defer s.pool.Put(m)
	m.in = append(m.in[:0], use)
	m.in = binary.BigEndian.AppendUint64(m.in, a)
	m.in = binary.BigEndian.AppendUint64(m.in, b)
	m.in = append(m.in, text...)
	m.Reset()
	m.Write(m.in)
	m.out = m.Sum(m.out[:0])
	return binary.BigEndian.Uint64(m.out), binary.BigEndian.Uint64(m.out[8:])
}

// label names the key that is derived of a log's seed.
const label = "orrery: who was erased, 1"

// Seed sets what marks are made with: a key that follows from the log's seed, see intern.Seed.
func (l *List) Seed(s intern.Seed) {
	l.byKey.Seed(s)
	l.macs = newMACs(s.Key(label))
}

// MarkOf returns the mark of somebody.
func (l *List) MarkOf(w *Who) Mark {
	use := ofContact
	if w.Visitor {
		use = ofVisitor
	}
	lo, hi := l.macs.sum(use, w.Hash, 0, w.Name)
	return Mark{Lo: max(lo, 1), Hi: hi, Bits: bitsOf(w.Hash)}
}

// AppendName appends the name by which an erasure in the log names an id, by the id's hash: 128 bits of HMAC-SHA256, and the hash that it
// is of under a mask that follows from them, so that whoever folds the log finds the person, and nobody else learns the hash.
func (l *List) AppendName(dst []byte, hash uint64) []byte {
	lo, hi := l.macs.sum(ofName, hash, 0, nil)
	mask, _ := l.macs.sum(ofMask, lo, hi, nil)
	return models.AppendSealedID(dst, [3]uint64{lo, hi, hash ^ mask})
}

// Open returns the hash of the id that an erasure names, whatever it names it by; hashed is the log's hash of an id. It is false for a
// name of another log.
func (l *List) Open(id []byte, hashed func([]byte) uint64) (hash uint64, ok bool) {
	if hash, ok = models.HashedID(id); ok { // of versions before there were marks
		return hash, true
	}
	sealed, ok := models.SealedID(id)
	if !ok {
		return hashed(id), true
	}
	mask, _ := l.macs.sum(ofMask, sealed[0], sealed[1], nil)
	hash = sealed[2] ^ mask
	lo, hi := l.macs.sum(ofName, hash, 0, nil)
	return hash, lo == sealed[0] && hi == sealed[1]
}
