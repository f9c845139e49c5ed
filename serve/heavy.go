package serve

import (
	"io"
	"time"

	"github.com/valyala/fasthttp"

	"orrery/serve/door"
)

// A page sends some events at once. Whoever sends a body of more than heavyBody with the key that stands in the page, or one that has to
// be inflated, may: but that costs milliseconds, for which frames and other pages' events would wait on a machine of few cores. So
// half of the cores at most work on such bodies and wait with them for the log, the others wait before, and the work rests as long as
// it works, in slices that are short against a frame's time on the network.
const (
	heavyBody  = 32 << 10
	heavySlice = 500 * time.Microsecond
	// heavyQueue is how many heavy bodies may wait for each that is worked on, and heavyPatience how long.
	heavyQueue    = 64
	heavyPatience = 5 * time.Second
	// restAfter is after how many events it is looked whether the slice is over.
	restAfter = 16
)

func isHeavy(c *call, raw []byte) bool {
	return c.grant.access < secret && (len(raw) > heavyBody || len(c.ctx.Request.Header.Peek(fasthttp.HeaderContentEncoding)) > 0)
}

// enterHeavy takes a place among the heavy bodies and begins the pace of the work on this one, or tells that there is no place.
func (s *Server) enterHeavy(c *call, at *pace) *fault {
	if !s.heavy.enter() {
		s.metrics.heavyRefused.Add(1)
		return s.bodyFault(c, door.ErrBusy)
	}
	at.began = time.Now()
	return nil
}

// body receives the request's body, and inflates it where it is gzip. It is valid until the request has been answered.
func (s *Server) body(c *call) ([]byte, *fault) {
	raw, f := s.receive(c)
	if f != nil {
		return nil, f
	}
	var at pace
	if isHeavy(c, raw) {
		if f := s.enterHeavy(c, &at); f != nil {
			return nil, f
		}
		defer s.heavy.leave()
	}
	return s.inflated(c, raw, &at)
}

// pace has work rest as long as it works. The zero value never rests.
type pace struct{ began time.Time }

// rest is called again and again from within the work.
func (p *pace) rest() {
	if p.began.IsZero() || time.Since(p.began) < heavySlice {
		return
	}
	time.Sleep(heavySlice)
	p.began = time.Now()
}

// paced is a reader whose work rests.
type paced struct {
	io.Reader
	pace *pace
}

// Read implements io.Reader.
func (p *paced) Read(b []byte) (int, error) {
	p.pace.rest()
	return p.Reader.Read(b)
}
