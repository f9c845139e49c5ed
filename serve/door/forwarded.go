package door

import (
	"bytes"
	"net/netip"
	"unsafe"

	"github.com/valyala/fasthttp"
)

// Client returns the address that a request comes from: the peer's, or where that is a trusted proxy, the one that it says,
// and so on for each further proxy that is trusted. What stands left of the first address that is not a trusted proxy's was
// written by nobody knows whom, and is not looked at. X-Forwarded-For is asked first: proxies that write it hand on a
// Forwarded header as it came. It is not valid where the connection has no address.
func Client(ctx *fasthttp.RequestCtx) netip.Addr {
	c, ok := ctx.Conn().(*Conn)
	if !ok {
		return netip.Addr{}
	}
	if !c.hop {
		return c.client
	}
	h := &ctx.Request.Header
	if lines := h.PeekAll(fasthttp.HeaderXForwardedFor); len(lines) > 0 {
		return c.door.walk(c.client, lines, plainAddress)
	}
	return c.door.walk(c.client, h.PeekAll(fasthttp.HeaderForwarded), forAddress)
}

// Limited tells whether bounds by address hold for a client: see Config.PerAddress.
func Limited(ctx *fasthttp.RequestCtx, client netip.Addr) bool {
	c, ok := ctx.Conn().(*Conn)
	return ok && !c.door.exempt(client, c.direct && client == c.client)
}

// walk goes from the nearest hop leftwards.
func (d *Door) walk(hop netip.Addr, lines [][]byte, read func([]byte) (netip.Addr, bool)) netip.Addr {
	for i := len(lines) - 1; i >= 0; i-- {
		for rest := lines[i]; rest != nil; {
			entry := rest
			if comma := bytes.LastIndexByte(rest, ','); comma >= 0 {
				entry, rest = rest[comma+1:], rest[:comma]
			} else {
				rest = nil
			}
			a, ok := read(bytes.TrimSpace(entry))
			if !ok {
				return hop // it will not say, or speaks in riddles: the one who says so is the last that is known
			}
			if hop = a; !d.trusts(a) {
				return a
			}
		}
	}
	return hop
}

// forAddress reads the address of one element of a Forwarded header (RFC 7239).
func forAddress(element []byte) (netip.Addr, bool) {
	for len(element) > 0 {
		pair := element
		if i := bytes.IndexByte(element, ';'); i >= 0 {
			pair, element = element[:i], element[i+1:]
		} else {
			element = nil
		}
		name, value, _ := bytes.Cut(bytes.TrimSpace(pair), []byte("="))
		if bytes.EqualFold(name, []byte("for")) {
			return plainAddress(bytes.Trim(value, `"`))
		}
	}
	return netip.Addr{}, false
}

// plainAddress reads an address, with a port or without, in brackets or without.
func plainAddress(text []byte) (netip.Addr, bool) {
	if len(text) > 0 && text[0] == '[' {
		end := bytes.IndexByte(text, ']')
		if end < 0 {
			return netip.Addr{}, false
		}
		text = text[1:end]
	} else if colon := bytes.IndexByte(text, ':'); colon >= 0 && bytes.LastIndexByte(text, ':') == colon {
		text = text[:colon]
	}
	if len(text) == 0 || bytes.IndexByte(text, '%') >= 0 {
		return netip.Addr{}, false
	}
	// ParseAddr keeps nothing of a text without a zone, so that the request's own bytes will do.
	a, err := netip.ParseAddr(unsafe.String(&text[0], len(text)))
	return a.Unmap(), err == nil
}
