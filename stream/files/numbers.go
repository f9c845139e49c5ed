package files

import (
	"bytes"
	"errors"
	"fmt"
	"unicode"
	"unicode/utf8"

	"orrery/models"
)

// undecided is the decimal mark, or the order of day and month, of a file whose sample does not say which it is.
const undecided = '?'

// signs are the currency signs that name one currency. That of the dollar names many: it stands for the shop's own.
var signs = map[string]string{
	"€": "EUR", "£": "GBP", "zł": "PLN", "Kč": "CZK", "Ft": "HUF", "lei": "RON", "₽": "RUB", "₴": "UAH", "₺": "TRY", "₹": "INR", "¥": "JPY",
	"$": "", "kr": "", "US$": "USD",
}

var errAmbiguous = errors.New("may be thousands or a fraction: say which mark is the decimal one (decimal)")

// money reads an amount as files have it: "1.299,00 €", "USD 12.50", "1 299". mark is the decimal mark of the file. The
// currency is empty where the text names none.
func parseAmount(s []byte, mark byte) (m models.Money, currency string, err error) {
	if mark != ',' && mark != undecided {
		if m, err = models.ParseMoney(s); err == nil {
			return m, "", nil
		}
	}
	digits, unit, ok := stripUnit(s)
	if ok {
		currency, ok = currencyOf(unit)
	}
	if !ok {
		return 0, "", errors.New("is not a decimal number")
	}
	plain, vote := decimal(digits, mark)
	if vote == undecided {
		return 0, "", errAmbiguous
	}
	if m, err = models.ParseMoney(plain); err != nil {
		return 0, "", fmt.Errorf("is %w", err)
	}
	return m, currency, nil
}

func currencyOf(unit string) (string, bool) {
	if unit == "" {
		return "", true
	}
	if code, ok := signs[unit]; ok {
		return code, true
	}
	if len(unit) != 3 {
		return "", false
	}
	for _, c := range []byte(unit) {
		if c < 'A' || c > 'Z' {
			return "", false
		}
	}
	return unit, true
}

// stripUnit takes apart what stands before or behind a number, and the blanks and apostrophes within it.
func stripUnit(s []byte) (digits []byte, unit string, ok bool) {
	var name []byte
	negative, ended := false, false
	for i := 0; i < len(s); {
		c, n := utf8.DecodeRune(s[i:])
		switch {
		case c >= '0' && c <= '9' || c == '.' && len(digits) > 0 || c == ',' && len(digits) > 0 || c == '.' && len(name) == 0:
			if ended {
				return nil, "", false
			}
			digits = append(digits, s[i])
		case c == '-' || c == '−':
			if negative || len(digits) > 0 && !ended && i+n < len(s) {
				return nil, "", false
			}
			negative = true
		case c == '+' && len(digits) == 0:
		case unicode.IsSpace(c) || c == '\u00a0' || c == '\u202f' || c == '\u2009':
		case (c == '\'' || c == '’') && len(digits) > 0 && !ended:
		case unicode.IsLetter(c) || unicode.Is(unicode.Sc, c):
			if len(digits) > 0 && !ended {
				if ended = true; len(name) > 0 {
					return nil, "", false // a unit on either side
				}
			}
			name = append(name, s[i:i+n]...)
		default:
			return nil, "", false
		}
		i += n
	}
	if len(digits) == 0 {
		return nil, "", false
	}
	if negative {
		digits = append([]byte{'-'}, digits...)
	}
	return digits, string(name), true
}

// decimal writes digits with marks as a plain decimal number. The last of two kinds of marks is the decimal one; of one
// kind, several are thousands, and one is the decimal mark unless it could as well be thousands (three digits behind, one to
// three before): then the file's mark says. vote is the decimal mark that the text gives away, 0 for none, and undecided
// where neither it nor the file says.
func decimal(s []byte, mark byte) (plain []byte, vote byte) {
	dots, commas := bytes.Count(s, []byte{'.'}), bytes.Count(s, []byte{','})
	last := bytes.LastIndexAny(s, ".,")
	if last < 0 {
		return s, 0
	}
	point := s[last]
	other := byte('.' + ',' - point)
	if dots > 0 && commas > 0 {
		return join(s, last, other), point
	}
	if dots+commas > 1 {
		return join(s, len(s), point), other
	}
	whole := bytes.TrimPrefix(s[:last], []byte{'-'})
	switch {
	case len(s)-last-1 != 3 || len(whole) > 3 || len(whole) == 0 || whole[0] == '0':
		return join(s, last, other), point
	case mark == point:
		return join(s, last, other), 0
	case mark == other:
		return join(s, len(s), point), 0
	}
	return s, undecided
}

// join leaves out the thousands marks and makes the decimal mark, at, a point. Thousands that are not by three make no number.
func join(s []byte, at int, thousands byte) []byte {
	out := make([]byte, 0, len(s))
	since := -1 // digits since the last mark of thousands
	for i, c := range s {
		switch {
		case i == at || c == thousands:
			if since >= 0 && since != 3 || i == at && c == thousands || c == thousands && i > at {
				return nil
			}
			if since = -1; i == at {
				out = append(out, '.')
				continue
			}
			since = 0
		default:
			if out = append(out, c); since >= 0 {
				since++
			}
		}
	}
	if since >= 0 && since != 3 {
		return nil
	}
	return out
}

// isNull tells the markers that exports write for nothing.
func isNull(s []byte) bool {
	if len(s) < 2 || len(s) > 9 {
		return false
	}
	switch string(s) {
	case "NULL", "null", "Null", `\N`, "(null)", "N/A", "n/a", "#N/A", "NA", "NaN", "nan", "None", "none", "nil", "(not set)", "not set", "undefined", "--":
		return true
	}
	return false
}
