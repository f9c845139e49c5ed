package models

import "bytes"

// Split cuts an HTTP body into records: one object, an array of objects, NDJSON, or objects one after the other
// (pretty-printed or not), a byte order mark before them skipped. A record is not checked: Decode does that. yield
// gets a part of body and returns false to stop.
//
// What is broken is yielded as well, so that Decode can name its fault at its index, and its neighbours live on:
//   - Where braces still balance on the line (in an array: anywhere), it ends where they do.
//   - Otherwise it ends before the next line that starts with a brace in the same column as its own; so NDJSON
//     loses the broken line and nothing else.
//   - Where no such line follows, it runs to the end of the body.
//   - What is no object is a record of its own: a value, or the text up to the next brace or line.
//
// The error, an *Invalid with code NotJSON, is about the body as a whole: it is empty, an array is not closed or a
// comma is missing in it. The records yielded before are good to take all the same.
func Split(body []byte, yield func(record []byte) bool) error {
	body = bytes.TrimPrefix(body, byteOrderMark)
	s := splitter{b: body, yield: yield}
	if s.i = space(body, 0); s.i == len(body) {
		return &Invalid{Code: NotJSON, Reason: "the body is empty"}
	}
	for s.i < len(body) && !s.done {
		if body[s.i] == '[' && !s.array {
			s.i++
			s.array, s.comma = true, true
		} else {
			s.one()
		}
		s.gap()
	}
	if s.array && !s.done && s.err == nil {
		s.err = &Invalid{Code: NotJSON, Reason: "the body is not JSON: its array is not closed"}
	}
	if s.err != nil {
		return s.err
	}
	return nil
}

var byteOrderMark = []byte("\xef\xbb\xbf")

type splitter struct {
	b     []byte
	i     int
	yield func([]byte) bool
	array bool // between brackets
	comma bool // a comma, or the array's bracket, is behind: a record may come
	done  bool // yield has had enough
	err   *Invalid
}

// gap goes past white space, commas and the array's end.
func (s *splitter) gap() {
	for s.i = space(s.b, s.i); s.i < len(s.b); s.i = space(s.b, s.i+1) {
		switch c := s.b[s.i]; {
		case c == ',':
			s.comma = true
		case c == ']' && s.array:
			s.array = false
		default:
			return
		}
	}
}

// one yields the record that begins at i.
func (s *splitter) one() {
	if s.array && !s.comma && s.err == nil {
		s.err = &Invalid{Code: NotJSON, Reason: "the body is not JSON: a comma is missing in its array"}
	}
	s.comma = false
	end, why := skip(s.b, s.i, MaxDepth)
	if why != sound || s.b[s.i] != '{' && !s.ends(end) {
		end = s.resume()
	}
	record := s.b[s.i:end]
	s.i = end
	s.done = !s.yield(trimSpace(record))
}

// ends tells whether a value that is no object can end at i: "NaN" is not the record "N" and more.
func (s *splitter) ends(i int) bool {
	return i == len(s.b) || isSpace(s.b[i]) || s.b[i] == ',' || s.b[i] == ']' || s.b[i] == '{'
}

// resume returns where the broken record that begins at i ends.
func (s *splitter) resume() int {
	if s.b[s.i] != '{' {
		return s.garbage()
	}
	within := s.b
	if !s.array {
		within = s.b[:s.line(s.i)]
	}
	if end := balanced(within, s.i); end > 0 {
		return end
	}
	return s.sameColumn()
}

// garbage ends at the next brace or line, in an array at a comma or bracket too; it is never empty.
func (s *splitter) garbage() int {
	for i := s.i + 1; i < len(s.b); i++ {
		c := s.b[i]
		if c == '{' || c == '\n' || s.array && (c == ',' || c == ']') {
			return i
		}
	}
	return len(s.b)
}

// line returns the end of the line that i lies on.
func (s *splitter) line(i int) int {
	if n := bytes.IndexByte(s.b[i:], '\n'); n >= 0 {
		return i + n
	}
	return len(s.b)
}

// balanced returns the index after the brace that closes the one at i, whatever lies between, 0 where there is none.
// A string ends at its line's end if no quote ends it: JSON has no line feeds in strings.
func balanced(b []byte, i int) int {
	depth, quoted := 0, false
	for ; i < len(b); i++ {
		switch c := b[i]; {
		case c == '\n':
			quoted = false
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{':
			depth++
		case c == '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return 0
}

// sameColumn returns the start of the next line that begins with a brace in the column of the one at i.
func (s *splitter) sameColumn() int {
	column := s.i - (bytes.LastIndexByte(s.b[:s.i], '\n') + 1)
	for i := s.line(s.i); i < len(s.b); i = s.line(i + 1) {
		start := i + 1
		if brace := space(s.b, start); brace == start+column && brace < len(s.b) && s.b[brace] == '{' {
			return start
		}
	}
	return len(s.b)
}
