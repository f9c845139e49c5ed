package engine

import (
	"io"
	"slices"

	"orrery/models"
	"orrery/models/facts"
)

// Facts are what no log gives back once its records have expired: products, contacts with what is known of them, logins, orders
// with their lines and what was refunded. EachFact tells them and TakeFact takes them, over any number of versions, from one
// engine to another. Whoever adds to the state what shops cannot say again adds it here.

// lasting are the sections of snapshots that facts are read from, and the names in them.
var lasting = []string{"shops", "ledger", "apart", "catalogue", "offers", "people", "strangers", "customers", "time", "erased"}

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
	state := facts.State{Shops: e.shops, Catalogue: e.m.Catalogue, People: e.m.People, Totals: e.ledger, Time: e.StreamTime(), Erased: e.EachErased}
	return state.Each(build, seed, f)
}
