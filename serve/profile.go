package serve

import (
	"strconv"

	"orrery/models"
)

// answerContact answers GET /v1/contacts/{id}.
func (s *Server) answerContact(c *call) *fault {
	p, f := s.profile(c, s.deps.Profiles.Contact, "contact")
	if f != nil {
		return f
	}
	return c.end(append(appendProfile(append(c.begin(), '{'), &p), "}\n"...))
}

// answerVisitor answers GET /v1/visitors/{id}.
func (s *Server) answerVisitor(c *call) *fault {
	p, f := s.profile(c, s.deps.Profiles.Visitor, "visitor")
	if f != nil {
		return f
	}
	body := models.AppendString(appendMember(append(c.begin(), '{'), "visitor"), c.param)
	return c.end(append(appendProfile(body, &p), "}\n"...))
}

// profile finds the person that a request is about.
func (s *Server) profile(c *call, find func(shop, id []byte, now models.Time) (models.Profile, bool), person string) (models.Profile, *fault) {
	shop, _, f := readPerson(c)
	if f != nil {
		return models.Profile{}, f
	}
	p, known := find(shop, c.param, s.deps.Clock())
	if !known {
		f = notFound("unknown_"+person, "no event has named the "+person+" "+strconv.Quote(string(c.param)))
	}
	return p, f
}

// appendProfile appends the members of a profile.
func appendProfile(dst []byte, p *models.Profile) []byte {
	dst = appendMember(dst, "contact")
	if p.Contact == "" {
		dst = append(dst, "null"...)
	} else {
		dst = models.AppendString(dst, p.Contact)
	}
	dst = appendMember(dst, "attributes")
	if len(p.Attributes) > 0 {
		dst = appendRaw(dst, p.Attributes)
	} else {
		dst = append(dst, "null"...)
	}
	if p.Claimed {
		dst = append(appendMember(dst, "claimed"), "true"...)
	}
	if len(p.ClaimedAttributes) > 0 {
		dst = appendRaw(appendMember(dst, "claimed_attributes"), p.ClaimedAttributes)
	}
	dst = strconv.AppendInt(appendMember(dst, "visitors"), int64(p.Visitors), 10)
	dst = appendTime(appendMember(dst, "first_seen"), p.FirstSeen)
	dst = appendTime(appendMember(dst, "last_seen"), p.LastSeen)
	dst = appendUint(dst, "sessions", p.Sessions)
	dst = appendUint(dst, "events", p.Events)
	dst = appendTouches(appendMember(dst, "viewed"), p.Viewed)
	dst = appendTouches(appendMember(dst, "cart"), p.Cart)
	dst = appendOrders(appendMember(dst, "orders"), p.Orders)
	dst = appendUint(dst, "order_count", p.OrderCount)
	dst = appendAmounts(appendMember(dst, "spent"), p.Spent)
	dst = strconv.AppendBool(appendMember(dst, "bot"), p.Bot)
	dst = appendCustomer(appendMember(dst, "customer"), p.Customer)
	dst = appendIntent(appendMember(dst, "intent"), p.Intent)
	dst = appendOutlook(appendMember(dst, "outlook"), p.Outlook)
	return appendMailHour(appendMember(dst, "mail"), p.Mail)
}

func appendTouches(dst []byte, touches []models.ItemTouch) []byte {
	dst = append(dst, '[')
	for i := range touches {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendTouch(dst, &touches[i]), '}')
	}
	return append(dst, ']')
}

// appendTouch appends the members of a product of a history.
func appendTouch(dst []byte, t *models.ItemTouch) []byte {
	dst = models.AppendString(append(dst, `{"item_id":`...), t.ID)
	dst = appendTime(appendMember(dst, "time"), t.At)
	if t.Quantity > 0 {
		dst = strconv.AppendInt(appendMember(dst, "quantity"), int64(t.Quantity), 10)
	}
	return dst
}

// appendLines appends the lines of an order as they were bought.
func appendLines(dst []byte, lines []models.LineTouch) []byte {
	dst = append(dst, '[')
	for i := range lines {
		l := &lines[i]
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendTouch(dst, &l.ItemTouch)
		dst = appendTerms(appendSum(dst, "paid", l.Paid), l.Coupon, l.Discount)
		for _, text := range [2][2]string{{"brand", l.Brand}, {"category", l.Category}} {
			if text[1] != "" {
				dst = models.AppendString(appendMember(dst, text[0]), text[1])
			}
		}
		dst = append(dst, '}')
	}
	return append(dst, ']')
}

func appendTerms(dst []byte, coupon string, discount *models.Money) []byte {
	if coupon != "" {
		dst = models.AppendString(appendMember(dst, "coupon"), coupon)
	}
	return appendSum(dst, "discount", discount)
}

// appendSum appends an amount that may not be known.
func appendSum(dst []byte, name string, m *models.Money) []byte {
	if m == nil {
		return dst
	}
	return appendAmount(appendMember(dst, name), *m)
}

func appendOrders(dst []byte, orders []models.OrderTouch) []byte {
	dst = append(dst, '[')
	for i := range orders {
		o := &orders[i]
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = models.AppendString(append(dst, `{"order":`...), o.Order)
		dst = appendTime(appendMember(dst, "time"), o.At)
		dst = appendAmount(appendMember(dst, "value"), o.Value)
		dst = models.AppendString(appendMember(dst, "currency"), o.Currency)
		if o.Cancelled {
			dst = append(appendMember(dst, "cancelled"), "true"...)
		}
		dst = appendTerms(dst, o.Coupon, o.Discount)
		dst = appendSum(appendSum(dst, "shipping", o.Shipping), "tax", o.Tax)
		dst = appendLines(appendMember(dst, "items"), o.Items)
		dst = append(dst, '}')
	}
	return append(dst, ']')
}
