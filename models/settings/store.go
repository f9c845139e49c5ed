package settings

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync/atomic"

	"orrery/models"
	"orrery/models/pershop"
	"orrery/models/slab"
)

// name is what a setting of a shop is found by.
type name struct{ kind, name string }

// shop is the settings of a shop: a map that does not change, swapped for another one.
type shop struct {
	all atomic.Pointer[map[name]*Setting]
}

func (s *shop) load() map[name]*Setting {
	if all := s.all.Load(); all != nil {
		return *all
	}
	return nil
}

// Store is the settings of all shops. One goroutine applies, any number ask.
type Store struct {
	shops pershop.Table[shop]
	check func(v *Version) error

	conflicts, refused atomic.Uint64
	bytes              atomic.Int64
}

// New returns an empty store. check reports what is wrong with a definition; it knows nothing but the definition.
func New(check func(v *Version) error) *Store { return &Store{check: check} }

// Admit returns why a record is no setting that this build can use, nil where it is one.
func (s *Store) Admit(ev *models.Event) *models.Invalid {
	v, err := read(ev.Props)
	if err == nil {
		err = s.Check(&v)
	}
	if err == nil {
		return nil
	}
	why := &models.Invalid{Code: models.BadSetting, Reason: err.Error()}
	if known, ok := err.(*models.Invalid); ok {
		why.Field = known.Field
	}
	return why
}

// Check reports what is wrong with a version that is to be set. Any goroutine may call it.
func (s *Store) Check(v *Version) error {
	if err := CheckName(v.Kind, v.Name); err != nil {
		return err
	}
	switch {
	case len(v.Body) > MaxBody:
		return invalid("", "the setting has %d bytes: %d are possible", len(v.Body), MaxBody)
	case len(v.Author) > MaxAuthor:
		return invalid("author", "it has more than %d bytes", MaxAuthor)
	case v.Deleted:
		return nil
	}
	return s.check(v)
}

// Apply takes a record that Admit has admitted, and tells whether it holds now. Of several writers of one version the first in the log
// counts; what comes late counts as a conflict, and nothing else. Before anybody can find the new settings of the shop, all of them are
// given to first: whoever has seen a version here is answered by it everywhere.
func (s *Store) Apply(number uint32, ev *models.Event, first func(list []*Setting)) bool {
	v, err := read(ev.Props)
	if err != nil {
		return false // a record that a snapshot's builder has admitted and this one does not
	}
	return s.take(number, &v, first)
}

func (s *Store) take(number uint32, v *Version, first func(list []*Setting)) bool {
	of := s.shops.Get(number, func() *shop { return new(shop) })
	all, key := of.load(), name{v.Kind, v.Name}
	old := all[key]
	switch {
	case old != nil && v.Version <= old.Newest().Version:
		if _, again := s.same(old, v); !again {
			s.conflicts.Add(1)
		}
		return false
	case old == nil && len(all) >= MaxNames:
		s.refused.Add(1)
		return false
	}
	next := new(Setting)
	if old != nil {
		next.Versions = slices.Clone(old.Versions)
	}
	next.Versions = bounded(append(next.Versions, *v))
	if !v.Deleted {
		next.Broken = s.check(v)
	}
	copied := maps.Clone(all)
	if copied == nil {
		copied = map[name]*Setting{}
	}
	copied[key] = next
	if first != nil {
		first(listOf(copied, ""))
	}
	of.all.Store(&copied)
	s.bytes.Add(size(next) - size(old))
	return true
}

// same returns a version of a setting that is the very one given.
func (s *Store) same(old *Setting, v *Version) (*Version, bool) {
	found, ok := old.Find(v.Version)
	return found, ok && found.ID == v.ID
}

// bounded leaves out the oldest versions past the bounds.
func bounded(versions []Version) []Version {
	bytes := 0
	for i := len(versions) - 1; i >= 0; i-- {
		if bytes += len(versions[i].Body); i < len(versions)-1 && (bytes > keepBytes || len(versions)-i > keepVersion) {
			return slices.Clone(versions[i+1:])
		}
	}
	return versions
}

func size(s *Setting) (n int64) {
	if s == nil {
		return 0
	}
	for i := range s.Versions {
		v := &s.Versions[i]
		n += int64(len(v.Body)+len(v.Author)+len(v.Name)+len(v.ID)+12*len(v.Zone)) + 192
	}
	return n
}

// Find returns what is set under a kind and a name, deleted or not, and false where nothing ever was. Any goroutine may call it.
func (s *Store) Find(number uint32, kind, called string) (*Setting, bool) {
	of := s.shops.Find(number)
	if of == nil {
		return nil, false
	}
	found, ok := of.load()[name{kind, called}]
	return found, ok
}

