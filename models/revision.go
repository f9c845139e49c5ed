package models

import "bytes"

// RevisedAt is the property of a purchase that says when its order was what it says: shops go on changing orders that are placed.
const RevisedAt = "revised_at"

var revisedMember = []byte(`"` + RevisedAt + `"`)

// Revised returns the moment of which a purchase tells, 0 where it does not say. What a page says of it counts for nothing.
func (e *Event) Revised() Time {
	if !e.Confirmed() || !bytes.Contains(e.Props, revisedMember) {
		return 0
	}
	text, _, ok := Member(e.Props, RevisedAt).Text(nil)
	if !ok {
		return 0
	}
	t, _ := ParseTime(text)
	return max(0, t)
}
