package engine

import "orrery/models"

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
	return e.m.EachNeighbours(e.findShop(shop), from, now, f)
}
