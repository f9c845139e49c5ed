// Package source turns what shop platforms send into events: one adapter each, a pure function of the message, used alike for webhooks,
// for files, and for topics of Kafka that others write to.
package source

import (
	"maps"
	"slices"
	"strings"

	"orrery/models"
	"orrery/stream/source/foreign"
	"orrery/stream/source/ga4"
	"orrery/stream/source/idosell"
	"orrery/stream/source/magento"
	"orrery/stream/source/prestashop"
	"orrery/stream/source/salesmanago"
	"orrery/stream/source/segment"
	"orrery/stream/source/shopify"
	"orrery/stream/source/woocommerce"
)

// Adapter reads the messages of one platform.
type Adapter struct {
	// Read appends the events of a message. An error is a *models.Invalid: the message is none of the platform's.
	Read func(m *foreign.Message, out *foreign.Events) error
	// Verify tells whether the platform has signed a body with the secret that it shares with the shop; nil where it signs nothing.
	Verify func(secret []byte, header func(name string) string, body []byte) bool
	// Envelope returns what the head of a webhook says: what it is about, and the delivery's id, the same on a retry.
	Envelope func(header func(name string) string) (topic, delivery string)
	// Ping tells whether a body is a trial of the webhook, which is not signed and says nothing; nil where there are none.
	Ping func(body []byte) bool
}

var adapters = map[string]Adapter{
	"ga4":         {Read: ga4.Read, Verify: ga4.Verify},
	"idosell":     {Read: idosell.Read, Verify: idosell.Verify},
	"magento":     {Read: magento.Read, Verify: magento.Verify},
	"prestashop":  {Read: prestashop.Read, Verify: prestashop.Verify},
	"salesmanago": {Read: salesmanago.Read, Verify: salesmanago.Verify},
	"segment":     {Read: segment.Read},
	"shopify":     {Read: shopify.Read, Verify: shopify.Verify, Envelope: shopify.Envelope},
	"woocommerce": {Read: woocommerce.Read, Verify: woocommerce.Verify, Envelope: woocommerce.Envelope, Ping: woocommerce.Ping},
}

// Find returns the adapter of a platform.
func Find(name string) (Adapter, bool) {
	a, ok := adapters[name]
	return a, ok
}

// Names returns the platforms that there are adapters for, in order.
func Names() []string { return slices.Sorted(maps.Keys(adapters)) }

// Read returns the events of one message of a platform, JSON objects, and how many parts of it are no events, by reason.
func Read(platform string, m foreign.Message) (*foreign.Events, error) {
	a, ok := adapters[platform]
	if !ok {
		return nil, &models.Invalid{Field: "platform", Code: "unknown_platform", Reason: "platform must be one of " + strings.Join(Names(), ", ")}
	}
	var out foreign.Events
	if err := a.Read(&m, &out); err != nil {
		return nil, err
	}
	return &out, nil
}
