package engine

import (
	"io"
	"sync/atomic"

	"orrery/churn/outlook"
	"orrery/churn/session"
	"orrery/models"
	"orrery/models/people"
	"orrery/models/registry"
	"orrery/models/slab"
	"orrery/recommend/neighbours"
	"orrery/recommend/next"
	"orrery/recommend/rebuy"
	"orrery/recommend/together"
)

// registry returns all models, in the order of snapshots. Package registry says how one is added or its layout changed. TestGolden restores
// what earlier versions have written.
func (e *Engine) registry() registry.List {
	ahead, viewed := e.demand.Meters()
	return registry.List{
		registry.Unchanged("shops", e.shops),
		registry.Unchanged("ledger", e.ledger),
		registry.Added("apart", 11, e.ledger.Apart()),
		registry.Added("shop_totals", 12, e.ledger.Shops()),
		registry.Changed("claims", 12, e.claims),
		registry.Unchanged("catalogue", e.m.Catalogue),
		registry.Added("invented", 11, e.m.Catalogue.Invented()),
		registry.Added("offers", 12, e.m.Catalogue.Offers()),
		registry.Changed("people", 13, persons{e.m.People}).Since(10).Told(persons{e.m.People}.parts),
		registry.Changed("strangers", 13, e.m.People.Strangers()).Since(11),
		registry.Added("silence", 13, e.silence),
		registry.Added("revisions", 13, e.m.People.Revisions()),
		registry.Changed("viewed_together", neighbours.Version, e.m.Viewed).Since(10),
		registry.Changed("bought_together", neighbours.Version, e.m.Bought).Since(10),
		registry.Changed("bought_after_viewing", neighbours.Version, e.m.After).Since(10),
		registry.Changed("popular", 11, e.m.Popular),
		registry.Changed("social", 13, e.m.Social).Since(10),
		registry.Changed("sessions", next.Version, e.m.Next).Since(10).Told(e.sessionParts).Forgetting(e.demand.Forget),
		registry.Unchanged("similar", e.m.Similar),
		registry.Changed("customers", 11, e.customers).Told(e.customers.Parts),
		registry.Changed("intent", session.Version, e.intents).Since(10).Told(e.intents.Parts).Relearned().Forgetting(e.intents.Forget).Waiting(e.intents.Running),
		registry.Unchanged("mails", e.mails),
		registry.Unchanged("shelves", e.category).Relearned().Forgetting(e.category.Forget),
		registry.Changed("outlook", outlook.Version, e.outlook).Since(10).Relearned().Waiting(e.outlook.Holds),
		registry.Changed("vectors", next.Version, next.Section{Next: e.m.Next}).Since(10).Relearned(),
		registry.Changed("together", together.Version, e.m.Together).Since(10).Relearned(),
		registry.Changed("rebuy", rebuy.Version, e.m.Rebuy).Since(10),
		registry.Unchanged("quality_next", ahead).Relearned(),
		registry.Unchanged("quality_viewed_together", viewed).Relearned(),
		registry.Added("quality_shops", 12, e.demand.ShopMeters()).Relearned(),
		registry.Added("votes", 11, e.votes),
		registry.Changed("erased", 13, e.erased),
		registry.Added("settings", 13, e.settings),
		registry.Unchanged("time", clock{&e.now}),
	}
}

// settleAll makes what was restored of a version before agree with the people of it, once.
func (e *Engine) settleAll() {
	e.m.Catalogue.Settle()
	e.erased.Convert(e.shops.Name)
	if e.uncompiled {
		e.uncompiled = false
		e.compileAll()
	}
	for _, l := range []*neighbours.Lists{e.m.Viewed, e.m.Bought, e.m.After} {
		l.Adopt(e.shops.Len())
	}
	e.m.Together.Adopt(e.shops.Len())
	e.m.Rebuy.Adopt(e.shops.Len())
	e.m.Next.Adopt(e.shops.Len(), e.m.Catalogue.Shop)
	if e.ledger.Adopt(e.m.People, e.m.Catalogue.Items(), e.shops.Len(), e.StreamTime()) {
		e.claims.Adopt(1)
	}
	if !e.customers.Stale() {
		return
	}
	e.customers.Resettle()
	for c := uint32(1); c <= e.m.People.LastContact(); c++ {
		if into := e.m.People.MergedInto(c); into != 0 {
			e.mails.Merge(c, into)
		}
	}
}

// Settle makes what was restored ready to be asked, before the first batch. The applying goroutine calls it.
func (e *Engine) Settle() { e.settleAll() }

// Freeze implements stream.Machine.
func (e *Engine) Freeze() []slab.Section {
	e.settleAll() // what has been restored is not looked at anew by whoever reads this
	return e.registry().Freeze()
}

// Restore implements stream.Machine. No model reads another one's state here, so that they can be restored side by side.
// The newest two versions of a section can be read. Of others the error is a *slab.Dropped where the rest can go on.
func (e *Engine) Restore(name string, version uint16, r io.Reader) error {
	if name == "settings" {
		e.uncompiled = true
	}
	return e.registry().Restore(name, version, r)
}

// Refade converts what counts fade into, after a restore of a snapshot that was written under other settings: with the
// half-life was, 0 for none. At the stream's time every count is what it was. It tells which sections it has converted.
func (e *Engine) Refade(was models.Time) (sections []string) {
	e.m.Catalogue.Settle()
	if was == e.cfg.HalfLife {
		return nil
	}
	e.m.Viewed.Refade(was, e.StreamTime())
	e.m.Bought.Refade(was, e.StreamTime())
	e.m.After.Refade(was, e.StreamTime())
	sections = []string{"viewed_together", "bought_together", "bought_after_viewing"}
	if (was == 0) != e.cfg.NoDecay {
		e.m.Popular.Refade(e.StreamTime())
		sections = append(sections, "popular")
	}
	return sections
}

// persons is people as the registry asks for them.
type persons struct{ *people.People }

// Bytes returns the memory held.
func (p persons) Bytes() uint64 {
	visitors, contacts, orders := p.People.Bytes()
	return visitors + contacts + orders
}

func (p persons) parts() map[string]uint64 {
	visitors, contacts, orders := p.People.Bytes()
	return map[string]uint64{"visitors": visitors, "contacts": contacts, "orders": orders}
}

func (e *Engine) sessionParts() map[string]uint64 {
	return map[string]uint64{
		"sessions": e.m.Next.SessionBytes(), "session_rows": e.m.Next.RowBytes(), "session_rankers": e.m.Next.ModelBytes(),
	}
}

// clock is the newest event time.
type clock struct{ now *atomic.Int64 }

// Freeze returns the time of this moment for a snapshot.
func (c clock) Freeze() *slab.Parts { return slab.Join(slab.Numbers{uint64(c.now.Load())}) }

// ReadFrom sets the time that Freeze wrote.
func (c clock) ReadFrom(r io.Reader) (int64, error) {
	now := make(slab.Numbers, 1)
	n, err := now.ReadFrom(r)
	c.now.Store(int64(now[0]))
	return n, err
}

// Bytes returns the memory held.
func (c clock) Bytes() uint64 { return 8 }
