package serve

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"orrery/models"
)

// maxListed bounds the ids of a cart, and those to exclude.
const maxListed = 200

// answerFrame answers GET /v1/frames/{frame}.
func (s *Server) answerFrame(c *call) *fault {
	if f := s.readFrameQuery(c); f != nil {
		return f
	}
	c.query.Frame = c.param
	if c.query.Explain {
		if c.grant.access < secret {
			return &fault{fasthttp.StatusForbidden, "not_allowed", "explain needs the secret key", "explain"}
		}
		return s.explain(c, nil)
	}
	return s.answerQuery(c)
}

// answerQuery asks for the frame of c.query and answers with it.
func (s *Server) answerQuery(c *call) *fault {
	if f := s.ask(c); f != nil {
		return f
	}
	body := s.appendFrame(c.begin(), c, c.begun)
	return c.end(append(body, '\n'))
}

// ask has the recommender fill c.frame.
func (s *Server) ask(c *call) *fault {
	err := s.work(c)
	switch {
	case err == nil && !c.frame.Truncated:
		return nil
	case err == nil || errors.Is(err, errBusy):
		if len(c.frame.Items) == 0 && !s.degrade(c) && errors.Is(err, errBusy) {
			s.metrics.refused.Add(1)
			return busy
		}
		s.metrics.degraded.Add(1)
		return nil
	case errors.Is(err, models.ErrUnknownFrame):
		return s.unknownFrame(c.query.Frame)
	}
	s.cfg.Logger.Error("cannot answer a frame", "frame", string(c.query.Frame), "error", err)
	return &fault{fasthttp.StatusInternalServerError, "internal", "the frame could not be answered", ""}
}

var busy = &fault{fasthttp.StatusServiceUnavailable, "busy", "more is asked of the server than it can do: ask again later", ""}

// errBusy says that the gate is shut.
var errBusy = errors.New("too many frames at once")

// work asks the recommender, within the gate and the time budget.
func (s *Server) work(c *call) error {
	c.frame.Items, c.frame.Truncated, c.frame.Settings = c.frame.Items[:0], false, 0
	if !s.gate.enter() {
		return errBusy
	}
	defer s.gate.leave()
	if c.late == nil {
		c.late = func() bool { return time.Since(c.working) > c.budget }
	}
	c.working, c.budget, c.query.DeadlineExceeded = time.Now(), s.cfg.FrameBudget, c.late
	return s.deps.Recommender.Frame(&c.query, &c.frame)
}

func (s *Server) unknownFrame(name []byte) *fault {
	known := s.deps.Recommender.Frames()
	return &fault{fasthttp.StatusNotFound, "unknown_frame",
		"there is no frame " + strconv.Quote(string(name)) + "; there are " + strings.Join(known, ", "), "frame"}
}

// readFrameQuery reads the query string into c.query. Parameters that it does not know are ignored: pages add their own.
func (s *Server) readFrameQuery(c *call) *fault {
	q := &c.query
	*q = models.FrameQuery{Products: q.Products[:0], Exclude: q.Exclude[:0], Now: s.deps.Clock(), Brief: true}
	var proof []byte
	for {
		name, value, ok, more := c.args.next()
		if !more {
			break
		}
		if !ok {
			return badParameter(string(name), "the value is not validly escaped")
		}
		if string(name) == "contact_hmac" {
			proof = value
		} else if f := s.readFrameParameter(q, name, value); f != nil {
			return f
		}
	}
	shop, f := c.shop(q.Shop)
	if f != nil {
		return f
	}
	q.Shop = shop
	return c.grant.prove(q.Contact, proof)
}

func (s *Server) readFrameParameter(q *models.FrameQuery, name, value []byte) *fault {
	switch string(name) {
	case "visitor":
		q.Visitor = value
	case "contact":
		q.Contact = value
	case "shop":
		q.Shop = value
	case "category":
		q.Category = value
	case "frame":
		q.Frame = value
	case "explain":
		q.Explain = string(value) == "1" || string(value) == "true"
	case "n":
		n, f := s.readN(value)
		q.N = n
		return f
	case "product":
		if len(value) > 0 {
			q.Products = append(q.Products, value)
		}
	case "cart":
		return appendIDs(&q.Products, name, value)
	case "exclude":
		return appendIDs(&q.Exclude, name, value)
	}
	if len(value) > maxID {
		return tooLong(name)
	}
	return nil
}

func tooLong(name []byte) *fault {
	return badParameter(string(name), "the value is longer than "+strconv.Itoa(maxID)+" bytes")
}

// readN reads a number of items.
func (s *Server) readN(value []byte) (int, *fault) {
	n := 0
	for _, b := range value {
		if b < '0' || b > '9' || n > s.cfg.MaxItems {
			n = -1
			break
		}
		n = n*10 + int(b-'0')
	}
	if len(value) == 0 || n < 1 || n > s.cfg.MaxItems {
		return 0, badParameter("n", "n must be a whole number from 1 to "+strconv.Itoa(s.cfg.MaxItems))
	}
	return n, nil
}

