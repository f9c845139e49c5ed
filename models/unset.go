package models

// Words that stand for nothing are what a program writes where it has no value. Taken for ids they would make one person of
// all who are not logged in, and one order of all that have no number. They are compared without regard to case, after the
// white space around them is gone, and each is left out with a Warning that has the word.
//
// The first list holds for every id. The second holds for whoever an event is about (visitor, contact) and for orders,
// sessions and event ids, not for products and shops, where such a word may be a real one. Both are made of the lists of
// ids that Segment, Mixpanel and PostHog refuse, and of GA4's and BigQuery's names for no value.
var (
	unsetIDs = [...]string{
		"null", "(null)", "<null>", "undefined", "(undefined)", "nil", "<nil>", "(not set)", "not set", "(not provided)", "(data deleted)",
		"nan", "n/a", "#n/a", "[object object]", "[object undefined]", "[object null]", "[]", "{}", "-", "--",
	}
	unsetPersons = [...]string{
		"none", "(none)", "na", "unknown", "(unknown)", "unset", "void", "empty", "anonymous", "(anonymous)", "anon", "anonymous_user",
		"guest", "guest_user", "not_authenticated", "false", "true", "-1", "email", "user_id", "userid", "distinct_id", "client_id", "(direct)",
	}
)

// zeros is the Word of an id of nothing but zeros and dashes: 0, and the UUID that is none.
const zeros = "0"

// blank is the Word of an id of nothing but white space.
const blank = " "

// unsetWord is a word and for whose ids it holds.
type unsetWord struct {
	word   string
	person bool
}

// unsetWords has the words by length.
var unsetWords = func() (by [32][]unsetWord) {
	for _, w := range unsetIDs {
		by[len(w)] = append(by[len(w)], unsetWord{w, false})
	}
	for _, w := range unsetPersons {
		by[len(w)] = append(by[len(w)], unsetWord{w, true})
	}
	return by
}()

// unsetMask has, by length of a word, a bit for each byte that one begins with: see headBit.
var unsetMask = func() (mask [len(unsetWords)]uint64) {
	for n, list := range unsetWords {
		for _, w := range list {
			mask[n] |= 1 << headBit(w.word[0])
		}
	}
	return mask
}()

// headBit is the same for both cases of a letter.
func headBit(c byte) byte { return (c | 0x20) & 63 }

// maybeUnset tells whether an id has to be compared with words; false is certain. The id is not empty.
func maybeUnset(id []byte) bool {
	n, c := len(id), id[0]
	if c == '0' || c == '-' {
		last := id[n-1]
		return last == '0' || last == '-' || n < 3
	}
	return n < len(unsetMask) && unsetMask[n]>>headBit(c)&1 != 0
}

// unset returns the word that an id stands for nothing by, "" where it is an id. It is not empty.
func unset(id []byte, person bool) string {
	if !maybeUnset(id) {
		return ""
	}
	return unsetSlow(id, person)
}

func unsetSlow(id []byte, person bool) string {
	if person && (id[0] == '0' || id[0] == '-') && onlyZeros(id) {
		return zeros
	}
	if len(id) >= len(unsetWords) {
		return ""
	}
	for i := range unsetWords[len(id)] {
		if w := &unsetWords[len(id)][i]; (person || !w.person) && equalFold(id, w.word) {
			return w.word
		}
	}
	return ""
}

func onlyZeros(id []byte) bool {
	zero := false
	for _, c := range id {
		if c != '0' && c != '-' {
			return false
		}
		zero = zero || c == '0'
	}
	return zero
}

// equalFold compares with a word in lower case of the same length.
func equalFold(id []byte, word string) bool {
	for i, c := range id {
		if c-'A' <= 25 {
			c |= 0x20
		}
		if c != word[i] {
			return false
		}
	}
	return true
}

// IsUnset tells whether a contact's or visitor's id is none: empty, or a word that stands for nothing.
func IsUnset(id []byte) bool {
	id = trimBlanks(id)
	return len(id) == 0 || unset(id, true) != ""
}
