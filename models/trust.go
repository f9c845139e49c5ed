package models

import (
	"encoding/binary"
	"encoding/hex"
)

// Trust says what the sender of an event was allowed to say. It is a member of the record, written by the server that took the
// event, so that a replay of the log decides as the first reading did.
type Trust uint8

const (
	// Trusted is the shop itself: its secret key, a Kafka producer, a replayed or imported file, a server without keys.
	Trusted Trust = iota
	// Signed is a page that shows a proof made by the shop's server.
	Signed
	// Public is anybody: the key that was shown stands in the shop's pages.
	Public
)

var trustNames = [...]string{Trusted: "secret", Signed: "signed", Public: "public"}

// String returns the word that stands in records.
func (t Trust) String() string { return trustNames[t] }

// trust reads who said the event. A word that is not known gives no rights: it is read as public.
func (d *decoder) trust(i int) int {
	d.e.Proved = false
	if d.b[i] != '"' {
		if !literal(d.b, i, "null") {
			d.e.Trust = Public
		} else {
			d.e.Trust = Trusted
		}
		return d.skip(i, 1)
	}
	var word []byte
	if i = d.plain(i, &word); i < 0 {
		return -1
	}
	d.e.Proved = string(word) == ProvedWord
	switch string(word) {
	case "", "secret":
		d.e.Trust = Trusted
	case "signed":
		d.e.Trust = Signed
	default:
		d.e.Trust = Public
	}
	return i
}

// net reads the hash of the sender's network: 16 hexadecimal digits. Anything else is no network.
func (d *decoder) net(i int) int {
	d.e.Net = 0
	if d.b[i] != '"' {
		return d.skip(i, 1)
	}
	var word []byte
	if i = d.plain(i, &word); i >= 0 && len(word) == hashDigits {
		d.e.Net, _ = parseHash(word)
	}
	return i
}

// proof reads the proof of a contact; what is no text proves nothing.
func (d *decoder) proof(i int) int {
	d.e.Proof = nil
	if d.b[i] != '"' {
		return d.skip(i, 1)
	}
	return d.plain(i, &d.e.Proof)
}

// sentAt reads the moment of sending by the sender's clock. It is a help: what is no time is left out.
func (d *decoder) sentAt(i int) int {
	d.e.SentAt = 0
	if c := d.b[i]; c == '-' || c-'0' <= 9 {
		n := scanNumber(d.b, i)
		if !n.ok() {
			return d.broken(n.end)
		}
		d.e.SentAt = n.time()
		return n.end
	}
	if d.b[i] != '"' {
		return d.skip(i, 1)
	}
	var word []byte
	if i = d.plain(i, &word); i >= 0 && len(word) > 0 {
		d.e.SentAt, _ = ParseTime(word)
	}
	return i
}

// clockTolerance is what a clock may differ by without being corrected: less is the way of the request and its queue.
const clockTolerance = 10 * Second

// Corrected returns the event's time by the clock of whoever received it at now, and whether it is another one than Time: a
// sender that says when it sent (SentAt) has shown what its clock is off by. What was corrected is never later than now.
func (e *Event) Corrected(now Time) (Time, bool) {
	if e.SentAt == 0 || e.SentAt < firstTime || e.SentAt > lastTime || e.said < firstTime || e.said > lastTime {
		return e.Time, false
	}
	off := now - e.SentAt
	if off >= -clockTolerance && off <= clockTolerance {
		return e.Time, false
	}
	t := min(e.said+off, now)
	if t < MinTime {
		return e.Time, false
	}
	return t, t != e.Time
}

// hashDigits is the length of a 64-bit number in hexadecimal.
const hashDigits = 16

// AppendHash appends a 64-bit number as 16 hexadecimal digits.
func AppendHash(dst []byte, h uint64) []byte {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], h)
	return hex.AppendEncode(dst, b[:])
}

// parseHash reads what AppendHash wrote.
func parseHash(digits []byte) (h uint64, ok bool) {
	if len(digits) != hashDigits {
		return 0, false
	}
	for _, c := range digits {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		default:
			return 0, false
		}
		h = h<<4 | uint64(c)
	}
	return h, true
}
