// Package woocommerce reads the webhooks of WooCommerce: their bodies are the resources of its REST interface, version 3, as they stand
// when the delivery is made, which may be long after what it tells of. X-WC-Webhook-Topic names what a body is about, and
// X-WC-Webhook-Signature signs it.
package woocommerce

import (
	"bytes"

	"orrery/models"
	"orrery/stream/source/foreign"
)

var noID = &models.Invalid{Field: "id", Code: models.Missing, Reason: "id is missing: what the message is about has no number"}

// Read turns a webhook's body into events, by its topic.
func Read(m *foreign.Message, out *foreign.Events) error {
	if Ping(m.Body) {
		out.Skip("ping")
		return nil
	}
	switch m.Topic {
	case "order.created", "order.updated", "order.restored", "order":
		return readOrder(m, out)
	case "order.deleted":
		return readDeleted(m, out)
	case "customer.created", "customer.updated", "customer":
		return readCustomer(m, out)
	case "product.created", "product.updated", "product.restored", "product":
		return readProduct(m, out)
	}
	var any struct{}
	if err := foreign.Parse(m.Body, &any); err != nil {
		return err
	}
	out.Skip("topic " + foreign.Known(m.Topic, "product.deleted", "customer.deleted", "coupon.created", "coupon.updated", "coupon.deleted", "coupon.restored"))
	return nil
}

// Ping tells whether a body is what WooCommerce sends when a webhook is saved: a form, without a signature. It wants a success
// in answer, or the webhook is not switched on.
func Ping(body []byte) bool { return bytes.HasPrefix(body, []byte("webhook_id=")) && len(body) < 64 }

// Verify tells whether the shop has signed the body.
func Verify(secret []byte, header func(name string) string, body []byte) bool {
	return foreign.SignedBase64(secret, header("X-WC-Webhook-Signature"), body)
}

// Envelope returns the topic and the delivery of a webhook.
func Envelope(header func(name string) string) (topic, delivery string) {
	return header("X-WC-Webhook-Topic"), header("X-WC-Webhook-Delivery-ID")
}
