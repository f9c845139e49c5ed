package serve

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
)

// maxFrames bounds the frames of one request.
const maxFrames = 20

// pageRequest is the body of POST /v1/frames: the frames of one page. What stands at the top holds for all of them.
type pageRequest struct {
	shop, visitor, contact string
	proof                  string // contact_hmac
	product                string
	cart, exclude          []string
	dedupe                 bool // no product in two frames: earlier frames come first
	frames                 []frameRequest
}

type frameRequest struct {
	frame         string
	product       string
	cart, exclude []string
	category      string
	n             int
}

// pageReader reads a page token by token, with its bounds: what is too much is refused where it stands, before anything is
// kept of it. After the first fault it reads nothing more.
type pageReader struct {
	in    *json.Decoder
	maxN  int
	fault *fault
}

// readPage reads and checks the body of a page, whose frames may have maxN items.
func readPage(body []byte, maxN int) (*pageRequest, *fault) {
	r := &pageReader{in: json.NewDecoder(bytes.NewReader(body)), maxN: maxN}
	r.in.UseNumber()
	page := new(pageRequest)
	r.object("", func(name string) { r.pageMember(page, name) })
	if _, err := r.in.Token(); r.fault == nil && err != io.EOF {
		r.broken(err)
	}
	if r.fault == nil && len(page.frames) == 0 {
		r.fault = frameCount
	}
	return page, r.fault
}

var frameCount = badBody("frames", "there must be from 1 to "+strconv.Itoa(maxFrames)+" frames")

func (r *pageReader) pageMember(p *pageRequest, name string) {
	switch name {
	case "shop":
		p.shop = r.id(name)
	case "visitor":
		p.visitor = r.id(name)
	case "contact":
		p.contact = r.id(name)
	case "contact_hmac":
		p.proof = r.id(name)
	case "product":
		p.product = r.id(name)
	case "cart":
		p.cart = r.ids(name)
	case "exclude":
		p.exclude = r.ids(name)
	case "dedupe":
		p.dedupe = r.truth(name)
	case "frames":
		p.frames = nil
		r.array(name, func(i int) {
			if i == maxFrames {
				r.fault = frameCount
				return
			}
			p.frames = append(p.frames, r.frame("frames["+strconv.Itoa(i)+"]"))
		})
	default:
		r.skip()
	}
}

func (r *pageReader) frame(at string) (f frameRequest) {
	r.object(at, func(name string) {
		in := at + "." + name
		switch name {
		case "frame":
			if f.frame = r.text(in); len(f.frame) > maxID {
				f.frame = ""
			}
		case "product":
			f.product = r.id(in)
		case "cart":
			f.cart = r.ids(in)
		case "exclude":
			f.exclude = r.ids(in)
		case "category":
			f.category = r.id(in)
		case "n":
			f.n = r.count(in)
		default:
			r.skip()
		}
	})
	if r.fault == nil && f.frame == "" {
		r.fault = badBody(at+".frame", "the frame's name is missing or too long")
	}
	return f
}

// token returns the next token, nil for null and behind a fault.
func (r *pageReader) token() json.Token {
	if r.fault != nil {
		return nil
	}
	t, err := r.in.Token()
	if err != nil {
		r.broken(err)
		return nil
	}
	return t
}

// broken tells where the body is no JSON.
func (r *pageReader) broken(err error) {
	at := r.in.InputOffset()
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		at = syntax.Offset
	}
	r.fault = badBody("", "the body is not JSON at byte "+strconv.FormatInt(at, 10))
}

// wrong refuses a value of another type.
func (r *pageReader) wrong(at, want string, t json.Token) {
	var is string
	switch t := t.(type) {
	case json.Delim:
		is = "array"
		if t == '{' {
			is = "object"
		}
	case json.Number:
		is = "number " + t.String()[:min(len(t), 32)]
	case bool:
		is = "bool"
	default:
		is = "string"
	}
	if r.fault == nil {
		r.fault = badBody(at, "must be "+want+", not a "+is)
	}
}

// object reads an object, or null: member reads the value of each name.
func (r *pageReader) object(at string, member func(name string)) {
	r.nested(at, "an object", '{', func() {
		name, _ := r.token().(string)
		if r.fault == nil {
			member(name)
		}
	})
}

// array reads an array, or null: element reads each value.
func (r *pageReader) array(at string, element func(i int)) {
	i := 0
	r.nested(at, "an array", '[', func() { element(i); i++ })
}

func (r *pageReader) nested(at, want string, opens json.Delim, one func()) {
	t := r.token()
	if t == nil {
		return
	}
	if t != opens {
		r.wrong(at, want, t)
		return
	}
	for r.fault == nil && r.in.More() {
		one()
	}
	r.token() // what closes it
}

// text reads a string, or null.
func (r *pageReader) text(at string) string {
	t := r.token()
	s, ok := t.(string)
	if !ok && t != nil {
		r.wrong(at, "a string", t)
	}
	return s
}

// id reads a string that may be so long.
func (r *pageReader) id(at string) string {
	s := r.text(at)
	if r.fault == nil && len(s) > maxID {
		r.fault = badBody(at, "the value is longer than "+strconv.Itoa(maxID)+" bytes")
	}
	return s
}

// ids reads an array of ids that may have so many.
func (r *pageReader) ids(at string) (list []string) {
	r.array(at, func(i int) {
		if i == maxListed {
			r.fault = badBody(at, "more than "+strconv.Itoa(maxListed)+" ids")
			return
		}
		list = append(list, r.id(at))
	})
	return list
}

func (r *pageReader) truth(at string) bool {
	t := r.token()
	b, ok := t.(bool)
	if !ok && t != nil {
		r.wrong(at, "true or false", t)
	}
	return b
}

// count reads a number of items.
func (r *pageReader) count(at string) int {
	t := r.token()
	number, ok := t.(json.Number)
	if t == nil {
		return 0
	}
	n, err := strconv.Atoi(number.String())
	if !ok || err != nil && !errors.Is(err, strconv.ErrRange) {
		r.wrong(at, "a whole number", t)
		return 0
	}
	if r.fault == nil && (n < 0 || n > r.maxN || err != nil) {
		r.fault = badBody(at, "n must be a whole number from 1 to "+strconv.Itoa(r.maxN))
	}
	return n
}

// skip reads a value that nobody asked for.
func (r *pageReader) skip() {
	for depth := 0; r.fault == nil; {
		switch r.token() {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return
		}
	}
}
