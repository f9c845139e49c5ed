package feed

import (
	"io"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
)

// printable lets through what XML and JSON may hold: control characters become blanks, and what is not UTF-8 U+FFFD, so that one
// bad byte costs a field and not the feed.
func printable(src io.Reader) io.Reader { return transform.NewReader(src, runes.Map(readable)) }

func readable(c rune) rune {
	if c < ' ' && c != '\n' && c != '\r' && c != '\t' || c == 0x7f || c == 0xfffe || c == 0xffff {
		return ' '
	}
	return c
}
