package models

import (
	"math"
	"math/bits"
	"strconv"
)

// number is a decimal number as written: mant times ten to exp. mant holds the first 19 significant digits.
type number struct {
	mant  uint64
	exp   int
	flags uint8
	end   int // index after it
}

const (
	negative = 1 << iota
	notWhole // has a fraction or an exponent
	rest     // digits other than 0 follow the 19th
	loose    // a number, but not one of JSON's: +1, 007, .5, 5.
	noNumber // no digit
)

// ok tells whether n is a number of JSON's grammar.
func (n number) ok() bool { return n.flags&(loose|noNumber) == 0 }

var powers = [20]uint64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
	1e18, 1e19}

// scanNumber reads the number that begins at b[i].
func scanNumber(b []byte, i int) (n number) {
	if i < len(b) && (b[i] == '-' || b[i] == '+') {
		n.flags = negative
		if b[i] == '+' {
			n.flags = loose
		}
		i++
	}
	from := i
	for ; i < len(b) && b[i]-'0' <= 9; i++ {
		n.digit(b[i]-'0', 0)
	}
	digits := i - from
	if digits == 0 || digits > 1 && b[from] == '0' {
		n.flags |= loose
	}
	if i < len(b) && b[i] == '.' {
		i++
		n.flags |= notWhole
		from = i
		for ; i < len(b) && b[i]-'0' <= 9; i++ {
			n.digit(b[i]-'0', 1)
		}
		if i == from {
			n.flags |= loose
		}
		digits += i - from
	}
	if digits == 0 {
		n.flags |= noNumber
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i = n.exponent(b, i+1)
	}
	n.end = i
	return n
}

// digit adds a digit that stands places places (0 or 1 here: before or after the point) behind the previous one.
func (n *number) digit(c byte, places int) {
	if n.mant < 1e18 {
		n.mant = n.mant*10 + uint64(c)
		n.exp -= places
		return
	}
	n.exp += 1 - places
	if c != 0 {
		n.flags |= rest
	}
}

// exponent reads what follows the e. Exponents past a billion stay there: mant is 0 or the number out of any range.
func (n *number) exponent(b []byte, i int) int {
	n.flags |= notWhole
	minus := false
	if i < len(b) && (b[i] == '-' || b[i] == '+') {
		minus = b[i] == '-'
		i++
	}
	from, exp := i, 0
	for ; i < len(b) && b[i]-'0' <= 9; i++ {
		if exp < 1e9 {
			exp = exp*10 + int(b[i]-'0')
		}
	}
	if i == from {
		n.flags |= noNumber
	}
	if minus {
		exp = -exp
	}
	n.exp += exp
	return i
}

// money rounds the number to Money, half away from zero, exactly below 1e12 and within a millionth above. Past the
// range it saturates.
func (n number) money() Money {
	u := n.scaled(n.exp+6, true)
	if n.flags&negative != 0 {
		return -Money(u)
	}
	return Money(u)
}

// Bounds of moments by unit: a number of seconds lies below the first until the year 5138, one of milliseconds from there
// (1973) to the second, microseconds to the third, nanoseconds beyond it.
const (
	leastEpoch = 1e8 // 1973 in seconds: what is smaller is a date in digits, or nothing
	seconds    = 1e11
	millis     = 1e14
	micros     = 1e17
)

// time returns the moment that a number since 1970 stands for, in the unit that its size tells, cut to the millisecond.
func (n number) time() Time {
	v, _ := n.whole()
	u := v
	if u < 0 {
		u = -u
	}
	switch {
	case u < seconds:
		v = int64(n.scaled(n.exp+3, false))
		if n.flags&negative != 0 {
			v = -v
		}
	case u < millis:
	case u < micros:
		v /= 1000
	case u < math.MaxInt64:
		v /= 1_000_000
	}
	return Time(v)
}

// whole returns the number cut to an integer (saturating), and whether it was one.
func (n number) whole() (v int64, exact bool) {
	u := n.scaled(n.exp, false)
	exact = n.flags&rest == 0 && (n.exp >= 0 || n.mant == 0 || n.exp >= -19 && n.mant%powers[-n.exp] == 0)
	if n.flags&negative != 0 {
		return -int64(u), exact
	}
	return int64(u), exact
}

// scaled returns mant times ten to exp, at most MaxInt64, rounded half up or cut.
func (n number) scaled(exp int, round bool) uint64 {
	switch {
	case n.mant == 0 || exp < -19: // mant < 1e19
		return 0
	case exp < 0:
		div := powers[-exp]
		q, r := n.mant/div, n.mant%div
		if round && r >= div-r {
			q++
		}
		return min(q, math.MaxInt64)
	case exp > 18:
		return math.MaxInt64
	}
	hi, lo := bits.Mul64(n.mant, powers[exp])
	if hi != 0 {
		return math.MaxInt64
	}
	return min(lo, math.MaxInt64)
}

// float returns the number as the nearest float64: by one exact operation up to 2^53 and ten to the 22nd, by strconv
// of its text past that. What is out of range is infinite.
func (n number) float(text []byte) float64 {
	if n.mant <= 1<<53 && n.flags&rest == 0 && n.exp >= -22 && n.exp <= 22 {
		f := float64(n.mant)
		if n.exp < 0 {
			f /= tens[-n.exp]
		} else {
			f *= tens[n.exp]
		}
		if n.flags&negative != 0 {
			return -f
		}
		return f
	}
	f, _ := strconv.ParseFloat(string(text), 64) // an error is the range's: f is infinite then
	return f
}

var tens = [23]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
	1e18, 1e19, 1e20, 1e21, 1e22}
