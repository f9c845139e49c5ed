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
	route route
	param []byte // the path parameter, decoded
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
	c.ctx, c.route, c.begun, c.took, c.grant.access = ctx, routeNone, ctx.Time(), 0, open
	c.unread, c.limited = ctx.RequestBodyStream() != nil, false
	defer func() {
		if p := recover(); p != nil {
			// What the call holds is in an unknown state: it is not reused.
			s.metrics.panics.Add(1)
			s.cfg.Logger.Error("panic in a request", "route", c.route.String(), "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			answerFault(ctx, &fault{fasthttp.StatusInternalServerError, "internal", "the server failed to answer; this is a bug in it", ""})
			s.metrics.observe(c.route, fasthttp.StatusInternalServerError, time.Since(c.begun))
			s.letGo(c)
			return
		}
		if c.took == 0 {
			c.took = time.Since(c.begun)
		}
		s.metrics.observe(c.route, ctx.Response.StatusCode(), c.took)
		s.letGo(c)
		c.ctx, c.param = nil, nil
		s.calls.put(c)
	}()
	if f := s.dispatch(c); f != nil {
		answerFault(ctx, f)
	}
}

var (
	headerCacheControl, noStore = []byte(fasthttp.HeaderCacheControl), []byte("no-store")
	headerNoSniff, noSniff      = []byte(fasthttp.HeaderXContentTypeOptions), []byte("nosniff")
)

// dispatch routes, checks what holds for all routes, and calls the route's own method.
func (s *Server) dispatch(c *call) *fault {
	ctx := c.ctx
	r, param, allowed := match(ctx.Method(), ctx.URI().PathOriginal())
	c.route, c.client = r, door.Client(ctx)
	c.args.reset(ctx.URI().QueryString())
	ctx.Response.Header.SetCanonical(headerNoSniff, noSniff)
	if h := &ctx.Request.Header; !h.IsHTTP11() && string(h.Protocol()) != "HTTP/1.0" {
		ctx.SetConnectionClose()
		return &fault{fasthttp.StatusHTTPVersionNotSupported, "bad_version", "of HTTP, versions 1.0 and 1.1 are spoken here", ""}
	}
	if !s.hosts.take(ctx.Request.Header.Host()) && !anyHost(r) {
		return wrongHost("http.hosts")
	}
	if endpoints[r].access != open && s.cfg.development() && s.foreign(ctx) {
		return otherSite
	}
	if (endpoints[r].access == public || r == routeTracker) && s.cors(ctx) {
		return nil
	}
	if r == routeNone || r >= routeShop && !s.cfg.Demo {
		return notFound("no_such_path", "no such path; /docs lists what there is")
	}
	if allowed != "" {
		ctx.Response.Header.Set("Allow", allowed)
		return &fault{fasthttp.StatusMethodNotAllowed, "method_not_allowed", "this path takes " + allowed, ""}
	}
	if param != nil {
		decoded, ok := c.args.decode(param, false)
		if !ok || len(decoded) > maxID {
			return badParameter("path", "the path is not a valid escaped id of at most 512 bytes")
		}
		c.param = decoded
	}
	if r >= routeHealth && r <= routeLive {
		// Some caches keep for minutes what says nothing of it.
		ctx.Response.Header.SetCanonical(headerCacheControl, noStore)
	}
	if f := s.admit(c); f != nil {
		return f
	}
	if f := s.limit(c); f != nil {
		return f
	}
	ctx.Response.Header.SetContentType(typeJSON)
	return s.answer(c)
}

func (s *Server) answer(c *call) *fault {
	switch c.route {
	case routeFrame:
		return s.answerFrame(c)
	case routeEvents:
		return s.answerEvents(c)
	case routeFrames:
		return s.answerFrames(c)
	case routeFrameNames:
		return s.answerFrameNames(c)
	case routeSocial:
		return s.answerSocial(c)
	case routeContactProducts:
		return s.answerContactProducts(c)
	case routeContactMail:
		return s.answerContactMail(c)
	case routeContact, routeVisitor:
		return s.answerProfile(c)
	case routeRFM:
		return s.answerRFM(c)
	case routeModels:
		return s.answerModels(c)
	case routeExport:
		return s.answerExport(c)
	case routeStats:
		return s.answerStats(c)
	case routeQuality:
		return s.answerQuality(c)
	case routeLive:
		return s.answerLive(c)
	case routeHealth:
		return s.answerHealth(c)
	case routeReady:
		return s.answerReady(c)
	case routeMetricsPage:
		return s.answerMetrics(c)
	case routeShop, routeShopProduct:
		return s.answerShop(c)
	case routeShopPicture:
		return s.answerPicture(c)
	}
	return s.answerAsset(c)
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
	s.metrics.observe(routeNone, f.status, 0)
	answerFault(ctx, f)
}
