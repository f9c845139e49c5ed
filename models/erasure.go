package models

import "bytes"

// An erasure asks that a contact or a visitor is forgotten: an event of kind Erasure, by the shop alone, so that whoever reads the log
// anew forgets again. It does not name whom by the id, since a record stays for as long as the log keeps it, but by what package erased
// makes of it with a key of the log: "~" and 48 hexadecimal digits in place of the id; versions before that by the hash that the log's
// seed makes of the id, "~" and 16 digits. A producer that has no seed may write the id itself.
//
// From then on an event that names who was erased counts without the name, until Returns says otherwise.

// hashMark begins an id that stands for another.
const hashMark = '~'

// AppendSealedID appends three numbers in place of an id.
func AppendSealedID(dst []byte, words [3]uint64) []byte {
	dst = append(dst, hashMark)
	for _, w := range words {
		dst = AppendHash(dst, w)
	}
	return dst
}

// SealedID returns what AppendSealedID wrote, and false for any other id.
func SealedID(id []byte) (words [3]uint64, ok bool) {
	if len(id) != 1+len(words)*hashDigits || id[0] != hashMark {
		return words, false
	}
	ok = true
	for i := range words {
		w, digits := parseHash(id[1+i*hashDigits:][:hashDigits])
		words[i], ok = w, ok && digits
	}
	return words, ok
}

// HashedID returns the hash that an id of versions before is, and false for any other id.
func HashedID(id []byte) (hash uint64, ok bool) {
	if len(id) != 1+hashDigits || id[0] != hashMark {
		return 0, false
	}
	return parseHash(id[1:])
}

// ReturnMember is the member of an identify by which somebody who was erased comes back.
const ReturnMember = "consent_after_erasure"

// Returns tells whether an event brings back whom an erasure at a moment has made the engine forget: an identify of a later time, by
// the shop's server or with its proof, that says "consent_after_erasure": true. Nothing else does: no import, no visit, no order.
func (e *Event) Returns(erased Time) bool {
	if e.Kind != Identify || !e.Vouched() || e.Time <= erased || !bytes.Contains(e.Props, []byte(ReturnMember)) {
		return false
	}
	yes, ok := Member(e.Props, ReturnMember).Bool()
	return ok && yes
}
