package serve

import (
	"bufio"
	"bytes"
	"time"

	"orrery/models"
	"orrery/serve/door"
)

const (
	exportWrite = 30 * time.Second // a reader that takes nothing for so long is dropped
	exportPart  = 1000             // contacts between two looks at time and server
)

// answerExport answers POST /v1/export/contacts: a line of JSON for every contact of a shop. It holds no more of them than
// a buffer, however many there are.
func (s *Server) answerExport(c *call) *fault {
	shop, _, f := readPerson(c)
	if f != nil {
		return f
	}
	shop = bytes.Clone(shop) // the stream outlives the call
	conn := door.Inner(c.ctx.Conn())
	c.ctx.Response.Header.SetContentType(typeLines)
	c.ctx.SetBodyStreamWriter(func(w *bufio.Writer) {
		now := s.deps.Clock()
		var line []byte
		for next := uint32(1); next != 0; {
			conn.SetWriteDeadline(time.Now().Add(exportWrite))
			n := 0
			next = s.deps.Customers.EachContact(shop, next, now, func(id []byte, p *models.Profile) bool {
				line = models.AppendString(append(line[:0], `{"contact":`...), id)
				line = appendCustomer(appendMember(line, "customer"), p.Customer)
				line = appendOutlook(appendMember(line, "outlook"), p.Outlook)
				line = append(appendMailHour(appendMember(line, "mail"), p.Mail), "}\n"...)
				w.Write(line) // its error stays, and shows in Flush
				n++
				return n < exportPart
			})
			if w.Flush() != nil {
				return
			}
			if next != 0 && s.stopping.Load() {
				conn.Close() // the client must not take a part for the whole
				return
			}
		}
	})
	return nil
}
