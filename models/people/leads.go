package people

import (
	"orrery/models"
	"orrery/models/slab"
)

// A lead is a contact that a stranger has named without a proof: a form that somebody has filled in, a page that has said
// identify. It is kept apart from the contact of that name: it reads nothing, is linked to no visitor, and what it says of itself
// is shown as what was claimed. It is a lead until the shop, or a proof, names the contact. Leads lie among the contacts, by
// keys of their own.

const (
	// leadSeed sets the keys of leads apart from those of contacts, and strangerSeed those of their visitors from proxies.
	leadSeed     = 0xc4ceb9fe1a85ec53
	strangerSeed = 0x165667b19e3779f9
	// flagLead marks a lead in the word of its shop.
	flagLead = 1 << 32

	// maxLeads is how many leads are kept, 110 B each; maxLeadText how long what one says of itself may be, and maxLeadTexts
	// what all of it may be in bytes. Past them leads go on and are counted, but nothing new is kept.
	maxLeads     = 1 << 18
	maxLeadText  = 4 << 10
	maxLeadTexts = 32 << 20
)

// Stranger returns the number of the visitor that stands for a contact which a stranger has named and no browser, and tells
// whether it is a new one.
func (p *People) Stranger(shop uint32, contact []byte) (v uint32, fresh bool) {
	if v, fresh = p.number(p.HashOf(shop, contact) ^ strangerSeed); fresh {
		p.visitors.Set(p.word(v, vCount), flagProxy)
	}
	return v, fresh
}

// Lead takes that a stranger has named a contact, and what is said of it, a JSON member list; the newest by event time wins.
func (p *People) Lead(shop uint32, id, attributes []byte, t models.Time) {
	key := p.HashOf(shop, id)
	c := p.byID.Find(key ^ leadSeed)
	if c == 0 {
		if p.counts.Load(cntLeadsKept) >= maxLeads {
			p.bump(cntLeadsLost, 1)
			return
		}
		c, _ = p.byID.Add(key ^ leadSeed)
		p.contacts.Set(p.cword(c, cShop), uint64(shop)|flagLead)
		p.contacts.Set(p.cword(c, cText), uint64(p.text.Append(id)))
		p.bump(cntLeadsKept, 1)
		if p.byID.Find(key) == 0 {
			p.bump(cntLeads, 1)
		}
	}
	switch kept := p.counts.Load(cntLeadTexts); {
	case len(attributes) == 0:
	case len(attributes) > maxLeadText || kept+uint64(len(attributes)) > maxLeadTexts:
		p.bump(cntLeadsLost, 1)
	default:
		p.bump(cntLeadTexts, int64(len(attributes)))
		p.Identify(c, attributes, t)
	}
}

// FindLead returns the number of a lead, or 0. Any goroutine may call it.
func (p *People) FindLead(shop uint32, id []byte) uint32 {
	return p.byID.Find(p.HashOf(shop, models.CanonicalContact(id)) ^ leadSeed)
}

// LeadOf returns a lead's id as sent and what it says of itself, both shared. Any goroutine may call it.
func (p *People) LeadOf(lead uint32) (id, attributes []byte) {
	return p.text.Get(slab.Ref(p.contacts.Load(p.cword(lead, cText)))), p.described(lead)
}
