package main

import (
	"bytes"
	"encoding/json"
	"fmt"

	"orrery/models"
)

// publishedStates is what has been told last of each contact, two bytes each: so a record says what it changes from, whatever was
// lost, repeated or told by another instance meanwhile, and what is known already is not told again.
type publishedStates struct {
	last  []publishedState // by the engine's number of the contact
	names []string         // of segments
	codes map[string]publishedState

	newest models.Time // time of the newest change that has been told
}

// publishedState is a segment, counted from 1, and in the upper byte a band, counted from 1, where a model spoke. 0: never told.
type publishedState uint16

func (t *publishedStates) of(segment string, band *uint8) publishedState {
	code, known := t.codes[segment]
	if !known {
		if t.codes == nil {
			t.codes = make(map[string]publishedState)
		}
		t.names = append(t.names, segment)
		code = publishedState(len(t.names))
		t.codes[segment] = code
	}
	if band != nil {
		code |= publishedState(*band+1) << 8
	}
	return code
}

func (t *publishedStates) segment(code publishedState) string { return t.names[code&0xff-1] }

// band returns the band of a telling, nil where no model spoke.
func (code publishedState) band() *uint8 {
	if code>>8 == 0 {
		return nil
	}
	band := uint8(code>>8) - 1
	return &band
}

// set notes what has been told of a contact, and returns what was told before.
func (t *publishedStates) set(number uint32, code publishedState) (before publishedState) {
	if int(number) >= len(t.last) {
		t.last = append(t.last, make([]publishedState, int(number)+1+len(t.last)/8-len(t.last))...)
	}
	before, t.last[number] = t.last[number], code
	return before
}

// recall takes a record of the topic of scores. number finds the engine's number of a contact, 0 for one it does not know.
func (t *publishedStates) recall(key, value []byte, number func(shop, contact []byte) uint32) error {
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
