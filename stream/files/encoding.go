package files

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	utf "golang.org/x/text/encoding/unicode"
)

const utf8Name = "utf-8"

// encodings are the ways to write text that files come in, beside UTF-8.
var encodings = map[string]encoding.Encoding{
	"utf-16le":     utf.UTF16(utf.LittleEndian, utf.UseBOM),
	"utf-16be":     utf.UTF16(utf.BigEndian, utf.UseBOM),
	"windows-1252": charmap.Windows1252,
	"windows-1250": charmap.Windows1250,
	"windows-1251": charmap.Windows1251,
	"iso-8859-2":   charmap.ISO8859_2,
	"iso-8859-1":   charmap.ISO8859_1,
	"iso-8859-15":  charmap.ISO8859_15,
}

func checkEncoding(name string) error {
	if _, ok := encodings[name]; ok || name == "" || name == utf8Name {
		return nil
	}
	return fmt.Errorf("unknown encoding %q: there are %s, %s", name, utf8Name, strings.Join(slices.Sorted(maps.Keys(encodings)), ", "))
}

// encodingOf tells how text is written from its head: by its mark, by its zeros, by being UTF-8, else by which letters it
// would have.
func encodingOf(head []byte, whole bool) string {
	switch {
	case bytes.HasPrefix(head, []byte(byteOrderMark)):
		return utf8Name
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}):
		return "utf-16le"
	case bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		return "utf-16be"
	}
	if name := zeros(head); name != "" {
		return name
	}
	if !whole { // the last character may be cut
		for i := 1; i < utf8.UTFMax && i <= len(head); i++ {
			if utf8.RuneStart(head[len(head)-i]) {
				if !utf8.FullRune(head[len(head)-i:]) {
					head = head[:len(head)-i]
				}
				break
			}
		}
	}
	if utf8.Valid(head) {
		return utf8Name
	}
	best, most := "", 0
	for _, name := range []string{"windows-1252", "windows-1250", "iso-8859-2"} { // the more common first
		if n := letters(head, encodings[name]); best == "" || n > most {
			best, most = name, n
		}
	}
	return best
}

// zeros knows UTF-16 without a mark by its zeros, which stand at one side of each ASCII character.
func zeros(head []byte) string {
	var at [2]int
	for i, c := range head {
		if c == 0 {
			at[i%2]++
		}
	}
	switch half := len(head) / 4; {
	case at[1] > half && at[0] < at[1]/4:
		return "utf-16le"
	case at[0] > half && at[1] < at[0]/4:
		return "utf-16be"
	}
	return ""
}

// letters scores how much like words text looks in an encoding: a letter is worth something, a sign that touches letters
// (kubek ¿ó³ty) or a control character counts against it, and so do letters of languages that do not meet (ì with ø: Czech
// read as Western).
func letters(head []byte, e encoding.Encoding) (score int) {
	text, err := e.NewDecoder().Bytes(head)
	if err != nil {
		return -len(head)
	}
	before := ' '
	var italian, nordic int
	for i, c := range string(text) {
		after, _ := utf8.DecodeRune(text[i+utf8.RuneLen(c):])
		switch {
		case c < utf8.RuneSelf:
		case c == utf8.RuneError || unicode.IsControl(c):
			score -= 5
		case unicode.IsLetter(c) && unicode.IsUpper(c) && unicode.IsLower(before):
			score-- // a capital within a word
		case unicode.IsLetter(c):
			score++
		case unicode.IsLetter(before) || unicode.IsLetter(after):
			score -= 2
		}
		switch c {
		case 'ì', 'ù', 'è':
			italian++
		case 'ø':
			nordic++
		}
		before = c
	}
	if italian > 0 && nordic > 0 {
		score -= 2 * (italian + nordic)
	}
	return score
}
