package people

import (
	"orrery/models"
	"orrery/models/intern"
	"orrery/models/slab"
)

// former is the contacts that a visitor had before its newest one, or that logged in earlier than that one: few
// visitors are shared, so they have a record of their own.
type former struct {
	records   slab.Words
	byVisitor *intern.Hashes
}

// The words of a former record.
const (
	fVisitor  = iota // key
	fContacts        // list: contact, its newest login
	formerWords
	formerRoom = 8
)

// Link tells that contact c logged in on visitor v at moment t. It returns the (viewed before, order) pairs that come
// true by it: views on one device before orders on another. They live until the next call. Moved tells whether orders of v that
// name nobody may have become another's.
func (p *People) Link(v, c uint32, t models.Time) []Pair {
	p.pairs, p.moved = p.pairs[:0], false
	browser := p.visitors.Load(p.word(v, vCount))&flagProxy == 0
	s := t.Seconds()
	if !p.again(v, c, s) {
		if browser && p.browsers(c) >= maxBrowsers {
			return p.pairs // everybody's address
		}
		p.begin()
		p.joinLogin(v, c) // before the two are linked: what has been counted is what was true without it
		p.end()
		p.link(v, c, s)
	}
	if browser {
		p.login(v, c, s)
	}
	return p.pairs
}

// again notes a login at second s of a contact that has logged in on v before, and reports whether it had.
func (p *People) again(v, c, s uint32) bool {
	word := p.visitors.Load(p.word(v, vContact))
	if uint32(word>>32) == c {
		if s > uint32(word) {
			p.visitors.Set(p.word(v, vContact), uint64(c)<<32|uint64(s))
		}
		return true
	}
	if !p.shared(v) {
		return false
	}
	at := p.formerOf(v)
	l := p.lists.open(p.former.records.Load(at))
	i := l.find(c)
	if i < 0 {
		return false
	}
	if newest, login := uint32(word>>32), uint32(word); p.newer(c, s, newest, login) {
		l.set(i, Entry{ID: newest, Last: login})
		p.adopt(v, c, s)
	}
	return true
}

// link makes v a visitor of c.
func (p *People) link(v, c, s uint32) {
	at := p.cword(c, cMembers)
	l := p.lists.open(p.contacts.Load(at))
	if l.find(v) < 0 {
		freed := l.add(Entry{ID: v, Last: s}, p.cfg.Members)
		p.store(&p.contacts, at, &l, freed)
	}
	if order := p.newestOrder(visitorOwner(v)); order != 0 {
		p.raise(c, p.orders.time(order).Seconds())
	}
	if _, before, _, _ := p.logins.span(v, c); before == 0 && p.visitors.Load(p.word(v, vCount))&flagProxy == 0 {
		p.seenOn(c)
	}
	word := p.visitors.Load(p.word(v, vContact))
	old, login := uint32(word>>32), uint32(word)
	switch {
	case old == 0:
		p.adopt(v, c, s)
	case p.newer(c, s, old, login):
		p.remember(v, old, login)
		p.adopt(v, c, s)
	default:
		p.remember(v, c, s)
	}
}

// newer tells whether the login of contact a at second s beats that of contact b at second t.
func (p *People) newer(a, s, b, t uint32) bool {
	return s > t || s == t && p.contacts.Load(p.cword(a, cHash)) > p.contacts.Load(p.cword(b, cHash))
}

// adopt makes c the newest contact of v.
func (p *People) adopt(v, c, s uint32) {
	p.visitors.Set(p.word(v, vContact), uint64(c)<<32|uint64(s))
}

// remember keeps a contact of v that is not the newest.
func (p *People) remember(v, c, s uint32) {
	p.visitors.Set(p.word(v, vCount), p.visitors.Load(p.word(v, vCount))|flagShared)
	at := p.formerOf(v)
	l := p.lists.open(p.former.records.Load(at))
	freed := l.add(Entry{ID: c, Last: s}, formerRoom)
	p.store(&p.former.records, at, &l, freed)
}

// formerOf returns the word that holds the list of former contacts of a visitor; for the writer.
func (p *People) formerOf(v uint32) uint64 {
	record, _ := p.former.byVisitor.Add(formerKey(v))
	return uint64(record)*formerWords + fContacts
}

func formerKey(v uint32) uint64 { return uint64(v) * 0x9e3779b97f4a7c15 }

func (p *People) shared(v uint32) bool {
	return p.visitors.Load(p.word(v, vCount))&flagShared != 0
}

// contact returns the newest contact of a visitor, or 0. Any goroutine may call it.
func (p *People) contact(v uint32) uint32 { return uint32(p.visitors.Load(p.word(v, vContact)) >> 32) }

// contactsOf appends all contacts of a visitor, the newest first.
func (p *People) contactsOf(dst []uint32, v uint32) []uint32 {
	c := p.contact(v)
	if c == 0 {
		return dst
	}
	dst = append(dst, c)
	if p.shared(v) {
		l := p.lists.peek(p.former.records.Load(p.formerOf(v)))
		for i := range l.n {
			dst = append(dst, l.at(i).ID)
		}
	}
	return dst
}

// membersOf appends the visitors of a contact that dst does not hold.
func (p *People) membersOf(dst []uint32, c uint32) []uint32 {
	l := p.lists.peek(p.contacts.Load(p.cword(c, cMembers)))
	for i := range l.n {
		if m := l.at(i).ID; p.spend(1+len(dst)/8) && !contains(dst, m) {
			dst = append(dst, m)
		}
	}
	return dst
}

func contains(list []uint32, x uint32) bool {
	for _, y := range list {
		if y == x {
			return true
		}
	}
	return false
}
