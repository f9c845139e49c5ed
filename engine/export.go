package engine

import (
	"orrery/models"
	"orrery/recommend/frame"
	"orrery/recommend/neighbours"
)

// What is exported is told in the order of numbers, which a restart keeps: each of these calls f from a number on until f returns false, and
// returns the number to go on from, 0 after the last. Any goroutine may call them; f must not keep what it gets.

// EachContactID tells the contacts of a shop.
func (e *Engine) EachContactID(shop []byte, from uint32, f func(id []byte) bool) (next uint32) {
	number := e.findShop(shop)
	for contact := max(from, 1); number != 0 && contact <= e.m.People.LastContact(); contact++ {
		if id, its := e.m.People.ContactID(contact); its == number && len(id) > 0 && !f(id) {
			return contact + 1
		}
	}
	return 0
}

// EachOrder tells the orders and credit notes of a shop.
func (e *Engine) EachOrder(shop []byte, from uint32, f func(*models.Fact) bool) (next uint32) {
	state := e.facts()
	return state.Orders(from, ofShop(shop, f))
}

// EachProduct tells the products of a shop.
func (e *Engine) EachProduct(shop []byte, from uint32, f func(*models.Fact) bool) (next uint32) {
	state := e.facts()
	return state.Products(from, ofShop(shop, f))
}

func ofShop(shop []byte, f func(*models.Fact) bool) func(*models.Fact) bool {
	name := string(shop)
	if name == "" {
		name = models.DefaultShop
	}
	return func(fact *models.Fact) bool { return fact.Shop != name || f(fact) }
}

// EachNeighbours tells the neighbour lists of a shop's products: each product once for every relation in which it has neighbours.
func (e *Engine) EachNeighbours(shop []byte, from uint32, now models.Time, f func(*models.Neighbours) bool) (next uint32) {
	relations := [...]struct {
		name  frame.Recipe
		lists *neighbours.Lists
	}{{frame.ViewedTogether, e.m.Viewed}, {frame.BoughtTogether, e.m.Bought}, {frame.BoughtAfterViewing, e.m.After}}
	number := e.findShop(shop)
	var near []neighbours.Neighbour
	var told models.Neighbours
	for item := max(from, 1); number != 0 && int(item) <= e.m.Catalogue.Items(); item++ {
		if e.m.Catalogue.Shop(item) != number {
			continue
		}
		more := true
		for _, r := range relations {
			var pairs neighbours.Pairs
			near, pairs = r.lists.Read(near[:0], item, now)
			told = models.Neighbours{Product: e.m.Catalogue.ID(item), Relation: string(r.name), Left: pairs.Left, Total: pairs.Total, List: told.List[:0]}
			for _, n := range near {
				told.List = append(told.List, models.Neighbour{
					Product: e.m.Catalogue.ID(n.Item), Count: n.Count, Right: n.Right,
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
