package engine

import (
	"errors"
	"strings"
	"testing"

	"orrery/models/slab"
)

// relearned are the sections that the rest can go on without.
var relearned = map[string]bool{
	"intent": true, "shelves": true, "outlook": true, "vectors": true, "together": true, "quality_next": true,
	"quality_viewed_together": true, "quality_shops": true,
}

// Every section refuses versions that it does not know, and has a name and versions of its own.
func TestRegistry(t *testing.T) {
	e := newTestEngine(t)
	names := map[string]bool{}
	for _, s := range e.Freeze() {
		s.Close()
		if names[s.Name] || s.Name == "" || strings.HasPrefix(s.Name, "stream/") {
			t.Errorf("%q is not a name of its own", s.Name)
		}
		names[s.Name] = true
		for _, version := range []uint16{9, s.Version + 1} {
			err := e.Restore(s.Name, version, strings.NewReader(""))
			var dropped *slab.Dropped
			if err == nil || errors.As(err, &dropped) != relearned[s.Name] {
				t.Errorf("%s of version %d: %v", s.Name, version, err)
			}
		}
	}
	for name := range relearned {
		if !names[name] {
			t.Errorf("there is no section %q", name)
		}
	}
	if err := e.Restore("other", 10, strings.NewReader("")); err == nil || !strings.Contains(err.Error(), `"other"`) {
		t.Errorf("an unknown section: %v", err)
	}
}

// The bytes of a model are those of its parts.
func TestPartsOfBytes(t *testing.T) {
	e := newTestEngine(t)
	apply(e, crowd(200))
	for name, m := range map[string]struct {
		parts map[string]uint64
		bytes uint64
	}{
		"people":    {persons{e.m.People}.parts(), persons{e.m.People}.Bytes()},
		"sessions":  {e.sessionParts(), e.m.Next.Bytes()},
		"customers": {e.customers.Parts(), e.customers.Bytes()},
		"intent":    {e.intents.Parts(), e.intents.Bytes()},
	} {
		sum := uint64(0)
		for _, n := range m.parts {
			sum += n
		}
		if sum != m.bytes || sum == 0 {
			t.Errorf("the parts of %s are %d bytes of %d", name, sum, m.bytes)
		}
	}
}
