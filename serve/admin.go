package serve

import (
	"bytes"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"runtime/debug"
	"strings"

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
	c := &call{ctx: ctx, begun: ctx.Time()}
	c.args.reset(ctx.URI().QueryString())
	ctx.Response.Header.SetCanonical(headerNoSniff, noSniff)
	place := s.inside.find(ctx.URI().PathOriginal(), &c.paths)
	c.route = routed(place, ctx.Method())
	if c.route.marks&anyHost == 0 && !s.adminHosts.take(ctx.Request.Header.Host()) {
		return wrongHost("admin.hosts")
	}
	if f := s.hasMethod(c, place); f != nil || c.route == none {
		return f
	}
	if f := c.decodePath(); f != nil {
		return f
	}
	if c.route.access == admin {
		if f := s.admitAdmin(ctx); f != nil {
			return f
		}
	}
	return c.answer(s)
}

// answerAdminHome answers what the admin listener has.
func (s *Server) answerAdminHome(c *call) *fault {
	c.ctx.Response.Header.SetContentType(typeText)
	c.ctx.SetBodyString("orrery " + s.cfg.Version + "\n\n/metrics\n/healthz\n/readyz?verbose\n/debug/pprof (with the admin token)\n")
	return nil
}

const pprofPath = "/debug/pprof"

// admitAdmin lets whoever has the admin token pass.
func (s *Server) admitAdmin(ctx *fasthttp.RequestCtx) *fault {
	switch {
	case s.cfg.AdminToken == "":
		return notFound("no_profiles", "profiles are off: set --admin.token, or ORRERY_ADMIN_TOKEN")
	case subtle.ConstantTimeCompare(adminToken(ctx), []byte(s.cfg.AdminToken)) != 1:
		ctx.Response.Header.Set("WWW-Authenticate", "Bearer")
		return &fault{fasthttp.StatusUnauthorized, "bad_token", "profiles need the admin token: Authorization: Bearer TOKEN", ""}
	}
	return nil
}

// answerPprof answers with profiles. The command line is not among them: keys may stand there. The handler reads the path
// again, decoded and cleaned, so it gets one that is written anew.
func (s *Server) answerPprof(c *call) *fault {
	name := string(c.param)
	if name == "cmdline" || strings.ContainsAny(name, "/\\") {
		return notFound("no_such_path", "the command line is not told: keys may stand in it")
	}
	path := pprofPath
	if name != "" { // the handler knows its index without the slash only
		path += "/" + name
	}
	c.ctx.URI().SetPath(path)
	pprofhandler.PprofHandler(c.ctx)
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
