package files

import (
	"bytes"
	"io"
	"slices"
)

// newObjects gives the objects of a file: one a line or behind the other, the elements of an array, or those of the array that is a
// member of one object, as interfaces answer.
func newObjects(r io.Reader, members []string) texts {
	in := newTexts(r)
	d, ok := in.(*documents)
	if !ok {
		l := in.(*lineTexts)
		d = &documents{liner: l.liner}
	}
	if at, lines := memberArray(d.buf[d.start:d.end], members); at > 0 {
		d.take(at, lines)
		d.began, d.list, d.inside = true, true, true
		return d
	}
	return in
}

// memberArray returns how many bytes lead into the array that is one of some members of the object that text begins with, and how many
// line feeds are among them; 0 where there is none.
func memberArray(text []byte, members []string) (at int, lines int64) {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth--; depth == 0 {
				return 0, 0
			}
		case c == '"':
			end := i + 1
			for end < len(text) && text[end] != '"' {
				if text[end] == '\\' {
					end++
				}
				end++
			}
			if end >= len(text) {
				return 0, 0
			}
			name := string(text[i+1 : end])
			rest := bytes.TrimLeft(text[end+1:], " \t\r\n")
			i = end
			if depth != 1 || len(rest) == 0 || rest[0] != ':' || !slices.Contains(members, name) {
				continue
			}
			if rest = bytes.TrimLeft(rest[1:], " \t\r\n"); len(rest) > 0 && rest[0] == '[' {
				at = len(text) - len(rest) + 1
				return at, int64(bytes.Count(text[:at], []byte{'\n'}))
			}
		case depth == 0 && c != ' ' && c != '\t' && c != '\r' && c != '\n':
			return 0, 0
		}
	}
	return 0, 0
}
