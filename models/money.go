package models

import (
	"errors"
	"math"
	"strconv"
)

// Money is an amount in millionths of its currency's unit ("micros"): exact for every price that a shop writes, and
// wide enough for sums up to 9.2 trillion units.
type Money int64

// Micros is the number of Money in one unit of currency.
const Micros = 1_000_000

var errMoney = errors.New("not a decimal number")

// ParseMoney reads a decimal number ("12", "-3.5", "1e3", also "+.50") into Money, rounding half away from zero past
// six places: exactly below 1e12, within a millionth above. Values past the range saturate.
func ParseMoney(s []byte) (Money, error) {
	n := scanNumber(s, 0)
	if n.flags&noNumber != 0 || n.end != len(s) {
		return 0, errMoney
	}
	return n.money(), nil
}

// MoneyOf rounds a float to Money. Values past the range saturate, to plus or minus MaxInt64; NaN is 0.
func MoneyOf(f float64) Money {
	m := math.Round(f * Micros)
	switch {
	case m >= math.MaxInt64:
		return math.MaxInt64
	case m <= -math.MaxInt64:
		return -math.MaxInt64
	case m != m:
		return 0
	}
	return Money(m)
}

// Plus returns the sum of two amounts. Past the range it saturates.
func (m Money) Plus(n Money) Money {
	switch sum := m + n; {
	case n > 0 && sum < m:
		return math.MaxInt64
	case n < 0 && sum > m:
		return -math.MaxInt64
	default:
		return sum
	}
}

// Float returns the amount in units of its currency.
func (m Money) Float() float64 { return float64(m) / Micros }

// AppendMoney appends the amount as a decimal number with at least two places and no more than needed.
func AppendMoney(dst []byte, m Money) []byte {
	u := uint64(m)
	if m < 0 {
		dst = append(dst, '-')
		u = -u
	}
	dst = strconv.AppendUint(dst, u/Micros, 10)
	frac := u % Micros
	digits := [7]byte{'.'}
	for i := 6; i > 0; i-- {
		digits[i] = byte('0' + frac%10)
		frac /= 10
	}
	n := 7
	for n > 3 && digits[n-1] == '0' {
		n--
	}
	return append(dst, digits[:n]...)
}

// String returns the amount as AppendMoney writes it.
func (m Money) String() string { return string(AppendMoney(nil, m)) }
