package frame

import (
	"orrery/models"
	"orrery/recommend/neighbours"
)

// EachNeighbours tells the neighbour lists of a shop's products, in the order of their numbers: each product once for every relation in which it has
// neighbours, until f returns false. It returns the number to go on from, 0 after the last.
func (m *Models) EachNeighbours(shop, from uint32, now models.Time, f func(*models.Neighbours) bool) (next uint32) {
	relations := [...]struct {
		name  Recipe
		lists *neighbours.Lists
	}{{ViewedTogether, m.Viewed}, {BoughtTogether, m.Bought}, {BoughtAfterViewing, m.After}}
	var near []neighbours.Neighbour
	var told models.Neighbours
	for item := max(from, 1); shop != 0 && int(item) <= m.Catalogue.Items(); item++ {
		if m.Catalogue.Shop(item) != shop {
			continue
		}
		more := true
		for _, r := range relations {
			var pairs neighbours.Pairs
			near, pairs = r.lists.Read(near[:0], shop, item, now)
			told = models.Neighbours{Product: m.Catalogue.ID(item), Relation: string(r.name), Left: pairs.Left, Total: pairs.Total, List: told.List[:0]}
			for _, n := range near {
				told.List = append(told.List, models.Neighbour{
					Product: m.Catalogue.ID(n.Item), Count: n.Count, Right: n.Right,
					Cosine: neighbours.Cosine(n.Count, pairs.Left, n.Right), LLR: neighbours.LLR(n.Count, pairs.Left, n.Right, pairs.Total),
				})
			}
			if len(told.List) > 0 {
				more = f(&told) && more
			}
		}
		if !more { // all relations of a product are told, or none
			return item + 1
		}
	}
	return 0
}
