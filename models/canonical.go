package models

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Ids have one form, so that one person, product or order is one, whoever spells it: white space around them is cut off,
// text is in Unicode's normal form C, and a contact that is a mail address is in lower case (no folding of dots or plus
// signs: only its provider knows whether they matter). Decode brings ids into that form, and so does whoever asks.

// CanonicalID returns an id in its one form: id itself, or a part of it, where it is in that form.
func CanonicalID(id []byte) []byte {
	id = trimBlanks(id)
	if isASCII(id) || norm.NFC.IsNormal(id) {
		return id
	}
	return norm.NFC.Append(nil, id...)
}

// CanonicalContact is CanonicalID of a contact.
func CanonicalContact(id []byte) []byte {
	id = trimBlanks(id)
	if !isMail(id) || isLower(id) {
		return CanonicalID(id)
	}
	return norm.NFC.Append(nil, bytes.ToLower(id)...)
}

// canonical is CanonicalID, or CanonicalContact, into the event's scratch.
func (d *decoder) canonical(id []byte, contact, plain bool) []byte {
	id = trimBlanks(id)
	e := d.e
	if contact && isMail(id) && !isLower(id) {
		start := len(e.scratch)
		if plain {
			for _, c := range id {
				if c-'A' <= 25 {
					c |= 0x20
				}
				e.scratch = append(e.scratch, c)
			}
		} else {
			lower := bytes.ToLower(id)
			e.scratch = norm.NFC.Append(e.scratch, lower...)
		}
		return e.scratch[start:len(e.scratch):len(e.scratch)]
	}
	if plain || norm.NFC.IsNormal(id) {
		return id
	}
	start := len(e.scratch)
	e.scratch = norm.NFC.Append(e.scratch, id...)
	return e.scratch[start:len(e.scratch):len(e.scratch)]
}

// trimBlanks cuts ASCII white space off both ends.
func trimBlanks(id []byte) []byte {
	for len(id) > 0 && isBlank(id[0]) {
		id = id[1:]
	}
	for len(id) > 0 && isBlank(id[len(id)-1]) {
		id = id[:len(id)-1]
	}
	return id
}

func isBlank(c byte) bool { return c == ' ' || c-'\t' <= '\r'-'\t' }

func isMail(id []byte) bool { return bytes.IndexByte(id, '@') > 0 }

// isLower tells whether lower case and normal form C are certain to change nothing.
func isLower(id []byte) bool {
	for _, c := range id {
		if c-'A' <= 25 || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func isASCII(s []byte) bool {
	for len(s) >= 8 {
		if binary.LittleEndian.Uint64(s)&highs != 0 {
			return false
		}
		s = s[8:]
	}
	for _, c := range s {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
