package serve

import (
	"bytes"
	"errors"
	"slices"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/valyala/fasthttp"

	"orrery/models"
)

// ingest is the scratch of one POST /v1/events.
type ingest struct {
	event    models.Event
	records  []models.Record
	kinds    []models.Kind // of the records
	rejected []rejection
	warned   []warned
	arena    []byte // keys and rewritten records; a decoded event's own bytes die with the next Decode
	from     sender
	proved   bool   // the event's contact
	said     []byte // what amend adds to each of the request's events: see appendSaid
	pace     pace
}

// rejection is an event that was refused, by its index within the body.
type rejection struct {
	index  int
	reason *models.Invalid
}

// warned is what was left out of an event, or read as something else, by its index within the body.
type warned struct {
	index   int
	warning models.Warning
}

// maxWarned is how many warnings an answer names: the first. All are counted.
const maxWarned = 100

// answerEvents answers POST /v1/events: one event, an array or NDJSON. What can be understood is appended to the log in
// one call, as it came but for what amend adds; what cannot be is told by index. The answer comes after the log's acknowledgement.
func (s *Server) answerEvents(c *call) *fault {
	raw, f := s.receive(c)
	if f != nil {
		return f
	}
	list := &s.ingests
	var at pace
	if isHeavy(c, raw) {
		if f := s.enterHeavy(c, &at); f != nil {
			return f
		}
		defer s.heavy.leave() // when the log has it: what waits there takes memory
		list = &s.bulks
	}
	in := list.get()
	in.pace = at
	f = s.takeEvents(c, in, raw)
	in.reset()
	list.put(in)
	return f
}

