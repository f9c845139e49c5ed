package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf16"
)

// printable makes text that somebody sent harmless for a terminal, on one line: what a terminal obeys (C0, DEL and C1) and
// what changes the order of what stands beside it becomes a dot, what is no UTF-8 a question mark.
func printable[S ~string](text S) string {
	return strings.Map(harmless, strings.ToValidUTF8(string(text), "?"))
}

func harmless(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	return '.'
}

// complain tells what went wrong, which may quote what somebody sent, over as many lines as it has.
func complain(w io.Writer, err error) {
	keep := func(r rune) rune {
		if r == '\n' || r == '\t' {
			return r
		}
		return harmless(r)
	}
	fmt.Fprintf(w, "orrery: %s\n", strings.Map(keep, strings.ToValidUTF8(err.Error(), "?")))
}

// printJSON writes a value as a line of JSON that a terminal shows and does not obey: encoding/json leaves DEL, C1 and what
// turns the direction of text as they are.
func printJSON(w io.Writer, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	var out strings.Builder
	for _, r := range string(text) {
		if unicode.IsPrint(r) {
			out.WriteRune(r)
		} else if r < 0x10000 {
			fmt.Fprintf(&out, `\u%04x`, r)
		} else {
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&out, `\u%04x\u%04x`, high, low)
		}
	}
	out.WriteByte('\n')
	_, err = io.WriteString(w, out.String())
	return err
}
