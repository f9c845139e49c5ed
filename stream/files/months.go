package files

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// months are the names of months, by their first letters in lower case, in the languages of the shops that files come from. Longer ones
// stand before those that they begin with.
var months = []struct {
	begin string
	month int
}{
	{"jan", 1}, {"sty", 1}, {"ene", 1}, {"gen", 1}, {"led", 1},
	{"feb", 2}, {"lut", 2}, {"fév", 2}, {"fev", 2},
	{"mar", 3}, {"mär", 3}, {"mrz", 3}, {"maa", 3},
	{"apr", 4}, {"avr", 4}, {"abr", 4}, {"kwi", 4},
	{"may", 5}, {"mai", 5}, {"maj", 5}, {"mag", 5}, {"mei", 5},
	{"juin", 6}, {"jun", 6}, {"cze", 6}, {"giu", 6},
	{"juil", 7}, {"jul", 7}, {"lip", 7}, {"lug", 7},
	{"aug", 8}, {"aoû", 8}, {"aou", 8}, {"ago", 8}, {"sie", 8},
	{"sep", 9}, {"set", 9}, {"wrz", 9},
	{"oct", 10}, {"okt", 10}, {"ott", 10}, {"paź", 10}, {"paz", 10},
	{"nov", 11}, {"lis", 11},
	{"dec", 12}, {"dez", 12}, {"déc", 12}, {"dic", 12}, {"gru", 12},
}

func monthOf(word []byte) int {
	name := strings.ToLower(string(word))
	for _, m := range months {
		if strings.HasPrefix(name, m.begin) {
			return m.month
		}
	}
	return 0
}

// scanNamed reads a date whose month is a word: "Mar 5, 2026 10:00 AM", "5. März 2026", "05-Mar-26", "Sun, 01 Mar 2026 10:00:00 +0000".
func scanNamed(s []byte) (d dated, ok bool) {
	word, rest := letter(s)
	if n := len(word); n > 0 && monthOf(word) == 0 || n > 0 && bytes.HasPrefix(rest, []byte{','}) { // the day of the week
		s = bytes.TrimLeft(rest, "., ")
		word, rest = letter(s)
	}
	n := 0
	if len(word) > 0 {
		d.b = monthOf(word)
		rest = bytes.TrimLeft(rest, ". ")
		d.a, n = digits(rest)
		rest = rest[n:]
	} else {
		d.a, n = digits(s)
		word, rest = letter(bytes.TrimLeft(s[n:], ".-/ "))
		d.b = monthOf(word)
	}
	if d.b == 0 || n == 0 || n > 2 {
		return d, false
	}
	rest = bytes.TrimLeft(rest, ".,-/ ")
	if d.c, n = digits(rest); n != 4 && n != 2 {
		return d, false
	}
	if n == 2 {
		d.c += 2000
	}
	d.mark, d.rest = '.', rest[n:]
	return d, true
}

// letter takes the letters that a text begins with.
func letter(s []byte) (word, rest []byte) {
	n := 0
	for n < len(s) {
		c, size := utf8.DecodeRune(s[n:])
		if !unicode.IsLetter(c) {
			break
		}
		n += size
	}
	return s[:n], s[n:]
}
