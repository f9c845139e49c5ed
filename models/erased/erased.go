// Package erased is the list of who is not to be known any more: contacts and visitors that an erasure has named, and the browsers that
// were theirs alone. It keeps HMAC-SHA256 of them, under a key of the log's own, so the list names nobody to whoever has no key. A person
// takes 32 B, 12 B of table and one bit of 128 KiB; asking about who is not on it takes nanoseconds, else two blocks of SHA-256.
package erased

import (
	"io"
	"sync/atomic"

	"orrery/models"
	"orrery/models/intern"
	"orrery/models/people"
	"orrery/models/slab"
)

// List is who was erased and has not come back. One goroutine writes, any may ask.
type List struct {
	words slab.Words
	byKey *intern.Hashes
	macs  *macs
	known atomic.Pointer[filter]
	old   atomic.Int64 // persons known by the keys of version 12: see Convert
}

// filter has the bit of everybody on the list set.
type filter [1 << markBits / 64]atomic.Uint64

// The words of a person; those of record 0, which there is not, are totals.
const (
	wLo = iota
	wTime
	wWhat // shop<<1 | a visitor, the bits of the mark from whatBits on
	wHi
	personWords

	whatBits = 32
	whatOld  = 1 << 63 // wLo is a key of version 12

	// Contacts is how many events have come without their contact since, Visitors without their visitor, Total how many erasures there
	// have been.
	Contacts = wTime
	Visitors = wWhat
	Total    = wHi
)

// visitorKey sets the keys of visitors apart from those of contacts, in version 12.
const visitorKey = 0x94d049bb133111eb

// Who is somebody, by the log's hash of the id.
type Who struct {
	Shop    uint32
	Name    []byte // of the shop
	Hash    uint64
	Visitor bool
}

// oldKey is what version 12 knew somebody by.
func (w *Who) oldKey() uint64 {
	key := people.KeyOf(w.Shop, w.Hash)
	if w.Visitor {
		key ^= visitorKey
	}
	return max(key, 1)
}

// New returns an empty list.
func New() *List {
	l := new(List)
	l.byKey = intern.NewHashes(&l.words, personWords)
	l.words.Grow(personWords)
	l.Seed(intern.Seed{})
	return l
}

// Any tells whether anybody was ever erased.
func (l *List) Any() bool { return l.words.Len() > personWords }

// Add notes that somebody was erased at a moment.
func (l *List) Add(w *Who, t models.Time) {
	if n := l.number(w); n != 0 {
		at := uint64(n)*personWords + wTime
		l.words.Set(at, max(l.words.Load(at), uint64(t)))
		return
	}
	l.Put(w.Shop, w.Visitor, l.MarkOf(w), t)
}

// Put adds somebody by the mark, as Each has told it.
func (l *List) Put(shop uint32, visitor bool, m Mark, t models.Time) {
	n, _ := l.byKey.Add(m.Lo)
	at := uint64(n) * personWords
	l.words.Set(at+wHi, m.Hi)
	l.words.Set(at+wTime, max(l.words.Load(at+wTime), uint64(t)))
	l.words.Set(at+wWhat, what(shop, visitor, m.Bits))
	l.learn(m.Bits)
}

func what(shop uint32, visitor bool, bits uint32) uint64 {
	w := uint64(bits)<<whatBits | uint64(shop)<<1
	if visitor {
		w |= 1
	}
	return w
}

// learn sets the bit of a mark.
func (l *List) learn(bits uint32) {
	f := l.known.Load()
	if f == nil {
		f = new(filter)
		l.known.Store(f)
	}
	f[bits/64].Or(1 << (bits % 64))
}

// Find returns when somebody was erased.
func (l *List) Find(w *Who) (t models.Time, yes bool) {
	n := l.number(w)
	if n == 0 {
		return 0, false
	}
	return models.Time(l.words.Load(uint64(n)*personWords + wTime)), true
}

