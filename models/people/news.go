package people

import (
	"bytes"
	"slices"

	"orrery/models"
	"orrery/models/slab"
)

// News tells whether Identify would change what is known of a contact, moments aside. Any goroutine may call it; where the contact is
// written to meanwhile it may say yes although nothing is new.
func (p *People) News(c uint32, members []byte, t models.Time) bool {
	if len(members) == 0 || len(members) > slab.MaxText {
		return false
	}
	at := p.cword(c, cAttrAt)
	newest := models.Time(p.contacts.Load(at))
	text := bytes.Clone(p.attributes.Get(uint64(c)))
	if models.Time(p.contacts.Load(at)) != newest {
		return true
	}
	known := attributesIn(nil, text, newest)
	before := shown(merged(slices.Clone(known)))
	return !bytes.Equal(before, shown(merged(append(said(nil, members, t), known...))))
}

// shown returns the member list of attributes that are merged.
func shown(list []attribute) []byte {
	text, _, _ := bytes.Cut(written(nil, list, 0), []byte{0})
	return text
}
