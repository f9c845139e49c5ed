package serve

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime/debug"
	"time"

	"github.com/valyala/fasthttp"

	"orrery/models"
	"orrery/serve/door"
)

const (
	typeJSON   = "application/json"
	typeLines  = "application/x-ndjson"
	typeHTML   = "text/html; charset=utf-8"
	typeText   = "text/plain; charset=utf-8"
	typeScript = "text/javascript; charset=utf-8"
	typeStyle  = "text/css; charset=utf-8"
	typeSVG    = "image/svg+xml"
	typeYAML   = "application/yaml; charset=utf-8"
)

// call is one request on its way through the server, with the scratch that answering it needs. Calls are reused.
type call struct {
	ctx   *fasthttp.RequestCtx
	route *route
	param []byte // the first parameter of the path, decoded
	paths params // all of them
	grant grant
	// client is the address that the request comes from, by what trusted proxies say; not valid where that is not known.
	client  netip.Addr
	limited bool      // by that address
	raw     door.Body // the request's body
	plain   door.Body // the same, inflated
	unread  bool      // there may be more of the body
	begun   time.Time
	took    time.Duration // from begun to the encoded answer, where that was measured

	args  args
	query models.FrameQuery
	frame models.Frame
	name  []byte // of the default frame

	working time.Time     // when the work on the frame began
	budget  time.Duration // how long it may take
	late    func() bool   // whether that is over; made once
}

// handle is the outermost handler of the public listener. fasthttp does not recover panics; this does, so that one
// request never takes the process along.
func (s *Server) handle(ctx *fasthttp.RequestCtx) {
	c := s.calls.get()
	c.ctx, c.route, c.begun, c.took, c.grant = ctx, none, ctx.Time(), 0, grant{}
	c.unread, c.limited = ctx.RequestBodyStream() != nil, false
	if conn, ok := ctx.Conn().(*door.Conn); ok {
		conn.Begin()
	}
	defer func() {
		if p := recover(); p != nil {
			// What the call holds is in an unknown state: it is not reused.
			s.metrics.panics.Add(1)
			s.cfg.Logger.Error("panic in a request", "route", c.route.name, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			answerFault(ctx, &fault{fasthttp.StatusInternalServerError, "internal", "the server failed to answer; this is a bug in it", ""})
			s.metrics.observe(c.route, fasthttp.StatusInternalServerError, time.Since(c.begun))
			s.letGo(c)
			return
		}
		if c.took == 0 {
			c.took = time.Since(c.begun)
		}
		s.metrics.observe(c.route, ctx.Response.StatusCode(), c.took)
		if c.grant.frames != nil && c.route == s.frame {
			c.grant.frames.observe(c.took)
		}
		s.letGo(c)
		c.ctx, c.param = nil, nil
		s.calls.put(c)
	}()
	if f := s.dispatch(c); f != nil {
		answerFault(ctx, f)
	}
}

var (
	headerCacheControl, noStore = []byte(fasthttp.HeaderCacheControl), []byte(fresh)
	headerNoSniff, noSniff      = []byte(fasthttp.HeaderXContentTypeOptions), []byte("nosniff")
)

// dispatch routes, checks what holds for all routes, and calls the route's own method.
func (s *Server) dispatch(c *call) *fault {
	ctx := c.ctx
	place := s.routes.find(ctx.URI().PathOriginal(), &c.paths)
	c.route, c.client = routed(place, ctx.Method()), door.Client(ctx)
	c.args.reset(ctx.URI().QueryString())
	ctx.Response.Header.SetCanonical(headerNoSniff, noSniff)
	if h := &ctx.Request.Header; !h.IsHTTP11() && string(h.Protocol()) != "HTTP/1.0" {
		ctx.SetConnectionClose()
		return &fault{fasthttp.StatusHTTPVersionNotSupported, "bad_version", "of HTTP, versions 1.0 and 1.1 are spoken here", ""}
	}
	if c.route.marks&anyHost == 0 && !s.hosts.take(ctx.Request.Header.Host()) {
		return wrongHost("http.hosts")
	}
	if c.route.access != open && s.cfg.development() && s.foreign(ctx) {
		return otherSite
	}
	if place != nil && place.crosses() && s.cors(ctx, place.allow) {
		return nil
	}
	if f := s.hasMethod(c, place); f != nil || c.route == none {
		return f
	}
	if f := c.decodePath(); f != nil {
		return f
	}
	if f := s.admit(c); f != nil {
		if often := s.limitAddress(c); often != nil {
			return often
		}
		return f
	}
	if f := s.limit(c); f != nil {
		return f
	}
	return c.answer(s)
}

// routed returns the route that a request's metrics are counted for: where the method is refused, the first of the place.
func routed(p *place, method []byte) *route {
	if p == nil {
		return none
	}
	if r := p.take(method); r != nil {
		return r
	}
	return p.routes[0]
}

// hasMethod refuses what the table does not have, and answers OPTIONS: then the call's route is none.
func (s *Server) hasMethod(c *call, p *place) *fault {
	if p == nil {
		return notFound("no_such_path", "no such path; /docs lists what there is")
	}
	if p.take(c.ctx.Method()) != nil {
		return nil
	}
	c.ctx.Response.Header.Set(fasthttp.HeaderAllow, p.allow)
	if string(c.ctx.Method()) == fasthttp.MethodOptions {
		c.route = none
		c.ctx.SetStatusCode(fasthttp.StatusNoContent)
		return nil
	}
	return &fault{fasthttp.StatusMethodNotAllowed, "method_not_allowed", "this path takes " + p.allow, ""}
}

// decodePath decodes the parameters of the path.
func (c *call) decodePath() *fault {
	c.param = nil
	for i, raw := range c.paths {
		if raw == nil {
			break
		}
		decoded, ok := c.args.decode(raw, false)
		if !ok || len(decoded) > maxID {
			return badParameter("path", "the path is not a valid escaped id of at most 512 bytes")
		}
		c.paths[i] = decoded
	}
	c.param = c.paths[0]
	return nil
}

// answer calls the route's handler. What it answers may be kept as the table says; a fault never.
func (c *call) answer(s *Server) *fault {
	c.ctx.Response.Header.SetContentType(typeJSON)
	f := c.route.handler(s, c)
	if f == nil {
		c.ctx.Response.Header.SetCanonical(headerCacheControl, c.route.kept)
	}
	return f
}

// maxID is the longest id or category path that a request may name, in bytes after decoding.
const maxID = 512

// begin returns the response's own buffer, empty; end gives it back with the answer. Between the two nothing else may
// touch the response's body.
func (c *call) begin() []byte { return c.ctx.Response.SwapBody(nil)[:0] }

func (c *call) end(body []byte) *fault {
	c.ctx.Response.SwapBody(body)
	return nil
}

// handleError answers requests that fasthttp could not read.
func (s *Server) handleError(ctx *fasthttp.RequestCtx, err error) {
	f := &fault{fasthttp.StatusBadRequest, "bad_request", "this is not a valid HTTP request", ""}
	var small *fasthttp.ErrSmallBuffer
	var network *net.OpError
	switch {
	case errors.As(err, &small):
		f = &fault{fasthttp.StatusRequestHeaderFieldsTooLarge, "header_too_large", "the request's head is larger than 16 KiB", ""}
	case errors.As(err, &network) && network.Timeout():
		f = &fault{fasthttp.StatusRequestTimeout, "timeout", "the request did not arrive in time", ""}
	}
	s.metrics.observe(none, f.status, 0)
	answerFault(ctx, f)
}
