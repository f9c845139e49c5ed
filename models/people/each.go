package people

import (
	"orrery/models"
	"orrery/models/slab"
)

// What follows is for exports and imports of all that is kept for good.

// A visitor, contact or order is known by the hash of its id and of its shop's number: see HashOf. The id's own hash goes
// from one engine to another of the same seed, where the shop has another number.
const (
	shopSalt = 0xc2b2ae3d27d4eb4f
	unsalt   = 0x0ba79078168d4baf // shopSalt's inverse modulo 2^64
)

// KeyIn returns the key of an id in a shop, by the id's own hash; and with that key the hash.
func KeyIn(shop uint32, hash uint64) uint64 { return hash ^ uint64(shop)*shopSalt }

// LastVisitor returns the largest number of a visitor; all from 1 to it are in use.
func (p *People) LastVisitor() uint32 { return uint32(p.visitors.Len()/visitorWords) - 1 }

// StandsIn tells whether a visitor is no browser, but stands for a contact that none is known of.
func (p *People) StandsIn(v uint32) bool {
	return p.visitors.Load(p.word(v, vCount))&flagProxy != 0
}

// Described returns what is known of a contact or lead: its shop, its id, a JSON member list and when that was said.
func (p *People) Described(c uint32) (shop uint32, id, attributes []byte, at models.Time, lead bool) {
	word := p.contacts.Load(p.cword(c, cShop))
	return uint32(word), p.text.Get(slab.Ref(p.contacts.Load(p.cword(c, cText)))), p.described(c),
		models.Time(p.contacts.Load(p.cword(c, cAttrAt))), word&flagLead != 0
}

// Member returns a visitor that a contact has logged in on, 0 where none is known.
func (p *People) Member(c uint32) uint32 {
	if l := p.lists.peek(p.contacts.Load(p.cword(c, cMembers))); l.n > 0 {
		return l.at(0).ID
	}
	return 0
}

// LastOrder returns the largest number of an order; all from 1 to it are in use.
func (p *People) LastOrder() uint32 { return uint32(max(p.orders.heads.Len()/headWords, 1)) - 1 }

// OrderKey returns the hash that an order is known by, and what is known of it.
func (p *People) OrderKey(order uint32) (key uint64, facts OrderFacts) {
	return p.orders.get(order, oHash), p.orderFacts(order)
}

// ShopOf returns the number of the shop that the id of an order, visitor or contact has a key in.
func (p *People) ShopOf(key uint64, id []byte) uint32 {
	return uint32((key ^ p.seed.Hash(id)) * unsalt)
}

// Recount sets how many events there were that leave less behind than one fact each: of several refunds of one order only their
// sum is known.
func (p *People) Recount(refunds, cancels, repeats uint64) {
	for word, n := range map[uint64]uint64{cntRefunds: refunds, cntCancels: cancels, cntRepeats: repeats} {
		p.bump(word, int64(n-p.counts.Load(word)))
	}
}
