package people

import (
	"io"

	"orrery/models/slab"
)

// Freeze returns the state of this moment for a snapshot.
func (p *People) Freeze() *slab.Parts {
	p.attributes.Clean()
	return slab.Join(
		append(slab.Numbers{}, p.lists.free[:]...), // a copy: the saver comes later
		p.visitors.Freeze(), p.contacts.Freeze(), p.former.records.Freeze(), p.lists.words.Freeze(),
		p.orders.heads.Freeze(), p.orders.lines.Freeze(), p.text.Freeze(), p.attributes.Freeze(), p.counts.Freeze(),
		p.logins.heads.Freeze(), p.logins.more.Freeze(), p.credited.Freeze(), p.firsts.Freeze(), p.notes.Freeze(), p.coupons.records.Freeze(),
	)
}

// ReadVersion replaces the state by what Freeze wrote, in version 13, in 12, which had nothing behind the lines of orders, in 11, which had no credit notes, or in 10, which had no logins. It must not run beside readers.
func (p *People) ReadVersion(r io.Reader, version uint16) error {
	_, err := slab.ReadAll(r,
		slab.Numbers(p.lists.free[:]),
		&p.visitors, &p.contacts, &p.former.records, &p.lists.words,
		&p.orders.heads, &p.orders.lines, &p.text, p.attributes, &p.counts,
	)
	if err == nil && version > 10 {
		_, err = slab.ReadAll(r, &p.logins.heads, &p.logins.more, &p.credited, &p.firsts)
	}
	if err == nil && version > 11 {
		_, err = slab.ReadAll(r, &p.notes)
	}
	if err == nil && version > 12 {
		_, err = slab.ReadAll(r, &p.coupons.records)
	}
	if err != nil {
		return err
	}
	p.trails = nil
	p.visitors.Grow(visitorWords)
	p.contacts.Grow(contactWords)
	p.counts.Grow(countWords)
	p.byHash.Rebuild()
	p.byID.Rebuild()
	p.former.byVisitor.Rebuild()
	p.orders.byHash.Rebuild()
	p.coupons.records.Grow(couponWords)
	p.coupons.byHash.Rebuild()
	if version == 10 {
		p.canonize()
		p.rebuild()
	}
	return nil
}
