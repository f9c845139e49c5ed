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

// limit refuses a call whose key or address has asked too often. Calls with the public key are counted by address, and those that need
// none, but those of no proxy and of nobody in the house: see door.Limited.
func (s *Server) limit(c *call) *fault {
	now := s.limits.now(c)
	switch {
	case s.cfg.development():
		return nil // without keys there are no strangers
	case c.route.marks&anyHost != 0:
		return nil // probes ask at all times
	case c.route.access == open, c.grant.access == signed: // nobody, so far
	case c.grant.bucket == nil:
		return nil
	default:
		if wait := c.grant.bucket.Take(s.limits.key, now, 1); wait > 0 {
			s.metrics.limitedKeys.Add(1)
			return c.tooOften("the key", wait)
		}
	}
	if c.grant.access > public && c.route.access != open {
		return nil
	}
	return s.limitAddress(c)
}

// limitAddress refuses a call whose address has asked too often. Who has no key, or a wrong one, is asked for this before being told so.
func (s *Server) limitAddress(c *call) *fault {
	if c.limited = door.Limited(c.ctx, c.client); !c.limited {
		s.hintAtProxy(c)
		return nil
	}
	if wait := s.limits.addresses.Take(c.client, s.limits.now(c), 1); wait > 0 {
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
