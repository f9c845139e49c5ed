package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"time"

	"github.com/valyala/fasthttp"

	"orrery/models"
)

// FeedRequest says what is to become of a product feed.
type FeedRequest struct {
	Shop     string
	Mode     string // update or full
	Force    bool   // take a full feed that is much smaller than the one before, or was cut
	Currency string // of prices that name none
}

// Feeds takes product feeds. The report is told as JSON. A feed that cannot be taken is a *models.Invalid, ErrFeedBusy says that another
// one is being read.
type Feeds interface {
	TakeFeed(ctx context.Context, q FeedRequest, body io.Reader) (report any, err error)
	// Refused returns how many rows of a shop's newest feed are no products.
	Refused(shop string) uint64
	// FeedProblems returns what a person would mend of a product in a shop's newest feed, as far as it is kept, and when that was fetched.
	FeedProblems(shop, product string) (problems []FeedProblem, at models.Time)
}

// FeedProblem is something in a feed that a person would mend.
type FeedProblem struct {
	Line    int64  `json:"line"`
	Field   string `json:"field,omitempty"`
	Reason  string `json:"reason"`
	Refused bool   `json:"refused,omitempty"` // the row is no product
}

// ErrFeedBusy says that another feed is being read.
var ErrFeedBusy = errors.New("another feed is being read: send this one again when it is done")

const (
	// maxFeed bounds the body of PUT /v1/catalogue, which is laid on disk as it comes.
	maxFeed = 4 << 30
	// feedTime is how long a feed may take: a million products are written in minutes.
	feedTime = 30 * time.Minute
)

// answerCatalogue answers PUT /v1/catalogue: a product feed.
func (s *Server) answerCatalogue(c *call) *fault {
	if s.deps.Feeds == nil {
		return notFound("no_feeds", "this server takes no feeds")
	}
	q, f := c.feedRequest()
	if f != nil {
		return f
	}
	if q.Currency == "" {
		q.Currency = s.shopCurrency([]byte(q.Shop))
	}
	stream, declared := c.ctx.RequestBodyStream(), c.ctx.Request.Header.ContentLength()
	if stream == nil || declared == 0 {
		return badBody("", "the body is a product feed: there is none")
	}
	if declared > c.route.body {
		return tooLarge(c.route)
	}
	switch string(bytes.ToLower(c.ctx.Request.Header.ContentEncoding())) {
	case "", "identity", "gzip", "x-gzip": // told from what it begins with
	default:
		return &fault{fasthttp.StatusUnsupportedMediaType, "unsupported_encoding", "send the body plain or as gzip", "Content-Encoding"}
	}
	ctx, cancel := context.WithTimeout(context.Background(), feedTime)
	defer cancel()
	report, err := s.deps.Feeds.TakeFeed(ctx, q, &feedBody{src: stream, left: int64(c.route.body), want: int64(declared), c: c})
	if err != nil {
		return s.feedFault(c, err)
	}
	answer, err := json.Marshal(report)
	if err != nil {
		s.cfg.Logger.Error("BUG: a feed's report is no JSON", "error", err)
		return &fault{fasthttp.StatusInternalServerError, "internal", "the server failed to answer; this is a bug in it", ""}
	}
	c.ctx.Response.Header.SetContentType(typeJSON)
	return c.end(append(append(c.begin(), answer...), '\n'))
}

func (s *Server) feedFault(c *call, err error) *fault {
	var why *models.Invalid
	switch {
	case errors.As(err, &why) && why.Code == models.TooLarge:
		return tooLarge(c.route)
	case errors.As(err, &why):
		return &fault{fasthttp.StatusUnprocessableEntity, why.Code, why.Reason, why.Field}
	case errors.Is(err, ErrFeedBusy):
		return &fault{fasthttp.StatusServiceUnavailable, "busy", ErrFeedBusy.Error(), ""}
	case c.unread:
		return &fault{fasthttp.StatusBadRequest, "bad_request", "the feed did not arrive to its end: nothing was taken", ""}
	}
	s.cfg.Logger.Warn("cannot take a feed", "error", err)
	return &fault{fasthttp.StatusServiceUnavailable, "unavailable", "the feed could not be taken: send it again", ""}
}

// feedRequest reads the parameters of a feed.
func (c *call) feedRequest() (q FeedRequest, f *fault) {
	var shop []byte
	for {
		name, value, ok, more := c.args.next()
		if !more {
			break
		}
		if !ok || len(value) > maxID {
			return q, badParameter(string(name), "the value is too long or not validly escaped")
		}
		switch string(name) {
		case "shop":
			shop = value
		case "mode":
			if q.Mode = string(value); q.Mode != "update" && q.Mode != "full" {
				return q, badParameter("mode", "mode is update, where what the feed leaves out stays as it is, or full, where that is taken out")
			}
		case "force":
			q.Force = string(value) == "true" || string(value) == "1"
		case "currency":
			if q.Currency = string(value); !models.KnownCurrency(value) {
				return q, badParameter("currency", "currency is a code of ISO 4217 in upper case, like EUR")
			}
		}
	}
	shop, f = c.shop(shop)
	q.Shop = string(shop)
	return q, f
}

// feedBody is a request's body as it comes. It ends with an error where it is longer than it may be, or shorter than it was said to be.
type feedBody struct {
	src        io.Reader
	c          *call
	left, want int64
	read       int64
}

// Read implements io.Reader.
func (b *feedBody) Read(dst []byte) (int, error) {
	n, err := b.src.Read(dst)
	b.read += int64(n)
	switch {
	case b.read > b.left:
		return n, &models.Invalid{Code: models.TooLarge, Reason: "the feed is too long"}
	case errors.Is(err, io.EOF) && b.want > b.read:
		return n, errShort
	case errors.Is(err, io.EOF):
		b.c.unread = false
	}
	return n, err
}
