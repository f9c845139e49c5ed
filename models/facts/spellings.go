package facts

import (
	"slices"
)

// Spellings is how contacts of an import are spelled that are not spelled in the one form of their ids: an export of a build
// from before there was one may hold somebody in several ways, and counts each.
type Spellings map[uint32][]string

// Spell takes how a contact is spelled that was known before, or was not, and reports whether it is one more that has been
// merged: told under another spelling so far.
func (s *Spellings) Spell(contact uint32, known bool, spelled, one string) (merged bool) {
	all := (*s)[contact]
	if spelled == one && len(all) == 0 || slices.Contains(all, spelled) {
		return false // the common case first
	}
	if *s == nil {
		*s = Spellings{}
	}
	if known && len(all) == 0 {
		all = append(all, one)
	}
	(*s)[contact] = append(all, spelled)
	return known
}

// Merged returns how many contacts were told under other Spellings of the same.
func (s Spellings) Merged() (n uint64) {
	for _, all := range s {
		n += uint64(len(all)) - 1
	}
	return n
}
