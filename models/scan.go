package models

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// What scanString met in a string besides plain ASCII.
const (
	hasEscape  = 1 << iota // a backslash
	hasHigh                // a byte >= 0x80
	hasDelete              // 0x7f, the one control character that JSON lets through
	unfinished             // no closing quote, a raw control character, or a broken escape: end is where
)

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// scanString returns the index of the quote that closes the string whose first byte is b[i], and what is in it.
// It reads eight bytes at a time; the lowest bit set in each mask is exact, as borrows only run upwards.
func scanString(b []byte, i int) (end, flags int) {
	for i+8 <= len(b) {
		w := binary.LittleEndian.Uint64(b[i:])
		q, s := w^'"'*ones, w^'\\'*ones
		stop := ((q - ones) | (s - ones) | (w - ' '*ones) | (w + ones) | w) & highs
		if stop == 0 {
			i += 8
			continue
		}
		i += bits.TrailingZeros64(stop) >> 3
		if b[i] == '"' {
			return i, 0
		}
		return scanHardString(b, i)
	}
	return scanHardString(b, i)
}

// scanHardString goes on where plain ASCII, or room for a whole word, ended.
func scanHardString(b []byte, i int) (end, flags int) {
	for i < len(b) {
		if i+8 <= len(b) {
			w := binary.LittleEndian.Uint64(b[i:])
			q, s, d := w^'"'*ones, w^'\\'*ones, w^0x7f*ones
			stop := ((q-ones)&^q | (s-ones)&^s | (d-ones)&^d | (w-' '*ones)&^w) & highs
			n := bits.TrailingZeros64(stop) >> 3 // 8 when there is none
			if w&highs&(1<<(8*n)-1) != 0 {
				flags |= hasHigh
			}
			if i += n; n == 8 {
				continue
			}
		}
		switch c := b[i]; {
		case c == '"':
			return i, flags
		case c == '\\':
			flags |= hasEscape
			n := escapeLen(b[i:])
			if n == 0 {
				return i, flags | unfinished
			}
			i += n
			continue
		case c < ' ':
			return i, flags | unfinished
		case c == 0x7f:
			flags |= hasDelete
		case c >= 0x80:
			flags |= hasHigh
		}
		i++
	}
	return i, flags | unfinished
}

// escapeLen returns the length of the escape at the head of b, 0 where it is none of JSON's.
func escapeLen(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if _, ok := hex4(b[2:]); ok {
			return 6
		}
	}
	return 0
}

// hex4 reads four hexadecimal digits.
func hex4(b []byte) (r rune, ok bool) {
	if len(b) < 4 {
		return 0, false
	}
	for _, c := range b[:4] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// unescape appends the text between the quotes of a string that scanString has approved. A surrogate without its
// other half becomes U+FFFD, as encoding/json has it.
func unescape(dst, src []byte) []byte {
	for {
		n := bytes.IndexByte(src, '\\')
		if n < 0 {
			return append(dst, src...)
		}
		dst = append(dst, src[:n]...)
		src = src[n:]
		if src[1] != 'u' {
			dst = append(dst, plainEscape(src[1]))
			src = src[2:]
			continue
		}
		r, _ := hex4(src[2:])
		src = src[6:]
		if low, ok := lowSurrogate(src); ok && r >= 0xd800 && r < 0xdc00 {
			r = (r-0xd800)<<10 + (low - 0xdc00) + 0x10000
			src = src[6:]
		}
		dst = utf8.AppendRune(dst, r)
	}
}

// lowSurrogate reads the escape of a second half at the head of src.
func lowSurrogate(src []byte) (r rune, ok bool) {
	if len(src) < 6 || src[0] != '\\' || src[1] != 'u' {
		return 0, false
	}
	r, _ = hex4(src[2:])
	return r, r >= 0xdc00 && r < 0xe000
}

// plainEscape returns the byte that a two-byte escape stands for.
func plainEscape(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}

// space returns the index of the first byte from b[i] on that is not white space.
func space(b []byte, i int) int {
	for i < len(b) && isSpace(b[i]) {
		i++
	}
	return i
}

func isSpace(c byte) bool { return c <= ' ' && (c == ' ' || c == '\n' || c == '\r' || c == '\t') }

// trimSpace cuts JSON's white space off both ends.
func trimSpace(b []byte) []byte {
	b = b[space(b, 0):]
	for len(b) > 0 && isSpace(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}
