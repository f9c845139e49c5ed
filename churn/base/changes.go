package base

import (
	"math"

	"orrery/models/outbox"
)

// maxChanges is how many changes of customers wait to be passed on, at most: past it the oldest are lost, and counted.
const maxChanges = 1 << 15

// changes is customers' transitions that wait to be passed on.
type changes struct{ *outbox.Ring }

const changeWords = 3

// change is a transition of a contact, and what holds after it.
type change struct {
	contact, second        uint32
	segment, segmentBefore uint8
	band, bandBefore       uint8 // noBand without a model
	alive                  float64
}

const noBand = 255

func newChanges() changes { return changes{outbox.New(changeWords, maxChanges)} }

func (r changes) note(c change) {
	r.Put(
		uint64(c.contact)<<32|uint64(c.second),
		uint64(c.segment)<<24|uint64(c.segmentBefore)<<16|uint64(c.band)<<8|uint64(c.bandBefore),
		math.Float64bits(c.alive),
	)
}

// pending returns up to most changes that have not been told, and the number after the last of them.
func (r changes) pending(most int) (list []change, next uint64) {
	next = r.Pending(most, func(record []uint64) {
		who, what := record[0], record[1]
		list = append(list, change{
			contact: uint32(who >> 32), second: uint32(who),
			segment: uint8(what >> 24), segmentBefore: uint8(what >> 16), band: uint8(what >> 8), bandBefore: uint8(what),
			alive: math.Float64frombits(record[2]),
		})
	})
	return list, next
}

// forget forgets the changes of a contact: what is left in their places is nobody's.
func (r changes) forget(contact uint32) {
	r.Edit(func(record []uint64) bool {
		mine := uint32(record[0]>>32) == contact
		if mine {
			clear(record)
		}
		return mine
	})
}
