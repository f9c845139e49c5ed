package main

import (
	"bytes"
	"encoding/json"
	"fmt"

	"orrery/models"
)

// tellings is what has been told last of each contact, two bytes each: so a record says what it changes from, whatever was
// lost, repeated or told by another instance meanwhile, and what is known already is not told again.
type tellings struct {
	last  []telling // by the engine's number of the contact
	names []string  // of segments
	codes map[string]telling

	newest models.Time // time of the newest change that has been told
}

// telling is a segment, counted from 1, and in the upper byte a band, counted from 1, where a model spoke. 0: never told.
type telling uint16

func (t *tellings) of(segment string, band *uint8) telling {
	code, known := t.codes[segment]
	if !known {
		if t.codes == nil {
			t.codes = make(map[string]telling)
		}
		t.names = append(t.names, segment)
		code = telling(len(t.names))
		t.codes[segment] = code
	}
	if band != nil {
		code |= telling(*band+1) << 8
	}
	return code
}

func (t *tellings) segment(code telling) string { return t.names[code&0xff-1] }

// band returns the band of a telling, nil where no model spoke.
func (code telling) band() *uint8 {
	if code>>8 == 0 {
		return nil
	}
	band := uint8(code>>8) - 1
	return &band
}

// set notes what has been told of a contact, and returns what was told before.
func (t *tellings) set(number uint32, code telling) (before telling) {
	if int(number) >= len(t.last) {
		t.last = append(t.last, make([]telling, int(number)+1+len(t.last)/8-len(t.last))...)
	}
	before, t.last[number] = t.last[number], code
	return before
}

// recall takes a record of the topic of scores. number finds the engine's number of a contact, 0 for one it does not know.
func (t *tellings) recall(key, value []byte, number func(shop, contact []byte) uint32) error {
	shop, contact, ok := bytes.Cut(key, []byte{models.KeySeparator})
	if !ok {
		return nil // nobody's
	}
	n := number(shop, contact)
	if n == 0 {
		return nil
	}
	if value == nil {
		t.set(n, 0)
		return nil
	}
	var s score
	if err := json.Unmarshal(value, &s); err != nil {
		return fmt.Errorf("cannot read what has been told of contact %q: %w", contact, err)
	}
	t.set(n, t.of(s.Segment, s.Band))
	t.newest = max(t.newest, models.TimeOf(s.Time))
	return nil
}
