// Package salesmanago reads the calls that shops make to SALESmanago's import interface: contact/upsert and contact/addContactExtEvent,
// so that an integration that is there can tell Orrery as well by another address.
package salesmanago

import (
	"crypto/sha1"
	"crypto/subtle"
	"encoding/hex"
	"strings"

	"orrery/models"
	"orrery/stream/source/foreign"
)

type payload struct {
	Contact contact      `json:"contact"`
	Email   foreign.Text `json:"email"` // of an event's contact
	ID      foreign.Text `json:"contactId"`
	Event   extEvent     `json:"contactEvent"`

	Tags     foreign.List[foreign.Text] `json:"tags"`
	Remove   foreign.List[foreign.Text] `json:"removeTags"`
	Details  foreign.Object             `json:"properties"`
	Birthday foreign.Text               `json:"birthday"`
	OptIn    foreign.Text               `json:"forceOptIn"`
	OptOut   foreign.Text               `json:"forceOptOut"`
	PhoneIn  foreign.Text               `json:"forcePhoneOptIn"`
	PhoneOut foreign.Text               `json:"forcePhoneOptOut"`

	Requested foreign.Text `json:"requestTime"`
	Client    foreign.Text `json:"clientId"`
	Key       foreign.Text `json:"apiKey"`
	Sha       foreign.Text `json:"sha"`
}

type contact struct {
	Email   foreign.Text `json:"email"`
	ID      foreign.Text `json:"externalId"`
	Name    foreign.Text `json:"name"`
	Phone   foreign.Text `json:"phone"`
	Company foreign.Text `json:"company"`
	State   foreign.Text `json:"state"`
	Address struct {
		City    foreign.Text `json:"city"`
		Country foreign.Text `json:"country"`
	} `json:"address"`
}

type extEvent struct {
	Type        foreign.Text `json:"contactExtEventType"`
	Date        foreign.Text `json:"date"`
	Products    foreign.Text `json:"products"` // ids with commas between them
	Value       foreign.Text `json:"value"`
	Location    foreign.Text `json:"location"`
	Description foreign.Text `json:"description"`
	External    foreign.Text `json:"externalId"`
	Domain      foreign.Text `json:"shopDomain"`
	Quantities  foreign.Text `json:"detail3"` // "1/2", as its own plug-ins write it
	Detail1     foreign.Text `json:"detail1"`
	Detail2     foreign.Text `json:"detail2"`
}

// names are the events that have a name here; others keep their own.
var names = map[foreign.Text]string{"PURCHASE": "purchase", "CART": "view_cart", "CANCELLATION": "cancel", "RETURN": "refund", "CANCELLED": "cancel"}

// Read turns a call into events.
func Read(m *foreign.Message, out *foreign.Events) error {
	var p payload
	if err := foreign.Parse(m.Body, &p); err != nil {
		return err
	}
	switch {
	case p.Event.Type != "":
		return p.event(out)
	case p.Contact.Email != "":
		p.upsert(out)
		return nil
	}
	return &models.Invalid{Field: "contact", Code: models.Missing, Reason: "contact.email and contactEvent are missing: the call is contact/upsert, or contact/addContactExtEvent"}
}

func (p *payload) upsert(out *foreign.Events) {
	c := &p.Contact
	born := p.Birthday
	if len(born) == 8 {
		born = born[:4] + "-" + born[4:6] + "-" + born[6:]
	}
	var tags, removed []string
	for _, t := range p.Tags {
		tags = append(tags, string(t))
	}
	for _, t := range p.Remove {
		removed = append(removed, string(t))
	}
	out.Add(&foreign.Event{Name: "identify", Time: string(p.Requested), Contact: string(c.Email), Props: foreign.Props(
		foreign.String("name", c.Name), foreign.String("phone", c.Phone), foreign.String("company", c.Company), foreign.String("state", c.State),
		foreign.String("city", c.Address.City), foreign.String("country", c.Address.Country), foreign.String("birthday", born), foreign.String("customer_id", c.ID),
		foreign.Strings("tags", tags), foreign.Strings("remove_tags", removed), consent("email_consent", p.OptIn, p.OptOut), consent("sms_consent", p.PhoneIn, p.PhoneOut),
		p.Details.Rest(nil))})
}

// consent returns what a call forces; where both are forced, no wins.
func consent(name string, in, out foreign.Text) []foreign.Prop {
	switch {
	case out.True():
		return foreign.String(name, "denied")
	case in.True():
		return foreign.String(name, "granted")
	}
	return nil
}

func (p *payload) event(out *foreign.Events) error {
	x := &p.Event
	who := p.Email
	if who == "" {
		who = p.ID
	}
	if who == "" {
		return &models.Invalid{Field: "email", Code: models.Missing, Reason: "email is missing: every event is some contact's"}
	}
	name, ok := names[x.Type]
	if !ok {
		name = foreign.Snake(strings.ToLower(string(x.Type)))
	}
	ev := foreign.Event{Name: name, Time: string(x.Date), Contact: string(who), Props: foreign.Props(foreign.String("description", x.Description), foreign.String("location", x.Location),
		foreign.String("shop_domain", x.Domain), foreign.String("detail1", x.Detail1), foreign.String("detail2", x.Detail2))}
	if x.External != "" {
		ev.ID = foreign.Join("salesmanago", string(x.Type), string(x.External), string(x.Date), string(x.Value), string(x.Products))
	}
	pieces := strings.Split(string(x.Quantities), "/")
	for i, id := range strings.Split(string(x.Products), ",") {
		if id = strings.TrimSpace(id); id == "" {
			continue
		}
		it := foreign.Item{ID: id}
		if i < len(pieces) && len(pieces[i]) > 0 && strings.Trim(pieces[i], "0123456789") == "" {
			it.Quantity = pieces[i]
		}
		ev.Items = append(ev.Items, it)
	}
	switch name {
	case "purchase", "refund", "cancel":
		ev.Order, ev.Value = string(x.External), string(x.Value)
		if name != "purchase" && ev.Order == "" {
			out.Skip(name + " of no order")
			return nil
		}
		if name == "cancel" {
			ev.Value = ""
		}
	case "view_cart":
		ev.Value = string(x.Value)
	default:
		ev.Props = append(ev.Props, foreign.Props(foreign.String("external_id", x.External), foreign.String("value", x.Value))...)
	}
	out.Add(&ev)
	return nil
}

// Verify tells whether the call is one of whoever knows the secret: sha is the SHA-1 of apiKey, clientId and the secret, one after
// the other. It does not cover what the call says; the protocol has nothing better.
func Verify(secret []byte, _ func(name string) string, body []byte) bool {
	var p payload
	if len(secret) == 0 || foreign.Parse(body, &p) != nil {
		return false
	}
	sum := sha1.Sum([]byte(string(p.Key) + string(p.Client) + string(secret)))
	return subtle.ConstantTimeCompare([]byte(hex.EncodeToString(sum[:])), []byte(strings.ToLower(string(p.Sha)))) == 1
}
