package models

import "unicode/utf8"

// MaxDepth bounds how deep arrays and objects may be nested within a record, the record itself counted. It is the
// width of the word that skip keeps its stack in.
const MaxDepth = 64

// literal tells whether b has the word at i.
func literal(b []byte, i int, word string) bool {
	return len(b)-i >= len(word) && string(b[i:i+len(word)]) == word
}

// fault is why a value cannot be skipped.
type fault uint8

const (
	sound   fault = iota
	broken        // not JSON
	tooDeep       // nested deeper than allowed
	badUTF8       // a string is not UTF-8
)

// skip returns the index after the JSON value that begins at b[i], white space before it allowed; with a fault it is
// the index of the fault. The value may nest depth levels. It checks all that Decode checks, in one loop without
// recursion: a bit a level says whether that level is an object.
func skip(b []byte, i, depth int) (int, fault) {
	var objects uint64
	level := 0
	for {
		// A value begins here.
		i = space(b, i)
		if i >= len(b) {
			return i, broken
		}
		opened := false
		switch c := b[i]; c {
		case '"':
			end, why := skipString(b, i)
			if why != sound {
				return end, why
			}
			i = end
		case '{', '[':
			if level++; level > depth {
				return i, tooDeep
			}
			objects = objects << 1
			if c == '{' {
				objects |= 1
			}
			i = space(b, i+1)
			opened = true
		default:
			end := skipPlain(b, i)
			if end < 0 {
				return i, broken
			}
			i = end
		}
		// Close what ends here, and find where the next value begins.
		for {
			if level == 0 {
				return i, sound
			}
			i = space(b, i)
			if i >= len(b) {
				return i, broken
			}
			c, isObject := b[i], objects&1 == 1
			if c == '}' && isObject || c == ']' && !isObject {
				i++
				level--
				objects >>= 1
				opened = false
				continue
			}
			if !opened {
				if c != ',' {
					return i, broken
				}
				i++
			}
			if isObject {
				var why fault
				if i, why = skipKey(b, i); why != sound {
					return i, why
				}
			}
			break
		}
	}
}

// skipString returns the index after the string whose opening quote is b[i].
func skipString(b []byte, i int) (int, fault) {
	end, flags := scanString(b, i+1)
	if flags&unfinished != 0 {
		return end, broken
	}
	if flags&hasHigh != 0 && !utf8.Valid(b[i+1:end]) {
		return i, badUTF8
	}
	return end + 1, sound
}

// skipKey returns the index after a member's name and colon.
func skipKey(b []byte, i int) (int, fault) {
	i = space(b, i)
	if i >= len(b) || b[i] != '"' {
		return i, broken
	}
	i, why := skipString(b, i)
	if why != sound {
		return i, why
	}
	i = space(b, i)
	if i >= len(b) || b[i] != ':' {
		return i, broken
	}
	return i + 1, sound
}

// skipPlain returns the index after a number or a literal, -1 where there is none.
func skipPlain(b []byte, i int) int {
	switch b[i] {
	case 't':
		if literal(b, i, "true") {
			return i + 4
		}
	case 'f':
		if literal(b, i, "false") {
			return i + 5
		}
	case 'n':
		if literal(b, i, "null") {
			return i + 4
		}
	default:
		if n := scanNumber(b, i); n.ok() {
			return n.end
		}
	}
	return -1
}