// List returns all settings of a shop, of a kind where one is given, by kind and name; those that were deleted as well. Any goroutine may
// call it.
func (s *Store) List(number uint32, kind string) (list []*Setting) {
	of := s.shops.Find(number)
	if of == nil {
		return nil
	}
	return listOf(of.load(), kind)
}

func listOf(all map[name]*Setting, kind string) (list []*Setting) {
	for key, setting := range all {
		if kind == "" || key.kind == kind {
			list = append(list, setting)
		}
	}
	slices.SortFunc(list, func(a, b *Setting) int {
		return cmp.Or(cmp.Compare(a.Newest().Kind, b.Newest().Kind), cmp.Compare(a.Newest().Name, b.Newest().Name))
	})
	return list
}

// Full tells whether a shop has as many names as it may have.
func (s *Store) Full(number uint32) bool {
	of := s.shops.Find(number)
	return of != nil && len(of.load()) >= MaxNames
}

// Each calls f with every version of every setting, in one order, until it returns an error. Any goroutine may call it.
func (s *Store) Each(f func(number uint32, v *Version) error) error {
	for number := range s.shops.All() {
		for _, setting := range s.List(uint32(number), "") {
			for i := range setting.Versions {
				if err := f(uint32(number), &setting.Versions[i]); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// Conflicts returns how many records came after another writer's of the same version, Refused how many were one name too many.
func (s *Store) Conflicts() uint64 { return s.conflicts.Load() }

// Refused is described at Conflicts.
func (s *Store) Refused() uint64 { return s.refused.Load() }

// Bytes returns the memory held.
func (s *Store) Bytes() uint64 { return uint64(max(0, s.bytes.Load())) }

// Freeze returns the settings of this moment for a snapshot: what it holds does not change any more, and is written later.
func (s *Store) Freeze() *slab.Parts {
	f := frozen{counts: slab.Numbers{s.conflicts.Load(), s.refused.Load()}}
	for number := range s.shops.All() {
		for _, setting := range s.List(uint32(number), "") {
			f.of = append(f.of, uint64(number))
			f.settings = append(f.settings, setting)
		}
	}
	return slab.Join(&f)
}

// frozen is a store on its way into a snapshot: its counts, how many settings follow, then of each the shop, the bytes and the versions.
type frozen struct {
	counts   slab.Numbers
	of       []uint64
	settings []*Setting
}

// WriteTo implements io.WriterTo.
func (f *frozen) WriteTo(dst io.Writer) (int64, error) {
	total, err := append(f.counts, uint64(len(f.of))).WriteTo(dst)
	for i := 0; i < len(f.of) && err == nil; i++ {
		var body []byte
		if body, err = json.Marshal(f.settings[i].Versions); err != nil {
			return total, fmt.Errorf("cannot write a setting: %w", err)
		}
		var n int64
		n, err = slab.Numbers{f.of[i], uint64(len(body))}.WriteTo(dst)
		total += n
		if err == nil {
			var k int
			k, err = dst.Write(body)
			total += int64(k)
		}
	}
	return total, err
}

// maxFrozen bounds a setting in a snapshot: what is past it is damage.
const maxFrozen = 16 << 20

// ReadFrom replaces the settings by what Freeze wrote. One that this build cannot use is kept, and Broken says why.
func (s *Store) ReadFrom(r io.Reader) (int64, error) {
	head := make(slab.Numbers, 3)
	total, err := head.ReadFrom(r)
	if err != nil {
		return total, err
	}
	s.shops, s.bytes = pershop.Table[shop]{}, atomic.Int64{}
	for range head[2] {
		at := make(slab.Numbers, 2)
		n, err := at.ReadFrom(r)
		total += n
		if err == nil && (at[0] > pershop.Most || at[1] > maxFrozen) {
			err = fmt.Errorf("cannot read a setting of shop %d of %d bytes: it is damaged", at[0], at[1])
		}
		if err != nil {
			return total, err
		}
		body := make([]byte, at[1])
		k, err := io.ReadFull(r, body)
		total += int64(k)
		var versions []Version
		if err == nil {
			err = json.Unmarshal(body, &versions)
		}
		if err != nil {
			return total, fmt.Errorf("cannot read a setting: %w", err)
		}
		for i := range versions {
			s.take(uint32(at[0]), &versions[i], nil)
		}
	}
	s.conflicts.Store(head[0])
	s.refused.Store(head[1])
	return total, nil
}
