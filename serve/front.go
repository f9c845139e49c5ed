package serve

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"runtime"
	"strconv"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/valyala/fasthttp"

	"orrery/serve/door"
)

const (
	// maxAdmin bounds the connections of the admin listener.
	maxAdmin = 64
	// maxPage bounds the body of POST /v1/frames.
	maxPage = 64 << 10
	// halfOpen is how long Stop waits for whoever has sent half a request.
	halfOpen = 1500 * time.Millisecond
	// lastMoment is how long the requests of connections that were cut may take to notice.
	lastMoment = time.Second
	// A client that was answered before its body was read may send on for lingerKnown, or for lingerStranger where it has no key.
	lingerKnown    = 10 * time.Second
	lingerStranger = 2 * time.Second
)

// openDoors makes the doors of both listeners.
func (s *Server) openDoors() {
	s.front = door.New(door.Config{Connections: s.cfg.MaxConnections, PerAddress: s.cfg.MaxPerAddress, Trusted: s.cfg.TrustedProxies, Write: s.cfg.WriteTimeout})
	s.side = door.New(door.Config{Connections: maxAdmin})
	s.pages = newGate(s.cfg.MaxFrames, s.cfg.MaxQueue, s.cfg.FrameBudget)
	s.bodies = door.NewBodies(int64(s.cfg.MaxBodies))
	heavy := max(runtime.GOMAXPROCS(0)/2, 1)
	s.heavy = newGate(heavy, heavy*heavyQueue, heavyPatience)
}

// fitDoors keeps the public door to the files that the process may still open.
func (s *Server) fitDoors() {
	room, limit := door.Files()
	if limit == 0 {
		return
	}
	admin := min(maxAdmin, max(room/4, 1))
	s.side.Limit(admin)
	room = max(room-admin, 1)
	if room < s.cfg.MaxConnections {
		s.cfg.Logger.Warn("the process may open too few files for as many connections as the server would take: raise its limit (ulimit -n)",
			"connections", room, "wanted", s.cfg.MaxConnections, "files", limit)
		s.front.Limit(room)
	}
}

// smallBody costs nothing while it is under way: whether it is wanted shows when its request is answered.
const smallBody = 4 << 10

// headReceived looks at a request when its head is there and nothing of its body has been read. A body that nobody will read
// is not waited for: the request is answered, and the connection ends.
func (s *Server) headReceived(h *fasthttp.RequestHeader) (as fasthttp.RequestConfig) {
	n := h.ContentLength()
	if n == -2 || n >= 0 && n <= smallBody {
		return as
	}
	if n == -1 && sizedTwice(h.RawHeaders()) {
		h.SetConnectionClose() // what stands behind such a body is not known for sure
	}
	if !s.wantsBody(h) {
		return bodiless(h)
	}
	return as
}

// bodiless has a request answered without its body.
func bodiless(h *fasthttp.RequestHeader) (as fasthttp.RequestConfig) {
	if n := h.ContentLength(); n != 0 && n != -2 {
		h.SetContentLength(0)
		h.Del(fasthttp.HeaderExpect)
		h.SetConnectionClose()
	}
	return as
}

// sizedTwice tells whether a chunked request has a Content-Length besides.
func sizedTwice(raw []byte) bool {
	const name = "content-length:"
	for line := range bytes.Lines(raw) {
		if len(line) >= len(name) && bytes.EqualFold(line[:len(name)], []byte(name)) {
			return true
		}
	}
	return false
}

// wantsBody tells whether the body of a request would be read: its route takes one, and it has a key where one is needed.
func (s *Server) wantsBody(h *fasthttp.RequestHeader) bool {
	path, query, _ := bytes.Cut(h.RequestURI(), []byte("?"))
	if i := bytes.Index(path, []byte("://")); i > 0 {
		if path = path[i+3:]; bytes.IndexByte(path, '/') >= 0 {
			path = path[bytes.IndexByte(path, '/'):]
		}
	}
	var ids params
	place := s.routes.find(path, &ids)
	if place == nil {
		return false
	}
	r := place.take(h.Method())
	if r == nil || r.body == 0 {
		return false
	}
	if r.access == open || s.cfg.development() {
		return true
	}
	key, _ := presentedKey(h, query)
	if r.access == signed && len(key) == 0 {
		return true
	}
	_, known := s.keys[string(key)]
	return known
}

// tooLarge refuses a body that is larger than its route takes.
func tooLarge(r *route) *fault {
	return &fault{fasthttp.StatusRequestEntityTooLarge, "too_large", "the body is larger than " + strconv.Itoa(r.body) + " bytes: send it in parts", ""}
}

// expect answers a client that asks before it sends a body.
func (s *Server) expect(ctx *fasthttp.RequestCtx) int {
	var ids params
	r := routed(s.routes.find(ctx.URI().PathOriginal(), &ids), ctx.Method())
	if ctx.Request.Header.ContentLength() > r.body {
		f := tooLarge(r)
		s.metrics.observe(r, f.status, 0)
		answerFault(ctx, f)
		return f.status
	}
	return fasthttp.StatusContinue
}

// receive reads the request's body as it was sent. It is valid until the request has been answered.
func (s *Server) receive(c *call) ([]byte, *fault) {
	stream, declared := c.ctx.RequestBodyStream(), c.ctx.Request.Header.ContentLength()
	if stream == nil || declared == 0 {
		return nil, nil
	}
	body, err := c.raw.Receive(s.bodies, c.ctx.Conn(), stream, declared, c.route.body)
	if err == nil && declared > len(body) {
		err = errShort
	}
	if c.unread = err != nil; c.unread {
		return nil, s.bodyFault(c, err)
	}
	return body, nil
}

