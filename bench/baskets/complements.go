package baskets

import (
	"slices"

	"orrery/recommend/neighbours"
	"orrery/recommend/together"
)

// complements is the engine's recipe: it learns from each order before it counts it.
type complements struct {
	ranker  *together.Ranker
	scratch *together.Scratch
	lists   *neighbours.Lists
	fill    bestsellers
	items   []together.Item
}

// warmUp is the part of the training baskets that are only counted: one in so many, the first ones. A ranker that
// starts on empty lists would learn that lists say nothing.
const warmUp = 20

func newComplements(train []Basket) *complements {
	t := &complements{ranker: together.New(), scratch: together.NewScratch(), lists: neighbours.New(0, 0)}
	for n, b := range train {
		if n%256 == 0 {
			t.fill.refresh()
		}
		if len(b.Items) > 1 && n > len(train)/warmUp {
			out := int(hash(n, -1) % uint64(len(b.Items)))
			cart := slices.Delete(slices.Clone(b.Items), out, out+1)
			t.ranker.Learn(t.scratch, t.lists, t.query(cart), b.Items[out])
		}
		t.fill.count(b.Items)
		countPairs(t.lists, b.Items)
	}
	t.fill.refresh()
	return t
}

func (t *complements) query(cart []uint32) together.Query {
	return together.Query{Cart: cart, Fill: t.fill.list}
}

func (t *complements) recommend(dst []uint32, c *Case, k int) []uint32 {
	t.items = t.ranker.Recommend(t.scratch, t.items[:0], t.lists, t.query(c.Cart), k)
	for _, i := range t.items {
		dst = append(dst, i.Item)
	}
	return dst
}
