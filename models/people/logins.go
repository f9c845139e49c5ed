package people

import (
	"orrery/models"
	"orrery/models/slab"
)

// logins knows of every visitor who was on it when: what the events say that name both. It decides whose the visitor's
// orders, views and cart operations are that name nobody: the contact's whose login is the newest one not after them, or else
// the first to log in at all. A logout is a login of nobody. So it follows from the set of the events, however they interleave,
// and as time goes on what is somebody's stays so.
//
// A word a visitor, two a login. Of the logins of one contact without another's between them those in the middle are let go of
// past exactLogins. A visitor's logins past maxLogins are not noted.
type logins struct {
	heads slab.Words // a word a visitor: how many logins<<32 | place of the newest, 0 where nobody has logged in
	more  slab.Words // two words a login: contact<<32 | second, then sessions under it<<32 | place of the next older one
}

const (
	exactLogins = 4
	maxLogins   = 64
	// nobody is the contact of a logout.
	nobody = 1<<32 - 1

	// More contacts within kioskTime than a browser in a household has: a shop's own terminal, a call centre, an internet café.
	// It links nobody.
	kioskContacts = 8
	kioskTime     = 30 * 24 * 3600
	// maxBrowsers is how many browsers a contact is linked to: who has more is a shop's own address, or everybody's.
	maxBrowsers = 50
)

func (l *logins) head(v uint32) (place uint64, n int) {
	if uint64(v) >= l.heads.Len() {
		return 0, 0
	}
	word := l.heads.Load(uint64(v))
	return word & 0xffffffff, int(word >> 32)
}

func (l *logins) at(place uint64) (contact, second uint32) {
	word := l.more.Load(2 * place)
	return uint32(word >> 32), uint32(word)
}

func (l *logins) next(place uint64) uint64 { return l.more.Load(2*place+1) & 0xffffffff }

// link makes next the place behind another one, or behind the head where that is 0.
func (l *logins) link(v uint32, place, next uint64, n int) {
	if place == 0 {
		l.heads.Set(uint64(v), uint64(n)<<32|next)
		return
	}
	l.more.Set(2*place+1, l.more.Load(2*place+1)&^0xffffffff|next)
	word := l.heads.Load(uint64(v))
	l.heads.Set(uint64(v), uint64(n)<<32|word&0xffffffff)
}

// note takes a login of contact on visitor v and reports whether anything may be another's by it. exact is how many logins are
// kept before any is let go of.
func (l *logins) note(v, contact, second uint32, exact int, rank func(contact uint32) uint64) (changed bool) {
	l.heads.Grow(uint64(v) + 1)
	l.more.Grow(2)
	first, n := l.head(v)
	behind, place := uint64(0), first // the newer neighbour and the older one
	for place != 0 {
		c, s := l.at(place)
		if s == second && c == contact {
			return false
		}
		if s < second || s == second && rank(c) < rank(contact) {
			break
		}
		behind, place = place, l.next(place)
	}
	older, newer := uint32(0), uint32(0)
	if place != 0 {
		older, _ = l.at(place)
	}
	if behind != 0 {
		newer, _ = l.at(behind)
	}
	if older == contact && newer == contact && n >= exact {
		return false // in the middle of what is the contact's anyhow
	}
	if behind == 0 && older == contact && n >= exact { // the common case: the one of before goes on
		if after := l.next(place); after != 0 {
			if c, _ := l.at(after); c == contact {
				l.more.Set(2*place, uint64(contact)<<32|uint64(second))
				return false
			}
		}
	}
	if n >= maxLogins {
		return false
	}
	at := l.more.Len() / 2
	l.more.Grow(2 * (at + 1))
	l.more.Set(2*at, uint64(contact)<<32|uint64(second))
	l.more.Set(2*at+1, place)
	l.link(v, behind, at, n+1)
	return older != contact && (older != 0 || newer != contact)
}

// owner returns whose what names nobody on visitor v at a second is, 0 for nobody's.
func (l *logins) owner(v, second uint32) (contact uint32) {
	place, n := l.head(v)
	if n > kioskContacts && l.kiosk(v) {
		return 0
	}
	for ; place != 0; place = l.next(place) {
		c, s := l.at(place)
		if contact = c; s <= second {
			break
		}
	}
	if contact == nobody {
		return 0
	}
	return contact
}

// kiosk tells whether more than kioskContacts have logged in for the first time within kioskTime.
func (l *logins) kiosk(v uint32) bool {
	var contacts, firsts [maxLogins]uint32
	n := 0
next:
	for place, _ := l.head(v); place != 0; place = l.next(place) {
		c, s := l.at(place)
		if c == nobody {
			continue
		}
		for i := range n {
			if contacts[i] == c {
				firsts[i] = s // from the newest to the oldest
				continue next
			}
		}
		if n < maxLogins {
			contacts[n], firsts[n] = c, s
			n++
		}
	}
	for i := range n {
		within := 0
		for k := range n {
			if firsts[k] >= firsts[i] && uint64(firsts[k]) <= uint64(firsts[i])+kioskTime {
				within++
			}
		}
		if within > kioskContacts {
			return true
		}
	}
	return false
}

// since returns when whoever is on visitor v came: the second of the oldest login of the newest contact's without another's
// between.
func (l *logins) since(v uint32) (second uint32) {
	place, _ := l.head(v)
	if place == 0 {
		return 0
	}
	newest, second := l.at(place)
	for place = l.next(place); place != 0; place = l.next(place) {
		c, s := l.at(place)
		if c != newest {
			break
		}
		second = s
	}
	return second
}