// appendIDs appends the ids of a comma-separated list.
func appendIDs(ids *[][]byte, name, value []byte) *fault {
	for len(value) > 0 {
		id := value
		if i := bytes.IndexByte(value, ','); i >= 0 {
			id, value = value[:i], value[i+1:]
		} else {
			value = nil
		}
		switch {
		case len(id) == 0:
			continue
		case len(id) > maxID:
			return tooLong(name)
		case len(*ids) == maxListed:
			return badParameter(string(name), "more than "+strconv.Itoa(maxListed)+" ids")
		}
		*ids = append(*ids, id)
	}
	return nil
}

// appendFrame appends the answered frame of a call as JSON; begun is when the work on it began.
func (s *Server) appendFrame(dst []byte, c *call, begun time.Time) []byte {
	name := c.frame.Name
	dst = append(dst, `{"frame":`...)
	if name == "" {
		dst = models.AppendString(dst, c.query.Frame)
	} else {
		dst = models.AppendString(dst, name)
	}
	dst = append(dst, `,"recommendation":"`...)
	dst = s.ids.append(dst, c.query.Now)
	if c.frame.Truncated {
		dst = append(dst, `","degraded":true,"items":[`...)
	} else {
		dst = append(dst, `","items":[`...)
	}
	for i := range c.frame.Items {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendItem(dst, &c.frame.Items[i])
	}
	dst = append(dst, ']')
	if c.frame.Settings > 0 {
		dst = appendSet(dst, &c.frame)
	}
	dst = append(dst, `,"took_us":`...)
	c.took = time.Since(begun)
	dst = appendMicros(dst, c.took)
	return append(dst, '}')
}

// appendSet appends what the shop's own definition has to do with an answer.
func appendSet(dst []byte, f *models.Frame) []byte {
	dst = strconv.AppendInt(appendMember(dst, "settings"), int64(f.Settings), 10)
	if f.Reason != "" {
		dst = models.AppendString(appendMember(dst, "reason"), f.Reason)
	}
	if f.Relaxed > 0 {
		dst = strconv.AppendInt(appendMember(dst, "relaxed"), int64(f.Relaxed), 10)
	}
	return dst
}

// appendItem appends one slot. The product's members come escaped from the catalogue.
func appendItem(dst []byte, it *models.FrameItem) []byte {
	dst = append(dst, '{')
	if len(it.Product.JSON) > 0 {
		dst = append(dst, it.Product.JSON...)
	} else {
		dst = append(dst, `"item_id":`...)
		dst = models.AppendString(dst, it.Product.ID)
	}
	dst = append(dst, `,"score":`...)
	dst = appendScore(dst, it.Score)
	dst = append(dst, `,"recipe":`...)
	dst = models.AppendString(dst, it.Recipe)
	dst = appendBecause(dst, &it.Evidence)
	dst = appendItemSocial(dst, &it.Social)
	return append(dst, '}')
}

// appendBecause appends the evidence, where there is any.
func appendBecause(dst []byte, b *models.Evidence) []byte {
	if len(b.ID) == 0 && b.Count == 0 && b.Score == 0 {
		return dst
	}
	dst = append(dst, `,"because":{`...)
	if len(b.ID) > 0 {
		dst = append(dst, `"item_id":`...)
		dst = append(models.AppendString(dst, b.ID), ',')
	}
	dst = append(dst, `"count":`...)
	dst = appendDecimal(dst, float64(b.Count), 2)
	dst = append(dst, `,"score":`...)
	dst = appendDecimal(dst, float64(b.Score), 4)
	return append(dst, '}')
}

// appendItemSocial appends what there is to show of a product's social proof, and nothing where all of it is below the
// floor: a slot needs no nulls.
func appendItemSocial(dst []byte, p *models.Social) []byte {
	start := len(dst)
	dst = append(dst, `,"social":{`...)
	empty := len(dst)
	dst = appendShown(dst, `"viewing_now":`, p.ViewingNow)
	dst = appendShown(dst, `"viewed_24h":`, p.Viewed24h)
	dst = appendShown(dst, `"carted_24h":`, p.Carted24h)
	dst = appendShown(dst, `"bought_24h":`, p.Bought24h)
	if len(dst) == empty {
		return dst[:start]
	}
	dst[len(dst)-1] = '}' // in place of the last comma
	return dst
}

func appendShown(dst []byte, member string, n int32) []byte {
	if n <= 0 {
		return dst
	}
	dst = append(dst, member...)
	dst = strconv.AppendInt(dst, int64(n), 10)
	return append(dst, ',')
}

// answerFrameNames answers GET /v1/frames.
func (s *Server) answerFrameNames(c *call) *fault {
	body := append(c.begin(), `{"frames":[`...)
	for i, name := range s.deps.Recommender.Frames() {
		if i > 0 {
			body = append(body, ',')
		}
		body = models.AppendString(body, name)
	}
	return c.end(append(body, "]}\n"...))
}
