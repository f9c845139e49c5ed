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
// A word a visitor, and two a login. Who logs in on a browser as the 17th person or later is not noted.
type logins struct {
	heads slab.Words // a word a visitor: the place in more of its first login, 0 where nobody has logged in
	more  slab.Words // two words a login: contact<<32 | second of the first one, then the visitor's next place; place 0 is nobody's
}

const maxLogins = 16

// note takes a login of contact on visitor v and reports whether it tells anything new.
func (l *logins) note(v, contact, second uint32) bool {
	l.heads.Grow(uint64(v) + 1)
	words, link := &l.heads, uint64(v)
	for range maxLogins {
		next := words.Load(link)
		if next == 0 {
			next = l.place()
			l.more.Set(2*next, uint64(contact)<<32|uint64(second))
			words.Set(link, next)
			return true
		}
		if word := l.more.Load(2 * next); uint32(word>>32) == contact {
			if second >= uint32(word) {
				return false
			}
			l.more.Set(2*next, uint64(contact)<<32|uint64(second))
			return true
		}
		words, link = &l.more, 2*next+1
	}
	return false
}

// each calls f with the contacts that logged in on visitor v, and the second of the first login of each.
func (l *logins) each(v uint32, f func(contact, first uint32)) {
	if uint64(v) >= l.heads.Len() {
		return
	}
	for at := l.heads.Load(uint64(v)); at != 0; at = l.more.Load(2*at + 1) {
		word := l.more.Load(2 * at)
		f(uint32(word>>32), uint32(word))
	}
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
	if uint64(v) >= l.heads.Len() {
		return 0
	}
	best := uint32(0)
	for at := l.heads.Load(uint64(v)); at != 0; at = l.more.Load(2*at + 1) {
		word := l.more.Load(2 * at)
		contact, login := uint32(word>>32), uint32(word)
		if owner == 0 || closer(login, best, second) || login == best && rank(contact) > rank(owner) {
			owner, best = contact, login
		}
	}
	return owner
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