// takeEvents takes the events of a body that was received, and answers.
func (s *Server) takeEvents(c *call, in *ingest, raw []byte) *fault {
	body, f := s.inflated(c, raw, &in.pace)
	if f != nil {
		return f
	}
	if f := s.classify(c, in, body); f != nil {
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
	answerAccepted(c, in)
	return nil
}

func (in *ingest) reset() {
	const roomy = 1 << 20 // more than this much scratch is given back
	clear(in.records)
	clear(in.rejected)
	in.records, in.kinds, in.rejected, in.arena = in.records[:0], in.kinds[:0], in.rejected[:0], in.arena[:0]
	in.warned, in.pace = in.warned[:0], pace{}
	if cap(in.arena) > roomy || cap(in.records) > roomy/64 {
		*in = ingest{}
	}
}

// classify decodes the body's events into records and rejections.
func (s *Server) classify(c *call, in *ingest, body []byte) *fault {
	named, f := eventsShop(c)
	if f != nil {
		return f
	}
	in.from = sender{shop: named, trust: c.grant.trust(), net: s.network(c), addresses: s.addresses, proof: c.grant.proof}
	in.from.crowd = s.crowding(c)
	in.said = appendSaid(in.said[:0], in.from.trust.String(), in.from.net)
	if room := s.deps.Room; room != nil && in.from.trust == models.Public && room.Full() {
		in.from.room = room
	}
	if (in.from.trust != models.Trusted || s.cfg.development()) && // a shop's own server is no crawler, whatever it calls itself
		(c.route.marks&relayed == 0 || bytes.HasPrefix(c.ctx.UserAgent(), []byte("Mozilla/"))) {
		said := s.agents.of(c.ctx.UserAgent(), c.begun)
		in.from.bot = said == robot || said == headless && !s.cfg.AllowHeadless
	}
	now := models.TimeOf(c.begun) // the wall clock, as the log's own record times are
	n := 0
	err := models.Split(body, func(record []byte) bool {
		if n == s.cfg.MaxEvents {
			n++
			return false
		}
		if bad := in.take(record, now); bad != nil {
			in.rejected = append(in.rejected, rejection{n, bad})
		} else if in.from.crowd != nil && in.from.crowd.see(in.event.Visitor, c.begun) {
			in.from.crowd = nil
			s.hide("hundreds of visitors have come within an hour from " + c.client.String() + ", which looks like a proxy that tells nothing of them")
		}
		if len(in.event.Warnings) > 0 {
			s.warn(in, n)
		}
		if n++; n%restAfter == 0 {
			in.pace.rest()
		}
		return true
	})
	if n > s.cfg.MaxEvents {
		return &fault{fasthttp.StatusRequestEntityTooLarge, "too_many_events",
			"more than " + strconv.Itoa(s.cfg.MaxEvents) + " events in one request: nothing was taken", ""}
	}
	var broken *models.Invalid
	if errors.As(err, &broken) {
		in.rejected = append(in.rejected, rejection{n, broken})
	}
	return nil
}

// warn counts the warnings of the event of an index and notes the first ones for the answer. Those of a refused event count
// as well: they may be why it was.
func (s *Server) warn(in *ingest, index int) {
	s.metrics.warnings.Add(in.event.Warnings)
	if n := len(in.rejected); n > 0 && in.rejected[n-1].index == index {
		return
	}
	for _, w := range in.event.Warnings {
		if len(in.warned) == maxWarned {
			return
		}
		in.warned = append(in.warned, warned{index, w})
	}
}

// eventsShop returns the shop that events which name none belong to: that of the key, else the parameter's.
func eventsShop(c *call) ([]byte, *fault) {
	shop, _, f := readPerson(c)
	if f == nil && (len(shop) > models.MaxShop || !utf8.Valid(shop) || bytes.IndexFunc(shop, unicode.IsControl) >= 0) {
		return nil, badParameter("shop", "a shop's id is text of at most "+strconv.Itoa(models.MaxShop)+" bytes")
	}
	return shop, f
}

// otherShop refuses an event that speaks for another shop than its request does.
var otherShop = &models.Invalid{Field: "shop", Code: "other_shop", Reason: "the event is of another shop than the request or its key"}

// tooLargeEvent refuses an event that the log would never take.
var tooLargeEvent = &models.Invalid{Code: models.TooLarge, Reason: "the event has more than " + strconv.Itoa(models.MaxSent) + " bytes"}

// noRoom refuses a name that nobody knows.
var noRoom = &models.Invalid{Code: models.Ceiling, Reason: "the memory is full: of the public key only events of visitors and products that are known are taken"}

// crowded tells whether all of a request's events were refused for want of room: then the sender is to try again.
func (in *ingest) crowded() bool {
	return len(in.records) == 0 && len(in.rejected) > 0 && !slices.ContainsFunc(in.rejected, func(r rejection) bool { return r.reason != noRoom })
}

// erasesByDelete refuses an erasure that names somebody in the log.
var erasesByDelete = &models.Invalid{Field: "event", Code: models.NotAllowed, Reason: "event erasure is said by DELETE /v1/contacts/{id} or /v1/visitors/{id}: the log keeps no id of it then"}

// sender is what the server knows of whoever sends a request's events.
type sender struct {
	shop  []byte // the only shop that they may be of, where there is one
	trust models.Trust
	net   uint64
	bot   bool
	proof []byte // the secret that contacts are proved with
	room  Room   // where only known names are taken

	addresses *addresses
	crowd     *crowd // where visitors of one address of the house are counted
}

// vouches tells whether the proof of a contact is the shop's server's.
func (s *sender) vouches(contact, proof []byte) bool {
	return len(s.proof) > 0 && len(contact) > 0 && proves(s.proof, contact, proof)
}

// take decodes one event and adds it to the records.
func (in *ingest) take(record []byte, now models.Time) *models.Invalid {
	e := &in.event
	if len(record) > models.MaxSent { // what amend adds must fit as well
		e.Warnings = e.Warnings[:0]
		return tooLargeEvent
	}
	if bad := in.decode(&record, now); bad != nil {
		return bad
	}
	shop := in.from.shop
	if len(shop) > 0 && len(e.Shop) > 0 && string(e.Shop) != string(shop) {
		return otherShop
	}
	if in.from.room != nil && !in.from.room.Knows(shop, e) {
		return noRoom
	}
	r := models.RecordOf(e, record)
	if len(shop) > 0 && len(e.Shop) == 0 && e.Kind.Topic() == models.Catalogue {
		e.Shop = shop
		r.Key = models.RecordOf(e, record).Key
		e.Shop = nil
	}
	r.Value = in.amend(record, now)
	r.Key = in.keep(r.Key)
	in.records = append(in.records, r)
	in.kinds = append(in.kinds, e.Kind)
	return nil
}

// decode decodes a record and refuses what its sender may not say. A sender who says himself that he is nobody has the rights of
// his key all the same. The proof of a contact is not kept: what was proved is.
func (in *ingest) decode(record *[]byte, now models.Time) *models.Invalid {
	e, from := &in.event, &in.from
	var bad *models.Invalid
	err := e.Decode(*record, now)
	if errors.As(err, &bad) && bad.Code == models.NotAllowed && from.trust == models.Trusted {
		*record = in.without(*record, "trust")
		err = e.Decode(*record, now)
	}
	if errors.As(err, &bad) {
		return bad
	}
	if bad := models.Allowed(e.Kind, from.trust); bad != nil {
		return bad
	}
	if e.Kind == models.Erasure {
		return erasesByDelete
	}
	in.proved = false
	if len(e.Proof) > 0 {
		in.proved = from.trust == models.Public && (from.vouches(e.Contact, e.Proof) || from.vouches(e.SentContact, e.Proof))
		*record = in.without(*record, "contact_hmac")
		if errors.As(e.Decode(*record, now), &bad) {
			return bad
		}
	}
	return nil
}

// without returns a record without a member.
func (in *ingest) without(record []byte, name string) []byte {
	start := len(in.arena)
	in.arena = models.AppendWithout(in.arena, record, name)
	return in.arena[start:len(in.arena):len(in.arena)]
}

// amend returns the record of the event with what the server knows better added at its end, where it wins over earlier members of
// the same name: who says it (over whatever the sender has put there), the shop of the key, "bot":true for what a crawler
// sent, which the engine then counts as a bot's and nothing else, and the time by this server's clock where the sender's is off.
// Addresses of pages lose the parameters that are not to be stored.
// An event without an id gets that of the event as it was sent, so that sent again it is the same.
func (in *ingest) amend(record []byte, now models.Time) []byte {
	e, from := &in.event, &in.from
	start := len(in.arena)
	clean := from.addresses.clean(e)
	if clean {
		in.arena = append(in.arena, record...)
	} else {
		in.arena = from.addresses.append(in.arena, record)
	}
	in.arena = in.arena[:len(in.arena)-1] // without its closing brace
	plain := len(in.arena)
	if len(from.shop) > 0 && len(e.Shop) == 0 && string(from.shop) != models.DefaultShop {
		in.arena = models.AppendString(append(in.arena, `,"shop":`...), from.shop)
	}
	if from.bot {
		in.arena = append(in.arena, `,"bot":true`...)
	}
	t, corrected := e.Corrected(now)
	if e.Derived() && (corrected || !e.NoTime) {
		in.arena = append(models.AppendDerivedID(append(in.arena, `,"id":"`...), e), '"')
	}
	if corrected {
		in.arena = strconv.AppendInt(append(in.arena, `,"time":`...), int64(t), 10)
	}
	switch {
	case from.trust != models.Trusted:
		if in.proved {
			in.arena = appendSaid(in.arena, models.ProvedWord, from.net)
		} else {
			in.arena = append(in.arena, in.said...)
		}
	case e.Trust != models.Trusted || e.Net != 0: // who says it of himself is not asked
		in.arena = append(in.arena, `,"trust":"secret","net":""`...)
	}
	if len(in.arena) == plain && clean {
		in.arena = in.arena[:start]
		return record
	}
	in.arena = append(in.arena, '}')
	return in.arena[start:len(in.arena):len(in.arena)]
}

// appendSaid appends the members that say who said an event, and from which network.
func appendSaid(dst []byte, word string, net uint64) []byte {
	dst = append(append(append(dst, `,"trust":"`...), word...), `","net":"`...)
	return append(models.AppendHash(dst, net), '"')
}

func (in *ingest) keep(b []byte) []byte {
	start := len(in.arena)
	in.arena = append(in.arena, b...)
	return in.arena[start:len(in.arena):len(in.arena)]
}

// append hands the records to the log and waits for its acknowledgement.
func (s *Server) append(in *ingest) *fault {
	if len(in.records) == 0 {
		return nil
	}
	err := s.deps.Log.Append(s.patience.until(time.Now(), s.cfg.AppendTimeout), in.records)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, models.ErrFull):
		s.metrics.full.Add(1)
		return &fault{fasthttp.StatusTooManyRequests, "full", "the stream is full: send the same events again later", ""}
	case errors.Is(err, models.ErrQuota):
		s.metrics.full.Add(1)
		return &fault{fasthttp.StatusServiceUnavailable, "quota", "the log's share of the disk is used up: send the same events again later", ""}
	case errors.Is(err, models.ErrTooLarge): // take sees to it that none is; to ask for it again would be for ever
		return &fault{fasthttp.StatusRequestEntityTooLarge, models.TooLarge, "an event is larger than the log takes: nothing was taken", ""}
	}
	s.metrics.logFailures.Add(1)
	if !errors.Is(err, models.ErrStalled) { // the log says that once by itself
		s.cfg.Logger.Warn("cannot append events", "events", len(in.records), "error", err)
	}
	return &fault{fasthttp.StatusServiceUnavailable, "log_unavailable",
		"the events could not be made durable: send them again with the same ids", ""}
}

