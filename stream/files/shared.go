package files

import (
	"bufio"
	"io"

	"golang.org/x/text/transform"

	"orrery/models"
)

// UTF8 returns text as UTF-8 without its mark, and the encoding that it was in: what XML declares, else what its head looks like.
func UTF8(src io.Reader) (io.Reader, string, error) {
	in := bufio.NewReaderSize(src, sniffed)
	head, err := in.Peek(sniffed)
	whole := err != nil
	name := encodingOf(head, whole)
	if len(name) < 6 || name[:6] != "utf-16" {
		if said := declared(head); said != utf8Name && said != "utf8" && said != "" && name != utf8Name {
			name = said
		}
	}
	if name == "latin1" {
		name = "iso-8859-1"
	}
	if err := checkEncoding(name); err != nil {
		return nil, name, err
	}
	if e, ok := encodings[name]; ok {
		return transform.NewReader(in, e.NewDecoder()), name, nil
	}
	if len(head) >= len(byteOrderMark) && string(head[:len(byteOrderMark)]) == byteOrderMark {
		if _, err := in.Discard(len(byteOrderMark)); err != nil {
			return nil, name, err
		}
	}
	return in, name, nil
}

// Amount reads an amount of money as files have it: "1.299,00 €", "USD 12.50", "1 299". mark is the decimal mark of numbers that could
// be read either way. The currency is empty where the text names none.
func Amount(text []byte, mark byte) (models.Money, string, error) { return parseAmount(text, mark) }

// DecimalMark returns the decimal mark that an amount gives away, 0 where it could be either or there is none.
func DecimalMark(text []byte) byte {
	digits, _, ok := stripUnit(text)
	if !ok {
		return 0
	}
	if _, vote := decimal(digits, undecided); vote != undecided {
		return vote
	}
	return 0
}

// Separator returns the separator of a header row: that by which it has most columns.
func Separator(header []byte) byte {
	best, most := byte(','), 0
	for _, s := range separators {
		n, quoted := 0, false
		for _, c := range header {
			if c == '"' {
				quoted = !quoted
			}
			if c == s && !quoted {
				n++
			}
		}
		if n > most {
			best, most = s, n
		}
	}
	return best
}

// Blank tells the markers that exports write for nothing.
func Blank(text []byte) bool { return len(text) == 0 || isNull(text) }