// span returns the oldest and the newest second that a contact is known to have been on visitor v, and the sessions under its
// logins; oldest tells whether it was the first of all.
func (l *logins) span(v, contact uint32) (from, to uint32, sessions uint64, oldest bool) {
	for place, _ := l.head(v); place != 0; place = l.next(place) {
		c, s := l.at(place)
		if oldest = c == contact; oldest {
			from, to = s, max(to, s)
			sessions += l.more.Load(2*place+1) >> 32
		}
	}
	return from, to, sessions, oldest
}

// session counts a session of a shared visitor under the login that it belongs to: one that begins, or the part of one that
// began under another's.
func (l *logins) session(v, second uint32, began bool, had uint64) {
	place, _ := l.head(v)
	for place != 0 {
		_, s := l.at(place)
		after := l.next(place)
		if s <= second || after == 0 {
			break
		}
		place = after
	}
	if place == 0 {
		return
	}
	word := l.more.Load(2*place + 1)
	if n := word >> 32; had > 0 {
		l.more.Set(2*place+1, (n+had)<<32|word&0xffffffff)
	} else if began || n == 0 {
		l.more.Set(2*place+1, (n+1)<<32|word&0xffffffff)
	}
}

// sessions returns how many sessions are counted under the logins of a visitor: none before it is shared.
func (l *logins) sessions(v uint32) (n uint64) {
	for place, _ := l.head(v); place != 0; place = l.next(place) {
		n += l.more.Load(2*place+1) >> 32
	}
	return n
}

func (l *logins) forget(v uint32) {
	if uint64(v) < l.heads.Len() && l.heads.Load(uint64(v)) != 0 {
		l.heads.Set(uint64(v), 0)
	}
}

func (l *logins) bytes() uint64 { return l.heads.Bytes() + l.more.Bytes() }

// loginOrders is how many orders of a browser that name nobody, the newest, a login can make another's.
const loginOrders = 64

// login notes that contact c was on visitor v at second s, and works out anew whose the visitor's orders are.
func (p *People) login(v, c, s uint32) {
	head, n := p.logins.head(v)
	lone := n > 0 && p.logins.sessions(v) == 0
	if p.moved = p.logins.note(v, c, s, p.cfg.Logins, p.rank); !p.moved {
		return
	}
	if n > 0 {
		if other, s := p.logins.at(head); other != c {
			p.share(v)
			if count := p.visitors.Load(p.word(v, vCount)) / oneSession & 0xffff; lone && count > 0 {
				p.logins.session(v, s, false, count) // what there was before was the other's
			}
		}
	}
	p.EachMoved(v, p.reassign)
}

// Logout notes that nobody is on visitor v from moment t on, as far as anybody knows; see Moved.
func (p *People) Logout(v uint32, t models.Time) {
	p.moved = false
	if _, n := p.logins.head(v); n > 0 {
		p.login(v, nobody, t.Seconds())
	}
}

// EachLogin calls f with the logins on a visitor, the oldest first; a contact of 0 is a logout.
func (p *People) EachLogin(v uint32, f func(contact, second uint32)) {
	var places [maxLogins]uint64
	n := 0
	for place, _ := p.logins.head(v); place != 0 && n < maxLogins; place = p.logins.next(place) {
		places[n] = place
		n++
	}
	for n--; n >= 0; n-- {
		c, s := p.logins.at(places[n])
		if c == nobody {
			c = 0
		}
		f(c, s)
	}
}

// Moved tells whether the newest Link or Logout may have made orders of the visitor another's: see EachMoved.
func (p *People) Moved() bool { return p.moved }

// EachMoved calls f with the orders of a visitor that a login can make another's.
func (p *People) EachMoved(v uint32, f func(order uint32)) { p.EachOrder(v, loginOrders, f) }

func (p *People) share(v uint32) {
	p.visitors.Set(p.word(v, vCount), p.visitors.Load(p.word(v, vCount))|flagShared)
}

// rank decides between logins of the same second, and whose a credit note is that names several: by a hash of the contact's
// id alone, so that the number that its shop happens to have changes nothing.
func (p *People) rank(c uint32) uint64 {
	if c == nobody {
		return 0
	}
	shop := uint64(uint32(p.contacts.Load(p.cword(c, cShop))))
	return max(p.ContactHash(c)^shop*shopSalt, 1)
}

// OwnerAt returns whose what names nobody on a visitor at a second is, 0 for nobody's. Any goroutine may call it.
func (p *People) OwnerAt(v, second uint32) uint32 {
	if !p.shared(v) {
		return p.contact(v)
	}
	return p.logins.owner(v, second)
}

// current returns who is on a visitor now, as far as is known, or 0.
func (p *People) current(v uint32) uint32 { return p.OwnerAt(v, 1<<32-1) }

// browsers returns how many browsers a contact was seen on.
func (p *People) browsers(c uint32) int {
	if uint64(c) >= p.firsts.Len() {
		return 0
	}
	return int(p.firsts.Load(uint64(c)) >> 32)
}

// seenOn counts a browser of a contact.
func (p *People) seenOn(c uint32) {
	p.firsts.Grow(uint64(c) + 1)
	p.firsts.Set(uint64(c), p.firsts.Load(uint64(c))+1<<32)
}
