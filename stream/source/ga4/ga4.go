// Package ga4 reads what is sent to Google Analytics 4 by its Measurement Protocol: POST /mp/collect with client_id, user_id and events,
// their items in the names that Orrery has from there. Unlike Google it says what it cannot read.
package ga4

import (
	"strings"

	"orrery/models"
	"orrery/stream/source/foreign"
)

type payload struct {
	Client    foreign.Text `json:"client_id"`
	App       foreign.Text `json:"app_instance_id"`
	User      foreign.Text `json:"user_id"`
	Timestamp foreign.Text `json:"timestamp_micros"`
	Consent   struct {
		Personal foreign.Text `json:"ad_personalization"`
		UserData foreign.Text `json:"ad_user_data"`
	} `json:"consent"`
	Properties foreign.Object               `json:"user_properties"`
	Events     foreign.List[foreign.Object] `json:"events"`
}

type event struct {
	Name      foreign.Text   `json:"name"`
	Timestamp foreign.Text   `json:"timestamp_micros"`
	Params    foreign.Object `json:"params"`
}

// params are the parameters that have a field of their own.
type params struct {
	Session     foreign.Text                 `json:"session_id"`
	Location    foreign.Text                 `json:"page_location"`
	Title       foreign.Text                 `json:"page_title"`
	Referrer    foreign.Text                 `json:"page_referrer"`
	Transaction foreign.Text                 `json:"transaction_id"`
	Value       foreign.Text                 `json:"value"`
	Currency    foreign.Text                 `json:"currency"`
	Search      foreign.Text                 `json:"search_term"`
	Items       foreign.List[foreign.Object] `json:"items"`
}

var taken = []string{"session_id", "page_location", "page_title", "page_referrer", "transaction_id", "value", "currency", "search_term", "items"}

// Read turns a payload into events. What has no id of Google's gets one from its content, so a payload that is sent twice counts once.
func Read(m *foreign.Message, out *foreign.Events) error {
	var p payload
	if err := foreign.Parse(m.Body, &p); err != nil {
		return err
	}
	visitor := p.Client
	if visitor == "" {
		visitor = p.App
	}
	if visitor == "" && p.User == "" {
		return &models.Invalid{Field: "client_id", Code: models.Missing, Reason: "client_id is missing: every payload is some browser's"}
	}
	if len(p.Events) == 0 {
		return &models.Invalid{Field: "events", Code: models.Missing, Reason: "events is missing: a list of them"}
	}
	for _, one := range p.Events {
		var e event
		one.Read(&e)
		name := strings.TrimSpace(string(e.Name))
		if name == "" {
			out.Skip("no name")
			continue
		}
		when := e.Timestamp
		if when == "" {
			when = p.Timestamp
		}
		e.add(name, string(when), string(visitor), string(p.User), out)
	}
	return nil
}

// renamed are events of GA4 that have another name here.
var renamed = map[string]string{"view_search_results": "search", "login": "identify", "sign_up": "identify"}

func (e *event) add(name, when, visitor, user string, out *foreign.Events) {
	if ours, ok := renamed[name]; ok {
		name = ours
	}
	if name == "identify" && user == "" {
		out.Skip("login of nobody")
		return
	}
	var p params
	e.Params.Read(&p)
	ev := foreign.Event{Name: name, Time: when, Visitor: visitor, Contact: user, Session: string(p.Session),
		URL: string(p.Location), Title: string(p.Title), Referrer: string(p.Referrer), Order: string(p.Transaction), Currency: string(p.Currency), Query: string(p.Search),
		Props: e.Params.Rest(nil, taken...)}
	if name == "purchase" || name == "refund" || len(p.Items) > 0 {
		ev.Value = string(p.Value)
	} else if p.Value != "" {
		ev.Props = append(ev.Props, foreign.String("value", p.Value)...)
	}
	for _, one := range p.Items {
		ev.Items = append(ev.Items, item(one))
	}
	if name == "refund" && ev.Order != "" && ev.Value == "" && len(ev.Items) == 0 {
		ev.Name = "cancel" // a refund that says not of what: all of it
	}
	out.Add(&ev)
}

// item reads an item. GA4's levels of a category are a path.
func item(from foreign.Object) foreign.Item {
	it := foreign.Item{ID: string(from.Text("item_id")), Name: string(from.Text("item_name")), Price: string(from.Text("price")), Quantity: string(from.Text("quantity"))}
	var path []string
	for _, level := range []string{"item_category", "item_category2", "item_category3", "item_category4", "item_category5"} {
		if c := from.Text(level); c != "" {
			path = append(path, string(c))
		}
	}
	it.Category = strings.Join(path, " > ")
	it.Props = from.Rest(nil, "item_id", "item_name", "price", "quantity", "item_category", "item_category2", "item_category3", "item_category4", "item_category5")
	return it
}

// Verify tells whether the address has the secret: the protocol signs nothing.
func Verify(secret []byte, get func(name string) string, _ []byte) bool {
	return foreign.Same(secret, get("?api_secret"))
}
