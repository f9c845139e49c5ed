package serve

import (
	"strconv"
	"time"

	"github.com/valyala/fasthttp"

	"orrery/models"
)

// erases makes the handler of DELETE /v1/contacts/{id} and /v1/visitors/{id}: it writes an erasure to the log, and answers when the log
// has it. The engine forgets when it comes to it, and so does whoever reads the log anew. Whether the person is known is not asked:
// events of it may be under way.
func erases(member string, canonical func([]byte) []byte) handler {
	return func(s *Server, c *call) *fault {
		shop, _, f := readPerson(c)
		if f != nil {
			return f
		}
		id := canonical(c.param)
		if len(id) == 0 || len(id) > models.MaxID {
			return badParameter("path", "the path names no "+member)
		}
		name := s.deps.People.ErasureOf(nil, id)
		value := append(models.AppendTime([]byte(`{"event":"erasure","time":"`), models.TimeOf(time.Now())), '"')
		if len(shop) > 0 && string(shop) != models.DefaultShop {
			value = models.AppendString(append(value, `,"shop":`...), shop)
		}
		value = models.AppendString(append(value, `,"`+member+`":`...), name)
		in := &ingest{records: []models.Record{{Topic: models.Contacts, Key: name, Value: append(value, '}')}}}
		if f := s.append(in); f != nil {
			return f
		}
		c.ctx.SetStatusCode(fasthttp.StatusAccepted)
		return c.end(append(models.AppendString(append(c.begin(), `{"erasing":`...), member), "}\n"...))
	}
}

// answerContactData answers GET /v1/contacts/{id}/data: what a person has a right to see.
func (s *Server) answerContactData(c *call) *fault {
	shop, _, f := readPerson(c)
	if f != nil {
		return f
	}
	d, known := s.deps.People.ContactData(shop, c.param, s.deps.Clock())
	if !known {
		return notFound("unknown_contact", "no event has named the contact "+strconv.Quote(string(c.param)))
	}
	body := models.AppendString(append(c.begin(), `{"shop":`...), d.Shop)
	body = append(appendProfile(body, &d.Profile), `,"logins":[`...)
	for i, l := range d.Logins {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(models.AppendHash(append(body, `{"visitor_hash":"`...), l.Visitor), '"')
		body = append(appendTime(appendMember(body, "time"), l.At), '}')
	}
	body = append(body, `],"mails":[`...)
	for i, m := range d.Mails {
		if i > 0 {
			body = append(body, ',')
		}
		body = appendTime(append(body, `{"time":`...), m.At)
		body = append(strconv.AppendBool(appendMember(body, "answered"), m.Answered), '}')
	}
	body = append(body, `],"claims":[`...)
	for i := range d.Claims {
		body = appendClaim(comma(body, i), &d.Claims[i])
	}
	return c.end(append(body, "]}\n"...))
}

// appendClaim appends an order that a page has told of.
func appendClaim(dst []byte, t *models.ClaimTouch) []byte {
	dst = append(models.AppendHash(append(dst, `{"order_hash":"`...), t.Order), '"')
	dst = append(models.AppendHash(append(appendMember(dst, "visitor_hash"), '"'), t.Visitor), '"')
	dst = appendTime(appendMember(dst, "time"), t.At)
	return append(strconv.AppendBool(appendMember(dst, "confirmed"), t.Known), '}')
}
