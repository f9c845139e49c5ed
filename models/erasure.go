package models

import "bytes"

// An erasure asks that a contact or a visitor is forgotten: an event of kind Erasure, by the shop alone, so that whoever reads the log
// anew forgets again. It names whom by the keyed hash that the log's seed makes of the id, since a record stays for as long as the log
// keeps it: "~" and 16 hexadecimal digits in place of the id. A producer that has no seed may write the id itself.
//
// From then on an event that names who was erased counts without the name, until Returns says otherwise.

// hashMark begins an id that is a hash.
const hashMark = '~'

// AppendHashedID appends the hash of an id as an erasure names it.
func AppendHashedID(dst []byte, hash uint64) []byte { return AppendHash(append(dst, hashMark), hash) }

// HashedID returns the hash of an id that AppendHashedID wrote, and false for any other id.
func HashedID(id []byte) (hash uint64, ok bool) {
	if len(id) != 1+hashDigits || id[0] != hashMark {
		return 0, false
	}
	return parseHash(id[1:])
}

// returnMember is the member of an identify by which somebody who was erased comes back.
const returnMember = "consent_after_erasure"

// Returns tells whether an event brings back whom an erasure at a moment has made the engine forget: an identify of a later time, by
// the shop's server or with its proof, that says "consent_after_erasure": true. Nothing else does: no import, no visit, no order.
func (e *Event) Returns(erased Time) bool {
	if e.Kind != Identify || !e.Vouched() || e.Time <= erased || !bytes.Contains(e.Props, []byte(returnMember)) {
		return false
	}
	yes, ok := Member(e.Props, returnMember).Bool()
	return ok && yes
}