// inflated returns what a body holds.
func (s *Server) inflated(c *call, raw []byte, at *pace) ([]byte, *fault) {
	switch encoding := c.ctx.Request.Header.ContentEncoding(); {
	case len(encoding) == 0, bytes.EqualFold(encoding, []byte("identity")):
		s.oweBody(c, len(raw))
		return raw, nil
	case bytes.EqualFold(encoding, []byte("gzip")), bytes.EqualFold(encoding, []byte("x-gzip")):
		body, err := s.inflate(c, raw, c.route.body, at)
		s.oweBody(c, len(body))
		if err != nil {
			return nil, s.bodyFault(c, err)
		}
		return body, nil
	}
	return nil, &fault{fasthttp.StatusUnsupportedMediaType, "unsupported_encoding", "send the body plain or as gzip", "Content-Encoding"}
}

var errShort = errors.New("the body is shorter than its length")

// bodyFault tells why a body was not read.
func (s *Server) bodyFault(c *call, err error) *fault {
	var network *net.OpError
	switch {
	case errors.Is(err, door.ErrTooLarge):
		return tooLarge(c.route)
	case errors.Is(err, door.ErrBusy):
		return &fault{fasthttp.StatusServiceUnavailable, "busy", "too much is sent to the server at once: send the same again later", ""}
	case errors.Is(err, errGzip):
		return badBody("", errGzip.Error())
	case errors.As(err, &network) && network.Timeout():
		return &fault{fasthttp.StatusRequestTimeout, "timeout", "the request did not arrive in time", ""}
	}
	return &fault{fasthttp.StatusBadRequest, "bad_request", "this is not a valid HTTP request", ""}
}

// letGo gives back what the request held. Where its body was not read to its end, what stands there is no request: the
// connection ends when the answer has been sent.
func (s *Server) letGo(c *call) {
	h := &c.ctx.Request.Header
	if !c.unread && c.ctx.RequestBodyStream() == nil && !h.ConnectionClose() {
		return // the common case first: there was no body
	}
	c.raw.Release(s.bodies)
	c.plain.Release(s.bodies)
	if c.unread = c.unread && h.ContentLength() != 0; c.unread {
		c.ctx.SetConnectionClose()
	}
	if c.unread || h.ContentLength() == 0 && h.ConnectionClose() { // see bodiless
		most := lingerStranger
		if c.grant.access != open && !s.cfg.development() {
			most = lingerKnown
		}
		if conn, ok := c.ctx.Conn().(*door.Conn); ok {
			conn.Linger(most)
		}
	}
}

// client returns the address that a request comes from: see door.Client.
func (s *Server) client(ctx *fasthttp.RequestCtx) netip.Addr { return door.Client(ctx) }

// drain ends the connections of both listeners, which no longer accept any.
func (s *Server) drain(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.StopTimeout+lastMoment)
	defer cancel()
	s.front.Drain(halfOpen, s.cfg.StopTimeout)
	s.side.Drain(halfOpen, s.cfg.StopTimeout)
	cut := time.AfterFunc(s.cfg.StopTimeout, func() {
		if n := s.front.Cut() + s.side.Cut(); n > 0 {
			s.cfg.Logger.Warn("ended connections whose requests took too long", "connections", n)
		}
	})
	defer cut.Stop()
	admin := make(chan error, 1)
	go func() { admin <- s.admin.ShutdownWithContext(ctx) }()
	err := s.public.ShutdownWithContext(ctx)
	<-admin // a profile that is being taken is no reason for an error
	return err
}

// writeDoors writes what the doors have counted.
func (s *Server) writeDoors(w io.Writer) {
	for _, d := range []struct {
		listener string
		counts   door.Counts
	}{{"public", s.front.Counts()}, {"admin", s.side.Counts()}} {
		label := fmt.Sprintf("{listener=%q}", d.listener)
		metrics.WriteGaugeUint64(w, "orrery_connections"+label, uint64(d.counts.Open))
		metrics.WriteGaugeUint64(w, "orrery_connections_most"+label, uint64(d.counts.Most))
		metrics.WriteCounterUint64(w, "orrery_accept_waits_total"+label, d.counts.Waits)
		dropped := func(why string, n uint64) {
			metrics.WriteCounterUint64(w, fmt.Sprintf(`orrery_dropped_total{what="connection",why=%q,listener=%q}`, why, d.listener), n)
		}
		dropped("too_many", d.counts.Full)
		dropped("too_many_of_address", d.counts.Crowded)
		dropped("idle_for_newcomer", d.counts.Evicted)
		dropped("stopping", d.counts.Cut)
	}
	bodies := s.bodies.Counts()
	metrics.WriteGaugeUint64(w, "orrery_body_bytes", uint64(bodies.Used))
	metrics.WriteGaugeUint64(w, "orrery_body_bytes_most", uint64(s.cfg.MaxBodies))
	metrics.WriteCounterUint64(w, `orrery_dropped_total{what="body",why="too_many_bytes"}`, bodies.Refused)
	metrics.WriteCounterUint64(w, `orrery_dropped_total{what="body",why="too_slow"}`, bodies.Ended)
	metrics.WriteCounterUint64(w, `orrery_dropped_total{what="body",why="too_many_heavy"}`, s.metrics.heavyRefused.Load())
	metrics.WriteCounterUint64(w, `orrery_dropped_total{what="request",why="rate_of_key"}`, s.metrics.limitedKeys.Load())
	metrics.WriteCounterUint64(w, `orrery_dropped_total{what="request",why="rate_of_address"}`, s.metrics.limitedAddresses.Load())
}
