package engine

import "orrery/models"

// Product returns what is known of a product, and false where the id is unknown.
func (e *Engine) Product(shop, product []byte) (p models.Product, ok bool) {
	number := e.findShop(shop)
	item := e.m.Catalogue.Find(number, product)
	if number == 0 || item == 0 {
		return p, false
	}
	e.m.Catalogue.Product(item, &p)
	return p, true
}

// ProductState returns what is known of a product, and whether and why frames show it; false where the id is unknown.
func (e *Engine) ProductState(shop, product []byte) (models.ProductState, bool) {
	number := e.findShop(shop)
	item := e.m.Catalogue.Find(number, product)
	if number == 0 || item == 0 {
		return models.ProductState{}, false
	}
	return e.m.Catalogue.State(number, item), true
}

// Said returns the hash of what the newest upsert said of a product, 0 where something else is known since, and whether the product is
// listed or was taken out: what a feed that says it again need not send.
func (e *Engine) Said(shop, product []byte) (hash uint64, listed, removed bool) {
	number := e.findShop(shop)
	item := e.m.Catalogue.Find(number, product)
	if number == 0 || item == 0 {
		return 0, false, false
	}
	return e.m.Catalogue.Said(item)
}

// EachListed calls f with the products that a shop's catalogue lists, until it returns false.
func (e *Engine) EachListed(shop []byte, f func(product []byte) bool) {
	number := e.findShop(shop)
	for item := uint32(1); number != 0 && int(item) <= e.m.Catalogue.Items(); item++ {
		if _, listed, _ := e.m.Catalogue.Said(item); listed && e.m.Catalogue.Shop(item) == number && !f(e.m.Catalogue.ID(item)) {
			return
		}
	}
}

// FullFeed returns how many products the newest full feed of a shop had, and false where there was none.
func (e *Engine) FullFeed(shop []byte) (products uint64, ok bool) {
	at, products := e.m.Catalogue.Full(e.findShop(shop))
	return products, at != 0
}

// HiddenOf returns how many of a shop's products frames leave out.
func (e *Engine) HiddenOf(shop []byte) (h models.HiddenProducts) {
	if number := e.findShop(shop); number != 0 {
		h.Unlisted, h.Removed, h.SoldOut = e.m.Catalogue.Hidden(number)
	}
	return h
}

func (e *Engine) hidden() (all models.HiddenProducts) {
	for number := uint32(1); int(number) <= e.shops.Len(); number++ {
		unlisted, removed, sold := e.m.Catalogue.Hidden(number)
		all.Unlisted, all.Removed, all.SoldOut = all.Unlisted+unlisted, all.Removed+removed, all.SoldOut+sold
	}
	return all
}

// RecentVisitors returns up to n visitors of a shop whose sessions began last and who are not forgotten, in no order.
func (e *Engine) RecentVisitors(shop []byte, n int) (names []string) {
	number := e.findShop(shop)
	if a := e.arrivals.Find(number); a != nil {
		names = a.Names(n, func(name []byte) bool { return e.m.People.FindVisitor(number, name) != 0 })
	}
	return names
}
