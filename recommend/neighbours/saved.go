package neighbours

import (
	"cmp"
	"io"
	"slices"

	"orrery/models"
	"orrery/models/slab"
)

// Version is that of the layout that Freeze writes.
const Version = 13

// Freeze returns the lists of this moment for a snapshot.
func (l *Lists) Freeze() *slab.Parts {
	head := slab.Numbers{uint64(l.clock.Landmark())}
	return slab.Join(append(head, l.free[:]...), l.at.Freeze(), l.words.Freeze(), l.sides.Freeze(), l.shops.Freeze())
}

// ReadVersion replaces the lists by what Freeze wrote, in this version or one of those before, which had one total and one dice for
// all shops: Adopt gives them to every shop. It must not run beside readers. Lists that were kept with another bound are taken as they
// are: longer ones stay long, shorter ones go on growing.
func (l *Lists) ReadVersion(r io.Reader, version uint16) error {
	l.shared = version < 13
	head := make(slab.Numbers, 1, 2)
	if l.shared {
		head = head[:2]
	}
	if _, err := slab.ReadAll(r, head, slab.Numbers(l.free[:]), &l.at, &l.words, &l.sides, &l.shops); err != nil {
		return err
	}
	l.clock.Restore(models.Time(head[0]))
	if l.shared { // the third array was the total
		total := uint64(0)
		if l.shops.Len() > 0 {
			total = l.shops.Load(0)
		}
		l.shops.Grow(shopWords)
		l.shops.Set(shTotal, total)
		l.shops.Set(shDice, head[1])
	}
	return nil
}

// Adopt follows the restore of a version that had one total and one dice for all shops, when it is known how many there are: each goes
// on from them. So a shop that was alone goes on as if nothing had changed. Of several the totals are what they were, too large,
// until they have faded, and the lists are laid out anew by the ordinals of their products.
func (l *Lists) Adopt(shops int) {
	if !l.shared {
		return
	}
	l.shared = false
	l.shops.Grow((uint64(shops) + 1) * shopWords)
	for shop := uint64(1); shop <= uint64(shops); shop++ {
		for w := range uint64(shopWords) {
			l.shops.Set(shop*shopWords+w, l.shops.Load(w))
		}
	}
	if l.ordinals.Mixed() {
		for item := range l.at.Len() {
			if place := l.at.Load(item); place != 0 {
				l.layOut(place)
			}
		}
	}
}

// layOut puts the neighbours of a list where their ordinals say, the largest first: one that finds no room in its set is left out.
func (l *Lists) layOut(place uint64) {
	sets := 1 << (place&0xff - 1)
	block := l.words.Edit(place>>8, sets*setWords)
	words := slices.Clone(block)
	slices.SortStableFunc(words, func(a, b uint64) int { return cmp.Compare(weight(b), weight(a)) })
	for i := range block {
		slab.Store(&block[i], 0)
	}
	for _, word := range words {
		if word == 0 {
			continue
		}
		set := block[setOf(l.ordinals.Of(uint32(word>>32)), sets)*setWords:][:setWords]
		if i := slices.Index(set, 0); i >= 0 {
			slab.Store(&set[i], word)
		}
	}
}

// Refade makes of lists that were kept with the half-life was lists of the present one: at moment now every count is what
// it was. It follows ReadVersion and must not run beside readers.
func (l *Lists) Refade(was, now models.Time) {
	if by := l.clock.Refade(was, now); by != 1 {
		l.rescale(by)
	}
}
