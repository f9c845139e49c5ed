package serve

import (
	"strconv"
	"time"

	"github.com/valyala/fasthttp"

	"orrery/serve/door"
)

// limits bound the requests of a key and of an address. A request is a token, each further frame of a page another one, and
// each KiB of its body one more of the address's.
type limits struct {
	born      time.Time
	key       door.Rate
	addresses *door.Addresses
}

func newLimits(cfg *Config) limits {
	return limits{born: time.Now(), key: door.PerSecond(cfg.KeyRate), addresses: door.NewAddresses(cfg.AddressRate)}
}

func (l *limits) now(c *call) int64 { return int64(c.begun.Sub(l.born)) }

// limit refuses a call whose key or address has asked too often. Only pages' calls, with the public key, are counted by
// address, and those of no proxy and of nobody in the house: see door.Limited.
func (s *Server) limit(c *call) *fault {
	now := s.limits.now(c)
	switch {
	case c.grant.access == signed: // nobody, so far
	case c.grant.bucket == nil:
		return nil // without keys there are no strangers
	default:
		if wait := c.grant.bucket.Take(s.limits.key, now, 1); wait > 0 {
			s.metrics.limitedKeys.Add(1)
			return c.tooOften("the key", wait)
		}
	}
	if c.grant.access > public {
		return nil
	}
	if c.limited = door.Limited(c.ctx, c.client); !c.limited {
		s.hintAtProxy(c)
		return nil
	}
	if wait := s.limits.addresses.Take(c.client, now, 1); wait > 0 {
		s.metrics.limitedAddresses.Add(1)
		return c.tooOften("the address", wait)
	}
	return nil
}

func (c *call) tooOften(who string, wait time.Duration) *fault {
	seconds := int64((wait + time.Second - 1) / time.Second)
	c.ctx.Response.Header.Set(fasthttp.HeaderRetryAfter, strconv.FormatInt(seconds, 10))
	return &fault{fasthttp.StatusTooManyRequests, "too_often", who + " has sent too many requests: ask again after Retry-After seconds", ""}
}

// oweBody counts what a body has cost, now that it is known.
func (s *Server) oweBody(c *call, bytes int) {
	if c.limited {
		s.limits.addresses.Owe(c.client, s.limits.now(c), int64(bytes>>10))
	}
}

// oweFrames counts the further frames of a page.
func (s *Server) oweFrames(c *call, further int) {
	if c.grant.bucket != nil {
		c.grant.bucket.Owe(s.limits.key, s.limits.now(c), int64(further))
	}
	if c.limited {
		s.limits.addresses.Owe(c.client, s.limits.now(c), int64(further))
	}
}

// hintAtProxy tells once that a proxy seems to stand in front that nobody has named: all clients look like one then.
func (s *Server) hintAtProxy(c *call) {
	if s.hinted.Load() || !c.client.IsPrivate() || len(c.ctx.Request.Header.Peek(fasthttp.HeaderXForwardedFor)) == 0 || s.hinted.Swap(true) {
		return
	}
	s.cfg.Logger.Warn("a proxy that is not trusted hands on requests: name it with --http.trusted-proxies, or all visitors behind it look like one",
		"proxy", c.client.String())
}

// network returns the hash of the network that a request comes from. A proxy that nobody has named is none: those behind it are
// not one network, and it is known that there are others (see hintAtProxy).
func (s *Server) network(c *call) uint64 {
	client := s.client(c.ctx)
	if client.IsPrivate() && len(c.ctx.Request.Header.Peek(fasthttp.HeaderXForwardedFor)) > 0 {
		return 0
	}
	return s.networks.hash(client)
}
