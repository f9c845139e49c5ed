package serve

import (
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/valyala/fasthttp"

	"orrery/models"
)

// Contacts tells what an import would tell of contacts.
type Contacts interface {
	// Tells returns what an identify of the shop's own tells of its contact.
	Tells(shop []byte, e *models.Event) models.Told
}

// settleTime is how long an import waits for the engine to know what it has sent, where it asks for that.
const settleTime = 5 * time.Second

// contactsTaken is what became of a part of an import.
type contactsTaken struct {
	Added      int               `json:"added"`      // contacts that nobody had named
	Changed    int               `json:"changed"`    // of which something new was said
	Unchanged  int               `json:"unchanged"`  // of which all was known: nothing was written
	Suppressed int               `json:"suppressed"` // who were erased: nothing was written
	Rejected   []contactRejected `json:"rejected"`
}

// contactRejected is a contact that was refused, by its index within the body.
type contactRejected struct {
	Index   int    `json:"index"`
	Code    string `json:"code"`
	Message string `json:"message"`
	Field   string `json:"field,omitempty"`
}

// answerContacts answers POST /v1/contacts: identify events, an array or NDJSON. What they say and is not known is written to the log;
// who was erased is not.
func (s *Server) answerContacts(c *call) *fault {
	if s.deps.Contacts == nil {
		return notFound("no_contacts", "this server takes no contacts")
	}
	shop, wait, f := c.contactsRequest()
	if f != nil {
		return f
	}
	body, f := s.body(c)
	if f != nil {
		return f
	}
	in := s.bulks.get()
	defer func() { in.reset(); s.bulks.put(in) }()
	in.from = sender{shop: shop, trust: models.Trusted, addresses: s.addresses, proof: c.grant.proof}
	taken := contactsTaken{Rejected: []contactRejected{}}
	if f := s.sortContacts(in, body, &taken, models.TimeOf(c.begun)); f != nil {
		return f
	}
	if f := s.append(in); f != nil {
		return f
	}
	s.metrics.countEvents(in)
	s.metrics.suppressed.Add(uint64(taken.Suppressed))
	if wait {
		s.settleContacts(in)
	}
	answer, err := json.Marshal(&taken)
	if err != nil {
		s.cfg.Logger.Error("BUG: what became of contacts is no JSON", "error", err)
		return &fault{fasthttp.StatusInternalServerError, "internal", "the server failed to answer; this is a bug in it", ""}
	}
	c.ctx.Response.Header.SetContentType(typeJSON)
	return c.end(append(append(c.begin(), answer...), '\n'))
}

// contactsRequest reads the parameters of an import.
func (c *call) contactsRequest() (shop []byte, wait bool, f *fault) {
	for {
		name, value, ok, more := c.args.next()
		if !more {
			break
		}
		if !ok || len(value) > maxID {
			return nil, false, badParameter(string(name), "the value is too long or not validly escaped")
		}
		switch string(name) {
		case "shop":
			shop = value
		case "wait":
			wait = string(value) == "true" || string(value) == "1"
		}
	}
	shop, f = c.shop(shop)
	return shop, wait, f
}

// notIdentify refuses an event of another kind.
var notIdentify = &models.Invalid{Field: "event", Code: models.NotAllowed, Reason: "event must be identify: what people do is sent to /v1/events"}

// sortContacts decodes the body into records of what is new, and counts the rest.
func (s *Server) sortContacts(in *ingest, body []byte, taken *contactsTaken, now models.Time) *fault {
	n := 0
	err := models.Split(body, func(record []byte) bool {
		if n++; n > s.cfg.MaxEvents {
			return false
		}
		before := len(in.records)
		bad := in.take(record, now)
		s.metrics.warnings.Add(in.event.Warnings)
		if bad == nil && in.event.Kind != models.Identify {
			bad = notIdentify
		}
		if bad != nil {
			in.records, in.kinds = in.records[:before], in.kinds[:before]
			in.rejected = append(in.rejected, rejection{n - 1, bad})
			return true
		}
		if !taken.count(s.deps.Contacts.Tells(in.shopOf(), &in.event)) {
			in.records, in.kinds = in.records[:before], in.kinds[:before]
		}
		return true
	})
	if n > s.cfg.MaxEvents {
		return &fault{fasthttp.StatusRequestEntityTooLarge, "too_many_events",
			"more than " + strconv.Itoa(s.cfg.MaxEvents) + " contacts in one request: nothing was taken", ""}
	}
	var broken *models.Invalid
	if errors.As(err, &broken) {
		in.rejected = append(in.rejected, rejection{n, broken})
	}
	for _, r := range in.rejected {
		taken.Rejected = append(taken.Rejected, contactRejected{r.index, r.reason.Code, r.reason.Reason, r.reason.Field})
	}
	return nil
}

// shopOf returns the shop of the event that was taken last.
func (in *ingest) shopOf() []byte {
	if len(in.from.shop) > 0 {
		return in.from.shop
	}
	return in.event.Shop
}

// count counts a contact, and tells whether there is something to write of it.
func (t *contactsTaken) count(told models.Told) bool {
	switch told {
	case models.ToldNew:
		t.Added++
	case models.ToldMore:
		t.Changed++
	case models.ToldErased:
		t.Suppressed++
		return false
	default:
		t.Unchanged++
		return false
	}
	return true
}

// settleContacts waits until the engine knows what was written, so that whoever sends the same again at once writes nothing.
func (s *Server) settleContacts(in *ingest) {
	until := time.Now().Add(settleTime)
	for i := len(in.records) - 1; i >= 0; i-- {
		for time.Now().Before(until) && s.unsettled(in, i) {
			time.Sleep(5 * time.Millisecond)
		}
	}
}

func (s *Server) unsettled(in *ingest, i int) bool {
	if in.event.Decode(in.records[i].Value, models.TimeOf(time.Now())) != nil {
		return false
	}
	told := s.deps.Contacts.Tells(in.shopOf(), &in.event)
	return told == models.ToldNew || told == models.ToldMore
}
