package shopify

import (
	"strings"

	"orrery/stream/source/foreign"
)

// customer is what is read of a customer.
type customer struct {
	ID      foreign.Text `json:"id"`
	Email   foreign.Text `json:"email"`
	First   foreign.Text `json:"first_name"`
	Last    foreign.Text `json:"last_name"`
	Phone   foreign.Text `json:"phone"`
	Tags    foreign.Text `json:"tags"`
	State   foreign.Text `json:"state"`
	Locale  foreign.Text `json:"locale"`
	Created foreign.Text `json:"created_at"`
	Updated foreign.Text `json:"updated_at"`
	Mail    consent      `json:"email_marketing_consent"`
	SMS     consent      `json:"sms_marketing_consent"`
	Address struct {
		City    foreign.Text `json:"city"`
		Country foreign.Text `json:"country_code"`
	} `json:"default_address"`
}

type consent struct {
	State   foreign.Text `json:"state"`
	Level   foreign.Text `json:"opt_in_level"`
	Updated foreign.Text `json:"consent_updated_at"`
}

func readCustomer(m *foreign.Message, out *foreign.Events) error {
	var c customer
	if err := foreign.Parse(m.Body, &c); err != nil {
		return err
	}
	contact := first(c.Email, c.ID)
	if contact == "" {
		return noID
	}
	out.Add(&foreign.Event{Name: "identify", ID: foreign.Join("shopify", "customer", string(c.ID), stamp(m, c.Updated)), Contact: contact,
		Time: first(c.Updated, c.Created), Props: foreign.Props(
			foreign.String("first_name", c.First), foreign.String("last_name", c.Last), foreign.String("phone", c.Phone),
			foreign.Strings("tags", tags(c.Tags)), foreign.String("customer_id", c.ID), foreign.String("state", c.State), foreign.String("locale", c.Locale),
			foreign.String("city", c.Address.City), foreign.String("country", c.Address.Country),
			foreign.String("email_consent", c.Mail.State), foreign.String("email_opt_in", c.Mail.Level), foreign.String("email_consent_at", c.Mail.Updated),
			foreign.String("sms_consent", c.SMS.State), foreign.String("sms_consent_at", c.SMS.Updated))})
	return nil
}

func tags(text foreign.Text) (list []string) {
	for t := range strings.SplitSeq(string(text), ",") {
		if t = strings.TrimSpace(t); t != "" {
			list = append(list, t)
		}
	}
	return list
}

// checkout is a cart on its way to the till.
type checkout struct {
	order
	Token    foreign.Text `json:"token"`
	Recovery foreign.Text `json:"abandoned_checkout_url"`
	Done     foreign.Text `json:"completed_at"`
}

func readCheckout(m *foreign.Message, out *foreign.Events) error {
	var c checkout
	if err := foreign.Parse(m.Body, &c); err != nil {
		return err
	}
	id := first(c.Token, c.ID)
	switch {
	case id == "":
		return noID
	case c.Done != "":
		out.Skip("checkout that has become an order")
		return nil
	}
	ev := &foreign.Event{Name: "begin_checkout", ID: foreign.Join("shopify", "checkout", id, stamp(m, c.Updated)), Time: first(c.Updated, c.Created),
		Visitor: visitor(c.Notes), Contact: c.contact(), Currency: string(c.Currency), Value: string(c.Subtotal),
		Props: foreign.Props(foreign.String("cart", c.Cart), foreign.String("recovery_url", c.Recovery))}
	if ev.Visitor == "" && ev.Contact == "" {
		out.Skip("nobody")
		return nil
	}
	for i := range c.Lines {
		if it, isProduct := c.Lines[i].item(m, false); isProduct {
			ev.Items = append(ev.Items, it)
		}
	}
	out.Add(ev)
	return nil
}
