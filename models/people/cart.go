package people

import (
	"orrery/models"
)

// cartRoom is how many operations on a visitor's cart are kept.
const cartRoom = 64

// AddToCart puts quantity more of item into the cart of visitor v.
func (p *People) AddToCart(v, item, quantity uint32, t models.Time) {
	p.operate(v, Entry{ID: item, Last: t.Seconds(), Aux: min(quantity, maxQuantity)})
}

// RemoveFromCart takes quantity of item out of the cart of visitor v, all of it where no more is there.
func (p *People) RemoveFromCart(v, item, quantity uint32, t models.Time) {
	p.operate(v, Entry{ID: item, Last: t.Seconds(), Aux: -min(quantity, maxQuantity)})
}

// maxQuantity keeps sums of quantities within 32 bits.
const maxQuantity = 1 << 20

// operate appends an operation; the first one makes room.
func (p *People) operate(v uint32, e Entry) {
	at := p.word(v, vCart)
	l := p.lists.open(p.visitors.Load(at))
	freed := l.append(e, cartRoom)
	p.store(&p.visitors, at, &l, freed)
}

// laid works out what lies in a cart after the operations later than second cutoff, and appends it: Last is the newest
// operation, Aux the quantity. Operations of the same second as an order came before it. What is taken out under the name of the
// product, or of another variant, while that is not in the cart, is the variant put in last.
func (p *People) laid(dst, operations []Entry, cutoff uint32) []Entry {
	start := len(dst)
	for _, op := range operations {
		if op.Last <= cutoff {
			continue
		}
		i := start
		for i < len(dst) && dst[i].ID != op.ID {
			i++
		}
		if int32(op.Aux) < 0 && (i == len(dst) || dst[i].Aux == 0) && p.grouped() {
			i = p.variantIn(dst, start, p.mains.Main(op.ID), i)
		}
		if i == len(dst) {
			dst = append(dst, Entry{ID: op.ID})
		}
		dst[i].Last = max(dst[i].Last, op.Last)
		dst[i].Aux = uint32(max(0, int32(dst[i].Aux)+int32(op.Aux)))
	}
	kept := dst[:start]
	for _, e := range dst[start:] {
		if e.Aux > 0 {
			kept = append(kept, e)
		}
	}
	return kept
}

// variantIn returns the place in dst, from start on, of the newest variant of a product that lies in the cart, else what is given.
func (p *People) variantIn(dst []Entry, start int, main uint32, none int) int {
	at := none
	for i := start; i < len(dst); i++ {
		if dst[i].Aux > 0 && p.mains.Main(dst[i].ID) == main && (at == none || dst[i].Last >= dst[at].Last) {
			at = i
		}
	}
	return at
}
