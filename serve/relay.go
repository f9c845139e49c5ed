package serve

import (
	"bytes"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/valyala/fasthttp"

	"orrery/models"
)

// Source reads what another platform sends: see stream/source.
type Source interface {
	// Read returns the events of a message, JSON objects, and how many parts of it are none, by reason. An error that is a
	// *models.Invalid says that the message is none of the platform's. get returns a header of the request, or, where the name
	// begins with "?", a parameter of its address. topic is the last part of the path, for platforms that say there what they send.
	Read(topic string, get func(name string) string, body []byte) (events [][]byte, skipped map[string]int, err error)
	// Verify tells whether the platform has signed the body with the secret that it shares with the shop.
	Verify(secret []byte, get func(name string) string, body []byte) bool
	// Ping tells whether the body is a trial, which is not signed and says nothing, and wants a success in answer.
	Ping(body []byte) bool
	// Key returns the key that the body holds, for platforms whose programs can put it nowhere else; empty where there is none.
	Key(body []byte) string
}

// Webhook is a secret that a platform signs with what it sends for a shop.
type Webhook struct{ Platform, Shop, Secret string }

// segmentCalls are the paths that client libraries of Segment send to; those of one letter are analytics.js'.
var segmentCalls = []string{"batch", "track", "page", "screen", "identify", "alias", "group", "import", "t", "p", "s", "i", "a", "g", "b"}

// relays are the routes that other platforms' programs send to, in their own words.
func relays(most int) []line {
	rows := []line{{"in", "POST", "/v1/in/{platform}", signed, (*Server).answerIn, fresh, most, relayed}}
	rows = append(rows, line{"in", "POST", "/mp/collect", signed, (*Server).answerCollect, fresh, most, relayed})
	for _, call := range segmentCalls {
		rows = append(rows, line{"segment", "POST", "/v1/" + call, signed, segmentCall(call), fresh, most, relayed | crossing})
	}
	return rows
}

// answerIn answers POST /v1/in/{platform}: a webhook.
func (s *Server) answerIn(c *call) *fault {
	return s.hook(c, string(c.param))
}

// answerCollect answers POST /mp/collect, where senders of GA4's Measurement Protocol send to.
func (s *Server) answerCollect(c *call) *fault { return s.hook(c, "ga4") }

func (s *Server) hook(c *call, platform string) *fault {
	src := s.deps.Sources[platform]
	if src == nil {
		return notFound("no_such_platform", "no such platform; there are "+strings.Join(s.platforms(), ", "))
	}
	body, f := s.body(c)
	if f != nil {
		return f
	}
	if f := s.vouchedBy(c, platform, src, body); f != nil {
		return f
	}
	return s.relay(c, platform, "", src, body, func(in *ingest) {
		// A message that holds nothing to take is taken: sent again it would be the same, and platforms give up on who refuses.
		answerTaken(c, in)
		c.ctx.SetStatusCode(fasthttp.StatusOK)
	})
}

// segmentCall answers the calls of Segment's client libraries.
func segmentCall(topic string) handler {
	return func(s *Server, c *call) *fault {
		src := s.deps.Sources["segment"]
		if src == nil {
			return notFound("no_such_path", "no such path; /docs lists what there is")
		}
		body, f := s.body(c)
		if f != nil {
			return f
		}
		if c.grant.access == signed {
			if f := s.admitKey(c, []byte(src.Key(body)), true, public); f != nil {
				return f
			}
			if f := s.limit(c); f != nil {
				return f
			}
		}
		return s.relay(c, "segment", topic, src, body, func(in *ingest) {
			answer := append(c.begin(), `{"success":true,`...)
			c.end(append(appendTaken(answer, in), "}\n"...))
			c.ctx.SetStatusCode(fasthttp.StatusOK)
		})
	}
}

// relay has a message read, and takes its events like any others.
func (s *Server) relay(c *call, platform, topic string, src Source, body []byte, answer func(*ingest)) *fault {
	events, skipped, err := src.Read(topic, c.get, body)
	for why, n := range skipped {
		s.metrics.skipped.Add(platform, why, n)
	}
	in := s.ingests.get()
	defer func() { in.reset(); s.ingests.put(in) }()
	var bad *models.Invalid
	if errors.As(err, &bad) {
		in.rejected = append(in.rejected, rejection{0, bad})
		s.metrics.skipped.Add(platform, bad.Code, 1)
		if platform == "segment" {
			return &fault{fasthttp.StatusBadRequest, bad.Code, bad.Reason, bad.Field}
		}
		answer(in)
		return nil
	}
	list := append(append([]byte{'['}, bytes.Join(events, []byte{','})...), ']')
	if f := s.classify(c, in, list); f != nil {
		return f
	}
	if in.crowded() {
		s.metrics.crowded.Add(uint64(len(in.rejected)))
		return &fault{fasthttp.StatusServiceUnavailable, models.Ceiling, noRoom.Reason + ": send them again later", ""}
	}
	if f := s.append(in); f != nil {
		return f
	}
	s.metrics.countEvents(in)
	answer(in)
	return nil
}

// vouchedBy lets a message pass that the platform has signed, or that comes with a key. Without keys, and without a secret for the
// platform, everybody is the shop.
func (s *Server) vouchedBy(c *call, platform string, src Source, body []byte) *fault {
	shop := c.get("?shop")
	if shop == "" {
		shop = models.DefaultShop
	}
	i := slices.IndexFunc(s.cfg.Webhooks, func(w Webhook) bool { return w.Platform == platform && w.Shop == shop })
	switch {
	case c.grant.access != signed && (i < 0 || !s.cfg.development()):
		return nil
	case src.Ping(body):
		c.grant = grant{access: signed, shop: []byte(shop)}
		return nil
	case i < 0:
		return &fault{fasthttp.StatusUnauthorized, "no_secret", "nothing is known that " + platform + " could sign with for the shop " + strconv.Quote(shop) +
			": set --in." + platform + "-secret (or a key of scope webhook in --http.keys), or send the secret key", ""}
	case !src.Verify([]byte(s.cfg.Webhooks[i].Secret), c.get, body):
		s.metrics.skipped.Add(platform, "signature", 1)
		return &fault{fasthttp.StatusUnauthorized, "bad_signature", "the body is not signed with the secret of --in." + platform + "-secret", ""}
	}
	c.grant = grant{access: signed, shop: []byte(shop)}
	return nil
}

// get returns a header of the request, or a parameter of its address where the name begins with "?".
func (c *call) get(name string) string {
	if !strings.HasPrefix(name, "?") {
		return string(c.ctx.Request.Header.Peek(name))
	}
	return string(c.ctx.QueryArgs().Peek(name[1:]))
}

// platforms lists the names of the sources.
func (s *Server) platforms() []string {
	var names []string
	for name := range s.deps.Sources {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
