package people

import (
	"io"

	"orrery/models/slab"
)

// Freeze returns the state of this moment for a snapshot.
func (p *People) Freeze() *slab.Parts {
	return slab.Join(
		append(slab.Numbers{}, p.lists.free[:]...), // a copy: the saver comes later
		p.visitors.Freeze(), p.contacts.Freeze(), p.former.records.Freeze(), p.lists.words.Freeze(),
		p.orders.heads.Freeze(), p.orders.lines.Freeze(), p.text.Freeze(), p.attributes.Freeze(), p.counts.Freeze(),
	)
}

// ReadFrom replaces the state by what Freeze wrote. It must not run beside readers.
func (p *People) ReadFrom(r io.Reader) (int64, error) {
	n, err := slab.ReadAll(r,
		slab.Numbers(p.lists.free[:]),
		&p.visitors, &p.contacts, &p.former.records, &p.lists.words,
		&p.orders.heads, &p.orders.lines, &p.text, p.attributes, &p.counts,
	)
	if err != nil {
		return n, err
	}
	p.trails = nil
	p.visitors.Grow(visitorWords)
	p.contacts.Grow(contactWords)
	p.counts.Grow(countWords)
	p.byHash.Rebuild()
	p.byID.Rebuild()
	p.former.byVisitor.Rebuild()
	p.orders.byHash.Rebuild()
	return n, nil
}
