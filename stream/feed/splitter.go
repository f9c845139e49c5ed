package feed

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// errEntry is of an entry that cannot be cut out.
var errEntry = errors.New("it is longer than 4 MiB, or does not end")

// errDTD is of a feed that brings definitions of its own.
var errDTD = errors.New("it defines entities of its own (a DTD), which are not read: leave the DOCTYPE out")

// piece is an element cut out of a feed.
type piece struct {
	name string
	line int64
	text []byte
}

// splitter cuts a feed into its entries by their tags. It knows comments and CDATA, in which tags are none.
type splitter struct {
	in     *bufio.Reader
	line   int64
	root   string // the outermost element
	closed bool   // and its end has been seen
	buf    []byte
}

// next returns the next entry, or a category of a YML feed.
func (s *splitter) next() (piece, error) {
	for {
		if err := s.until('<', nil); err != nil {
			return piece{}, err
		}
		line := s.line
		tag, err := s.tag()
		if err != nil {
			return piece{}, err
		}
		name, kind := parseTag(tag)
		switch {
		case kind == special:
			continue
		case kind == closing:
			s.closed = s.closed || name == s.root
			continue
		case s.root == "":
			s.root = name
			s.closed = kind == empty
			continue
		case kind == empty, !entryNames[name] && !(name == "category" && s.root == "yml_catalog"):
			continue
		}
		s.buf = append(append(append(s.buf[:0], '<'), tag...), '>')
		if err := s.whole(name); err != nil {
			return piece{line: line}, err
		}
		return piece{name, line, s.buf}, nil
	}
}

// whole reads on to the end of the element whose tag was read.
func (s *splitter) whole(name string) error {
	for depth := 1; depth > 0; {
		if err := s.until('<', &s.buf); err != nil {
			return entryError(err)
		}
		tag, err := s.tag()
		if err != nil {
			return entryError(err)
		}
		s.buf = append(append(append(s.buf, '<'), tag...), '>')
		if len(s.buf) > MaxEntry {
			return errEntry
		}
		switch n, kind := parseTag(tag); {
		case kind == closing && n == name:
			depth--
		case kind == opening && n == name:
			depth++
		case kind == closing && n == s.root: // it does not end
			s.closed = true
			return errEntry
		}
		if depth > 8 { // entries within entries: they do not end
			return errEntry
		}
	}
	return nil
}

func entryError(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, bufio.ErrBufferFull) {
		return errEntry
	}
	return err
}

// until reads to a byte, which is read as well and not kept. What is before it is appended to into, unless that is nil.
func (s *splitter) until(end byte, into *[]byte) error {
	for {
		part, err := s.in.ReadSlice(end)
		s.line += int64(bytes.Count(part, []byte{'\n'}))
		if into != nil {
			*into = append(*into, bytes.TrimSuffix(part, []byte{end})...)
			if len(*into) > MaxEntry {
				return bufio.ErrBufferFull
			}
		}
		if err == nil {
			return nil
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
}

// tag reads what is between < and >, with comments and CDATA as a whole.
func (s *splitter) tag() ([]byte, error) {
	var tag []byte
	for {
		if err := s.until('>', &tag); err != nil {
			return nil, entryError(err)
		}
		switch {
		case bytes.HasPrefix(tag, []byte("!--")) && !bytes.HasSuffix(tag, []byte("--")),
			bytes.HasPrefix(tag, []byte("![CDATA[")) && !bytes.HasSuffix(tag, []byte("]]")),
			bytes.HasPrefix(tag, []byte("?")) && !bytes.HasSuffix(tag, []byte("?")):
			tag = append(tag, '>')
			continue
		case bytes.HasPrefix(tag, []byte("!DOCTYPE")) && bytes.IndexByte(tag, '[') >= 0:
			return nil, fmt.Errorf("line %d: %w", s.line, errDTD)
		}
		return tag, nil
	}
}

type tagKind uint8

const (
	opening tagKind = iota
	closing
	empty   // opens and closes
	special // a comment, CDATA, an instruction
)

// parseTag returns an element's name, without its name space and in lower case.
func parseTag(tag []byte) (string, tagKind) {
	kind := opening
	switch {
	case len(tag) == 0 || tag[0] == '!' || tag[0] == '?':
		return "", special
	case tag[0] == '/':
		kind, tag = closing, tag[1:]
	case tag[len(tag)-1] == '/':
		kind, tag = empty, tag[:len(tag)-1]
	}
	if i := bytes.IndexAny(tag, " \t\r\n"); i >= 0 {
		tag = tag[:i]
	}
	tag = tag[bytes.LastIndexByte(tag, ':')+1:]
	return strings.ToLower(string(tag)), kind
}
