// Package registry lists models as sections of a snapshot, each once: snapshots with their versions, bytes held and what is forgotten
// follow from the list.
//
// A model whose layout changes gets a new version (all changes of one release share it):
//  1. write the new layout in Freeze;
//  2. replace ReadFrom by ReadVersion(r, version), which reads the new one and the one before, and makes of the older what the newer holds;
//  3. list it as Changed(name, version, model) in place of Unchanged(name, model).
//
// A new model begins at the newest version: Added(name, version, model). A snapshot without its section leaves it empty.
package registry

import (
	"fmt"
	"io"

	"orrery/models/slab"
)

// firstVersion is that of sections whose layout has not changed since there have been versions of single sections.
const firstVersion = 10

// Model is what the registry asks of a model.
type Model interface {
	Freeze() *slab.Parts // of this moment, for a snapshot
	Bytes() uint64       // memory held
}

// Entry is a model as a section of snapshots.
type Entry struct {
	name    string
	version uint16 // of the layout that Freeze writes
	oldest  uint16 // layout that can be read: version or the one before
	model   Model
	read    func(r io.Reader, version uint16) error
	parts   func() map[string]uint64 // bytes by part, where they are told one by one
	forget  func(visitor uint32)     // where the model has state by visitor
	waits   func(visitor uint32) bool
	learned bool // the rest goes on without it: weights, counts of what was shown, forecasts under way
}

// Unchanged lists a model that has had one layout only.
func Unchanged(name string, m interface {
	Model
	io.ReaderFrom
}) Entry {
	return Added(name, firstVersion, m)
}

// Added lists a model that came with a version and has had one layout only.
func Added(name string, version uint16, m interface {
	Model
	io.ReaderFrom
}) Entry {
	return Entry{name: name, version: version, oldest: version, model: m, read: func(r io.Reader, _ uint16) error {
		_, err := m.ReadFrom(r)
		return err
	}}
}

// Changed lists a model that reads two layouts: version, which it writes, and the one before.
func Changed(name string, version uint16, m interface {
	Model
	ReadVersion(r io.Reader, version uint16) error
}) Entry {
	return Entry{name: name, version: version, oldest: version - 1, model: m, read: m.ReadVersion}
}

// Since says which layout is the oldest that a model reads.
func (e Entry) Since(version uint16) Entry { e.oldest = version; return e }

// Relearned marks a model that the rest can go on without.
func (e Entry) Relearned() Entry { e.learned = true; return e }

// Forgetting says how the model forgets a visitor without order and login.
func (e Entry) Forgetting(forget func(visitor uint32)) Entry { e.forget = forget; return e }

// Waiting says how to ask the model whether something is under way of a visitor that its number has to be known for: a session, a
// forecast. Such a visitor is not forgotten for having been away.
func (e Entry) Waiting(waits func(visitor uint32) bool) Entry { e.waits = waits; return e }

// Told tells the bytes of a model by part.
func (e Entry) Told(parts func() map[string]uint64) Entry { e.parts = parts; return e }

// List is all models, in the order of snapshots.
type List []Entry

// Freeze returns the sections of this moment.
func (l List) Freeze() (sections []slab.Section) {
	for i := range l {
		frozen := l[i].model.Freeze()
		sections = append(sections, slab.Section{Name: l[i].name, Version: l[i].version, Data: frozen, Close: frozen.Close})
	}
	return sections
}

// Restore reads a section. The newest two versions of one can be read. Of others the error is a *slab.Dropped where the rest can go on.
func (l List) Restore(name string, version uint16, r io.Reader) error {
	for i := range l {
		if l[i].name == name {
			return l[i].restore(version, r)
		}
	}
	return fmt.Errorf("cannot restore section %q: this build has no such model. %s", name, wayOut)
}

// Bytes returns the memory held by model, and by part of those that tell.
func (l List) Bytes() map[string]uint64 {
	all := make(map[string]uint64)
	for i := range l {
		if l[i].parts == nil {
			all[l[i].name] = l[i].model.Bytes()
			continue
		}
		for part, n := range l[i].parts() {
			all[part] = n
		}
	}
	return all
}

// Forgets returns how the models that know visitors forget one.
func (l List) Forgets() (all []func(visitor uint32)) {
	for i := range l {
		if l[i].forget != nil {
			all = append(all, l[i].forget)
		}
	}
	return all
}

// Waits returns how to ask the models that may wait for a visitor: see Waiting.
func (l List) Waits() (all []func(visitor uint32) bool) {
	for i := range l {
		if l[i].waits != nil {
			all = append(all, l[i].waits)
		}
	}
	return all
}

// wayOut is what is left to do with a snapshot that a build cannot read.
const wayOut = "The ways out: start once with a build between the two, or take the facts along with " +
	"`orrery snapshot export` of the build that wrote it and `orrery snapshot import` of this one; " +
	"--snapshot.rebuild keeps only what the log still holds"

func (m *Entry) restore(version uint16, r io.Reader) error {
	if version >= m.oldest && version <= m.version {
		return m.read(r, version)
	}
	readable := fmt.Sprintf("this build reads version %d", m.version)
	if m.oldest < m.version {
		readable = fmt.Sprintf("this build reads versions %d and %d", m.oldest, m.version)
	}
	if m.oldest+1 < m.version {
		readable = fmt.Sprintf("this build reads versions %d to %d", m.oldest, m.version)
	}
	if m.learned {
		return &slab.Dropped{Section: m.name, Because: fmt.Sprintf("it is of version %d and %s", version, readable)}
	}
	return fmt.Errorf("cannot restore section %q of version %d: %s. %s", m.name, version, readable, wayOut)
}
