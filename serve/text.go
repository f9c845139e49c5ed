package serve

import (
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
	start := 0
	for i := 0; i < len(s); {
		b := s[i]
		if b >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(string(s[i:min(i+utf8.UTFMax, len(s))]))
			if r == utf8.RuneError && size == 1 {
				dst = append(append(dst, s[start:i]...), `\ufffd`...)
				start = i + 1
			}
			i += size
			continue
		}
		if b >= ' ' && b != '"' && b != '\\' && b != '<' {
			i++
			continue
		}
		dst = append(dst, s[start:i]...)
		dst = appendEscape(dst, b)
		i++
		start = i
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
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

// appendDecimal appends v rounded to the given places (at most 9), without trailing zeros; what is no number is 0.
func appendDecimal(dst []byte, v float64, places int) []byte {
	if math.IsNaN(v) || math.Abs(v) > 1e9 {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return append(dst, '0')
		}
		return strconv.AppendFloat(dst, v, 'f', 0, 64)
	}
	unit := uint64(1)
	for range places {
		unit *= 10
	}
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