// answerAccepted answers 202, or 400 where there were events and not one was accepted.
func answerAccepted(c *call, in *ingest) {
	if len(in.records) > 0 || len(in.rejected) == 0 {
		c.ctx.SetStatusCode(fasthttp.StatusAccepted)
		answerTaken(c, in)
		return
	}
	c.ctx.SetStatusCode(fasthttp.StatusBadRequest)
	first := in.rejected[0].reason
	body := append(c.begin(), `{"error":`...)
	body = (&fault{0, first.Code, first.Reason, first.Field}).append(body)
	c.end(append(appendTaken(append(body, ','), in), "}\n"...))
}

// answerTaken answers with what has become of the events.
func answerTaken(c *call, in *ingest) {
	c.end(append(appendTaken(append(c.begin(), '{'), in), "}\n"...))
}

// appendTaken appends the members that tell what has become of the events.
func appendTaken(body []byte, in *ingest) []byte {
	body = append(body, `"accepted":`...)
	body = strconv.AppendInt(body, int64(len(in.records)), 10)
	body = append(body, `,"rejected":[`...)
	for i, r := range in.rejected {
		if i > 0 {
			body = append(body, ',')
		}
		body = strconv.AppendInt(append(body, `{"index":`...), int64(r.index), 10)
		body = models.AppendString(appendMember(body, "code"), r.reason.Code)
		body = models.AppendString(appendMember(body, "message"), r.reason.Reason)
		if r.reason.Field != "" {
			body = models.AppendString(appendMember(body, "field"), r.reason.Field)
		}
		body = append(body, '}')
	}
	body = append(body, ']')
	if in.from.bot {
		body = append(appendMember(body, "note"), `"bot"`...)
	}
	if len(in.warned) > 0 {
		body = appendWarnings(appendMember(body, "warnings"), in.warned)
	}
	return body
}

// appendWarnings appends what was accepted in part.
func appendWarnings(body []byte, list []warned) []byte {
	body = append(body, '[')
	for i := range list {
		if i > 0 {
			body = append(body, ',')
		}
		w := &list[i].warning
		body = strconv.AppendInt(append(body, `{"index":`...), int64(list[i].index), 10)
		body = models.AppendString(appendMember(body, "field"), w.Path())
		body = models.AppendString(appendMember(body, "code"), w.Code)
		body = models.AppendString(appendMember(body, "message"), w.Message())
		body = append(body, '}')
	}
	return append(body, ']')
}
