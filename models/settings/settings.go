// Package settings is what a shop has set: definitions of its frames and of the shop itself, by kind and name, each with its history. They
// come as records of the compacted topic settings and are folded as events are, so that a replay, a restart and every instance agree.
// No key, password or token is a setting: what is in the log is there to be read.
package settings

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"orrery/models"
)

// The kinds of settings.
const (
	KindShop  = "shop"  // of the shop as a whole, by the name "shop": see Shop
	KindFrame = "frame" // of a place on a page or in a mail, by the frame's name: see Frame
)

// Kinds is all of them, sorted.
var Kinds = []string{KindFrame, KindShop}

// Version is one version of a setting, and the value of its record in the log.
type Version struct {
	Kind    string `json:"kind"`
	Name    string `json:"name"`
	Version int    `json:"version"`
	// ID is the writer's own: it tells two writers of one version apart, of whom the first in the log counts.
	ID      string      `json:"id"`
	Time    models.Time `json:"time"`
	Author  string      `json:"author,omitempty"`
	From    int         `json:"from,omitempty"` // the version that it takes up again
	Deleted bool        `json:"deleted,omitempty"`
	// Body is the definition: JSON, as short as it can be written.
	Body json.RawMessage `json:"setting,omitempty"`
	// Zone is when the clocks of the shop's time zone change: whoever takes the setting looks it up once, so that all who fold the log agree.
	Zone []Shift `json:"zone,omitempty"`
}

// Setting is what is set under a kind and a name: its versions, the oldest first, never none. It does not change any more.
type Setting struct {
	Versions []Version
	// Broken says why this build cannot use the newest version, which another one has taken; nil where it can.
	Broken error
}

// Newest returns the version that holds.
func (s *Setting) Newest() *Version { return &s.Versions[len(s.Versions)-1] }

// Find returns a version by its number.
func (s *Setting) Find(version int) (*Version, bool) {
	for i := range s.Versions {
		if s.Versions[i].Version == version {
			return &s.Versions[i], true
		}
	}
	return nil, false
}

// Bounds of settings.
const (
	MaxBody     = 128 << 10 // bytes of a definition
	MaxName     = 64
	MaxAuthor   = 128
	MaxNames    = 1000      // of a shop, those that were deleted included
	keepVersion = 100       // versions of a setting that are kept
	keepBytes   = 512 << 10 // and how much of them, the newest always
)

// invalid says what is wrong with a field of a setting, and what to do.
func invalid(field, format string, args ...any) *models.Invalid {
	reason := fmt.Sprintf(format, args...)
	if field != "" {
		reason = field + ": " + reason
	}
	return &models.Invalid{Field: field, Code: models.BadSetting, Reason: reason}
}

// CheckName reports what is wrong with a kind and a name.
func CheckName(kind, name string) error {
	switch {
	case !slices.Contains(Kinds, kind):
		return invalid("kind", "there is no kind %s%s: there are %s", strconv.Quote(kind), meant(kind, Kinds), strings.Join(Kinds, ", "))
	case kind == KindShop && name != KindShop:
		return invalid("name", "the setting of kind shop is called shop, not %s", strconv.Quote(name))
	case name == "" || len(name) > MaxName:
		return invalid("name", "it has 1 to %d characters", MaxName)
	}
	for _, c := range []byte(name) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '-' {
			return invalid("name", "%s may have small letters, digits, _ and - only", strconv.Quote(name))
		}
	}
	return nil
}

// Key returns the key of a version's record: the log keeps one record of each. The writer's id is in it, for of two writers of one version
// the first counts, and compaction keeps the last of a key.
func (v *Version) Key(shop []byte) []byte {
	if len(shop) == 0 {
		shop = []byte(models.DefaultShop)
	}
	sep := string(rune(models.KeySeparator))
	return append(slices.Clone(shop), sep+v.Kind+sep+v.Name+sep+strconv.Itoa(v.Version)+sep+v.ID...)
}

// Record returns a version as a record of the log.
func (v *Version) Record(shop []byte) (models.Record, error) {
	value, err := json.Marshal(v)
	if err != nil {
		return models.Record{}, fmt.Errorf("cannot write the %s %q: %w", v.Kind, v.Name, err)
	}
	return models.Record{Topic: models.Settings, Key: v.Key(shop), Value: value}, nil
}

// read reads the value of a record.
func read(value []byte) (v Version, err error) {
	if err := json.Unmarshal(value, &v); err != nil {
		return v, invalid("", "the record is no setting: %v", err)
	}
	if err := CheckName(v.Kind, v.Name); err != nil {
		return v, err
	}
	switch {
	case v.Version < 1:
		return v, invalid("version", "it is from 1 on")
	case v.Deleted == (len(v.Body) > 0):
		return v, invalid("setting", "it is missing")
	}
	return v, nil
}
