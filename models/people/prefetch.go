package people

import "orrery/models"

// Prefetch asks for what FindKey will look at first, PrefetchRecord for the visitor's record, and PrefetchViews for its list of
// views, each of which must have come before the next. See intern.Hashes.Prefetch.
func (p *People) Prefetch(hash uint64) { p.byHash.Prefetch(hash) }

// PrefetchRecord asks for the record of the visitor of a key.
func (p *People) PrefetchRecord(hash uint64) { p.byHash.PrefetchRecord(hash) }

// FindKey returns the number of the visitor of a key, see HashOf, or 0. Any goroutine may call it.
func (p *People) FindKey(hash uint64) uint32 { return p.byHash.Find(hash) }

// aheadWords is how much of a list is asked for: all of most lists.
const aheadWords = 32

// PrefetchViews asks for the list of what visitor v has viewed.
func (p *People) PrefetchViews(v uint32) {
	handle := p.visitors.Load(p.word(v, vViews))
	if handle == 0 {
		return
	}
	offset, class, _ := handleAt(handle)
	last := size(class) - 1
	for w := 0; w < min(last, aheadWords); w += 8 {
		p.lists.words.Prefetch(offset + uint64(w))
	}
	p.lists.words.Prefetch(offset + uint64(last))
}

// AppendSession appends the products of the session that an event of visitor v at moment t belongs to, as View will pair
// them up, as many as dst has room for; for the writer.
func (p *People) AppendSession(dst []uint32, v uint32, t models.Time) []uint32 {
	active := p.visitors.Load(p.word(v, vActive))
	start, last := uint32(active>>32), uint32(active)
	if s := t.Seconds(); s > last && s-last > p.gap {
		return dst
	}
	l := p.lists.peek(p.visitors.Load(p.word(v, vViews)))
	for _, word := range l.block[:l.n] {
		if uint32(word) >= start && len(dst) < cap(dst) {
			dst = append(dst, uint32(word>>32))
		}
	}
	return dst
}
