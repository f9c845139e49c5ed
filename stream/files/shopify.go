package files

import (
	"encoding/json"
	"fmt"

	"orrery/models"
)

// shopify reads the orders that Shopify's admin exports. What is of the order stands in its first line only.
var shopify = preset{
	about: "orders as Shopify exports them (CSV): an order is a purchase, with a cancel where it was cancelled or voided, or a refund of what was paid back",
	config: Config{
		Format: CSV, Group: []string{"Name"},
	},
	mapping: []string{
		"event==purchase", "time=Created at", "order=Name", "contact=Email", "visitor=order-{Name}", "currency=Currency", "value=Total",
		"item_id={Lineitem sku|Lineitem name}", "item_name=Lineitem name", "price=Lineitem price", "quantity=Lineitem quantity",
		"props.status=Financial Status?", "props.refunded=Refunded Amount?", "props.cancelled_at=Cancelled at?",
		"props.coupon=Discount Code?", "props.discount=Discount Amount?", "props.shipping=Shipping?", "props.tax=Taxes?",
	},
	shape: shapeShopify,
	after: afterShopify,
}

// shapeShopify leaves a customer one person: the contact alone, however the address is written. Who left none is a visitor of
// one order.
func shapeShopify(e *models.Event) {
	if len(e.Contact) > 0 {
		e.Contact, e.Visitor = models.CanonicalContact(e.Contact), nil
	}
}

// afterShopify makes the event that became of an order. The export does not say when money was paid back: the order's time
// stands for it.
func afterShopify(b *builder, e *models.Event) (*models.Event, error) {
	var props struct {
		Status    string `json:"status"`
		Refunded  string `json:"refunded"`
		Cancelled string `json:"cancelled_at"`
	}
	if err := json.Unmarshal(append(append([]byte{'{'}, e.Props...), '}'), &props); err != nil {
		return nil, err
	}
	after := &models.Event{
		Time: e.Time, Visitor: e.Visitor, Contact: e.Contact, Order: e.Order, Shop: e.Shop, Currency: e.Currency,
	}
	if props.Status == "voided" || props.Cancelled != "" {
		after.Kind, after.Name, after.Currency = models.Cancel, []byte("cancel"), nil
		after.ID = fmt.Appendf(nil, "%s-cancel", e.ID)
		if props.Cancelled != "" {
			at, err := b.clock.parse([]byte(props.Cancelled))
			if err != nil {
				return nil, fmt.Errorf("order %s, cancelled: %w", e.Order, err)
			}
			after.Time = at
		}
		return after, nil
	}
	value, ok, err := b.money("refunded", []byte(props.Refunded), &facts{})
	if err != nil || !ok || value == 0 {
		return nil, err
	}
	after.Kind, after.Name = models.Refund, []byte("refund")
	after.ID = fmt.Appendf(nil, "%s-refund", e.ID)
	after.Value, after.HasValue = value, true
	return after, nil
}
