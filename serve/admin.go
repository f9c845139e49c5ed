package serve

import (
	"bytes"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"runtime/debug"

	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/pprofhandler"
)

// handleAdmin answers the admin listener: metrics and health without keys, profiles with the token; it listens on loopback
// unless it is told otherwise.
func (s *Server) handleAdmin(ctx *fasthttp.RequestCtx) {
	defer func() {
		if p := recover(); p != nil {
			s.metrics.panics.Add(1)
			s.cfg.Logger.Error("panic in an admin request", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			answerFault(ctx, &fault{fasthttp.StatusInternalServerError, "internal", "the server failed to answer; this is a bug in it", ""})
		}
	}()
	if f := s.answerAdmin(ctx); f != nil {
		answerFault(ctx, f)
	}
}

func (s *Server) answerAdmin(ctx *fasthttp.RequestCtx) *fault {
	c := &call{ctx: ctx}
	c.args.reset(ctx.URI().QueryString())
	header := &ctx.Response.Header
	header.SetContentType(typeJSON)
	header.SetCanonical(headerNoSniff, noSniff)
	path := string(ctx.Path())
	switch path { // under any Host: probes call by address
	case "/metrics":
		return s.answerMetrics(c)
	case "/healthz":
		return s.answerHealth(c)
	case "/readyz":
		return s.answerReady(c)
	}
	if !s.adminHosts.take(ctx.Request.Header.Host()) {
		return wrongHost("admin.hosts")
	}
	switch {
	case path == "/":
		header.SetContentType(typeText)
		ctx.SetBodyString("orrery " + s.cfg.Version + "\n\n/metrics\n/healthz\n/readyz?verbose\n/debug/pprof (with the admin token)\n")
		return nil
	case path == pprofPath || len(path) > len(pprofPath) && path[:len(pprofPath)+1] == pprofPath+"/":
		return s.answerPprof(ctx, path)
	}
	return notFound("no_such_path", "no such path; / lists what there is")
}

const pprofPath = "/debug/pprof"

// answerPprof answers with profiles. The command line is not among them: keys may stand there.
func (s *Server) answerPprof(ctx *fasthttp.RequestCtx, path string) *fault {
	switch {
	case path == pprofPath+"/cmdline":
		return notFound("no_such_path", "the command line is not told: keys may stand in it")
	case s.cfg.AdminToken == "":
		return notFound("no_profiles", "profiles are off: set --admin.token, or ORRERY_ADMIN_TOKEN")
	case subtle.ConstantTimeCompare(adminToken(ctx), []byte(s.cfg.AdminToken)) != 1:
		ctx.Response.Header.Set("WWW-Authenticate", "Bearer")
		return &fault{fasthttp.StatusUnauthorized, "bad_token", "profiles need the admin token: Authorization: Bearer TOKEN", ""}
	}
	if path == pprofPath+"/" { // the handler knows its index without the slash only
		ctx.URI().SetPath(pprofPath)
	}
	pprofhandler.PprofHandler(ctx)
	return nil
}

// adminToken returns the token of a request. It may come as the password of basic authentication too, which is all that
// "go tool pprof http://x:TOKEN@HOST/debug/pprof/heap" can do.
func adminToken(ctx *fasthttp.RequestCtx) []byte {
	scheme, rest, _ := bytes.Cut(ctx.Request.Header.Peek(fasthttp.HeaderAuthorization), []byte(" "))
	switch {
	case bytes.EqualFold(scheme, []byte("bearer")):
		return bytes.TrimSpace(rest)
	case bytes.EqualFold(scheme, []byte("basic")):
		pair, err := base64.StdEncoding.AppendDecode(nil, bytes.TrimSpace(rest))
		if _, password, ok := bytes.Cut(pair, []byte(":")); err == nil && ok {
			return password
		}
	}
	return nil
}
