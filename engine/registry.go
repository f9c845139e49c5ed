package engine

import (
	"fmt"
	"io"
	"sync/atomic"

	"orrery/models"
	"orrery/models/people"
	"orrery/models/slab"
	"orrery/recommend/next"
)

// The registry lists each model once. Sections of snapshots with their versions, and bytes in Stats, follow from it.
//
// A model whose layout changes gets version 11 (all changes of one release share it):
//  1. write the new layout in Freeze;
//  2. replace ReadFrom by ReadVersion(r, version), which reads 10 and 11 and makes of the older what the newer holds;
//  3. list it as changed(name, 11, model) in place of unchanged(name, model).
//
// A new model begins at the newest version: added(name, 11, model). A snapshot without its section leaves it empty.
// TestGolden restores what version 10 has written.

// firstVersion is that of sections whose layout has not changed since there have been versions of single sections.
const firstVersion = 10

// model is what the registry asks of a model.
type model interface {
	Freeze() *slab.Parts // of this moment, for a snapshot
	Bytes() uint64       // memory held
}

// entry is a model as a section of snapshots.
type entry struct {
	name    string
	version uint16 // of the layout that Freeze writes
	oldest  uint16 // layout that can be read: version or the one before
	model   model
	read    func(r io.Reader, version uint16) error
	parts   func() map[string]uint64 // bytes by part, where they are told one by one
	forget  func(visitor uint32)     // where the model has state by visitor
	learned bool                     // the rest goes on without it: weights, counts of what was shown, forecasts under way
}

// unchanged lists a model that has had one layout only.
func unchanged(name string, m interface {
	model
	io.ReaderFrom
}) entry {
	return added(name, firstVersion, m)
}

// added lists a model that came with a version and has had one layout only.
func added(name string, version uint16, m interface {
	model
	io.ReaderFrom
}) entry {
	return entry{name: name, version: version, oldest: version, model: m, read: func(r io.Reader, _ uint16) error {
		_, err := m.ReadFrom(r)
		return err
	}}
}

// changed lists a model that reads two layouts: version, which it writes, and the one before.
func changed(name string, version uint16, m interface {
	model
	ReadVersion(r io.Reader, version uint16) error
}) entry {
	return entry{name: name, version: version, oldest: version - 1, model: m, read: m.ReadVersion}
}

// relearned marks a model that the rest can go on without.
func (e entry) relearned() entry { e.learned = true; return e }

// forgetting says how the model forgets a visitor without order and login.
func (e entry) forgetting(forget func(visitor uint32)) entry { e.forget = forget; return e }

// told tells the bytes of a model by part.
func (e entry) told(parts func() map[string]uint64) entry { e.parts = parts; return e }

// registry returns all models, in the order of snapshots.
func (e *Engine) registry() []entry {
	ahead, viewed := e.demand.Meters()
	return []entry{
		unchanged("shops", e.shops),
		unchanged("ledger", e.ledger),
		added("apart", 11, e.ledger.Apart()),
		added("claims", 11, e.claims),
		unchanged("catalogue", e.m.Catalogue),
		added("invented", 11, e.m.Catalogue.Invented()),
		changed("people", 11, persons{e.m.People}).told(persons{e.m.People}.parts),
		added("strangers", 11, e.m.People.Strangers()),
		unchanged("viewed_together", e.m.Viewed),
		unchanged("bought_together", e.m.Bought),
		unchanged("bought_after_viewing", e.m.After),
		changed("popular", 11, e.m.Popular),
		unchanged("social", e.m.Social),
		unchanged("sessions", e.m.Next).told(e.sessionParts).forgetting(e.demand.Forget),
		unchanged("similar", e.m.Similar),
		changed("customers", 11, e.customers).told(e.customers.Parts),
		changed("intent", 11, e.intents).told(e.intents.Parts).relearned().forgetting(e.intents.Forget),
		unchanged("mails", e.mails),
		unchanged("shelves", e.category).relearned().forgetting(e.category.Forget),
		changed("outlook", 11, e.outlook).relearned(),
		unchanged("vectors", next.Section{Next: e.m.Next.Recommender}).relearned(),
		unchanged("together", e.m.Together).relearned(),
		unchanged("rebuy", e.m.Rebuy),
		unchanged("quality_next", ahead).relearned(),
		unchanged("quality_viewed_together", viewed).relearned(),
		added("votes", 11, e.votes),
		added("erased", 12, e.erased),
		unchanged("time", clock{&e.now}),
	}
}

// resettle makes what was restored of a version before agree with the people of it, once.
func (e *Engine) resettle() {
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

// Freeze implements stream.Machine.
func (e *Engine) Freeze() []slab.Section {
	e.resettle() // what has been restored is not looked at anew by whoever reads this
	var sections []slab.Section
	for _, m := range e.registry() {
		frozen := m.model.Freeze()
		sections = append(sections, slab.Section{Name: m.name, Version: m.version, Data: frozen, Close: frozen.Close})
	}
	return sections
}

// Restore implements stream.Machine. No model reads another one's state here, so that they can be restored side by side.
// The newest two versions of a section can be read. Of others the error is a *slab.Dropped where the rest can go on.
func (e *Engine) Restore(name string, version uint16, r io.Reader) error {
	for _, m := range e.registry() {
		if m.name == name {
			return m.restore(version, r)
		}
	}
	return fmt.Errorf("cannot restore section %q: this build has no such model. %s", name, wayOut)
}

// wayOut is what is left to do with a snapshot that a build cannot read.
const wayOut = "The ways out: start once with a build between the two, or take the facts along with " +
	"`orrery snapshot export` of the build that wrote it and `orrery snapshot import` of this one; " +
	"--snapshot.rebuild keeps only what the log still holds"

func (m *entry) restore(version uint16, r io.Reader) error {
	if version >= m.oldest && version <= m.version {
		return m.read(r, version)
	}
	readable := fmt.Sprintf("this build reads version %d", m.version)
	if m.oldest < m.version {
		readable = fmt.Sprintf("this build reads versions %d and %d", m.oldest, m.version)
	}
	if m.learned {
		return &slab.Dropped{Section: m.name, Because: fmt.Sprintf("it is of version %d and %s", version, readable)}
	}
	return fmt.Errorf("cannot restore section %q of version %d: %s. %s", m.name, version, readable, wayOut)
}

// Refade converts what counts fade into, after a restore of a snapshot that was written under other settings: with the
// half-life was, 0 for none. At the stream's time every count is what it was. It tells which sections it has converted.
func (e *Engine) Refade(was models.Time) (sections []string) {
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

// bytes returns the memory held by model, and by part of those that tell.
func (e *Engine) bytes() map[string]uint64 {
	all := make(map[string]uint64)
	for _, m := range e.registry() {
		if m.parts == nil {
			all[m.name] = m.model.Bytes()
			continue
		}
		for part, n := range m.parts() {
			all[part] = n
		}
	}
	return all
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
	return map[string]uint64{"sessions": e.m.Next.Index().Bytes(), "session_rows": e.m.Next.RowBytes()}
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
