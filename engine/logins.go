package engine

import (
	"io"

	"orrery/models/slab"
)

// logins knows for every visitor which contacts logged in on it, and when first: that decides whose the visitor's orders
// are that name nobody. An order is the contact's whose first login on the browser is the newest one not after it, or
// else the first to log in at all. So it does not depend on the way in which orders and logins interleave, and as time
// goes on an order that is somebody's stays so.
//
// Two words a visitor. Who logs in on a browser as the 17th person or later is not noted.
type logins struct {
	heads slab.Words // two words a visitor: contact<<32 | second of the first login, then the next place in more
	more  slab.Words // further contacts of a visitor, likewise; place 0 is nobody's
}

const maxLogins = 16

// note takes a login of contact on visitor v and reports whether it tells anything new.
func (l *logins) note(v, contact, second uint32) bool {
	l.heads.Grow(2 * (uint64(v) + 1))
	words, at := &l.heads, 2*uint64(v)
	for range maxLogins {
		word := words.Load(at)
		switch known := uint32(word >> 32); {
		case known == 0 || known == contact && second < uint32(word):
			words.Set(at, uint64(contact)<<32|uint64(second))
			return true
		case known == contact:
			return false
		}
		next := words.Load(at + 1)
		if next == 0 {
			next = l.place()
			words.Set(at+1, next)
		}
		words, at = &l.more, 2*next
	}
	return false
}

func (l *logins) place() uint64 {
	l.more.Grow(2)
	next := l.more.Len() / 2
	l.more.Grow(2 * (next + 1))
	return next
}

// owner returns whose an order of visitor v at a second is, 0 where nobody has logged in. Of two logins in the same second
// that of the larger rank counts.
func (l *logins) owner(v, second uint32, rank func(contact uint32) uint64) (owner uint32) {
	if 2*uint64(v) >= l.heads.Len() {
		return 0
	}
	best := uint32(0)
	words, at := &l.heads, 2*uint64(v)
	for {
		word := words.Load(at)
		contact, login := uint32(word>>32), uint32(word)
		if contact != 0 && (owner == 0 || closer(login, best, second) || login == best && rank(contact) > rank(owner)) {
			owner, best = contact, login
		}
		next := words.Load(at + 1)
		if next == 0 {
			return owner
		}
		words, at = &l.more, 2*next
	}
}

// closer says whether a login at a counts before one at b for an order at second.
func closer(a, b, second uint32) bool {
	switch {
	case a <= second && b <= second:
		return a > b
	case a > second && b > second:
		return a < b
	}
	return a <= second
}

func (l *logins) bytes() uint64 { return l.heads.Bytes() + l.more.Bytes() }

func (l *logins) freeze() []io.WriterTo { return []io.WriterTo{l.heads.Freeze(), l.more.Freeze()} }
