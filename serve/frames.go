package serve

import (
	"encoding/json"
	"errors"
	"reflect"
	"strconv"
	"time"

	"orrery/models"
)

// maxFrames bounds the frames of one request.
const maxFrames = 20

// pageRequest is the body of POST /v1/frames: the frames of one page. What stands at the top holds for all of them.
type pageRequest struct {
	Shop    string         `json:"shop"`
	Visitor string         `json:"visitor"`
	Contact string         `json:"contact"`
	Proof   string         `json:"contact_hmac"`
	Product string         `json:"product"`
	Cart    []string       `json:"cart"`
	Exclude []string       `json:"exclude"`
	Dedupe  bool           `json:"dedupe"` // no product in two frames: earlier frames come first
	Frames  []frameRequest `json:"frames"`
}

type frameRequest struct {
	Frame    string   `json:"frame"`
	Product  string   `json:"product"`
	Cart     []string `json:"cart"`
	Exclude  []string `json:"exclude"`
	Category string   `json:"category"`
	N        int      `json:"n"`
}

// answerFrames answers POST /v1/frames. A frame that cannot be answered has an error in its place; only where none can be
// does the whole request fail, with the first error's status.
func (s *Server) answerFrames(c *call) *fault {
	page, f := s.readPage(c)
	if f != nil {
		return f
	}
	shop, f := c.shop([]byte(page.Shop))
	if f != nil {
		return f
	}
	if f := c.grant.prove([]byte(page.Contact), []byte(page.Proof)); f != nil {
		return f
	}
	var first *fault
	answered := 0
	body := append(c.begin(), `{"frames":[`...)
	seen := idsOf(nil, page.Exclude...)
	for i := range page.Frames {
		if i > 0 {
			body = append(body, ',')
		}
		begun := time.Now()
		s.fillQuery(c, page, &page.Frames[i], shop, seen)
		if f := s.ask(c); f != nil {
			first = earlier(first, f)
			body = append(body, `{"frame":`...)
			body = models.AppendString(body, page.Frames[i].Frame)
			body = append(body, `,"error":`...)
			body = append(f.append(body), '}')
			continue
		}
		answered++
		body = s.appendFrame(body, c, begun)
		if page.Dedupe {
			seen = appendShownIDs(seen, &c.frame)
		}
	}
	body = append(body, `],"took_us":`...)
	c.took = time.Since(c.begun)
	body = appendMicros(body, c.took)
	if answered == 0 {
		setStatus(c.ctx, first.status)
		body = first.append(append(body, `,"error":`...))
	}
	return c.end(append(body, "}\n"...))
}

func earlier(first, f *fault) *fault {
	if first != nil {
		return first
	}
	return f
}

// readPage reads and checks the body.
func (s *Server) readPage(c *call) (*pageRequest, *fault) {
	raw, f := s.body(c)
	if f != nil {
		return nil, f
	}
	var page pageRequest
	if err := json.Unmarshal(raw, &page); err != nil {
		return nil, jsonFault(err)
	}
	if n := len(page.Frames); n == 0 || n > maxFrames {
		return nil, badBody("frames", "there must be from 1 to "+strconv.Itoa(maxFrames)+" frames")
	}
	one := func(id string) []string { return []string{id} }
	if f := checkIDs("", ids{"shop", one(page.Shop)}, ids{"visitor", one(page.Visitor)}, ids{"contact", one(page.Contact)},
		ids{"product", one(page.Product)}, ids{"cart", page.Cart}, ids{"exclude", page.Exclude}); f != nil {
		return nil, f
	}
	for i := range page.Frames {
		at := "frames[" + strconv.Itoa(i) + "]."
		q := &page.Frames[i]
		if q.N < 0 || q.N > s.cfg.MaxItems {
			return nil, badBody(at+"n", "n must be a whole number from 1 to "+strconv.Itoa(s.cfg.MaxItems))
		}
		if q.Frame == "" || len(q.Frame) > maxID {
			return nil, badBody(at+"frame", "the frame's name is missing or too long")
		}
		if f := checkIDs(at, ids{"product", one(q.Product)}, ids{"cart", q.Cart}, ids{"exclude", q.Exclude}, ids{"category", one(q.Category)}); f != nil {
			return nil, f
		}
	}
	return &page, nil
}

// ids are the ids that a member of a body holds.
type ids struct {
	member string
	list   []string
}

// checkIDs names the first member, behind what at says, that holds too many ids or one that is too long.
func checkIDs(at string, members ...ids) *fault {
	for _, m := range members {
		if len(m.list) > maxListed {
			return badBody(at+m.member, "more than "+strconv.Itoa(maxListed)+" ids")
		}
		for _, id := range m.list {
			if len(id) > maxID {
				return badBody(at+m.member, "the value is longer than "+strconv.Itoa(maxID)+" bytes")
			}
		}
	}
	return nil
}

// jsonFault tells where a body is broken.
func jsonFault(err error) *fault {
	var wrong *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &wrong):
		return badBody(wrong.Field, "must be "+typeName(wrong.Type.Kind())+", not a "+wrong.Value)
	case errors.As(err, &syntax):
		return badBody("", "the body is not JSON at byte "+strconv.FormatInt(syntax.Offset, 10))
	}
	return badBody("", "the body is not the expected JSON")
}

// typeName names a Go type as JSON does.
func typeName(k reflect.Kind) string {
	switch k {
	case reflect.Int:
		return "a whole number"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "an array"
	case reflect.Struct:
		return "an object"
	}
	return "a string"
}

// fillQuery turns one frame of a page into c.query. A frame's own product or cart replaces the page's.
func (s *Server) fillQuery(c *call, page *pageRequest, f *frameRequest, shop []byte, seen [][]byte) {
	product, cart := page.Product, page.Cart
	if f.Product != "" || len(f.Cart) > 0 {
		product, cart = f.Product, f.Cart
	}
	c.query = models.FrameQuery{
		Shop: shop, Frame: []byte(f.Frame), Visitor: []byte(page.Visitor), Contact: []byte(page.Contact), Category: []byte(f.Category),
		Products: idsOf(idsOf(c.query.Products[:0], product), cart...),
		Exclude:  idsOf(append(c.query.Exclude[:0], seen...), f.Exclude...),
		N:        f.N, Now: s.deps.Clock(), Brief: true,
	}
}

// idsOf appends the ids that are not empty.
func idsOf(dst [][]byte, ids ...string) [][]byte {
	for _, id := range ids {
		if id != "" {
			dst = append(dst, []byte(id))
		}
	}
	return dst
}

// appendShownIDs appends copies of the ids of a frame, which is about to be reused.
func appendShownIDs(dst [][]byte, f *models.Frame) [][]byte {
	for i := range f.Items {
		dst = append(dst, append([]byte(nil), f.Items[i].Product.ID...))
	}
	return dst
}
