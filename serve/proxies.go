package serve

import (
	"hash/maphash"
	"math/bits"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// A proxy in front that nobody has named hides everybody behind one address: bounds by address do not hold, and what one network may do
// to what everybody sees is bounded for all visitors together. It is told by what it writes, X-Forwarded-For and its kin; one that
// writes nothing by how many visitors have one address of the house.

// forwarding are the headers by which a proxy tells of itself.
var forwarding = []string{fasthttp.HeaderXForwardedFor, fasthttp.HeaderForwarded, "X-Real-Ip"}

// inHouse tells whether an address is of this machine or of a private network, where proxies are.
func inHouse(a netip.Addr) bool { return a.IsLoopback() || a.IsPrivate() }

// handsOn tells whether a request says that a proxy hands it on.
func handsOn(ctx *fasthttp.RequestCtx) bool {
	for _, name := range forwarding {
		if len(ctx.Request.Header.Peek(name)) > 0 {
			return true
		}
	}
	return false
}

// hintAtProxy tells once that a proxy seems to stand in front that nobody has named.
func (s *Server) hintAtProxy(c *call) {
	if s.hidden.told.Load() != nil || !inHouse(c.client) || s.trusted(c.client) || !handsOn(c.ctx) {
		return
	}
	s.hide("a proxy that is not trusted hands on requests, from " + c.client.String())
}

// trusted tells whether an address is a proxy's that is named: then it has handed on a request of its own.
func (s *Server) trusted(a netip.Addr) bool {
	for _, p := range s.cfg.TrustedProxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// hide says that visitors are hidden, once.
func (s *Server) hide(why string) {
	why += ": name it with --http.trusted-proxies, and have it write X-Forwarded-For, or all visitors behind it look like one"
	if s.hidden.told.CompareAndSwap(nil, &why) {
		s.cfg.Logger.Warn(why)
	}
}

// hidden is what is known of visitors behind an address of the house.
type hidden struct {
	told  atomic.Pointer[string]
	crowd crowd
}

// probe is the check proxy.
func (h *hidden) probe() (ok bool, reason string) {
	if why := h.told.Load(); why != nil {
		return false, *why
	}
	return true, "no proxy hides visitors behind one address"
}

const (
	crowdBits = 1024
	crowdMost = 300 // visitors of one address and hour: more than a house has, or a test
	crowdTime = time.Hour
)

// crowd counts the visitors of one address of the house, by the bits of a hash (linear counting, Whang et al. 1990): that of 300 sets some 260.
type crowd struct {
	seed  maphash.Seed
	words [crowdBits / 64]atomic.Uint64
	since atomic.Int64 // nanoseconds of Unix time
}

func newHidden() hidden { return hidden{crowd: crowd{seed: maphash.MakeSeed()}} }

// see counts a visitor, and tells whether there are too many for one address.
func (c *crowd) see(visitor []byte, now time.Time) bool {
	if since := c.since.Load(); now.UnixNano()-since > int64(crowdTime) && c.since.CompareAndSwap(since, now.UnixNano()) {
		for i := range c.words {
			c.words[i].Store(0)
		}
	}
	hash := maphash.Bytes(c.seed, visitor) % crowdBits
	if old := c.words[hash/64].Or(1 << (hash % 64)); old&(1<<(hash%64)) != 0 {
		return false
	}
	n := 0
	for i := range c.words {
		n += bits.OnesCount64(c.words[i].Load())
	}
	return n > crowdMost*crowdBits/(crowdBits+crowdMost/2)
}

// crowding is what a request's visitors are counted in: nil but for those of the public key that come from an address of the house.
func (s *Server) crowding(c *call) *crowd {
	if c.grant.access != public || s.hidden.told.Load() != nil || !inHouse(c.client) {
		return nil
	}
	return &s.hidden.crowd
}

// network returns the hash of the network that a request comes from. A proxy that nobody has named is none: those behind it are
// not one network, and it is known that there are others (see hintAtProxy).
func (s *Server) network(c *call) uint64 {
	client := s.client(c.ctx)
	if inHouse(client) && handsOn(c.ctx) {
		return 0
	}
	return s.networks.hash(client)
}
