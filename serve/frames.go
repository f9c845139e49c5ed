package serve

import (
	"time"

	"orrery/models"
)

// answerFrames answers POST /v1/frames. A frame that cannot be answered has an error in its place; only where none can be
// does the whole request fail, with the first error's status.
func (s *Server) answerFrames(c *call) *fault {
	page, f := s.readPage(c)
	if f != nil {
		return f
	}
	s.oweFrames(c, len(page.frames)-1)
	shop, f := c.shop([]byte(page.shop))
	if f != nil {
		return f
	}
	if f := c.grant.prove([]byte(page.contact), []byte(page.proof)); f != nil {
		return f
	}
	var first *fault
	answered := 0
	body := append(c.begin(), `{"frames":[`...)
	seen := idsOf(nil, page.exclude...)
	for i := range page.frames {
		if i > 0 {
			body = append(body, ',')
		}
		begun := time.Now()
		s.fillQuery(c, page, &page.frames[i], shop, seen)
		if f := s.ask(c); f != nil {
			first = earlier(first, f)
			body = append(body, `{"frame":`...)
			body = models.AppendString(body, page.frames[i].frame)
			body = append(body, `,"error":`...)
			body = append(f.append(body), '}')
			continue
		}
		answered++
		body = s.appendFrame(body, c, begun)
		if page.dedupe {
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

// readPage receives the body, and reads it behind a gate of its own: how much of that is done at once is bounded, and what it
// may cost as well.
func (s *Server) readPage(c *call) (*pageRequest, *fault) {
	raw, f := s.receive(c)
	if f != nil {
		return nil, f
	}
	if !s.pages.enter() {
		s.metrics.refused.Add(1)
		return nil, busy
	}
	defer s.pages.leave()
	body, f := s.inflated(c, raw, new(pace))
	if f != nil {
		return nil, f
	}
	return readPage(body, s.cfg.MaxItems)
}

// fillQuery turns one frame of a page into c.query. A frame's own product or cart replaces the page's.
func (s *Server) fillQuery(c *call, page *pageRequest, f *frameRequest, shop []byte, seen [][]byte) {
	product, cart := page.product, page.cart
	if f.product != "" || len(f.cart) > 0 {
		product, cart = f.product, f.cart
	}
	c.query = models.FrameQuery{
		Shop: shop, Frame: []byte(f.frame), Visitor: []byte(page.visitor), Contact: []byte(page.contact), Category: []byte(f.category),
		Products: idsOf(idsOf(c.query.Products[:0], product), cart...),
		Exclude:  idsOf(append(c.query.Exclude[:0], seen...), f.exclude...),
		N:        f.n, Now: s.deps.Clock(), Brief: true,
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
