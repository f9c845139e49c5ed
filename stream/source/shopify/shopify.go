// Package shopify reads Shopify's webhooks. X-Shopify-Topic names what a body is about, and X-Shopify-Hmac-Sha256 signs it. Deliveries
// come twice, in any order, and some never: so every event has the id of the fact that it tells, whatever delivery brought it.
package shopify

import (
	"strings"

	"orrery/models"
	"orrery/stream/source/foreign"
)

var noID = &models.Invalid{Field: "id", Code: models.Missing, Reason: "id is missing: what the message is about has no number"}

// Read turns a webhook's body into events, by its topic.
func Read(m *foreign.Message, out *foreign.Events) error {
	m.Topic = strings.ToLower(strings.ReplaceAll(m.Topic, "_", "/")) // GraphQL calls it ORDERS_CREATE
	switch m.Topic {
	case "orders/create", "orders/paid", "orders/updated", "orders/edited", "orders/cancelled", "orders/fulfilled", "orders/partially/fulfilled", "orders/delete", "orders":
		return readOrder(m, out)
	case "refunds/create":
		return readRefund(m, out)
	case "checkouts/create", "checkouts/update":
		return readCheckout(m, out)
	case "customers/create", "customers/update", "customers/enable", "customers":
		return readCustomer(m, out)
	case "products/create", "products/update", "products":
		return readProduct(m, out)
	}
	var any struct{}
	if err := foreign.Parse(m.Body, &any); err != nil {
		return err
	}
	out.Skip("topic " + foreign.Known(m.Topic, others...))
	return nil
}

// others are the topics that a shop may well subscribe to and that say nothing that is used here.
var others = []string{"app/uninstalled", "carts/create", "carts/update", "inventory/levels/update", "inventory/items/update", "products/delete",
	"customers/data/request", "customers/redact", "shop/redact", "shop/update", "fulfillments/create", "fulfillments/update", "customers/delete", "customers/disable"}

// Verify tells whether Shopify has signed the body.
func Verify(secret []byte, header func(name string) string, body []byte) bool {
	return foreign.SignedBase64(secret, header("X-Shopify-Hmac-Sha256"), body)
}

// Envelope returns the topic and the delivery of a webhook.
func Envelope(header func(name string) string) (topic, delivery string) {
	return header("X-Shopify-Topic"), header("X-Shopify-Webhook-Id")
}
