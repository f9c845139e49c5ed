package serve

import (
	"bytes"
	"net"
	"net/netip"
	"strings"

	"github.com/valyala/fasthttp"
)

// hosts are the names by which a listener may be called. A page of a stranger can have its own name lead to this
// machine's loopback (DNS rebinding), and its browser then takes the server for a part of that page: so a name that is
// not the server's own is refused.
type hosts struct {
	all      bool
	numeric  bool // any IP address: the listener has all of the machine's
	names    map[string]bool
	suffixes []string // ".example" of "*.example"
}

// newHosts returns the names of loopback, of the listen address, and those that are listed.
func newHosts(listen string, listed []string) hosts {
	h := hosts{names: map[string]bool{}}
	if host, _, err := net.SplitHostPort(listen); err == nil {
		ip, err := netip.ParseAddr(host)
		h.numeric = host == "" || err == nil && ip.IsUnspecified()
		h.names[strings.ToLower(host)] = host != ""
	}
	for _, name := range listed {
		name = strings.ToLower(name)
		switch suffix, ok := strings.CutPrefix(name, "*"); {
		case name == "*":
			h.all = true
		case ok:
			h.suffixes = append(h.suffixes, suffix)
		default:
			h.names[strings.Trim(name, "[]")] = true
		}
	}
	return h
}

// take tells whether a Host header names the listener. The port does not matter: it may be a proxy's.
func (h *hosts) take(header []byte) bool {
	if h.all {
		return true
	}
	host := withoutPort(header)
	return h.names[string(host)] || loopbackName(host) || h.takeRare(host)
}

// takeRare looks at what is seldom: other spellings, addresses of a machine that listens on all of them, suffixes.
func (h *hosts) takeRare(host []byte) bool {
	name := strings.TrimSuffix(strings.ToLower(string(host)), ".")
	if h.names[name] || loopbackName([]byte(name)) {
		return true
	}
	if h.numeric {
		if _, err := netip.ParseAddr(name); err == nil {
			return true // a browser asks no name server for it, so nobody can rebind it
		}
	}
	for _, s := range h.suffixes {
		if len(name) > len(s) && strings.HasSuffix(name, s) {
			return true
		}
	}
	return false
}

// withoutPort returns the host of a Host header or of an origin, without brackets and port.
func withoutPort(host []byte) []byte {
	if len(host) > 0 && host[0] == '[' {
		inside, rest, ok := bytes.Cut(host[1:], []byte("]"))
		if ok && (len(rest) == 0 || rest[0] == ':') {
			return inside
		}
		return host
	}
	if i := bytes.IndexByte(host, ':'); i >= 0 {
		return host[:i]
	}
	return host
}

// loopbackName tells whether a name can only lead to the machine that asks: browsers resolve localhost and what ends on
// it by themselves.
func loopbackName(host []byte) bool {
	if len(host) == 0 {
		return false
	}
	switch {
	case string(host) == "127.0.0.1", string(host) == "localhost", string(host) == "::1":
		return true
	case host[0] == '1' || host[len(host)-1] == '1': // 127.0.0.2, 0:0:0:0:0:0:0:1
		ip, err := netip.ParseAddr(string(host))
		return err == nil && ip.Unmap().IsLoopback()
	}
	return bytes.HasSuffix(host, []byte(".localhost"))
}

// wrongHost is the answer to a request under a name that is not the server's.
func wrongHost(flag string) *fault {
	return &fault{fasthttp.StatusMisdirectedRequest, "wrong_host",
		"the server does not answer under this Host: add the name to --" + flag + " where it is the server's own", "Host"}
}

var (
	headerOrigin    = []byte(fasthttp.HeaderOrigin)
	headerFetchSite = []byte("Sec-Fetch-Site")
	headerFetchDest = []byte("Sec-Fetch-Dest")
)

// foreign tells whether a page of somebody else has a browser send the request. Without keys, having reached the loopback
// is all the right there is, and a stranger's page that is open in the developer's browser has that too.
func (s *Server) foreign(ctx *fasthttp.RequestCtx) bool {
	header := &ctx.Request.Header
	if origin := header.PeekCanonical(headerOrigin); len(origin) > 0 {
		return !s.allowed(origin, header.Host())
	}
	// What has no origin writes nothing. A page that is opened is the user's doing, and its opener cannot read it.
	return string(header.PeekCanonical(headerFetchSite)) == "cross-site" && string(header.PeekCanonical(headerFetchDest)) != "document"
}

// allowed tells whether pages of an origin may use the public endpoints: those that are listed, and without keys those of
// the host that is asked, on any port. All names of loopback are one host: nobody else can put a page there.
func (s *Server) allowed(origin, host []byte) bool {
	for _, o := range s.cfg.Origins {
		if o == "*" || o == string(origin) {
			return true
		}
	}
	if !s.cfg.development() {
		return false
	}
	_, from, ok := bytes.Cut(origin, []byte("://"))
	if !ok {
		return false // "null": a file, or a frame that a stranger has sandboxed
	}
	from, host = withoutPort(from), withoutPort(host)
	return len(from) > 0 && bytes.EqualFold(from, host) || loopbackName(from) && loopbackName(host)
}

// sameOrigin tells whether an origin is the one that the request goes to: then a browser asks for no permission.
func sameOrigin(origin, host []byte) bool {
	_, from, ok := bytes.Cut(origin, []byte("://"))
	return ok && bytes.EqualFold(from, host)
}

// cors allows a page of an allowed origin to read the answer, and answers its preflight: then it is true. A page that
// sends JSON by navigator.sendBeacon sends what cookies it has along, so credentials are allowed beside the one origin;
// the server looks at none.
func (s *Server) cors(ctx *fasthttp.RequestCtx, methods string) bool {
	origin := ctx.Request.Header.PeekCanonical(headerOrigin)
	preflight := string(ctx.Method()) == fasthttp.MethodOptions
	if len(origin) == 0 {
		return false
	}
	header := &ctx.Response.Header
	header.Set(fasthttp.HeaderVary, fasthttp.HeaderOrigin)
	if preflight {
		header.Set(fasthttp.HeaderAllow, methods)
		ctx.SetStatusCode(fasthttp.StatusNoContent)
	}
	host := ctx.Request.Header.Host()
	if sameOrigin(origin, host) || !s.allowed(origin, host) {
		return preflight
	}
	header.SetBytesV(fasthttp.HeaderAccessControlAllowOrigin, origin)
	header.Set(fasthttp.HeaderAccessControlAllowCredentials, "true")
	if preflight {
		header.Set(fasthttp.HeaderAccessControlAllowMethods, methods)
		header.Set(fasthttp.HeaderAccessControlAllowHeaders, "Authorization, Content-Type, Content-Encoding")
		header.Set(fasthttp.HeaderAccessControlMaxAge, "86400")
	}
	return preflight
}

var otherSite = &fault{fasthttp.StatusForbidden, "other_site",
	"a page of another site asks: list its origin in --http.origins, or set keys", "Origin"}
