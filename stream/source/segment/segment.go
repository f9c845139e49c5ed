// Package segment reads what the client libraries of Segment send: one call (track, page, screen, identify, alias, group) or a
// batch of them, with the names of Segment's e-commerce specification, version 2 and 1.
package segment

import (
	"bytes"
	"strings"

	"orrery/models"
	"orrery/stream/source/foreign"
)

// envelope is a batch; what stands beside it holds for every call in it.
type envelope struct {
	Batch   foreign.List[foreign.Object] `json:"batch"`
	Context foreign.Object               `json:"context"`
	SentAt  foreign.Text                 `json:"sentAt"`
}

// call is one call.
type call struct {
	Type        foreign.Text   `json:"type"`
	Event       foreign.Text   `json:"event"`
	Name        foreign.Text   `json:"name"`
	MessageID   foreign.Text   `json:"messageId"`
	AnonymousID foreign.Text   `json:"anonymousId"`
	UserID      foreign.Text   `json:"userId"`
	PreviousID  foreign.Text   `json:"previousId"`
	GroupID     foreign.Text   `json:"groupId"`
	Timestamp   foreign.Text   `json:"timestamp"`
	Original    foreign.Text   `json:"originalTimestamp"`
	SentAt      foreign.Text   `json:"sentAt"`
	Context     foreign.Object `json:"context"`
	Properties  foreign.Object `json:"properties"`
	Traits      foreign.Object `json:"traits"`
}

// context is what is read of a call's context.
type context struct {
	Page struct {
		URL      foreign.Text `json:"url"`
		Title    foreign.Text `json:"title"`
		Referrer foreign.Text `json:"referrer"`
	} `json:"page"`
	Campaign struct {
		Name    foreign.Text `json:"name"`
		Source  foreign.Text `json:"source"`
		Medium  foreign.Text `json:"medium"`
		Term    foreign.Text `json:"term"`
		Content foreign.Text `json:"content"`
	} `json:"campaign"`
	Traits foreign.Object `json:"traits"`
}

// Read turns a call or a batch into events. Topic is the last part of the path that it was sent to; a call that says its own type
// is of that.
func Read(m *foreign.Message, out *foreign.Events) error {
	var env envelope
	if err := foreign.Parse(m.Body, &env); err != nil {
		return err
	}
	if len(env.Batch) == 0 && kind(m.Topic) == "batch" {
		if !bytes.Contains(m.Body, []byte(`"batch"`)) {
			return &models.Invalid{Field: "batch", Code: models.Missing, Reason: "batch is missing: a list of calls"}
		}
		return nil
	}
	if len(env.Batch) == 0 {
		var c call
		if err := foreign.Parse(m.Body, &c); err != nil {
			return err
		}
		if c.Type == "" {
			c.Type = foreign.Text(kind(m.Topic))
		}
		c.read(m, nil, out)
		return nil
	}
	for _, one := range env.Batch {
		c := call{SentAt: env.SentAt}
		one.Read(&c)
		c.read(m, env.Context, out)
	}
	return nil
}

// kind returns the type of a call by the path that it was sent to: analytics.js knows the first letters.
func kind(path string) string {
	switch path {
	case "t":
		return "track"
	case "p":
		return "page"
	case "s":
		return "screen"
	case "i":
		return "identify"
	case "a":
		return "alias"
	case "g":
		return "group"
	case "b", "import":
		return "batch"
	}
	return path
}

// read adds the event of a call. What stands beside it in a batch holds where the call does not say otherwise.
func (c *call) read(m *foreign.Message, beside foreign.Object, out *foreign.Events) {
	var in context
	beside.Read(&in)
	c.Context.Read(&in)
	ev := foreign.Event{ID: string(c.MessageID), Time: string(c.Timestamp), SentAt: string(c.SentAt),
		Visitor: string(c.AnonymousID), Contact: string(c.UserID),
		URL: string(in.Page.URL), Title: string(in.Page.Title), Referrer: string(in.Page.Referrer)}
	if ev.Time == "" {
		ev.Time = string(c.Original)
	}
	if ev.Contact == "" && ev.Visitor == "" {
		if ev.Contact = string(c.mail(&in)); ev.Contact == "" {
			out.Skip("nobody")
			return
		}
	}
	campaign := foreign.Props(foreign.String("utm_source", in.Campaign.Source), foreign.String("utm_medium", in.Campaign.Medium),
		foreign.String("utm_campaign", in.Campaign.Name), foreign.String("utm_term", in.Campaign.Term), foreign.String("utm_content", in.Campaign.Content))
	switch strings.ToLower(string(c.Type)) {
	case "track":
		c.track(m, &ev)
	case "page", "screen":
		c.page(&ev)
	case "identify":
		if ev.Contact == "" {
			ev.Contact = string(c.mail(&in))
		}
		if ev.Contact == "" {
			out.Skip("traits of nobody")
			return
		}
		ev.Name, ev.Props = "identify", c.Traits.Rest(nil)
		campaign = nil // who somebody is, not where they came from
	case "alias":
		if ev.Contact == "" || c.PreviousID == "" {
			out.Skip("nobody")
			return
		}
		ev.Name, ev.Visitor = "identify", string(c.PreviousID)
		campaign = nil
	case "group":
		ev.Name, ev.Props = "group", c.Traits.Rest(foreign.String("group", c.GroupID))
	default:
		out.Skip("type")
		return
	}
	ev.Props = foreign.Props(ev.Props, campaign)
	if ev.Name == "" {
		out.Skip("no name")
		return
	}
	out.Add(&ev)
}

// mail returns the address that the traits know.
func (c *call) mail(in *context) foreign.Text {
	if mail := c.Traits.Text("email"); mail != "" {
		return mail
	}
	return in.Traits.Text("email")
}

func (c *call) page(ev *foreign.Event) {
	ev.Name = "page_view"
	p := c.Properties
	ev.URL, ev.Title, ev.Referrer = first(p.Text("url"), ev.URL), first(p.Text("title"), ev.Title), first(p.Text("referrer"), ev.Referrer)
	if ev.Title == "" {
		ev.Title = string(c.Name)
	}
	ev.Props = p.Rest(foreign.String("page_name", c.Name), "url", "title", "referrer", "path", "search", "name")
}

func first(text foreign.Text, other string) string {
	if text != "" {
		return string(text)
	}
	return other
}

// Key returns the key that a call or a batch holds: analytics.js has it there.
func Key(body []byte) string {
	var with struct {
		Key foreign.Text `json:"writeKey"`
	}
	if foreign.Parse(body, &with) != nil {
		return ""
	}
	return string(with.Key)
}
