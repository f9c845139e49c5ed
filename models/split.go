package models

import "bytes"

// Split cuts an HTTP body into records: one object, an array of objects, NDJSON, or objects one after the other
// (pretty-printed or not), a byte order mark before them and surplus commas skipped. A record is not checked: Decode
// does that. yield gets a part of body and returns false to stop.
//
// What is broken is yielded as well, so that Decode can name its fault at its index, and its neighbours live on. A
// broken object ends where its braces balance, or before that at the next brace that looks like the start of a
// record: the first on its line and in the same column as the broken one's, or behind a comma or a line feed and
// followed by the same first name ({"event"). With neither it runs to the end of the body. So NDJSON loses the
// broken line and nothing else, and so does an array whose records are written alike, be it a quote, a brace or
// a comma that is missing. What is no object is a record of its own: a value, or the text up to the next brace or line.
// The work is linear in the body's length.
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
	line  int  // where the line of seen begins
	seen  int  // line feeds have been looked for up to here
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
		s.comma = true // a comma may be part of what is broken
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
	if s.b[s.i] == '{' {
		return s.brokenObject()
	}
	for i := s.i + 1; i < len(s.b); i++ {
		c := s.b[i]
		if c == '{' || c == '\n' || s.array && (c == ',' || c == ']') {
			return i
		}
	}
	return len(s.b)
}

// brokenObject looks for the end of the object that begins at i, whatever lies between. A string ends at its line's
// end if no quote ends it: JSON has no line feeds in strings.
func (s *splitter) brokenObject() int {
	b, name := s.b, firstName(s.b[s.i:])
	if n := bytes.LastIndexByte(b[s.seen:s.i], '\n'); n >= 0 {
		s.line = s.seen + n + 1
	}
	s.seen = s.i
	line, column := s.line, s.i-s.line
	depth, quoted, before := 1, false, byte('{') // before: the last byte that is no blank, or a line feed
	for i := s.i + 1; i < len(b); i++ {
		c := b[i]
		if c == '{' && (before == '\n' && i-line == column || (before == ',' || before == '\n') && hasFirstName(b[i:], name)) {
			return i
		}
		switch {
		case c == '\n':
			quoted, line = false, i+1
		case quoted && c == '\\' && i+1 < len(b) && b[i+1] != '\n':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{':
			depth++
		case c == '}':
			if depth--; depth == 0 {
				return s.surplus(i + 1)
			}
		}
		if c == '\n' || !isSpace(c) {
			before = c
		}
	}
	return len(b)
}

// surplus goes past closing braces, and brackets that close no array, right behind a broken object: they are its own.
func (s *splitter) surplus(i int) int {
	for i < len(s.b) && (s.b[i] == '}' || s.b[i] == ']' && !s.array) {
		i++
	}
	return i
}

// firstName returns the quoted first name of the object at the head of b; nil where there is none that is short.
func firstName(b []byte) []byte {
	const most = 64
	b = b[space(b, 1):]
	if len(b) == 0 || b[0] != '"' {
		return nil
	}
	end, flags := scanString(b[:min(len(b), most)], 1)
	if flags&unfinished != 0 {
		return nil
	}
	return b[:end+1]
}

// hasFirstName tells whether name is the first of the object at the head of b.
func hasFirstName(b, name []byte) bool {
	return name != nil && bytes.HasPrefix(b[space(b, 1):], name)
}
