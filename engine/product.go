package engine

import (
	"sync/atomic"

	"orrery/models"
)

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

// arrivals remembers who came last, for people who want to look at somebody: visitors are kept by hash, so this is the
// only place that knows a name. It is no part of the state.
type arrivals struct {
	names [recentArrivals]atomic.Pointer[string]
	n     int
}

const recentArrivals = 32

// noteEvery spares the stream the copy of a name for most sessions.
const noteEvery = 16

// note remembers that a visitor has begun a session: the first of every noteEvery.
func (a *arrivals) note(visitor []byte) {
	if a.n++; a.n%noteEvery != 1 {
		return
	}
	name := string(visitor)
	a.names[a.n/noteEvery%recentArrivals].Store(&name)
}

// RecentVisitors returns up to n visitors whose sessions began last, in no order.
func (e *Engine) RecentVisitors(n int) (names []string) {
	for i := range e.arrivals.names {
		if name := e.arrivals.names[i].Load(); name != nil && len(names) < n {
			names = append(names, *name)
		}
	}
	return names
}

// forget forgets the names that are somebody's.
func (a *arrivals) forget(is func(name []byte) bool) {
	for i := range a.names {
		if name := a.names[i].Load(); name != nil && is([]byte(*name)) {
			a.names[i].Store(nil)
		}
	}
}
