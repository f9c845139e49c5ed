package serve

import (
	"orrery/models"
)

// askForContact asks for a frame for the contact that the path names; brief as in models.FrameQuery.
func (s *Server) askForContact(c *call, brief bool) *fault {
	if f := s.readFrameQuery(c); f != nil {
		return f
	}
	c.query.Brief = brief
	if len(c.query.Frame) == 0 {
		c.query.Frame = append(c.name[:0], s.cfg.MailFrame...)
		c.name = c.query.Frame
	}
	c.query.Contact = c.param
	return s.ask(c)
}

// answerContactProducts answers GET /v1/contacts/{id}/products: a frame for a contact, as a mail program's server asks.
func (s *Server) answerContactProducts(c *call) *fault {
	if f := s.askForContact(c, true); f != nil {
		return f
	}
	body := s.appendFrame(c.begin(), c, c.begun)
	return c.end(append(body, '\n'))
}

// mailColumns is how many products stand side by side in a mail: two stay readable on a telephone without the media
// queries that mail programs drop.
const mailColumns = 2

// answerContactMail answers GET /v1/contacts/{id}/products.html: the same frame as a fragment for a mail.
func (s *Server) answerContactMail(c *call) *fault {
	if f := s.askForContact(c, false); f != nil {
		return f
	}
	header := &c.ctx.Response.Header
	header.SetContentType(typeHTML)
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src http: https: data:; frame-ancestors 'none'")
	return c.end(appendMail(c.begin(), &c.frame))
}

// appendMail appends a frame as nested tables with inline styles and plain attributes, the one layout that all mail
// programs draw alike: no style sheet, no flexible boxes, widths as attributes for Outlook.
func appendMail(dst []byte, f *models.Frame) []byte {
	dst = append(dst, `<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="max-width:600px;width:100%;margin:0 auto;border-collapse:collapse;font-family:Helvetica,Arial,sans-serif">`+"\n"...)
	for i := 0; i < len(f.Items); i += mailColumns {
		dst = append(dst, "<tr>\n"...)
		for k := range mailColumns {
			dst = append(dst, `<td width="50%" valign="top" style="width:50%;padding:10px;vertical-align:top">`...)
			if i+k < len(f.Items) {
				dst = appendMailItem(dst, &f.Items[i+k].Product)
			} else {
				dst = append(dst, "&nbsp;"...)
			}
			dst = append(dst, "</td>\n"...)
		}
		dst = append(dst, "</tr>\n"...)
	}
	return append(dst, "</table>\n"...)
}

func appendMailItem(dst []byte, p *models.Product) []byte {
	title := p.Title
	if len(title) == 0 {
		title = p.ID
	}
	link := models.WebAddress(p.URL)
	if link {
		dst = append(dst, `<a href="`...)
		dst = append(appendHTML(dst, p.URL), `" style="text-decoration:none;color:#1d2430">`...)
	}
	if models.WebAddress(p.Image) {
		dst = append(dst, `<img src="`...)
		dst = append(appendHTML(dst, p.Image), `" alt="`...)
		dst = append(appendHTML(dst, title), `" width="270" border="0" style="display:block;width:100%;max-width:270px;height:auto;border:0;border-radius:6px;background:#f2f3f5">`...)
	}
	dst = append(dst, `<div style="padding:10px 0 2px;font-size:15px;line-height:20px;color:#1d2430">`...)
	dst = append(appendHTML(dst, title), `</div>`...)
	if link {
		dst = append(dst, `</a>`...)
	}
	return appendMailPrice(dst, p)
}

func appendMailPrice(dst []byte, p *models.Product) []byte {
	if p.Price <= 0 {
		return dst
	}
	dst = append(dst, `<div style="font-size:15px;line-height:20px;font-weight:bold;color:#1d2430">`...)
	if p.Sale > 0 && p.Sale < p.Price {
		dst = append(dst, `<span style="color:#b3261e">`...)
		dst = appendPrice(dst, p.Sale, p.Currency)
		dst = append(dst, `</span> <s style="font-weight:normal;color:#6b7280">`...)
		dst = append(appendPrice(dst, p.Price, p.Currency), `</s>`...)
	} else {
		dst = appendPrice(dst, p.Price, p.Currency)
	}
	return append(dst, `</div>`...)
}

func appendPrice(dst []byte, m models.Money, currency []byte) []byte {
	dst = models.AppendMoney(dst, m)
	if len(currency) > 0 {
		dst = appendHTML(append(dst, "&nbsp;"...), currency)
	}
	return dst
}

// appendHTML appends text escaped for HTML, in an attribute's value too.
func appendHTML(dst, text []byte) []byte {
	for _, b := range text {
		switch b {
		case '<':
			dst = append(dst, "&lt;"...)
		case '>':
			dst = append(dst, "&gt;"...)
		case '&':
			dst = append(dst, "&amp;"...)
		case '"':
			dst = append(dst, "&#34;"...)
		case '\'':
			dst = append(dst, "&#39;"...)
		default:
			dst = append(dst, b)
		}
	}
	return dst
}
