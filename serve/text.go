package serve

import (
	"bytes"
	"math"
	"strconv"
	"time"

	"orrery/models"
)

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
	return append(models.AppendString(dst, name), ':')
}

// appendRaw appends JSON that somebody sent. A "<" in it, which stands within a string, is escaped as models.AppendString
// does.
func appendRaw(dst, json []byte) []byte {
	for {
		i := bytes.IndexByte(json, '<')
		if i < 0 {
			return append(dst, json...)
		}
		dst = append(append(dst, json[:i]...), `\u003c`...)
		json = json[i+1:]
	}
}

func appendUint(dst []byte, name string, n uint64) []byte {
	return strconv.AppendUint(appendMember(dst, name), n, 10)
}

func appendMicros(dst []byte, d time.Duration) []byte {
	return strconv.AppendInt(dst, d.Microseconds(), 10)
}
