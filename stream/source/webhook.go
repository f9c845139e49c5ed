package source

import (
	"orrery/stream/source/foreign"
	"orrery/stream/source/segment"
)

// Webhook reads the requests that a platform's programs send.
type Webhook struct {
	Adapter
	ItemID foreign.ItemID
}

// Webhooks returns a reader of requests for every platform, by its name.
func Webhooks(by foreign.ItemID) map[string]Webhook {
	all := map[string]Webhook{}
	for name, a := range adapters {
		all[name] = Webhook{a, by}
	}
	return all
}

// Read returns the events of a request, and how many parts of it are none, by reason. get returns a header, or a parameter of the
// address where the name begins with "?".
func (w Webhook) Read(topic string, get func(name string) string, body []byte) (events [][]byte, skipped map[string]int, err error) {
	m := foreign.Message{Topic: topic, Body: body, ItemID: w.ItemID}
	if w.Adapter.Envelope != nil && topic == "" {
		m.Topic, m.Delivery = w.Adapter.Envelope(get)
	}
	var out foreign.Events
	if err := w.Adapter.Read(&m, &out); err != nil {
		return nil, nil, err
	}
	out.Each(func(event []byte) { events = append(events, event) })
	return events, out.Skipped(), nil
}

// Verify tells whether the platform has signed the body.
func (w Webhook) Verify(secret []byte, get func(name string) string, body []byte) bool {
	return w.Adapter.Verify != nil && w.Adapter.Verify(secret, get, body)
}

// Ping tells whether the body is a trial of the webhook.
func (w Webhook) Ping(body []byte) bool { return w.Adapter.Ping != nil && w.Adapter.Ping(body) }

// Key returns the key that the body holds.
func (w Webhook) Key(body []byte) string { return segment.Key(body) }
