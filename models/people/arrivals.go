package people

import "sync/atomic"

// Arrivals remembers who came last to a shop, for people who want to look at somebody: visitors are kept by hash, so this is
// the only place that knows a name. It is no part of the state, and takes some 300 B a shop. One goroutine notes, any may ask.
type Arrivals struct {
	names [recentArrivals]atomic.Pointer[string]
	n     int
}

const recentArrivals = 8

// noteEvery spares the stream the copy of a name for most sessions.
const noteEvery = 16

// NewArrivals returns arrivals of nobody.
func NewArrivals() *Arrivals { return new(Arrivals) }

// Note remembers that a visitor has begun a session: the first of every noteEvery.
func (a *Arrivals) Note(visitor []byte) {
	if a.n++; a.n%noteEvery != 1 {
		return
	}
	name := string(visitor)
	a.names[a.n/noteEvery%recentArrivals].Store(&name)
}

// Names returns up to n of the visitors whose sessions began last and who are still known, in no order.
func (a *Arrivals) Names(n int, known func(name []byte) bool) (names []string) {
	for i := range a.names {
		if name := a.names[i].Load(); name != nil && len(names) < n && known([]byte(*name)) {
			names = append(names, *name)
		}
	}
	return names
}

// Forget forgets the names that are somebody's.
func (a *Arrivals) Forget(is func(name []byte) bool) {
	for i := range a.names {
		if name := a.names[i].Load(); name != nil && is([]byte(*name)) {
			a.names[i].Store(nil)
		}
	}
}
