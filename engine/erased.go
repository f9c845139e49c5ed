package engine

import (
	"io"

	"orrery/models"
	"orrery/models/intern"
	"orrery/models/slab"
)

// erased is who is not to be known: the keys of contacts and visitors that an erasure has named, and of the browsers that were theirs
// alone. A key is a keyed hash (see people.HashOf), so the list names nobody to whoever has no seed. What comes of them later is
// counted without the name: see withhold. Four words a person and 12 B of table.
type erased struct {
	words slab.Words
	byKey *intern.Hashes
}

// The words of a person; those of record 0, which there is not, are totals.
const (
	erKey = iota
	erTime
	erWhat // shop<<1 | a visitor
	_
	erasedWords

	erContacts = erTime     // events that have come without their contact since
	erVisitors = erTime + 1 // or without their visitor
	erTotal    = erTime + 2 // erasures
)

// visitorErased sets the keys of visitors apart from those of contacts.
const visitorErased = 0x94d049bb133111eb

func newErased() *erased {
	l := new(erased)
	l.byKey = intern.NewHashes(&l.words, erasedWords)
	l.words.Grow(erasedWords)
	return l
}

// Seed sets what decides where keys lie: see intern.Seed.
func (l *erased) Seed(s intern.Seed) { l.byKey.Seed(s) }

func (l *erased) any() bool { return l.words.Len() > erasedWords }

// add notes that a contact of a shop was erased at a moment, by its key, addVisitor a visitor.
func (l *erased) add(shop uint32, key uint64, t models.Time) { l.note(key, uint64(shop)<<1, t) }

func (l *erased) addVisitor(shop uint32, key uint64, t models.Time) {
	l.note(key^visitorErased, uint64(shop)<<1|1, t)
}

func (l *erased) note(key, what uint64, t models.Time) {
	n, _ := l.byKey.Add(max(key, 1))
	at := uint64(n) * erasedWords
	l.words.Set(at+erTime, max(l.words.Load(at+erTime), uint64(t)))
	l.words.Set(at+erWhat, what)
}

// each calls f with who was erased and has not come back.
func (l *erased) each(f func(shop uint32, key uint64, visitor bool, t models.Time)) {
	for n := uint64(1); n < l.words.Len()/erasedWords; n++ {
		at := n * erasedWords
		key, what := l.words.Load(at), l.words.Load(at+erWhat)
		if key == 0 {
			continue
		}
		if what&1 != 0 {
			key ^= visitorErased
		}
		f(uint32(what>>1), key, what&1 != 0, models.Time(l.words.Load(at+erTime)))
	}
}

// find returns when a key's person was erased.
func (l *erased) find(key uint64) (t models.Time, yes bool) {
	n := l.byKey.Find(max(key, 1))
	return models.Time(l.words.Load(uint64(n)*erasedWords + erTime)), n != 0
}

func (l *erased) lift(key uint64) {
	if n := l.byKey.Find(max(key, 1)); n != 0 {
		l.byKey.Delete(n)
		l.words.Set(uint64(n)*erasedWords+erTime, 0)
	}
}

func (l *erased) count(word uint64)        { l.words.Set(word, l.words.Load(word)+1) }
func (l *erased) total(word uint64) uint64 { return l.words.Load(word) }

// Bytes returns the memory held.
func (l *erased) Bytes() uint64 { return l.words.Bytes() + l.byKey.Bytes() }

// Freeze returns the list of this moment for a snapshot.
func (l *erased) Freeze() *slab.Parts { return slab.Join(l.words.Freeze()) }

// ReadFrom replaces the list by what Freeze wrote.
func (l *erased) ReadFrom(r io.Reader) (int64, error) {
	n, err := slab.ReadAll(r, &l.words)
	l.words.Grow(erasedWords)
	l.byKey.Rebuild()
	return n, err
}
