package engine

import (
	"fmt"
	"io"
	"slices"

	"orrery/models"
	"orrery/models/catalogue"
	"orrery/models/facts"
	"orrery/models/people"
)

// Facts are what no log gives back once its records have expired: products, contacts with what is known of them, logins, orders
// with their lines and what was refunded. EachFact tells them and TakeFact takes them, over any number of versions, from one
// engine to another. Whoever adds to the state what shops cannot say again adds it here.

// lasting are the sections of snapshots that facts are read from, and the names in them.
var lasting = []string{"shops", "ledger", "apart", "catalogue", "offers", "people", "strangers", "customers", "time", "erased", "settings"}

// RestoreFacts is Restore of what EachFact reads; of other sections nothing is read.
func (e *Engine) RestoreFacts(name string, version uint16, r io.Reader) error {
	if !slices.Contains(lasting, name) {
		return nil
	}
	return e.Restore(name, version, r)
}

// EachFact calls f with all facts, in the order that TakeFact wants, until f returns an error. Nothing may be applied meanwhile;
// of a snapshot RestoreFacts is enough. seed is what keys are made with: whoever takes the facts has to have it, see Seed. f must not keep what it gets.
func (e *Engine) EachFact(build string, seed uint64, f func(*models.Fact) error) error {
	e.m.Catalogue.Settle()
	e.erased.Convert(e.shops.Name)
	state := e.facts()
	return state.Each(build, seed, f)
}

func (e *Engine) facts() facts.State {
	return facts.State{Shops: e.shops, Catalogue: e.m.Catalogue, People: e.m.People, Totals: e.ledger, Time: e.StreamTime(), Erased: e.erased, Settings: e.settings}
}

// TakeFact takes a fact that EachFact has told, before the first event. Facts come in the order of an export; one that is
// known already changes nothing. It learns from them as it would from the events: bestsellers and what is bought together are
// those of all orders.
func (e *Engine) TakeFact(f *models.Fact) error {
	if e.taking == nil {
		e.taking = &facts.Import{State: e.facts(), Hooks: hooks{e}}
	}
	if f.Fact == models.FactExport {
		return facts.Head(f)
	}
	shops := e.ledger.Shops()
	shops.Begin(e.m.People, e.m.Catalogue.Items())
	defer func() { shops.Take(e.m.People, e.m.Catalogue.Items()) }()
	if f.Fact == models.FactTotals {
		if shops.At(0); e.shops.Len() == 1 { // else it is not known whose it is
			shops.At(1)
		}
		return e.taking.End(f)
	}
	shop := e.shop([]byte(f.Shop))
	if shop == 0 {
		return fmt.Errorf("shop: there are more shops than --shops.max: %w", facts.ErrFact)
	}
	e.settleAll()
	shops.At(shop)
	e.demand.At(shop)
	e.demand.Begin(1)
	defer e.demand.End()
	return e.taking.Take(shop, f)
}

// hooks does with what facts say as with the events.
type hooks struct{ e *Engine }

func (h hooks) Follow(shop, item uint32, effect catalogue.Effect) { h.e.follow(shop, item, effect) }
func (h hooks) Mention(shop, item uint32, ev *models.Event, it *models.Item) {
	h.e.mention(shop, item, ev, it)
}
func (h hooks) LoggedIn(shop, v uint32, viewed []people.Pair) {
	h.e.baskets.Viewed(viewed)
	h.e.customers.Moved(shop, v)
}
func (h hooks) Buy(key uint64, shop, v, contact uint32, ev *models.Event, f *models.Fact) {
	h.e.buy(key, shop, v, contact, ev, f)
}
func (h hooks) Book(money []people.Change)        { h.e.book(money) }
func (h hooks) Reconcile(shop, order uint32)      { h.e.customers.Reconcile(shop, order) }
func (h hooks) Set(shop uint32, ev *models.Event) { h.e.set(shop, ev) }
func (h hooks) Noted(shop uint32)                 { h.e.customers.Noted(shop) }
func (h hooks) Pass(t models.Time)                { h.e.now.Store(max(h.e.now.Load(), int64(t))) }
func (h hooks) Done() {
	if now := h.e.StreamTime(); h.e.customers.Dawns(now) {
		h.e.customers.Dawn(now)
	}
}