// number returns somebody's number, 0 for who is not on the list.
func (l *List) number(w *Who) uint32 {
	f, bits := l.known.Load(), bitsOf(w.Hash)
	if f == nil || f[bits/64].Load()&(1<<(bits%64)) == 0 {
		return 0
	}
	m := l.MarkOf(w)
	if n := l.byKey.Find(m.Lo); n != 0 && l.words.Load(uint64(n)*personWords+wHi) == m.Hi {
		return n
	}
	if l.old.Load() == 0 {
		return 0
	}
	if n := l.byKey.Find(w.oldKey()); n != 0 && l.words.Load(uint64(n)*personWords+wWhat)&whatOld != 0 {
		return n
	}
	return 0
}

// Lift takes somebody off the list.
func (l *List) Lift(w *Who) {
	if n := l.number(w); n != 0 {
		l.byKey.Delete(n)
		for k := uint64(wTime); k < personWords; k++ {
			l.words.Set(uint64(n)*personWords+k, 0)
		}
	}
}

// Each calls f with all who are on the list. What Convert has not seen is left out. Any goroutine may call it.
func (l *List) Each(f func(shop uint32, visitor bool, m Mark, t models.Time)) {
	for at := uint64(personWords); at < l.words.Len(); at += personWords {
		lo, what := l.words.Load(at+wLo), l.words.Load(at+wWhat)
		if lo == 0 || what&whatOld != 0 {
			continue
		}
		m := Mark{Lo: lo, Hi: l.words.Load(at + wHi), Bits: uint32(what >> whatBits)}
		f(uint32(what)>>1, what&1 != 0, m, models.Time(l.words.Load(at+wTime)))
	}
}

// Convert makes marks of the keys that a snapshot of version 12 has kept; name returns the name of a shop.
func (l *List) Convert(name func(shop uint32) []byte) {
	if l.old.Load() == 0 {
		return
	}
	for at, end := uint64(personWords), l.words.Len(); at < end; at += personWords {
		key, what := l.words.Load(at+wLo), l.words.Load(at+wWhat)
		if key == 0 || what&whatOld == 0 {
			continue
		}
		w := person(key, what)
		w.Name = name(w.Shop)
		t := models.Time(l.words.Load(at + wTime))
		l.byKey.Delete(uint32(at / personWords))
		for k := uint64(wTime); k < personWords; k++ {
			l.words.Set(at+k, 0)
		}
		l.Put(w.Shop, w.Visitor, l.MarkOf(&w), t)
	}
	l.old.Store(0)
}

// person returns whom a record of version 12 is about.
func person(key, what uint64) Who {
	w := Who{Shop: uint32(what) >> 1, Visitor: what&1 != 0}
	if w.Visitor {
		key ^= visitorKey
	}
	w.Hash = people.KeyIn(w.Shop, key)
	return w
}

// Count adds to one of the totals, Sum returns it.
func (l *List) Count(total uint64)      { l.words.Set(total, l.words.Load(total)+1) }
func (l *List) Sum(total uint64) uint64 { return l.words.Load(total) }

// Bytes returns the memory held.
func (l *List) Bytes() uint64 {
	n := l.words.Bytes() + l.byKey.Bytes()
	if l.known.Load() != nil {
		n += 1 << markBits / 8
	}
	return n
}

// Freeze returns the list of this moment for a snapshot.
func (l *List) Freeze() *slab.Parts { return slab.Join(l.words.Freeze()) }

// ReadVersion replaces the list by what Freeze wrote. Version 12 knew persons by keys, from which Convert makes marks when the names of
// shops are there.
func (l *List) ReadVersion(r io.Reader, version uint16) error {
	if _, err := slab.ReadAll(r, &l.words); err != nil {
		return err
	}
	l.words.Grow(personWords)
	l.known.Store(nil)
	old := int64(0)
	for at := uint64(personWords); at < l.words.Len(); at += personWords {
		key, w := l.words.Load(at+wLo), l.words.Load(at+wWhat)
		if key == 0 {
			continue
		}
		if version == 12 {
			who := person(key, w)
			w = what(who.Shop, who.Visitor, bitsOf(who.Hash)) | whatOld
			l.words.Set(at+wWhat, w)
			old++
		}
		l.learn(uint32(w>>whatBits) & (1<<markBits - 1))
	}
	l.old.Store(old)
	l.byKey.Rebuild()
	return nil
}
