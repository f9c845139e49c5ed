package serve

import (
	"encoding/binary"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"orrery/models"
)

const hexDigits = "0123456789abcdef"

// appendString appends s as a JSON string. Invalid UTF-8 becomes U+FFFD, and "<" is escaped, so that an answer pasted
// into a page's script element cannot end it.
func appendString[S ~string | ~[]byte](dst []byte, s S) []byte {
	dst = append(dst, '"')
	from := len(dst)
	dst = append(dst, s...)
	// Most text is plain: it is copied first and looked at in place, eight bytes at a time.
	text := dst[from:]
	if plain(text) {
		return append(dst, '"')
	}
	return append(appendHardText(dst[:from], []byte(s)), '"')
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// plain tells whether text is ASCII that needs no escape.
func plain(text []byte) bool {
	for len(text) >= 8 {
		w := binary.LittleEndian.Uint64(text)
		quote, slash, less := w^'"'*ones, w^'\\'*ones, w^'<'*ones
		if ((quote-ones)|(slash-ones)|(less-ones)|(w-' '*ones)|w)&highs != 0 {
			return false
		}
		text = text[8:]
	}
	for _, b := range text {
		if b < ' ' || b >= utf8.RuneSelf || b == '"' || b == '\\' || b == '<' {
			return false
		}
	}
	return true
}

// appendHardText appends text, escaped where it has to be.
func appendHardText(dst, text []byte) []byte {
	for len(text) > 0 {
		b := text[0]
		if b < utf8.RuneSelf {
			if b < ' ' || b == '"' || b == '\\' || b == '<' {
				dst = appendEscape(dst, b)
			} else {
				dst = append(dst, b)
			}
			text = text[1:]
			continue
		}
		r, n := utf8.DecodeRune(text)
		dst = utf8.AppendRune(dst, r)
		text = text[n:]
	}
	return dst
}

func appendEscape(dst []byte, b byte) []byte {
	switch b {
	case '"', '\\':
		return append(dst, '\\', b)
	case '\n':
		return append(dst, '\\', 'n')
	case '\t':
		return append(dst, '\\', 't')
	case '\r':
		return append(dst, '\\', 'r')
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[b>>4], hexDigits[b&15])
}

// appendScore appends a score with four fixed decimals; what is no number or negative is 0.
func appendScore(dst []byte, score float32) []byte {
	n := uint64(0)
	if score > 0 && score < math.MaxUint32 {
		n = uint64(float64(score)*10_000 + 0.5)
	}
	dst = strconv.AppendUint(dst, n/10_000, 10)
	n %= 10_000
	return append(dst, '.', byte('0'+n/1000), byte('0'+n/100%10), byte('0'+n/10%10), byte('0'+n%10))
}

// units are the powers of ten.
var units = [...]uint64{1, 10, 100, 1_000, 10_000}

// appendDecimal appends v rounded to at most four places, without trailing zeros; what is no number is 0.
func appendDecimal(dst []byte, v float64, places int) []byte {
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return append(dst, '0')
	case math.Abs(v) > 1e12:
		return strconv.AppendFloat(dst, v, 'f', 0, 64)
	}
	unit := units[places]
	n := uint64(math.Abs(v)*float64(unit) + 0.5)
	if v < 0 && n > 0 {
		dst = append(dst, '-')
	}
	dst = strconv.AppendUint(dst, n/unit, 10)
	rest := n % unit
	if rest == 0 {
		return dst
	}
	dst = append(dst, '.')
	for rest > 0 {
		unit /= 10
		dst = append(dst, byte('0'+rest/unit))
		rest %= unit
	}
	return dst
}

// appendTime appends a quoted RFC 3339 moment in UTC with milliseconds; 0 is null.
func appendTime(dst []byte, t models.Time) []byte {
	if t == 0 {
		return append(dst, "null"...)
	}
	return append(models.AppendTime(append(dst, '"'), t), '"')
}

// appendMember starts a member of an object whose brace or earlier members are in dst.
func appendMember[S ~string | ~[]byte](dst []byte, name S) []byte {
	if last := dst[len(dst)-1]; last != '{' {
		dst = append(dst, ',')
	}
	return append(appendString(dst, name), ':')
}

func appendUint(dst []byte, name string, n uint64) []byte {
	return strconv.AppendUint(appendMember(dst, name), n, 10)
}

func appendMicros(dst []byte, d time.Duration) []byte {
	return strconv.AppendInt(dst, d.Microseconds(), 10)
}
