package serve

import (
	"fmt"
	"runtime/debug"

	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/pprofhandler"
)

// handleAdmin answers the admin listener: metrics, health and profiles, without keys; it listens on loopback unless it
// is told otherwise.
func (s *Server) handleAdmin(ctx *fasthttp.RequestCtx) {
	defer func() {
		if p := recover(); p != nil {
			s.metrics.panics.Add(1)
			s.cfg.Logger.Error("panic in an admin request", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			answerFault(ctx, &fault{fasthttp.StatusInternalServerError, "internal", "the server failed to answer; this is a bug in it", ""})
		}
	}()
	c := &call{ctx: ctx}
	c.args.reset(ctx.URI().QueryString())
	ctx.Response.Header.SetContentType(typeJSON)
	path := string(ctx.Path())
	switch {
	case path == "/":
		ctx.Response.Header.SetContentType(typeText)
		ctx.SetBodyString("orrery " + s.cfg.Version + "\n\n/metrics\n/healthz\n/readyz?verbose\n/debug/pprof/\n")
	case path == "/metrics":
		s.answerMetrics(c)
	case path == "/healthz":
		s.answerHealth(c)
	case path == "/readyz":
		s.answerReady(c)
	case len(path) >= len(pprofPrefix) && path[:len(pprofPrefix)] == pprofPrefix:
		pprofhandler.PprofHandler(ctx)
	default:
		answerFault(ctx, notFound("no_such_path", "no such path; / lists what there is"))
	}
}

const pprofPrefix = "/debug/pprof"
