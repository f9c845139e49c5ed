// Package magento reads the orders of Magento's (Adobe Commerce's) REST interface, as GET /V1/orders answers with them and as modules
// post them. Magento itself sends no webhooks; the signature is X-Orrery-Signature, the HMAC-SHA-256 of the body under the secret, in
// hexadecimal.
package magento

import (
	"orrery/models"
	"orrery/stream/source/foreign"
)

// order is what is read of an order. Money with "base_" is the shop's currency, without it what the customer paid in.
type order struct {
	ID        foreign.Text `json:"entity_id"`
	Increment foreign.Text `json:"increment_id"`
	State     foreign.Text `json:"state"`
	Status    foreign.Text `json:"status"`
	Email     foreign.Text `json:"customer_email"`
	Customer  foreign.Text `json:"customer_id"`
	Created   foreign.Text `json:"created_at"` // UTC
	Updated   foreign.Text `json:"updated_at"`
	Currency  foreign.Text `json:"order_currency_code"`
	Subtotal  foreign.Text `json:"subtotal"`        // without tax, before discount
	Discount  foreign.Text `json:"discount_amount"` // below 0
	DiscTax   foreign.Text `json:"discount_tax_compensation_amount"`
	Shipping  foreign.Text `json:"shipping_amount"`
	Tax       foreign.Text `json:"tax_amount"`
	Total     foreign.Text `json:"grand_total"`
	Refunded  foreign.Text `json:"subtotal_refunded"`
	DiscBack  foreign.Text `json:"discount_refunded"`
	Coupon    foreign.Text `json:"coupon_code"`

	Items foreign.List[item] `json:"items"`
}

// item is a line. A product with options is two: what was chosen of it has the other as its parent, and no price.
type item struct {
	ID       foreign.Text `json:"item_id"`
	Parent   foreign.Text `json:"parent_item_id"`
	Product  foreign.Text `json:"product_id"`
	SKU      foreign.Text `json:"sku"`
	Name     foreign.Text `json:"name"`
	Price    foreign.Text `json:"price"` // of one piece, without tax, before discount
	Ordered  foreign.Text `json:"qty_ordered"`
	RowTotal foreign.Text `json:"row_total"`
	Discount foreign.Text `json:"discount_amount"`
	Type     foreign.Text `json:"product_type"`
}

// Read turns an order, or an answer with several, into events.
func Read(m *foreign.Message, out *foreign.Events) error {
	var o order
	if err := foreign.Parse(m.Body, &o); err != nil {
		return err
	}
	if o.ID != "" || o.Increment != "" {
		o.read(m, out)
		return nil
	}
	var answer struct {
		Orders foreign.List[order] `json:"items"`
		Entity order               `json:"entity"`
	}
	if err := foreign.Parse(m.Body, &answer); err != nil {
		return err
	}
	if answer.Entity.ID != "" || answer.Entity.Increment != "" {
		answer.Orders = foreign.List[order]{answer.Entity}
	}
	if len(answer.Orders) == 0 {
		return &models.Invalid{Field: "increment_id", Code: models.Missing, Reason: "increment_id is missing: which order the message is about"}
	}
	for i := range answer.Orders {
		answer.Orders[i].read(m, out)
	}
	return nil
}

// id is the number that the customer, and the thank-you page, know.
func (o *order) id() string {
	if o.Increment != "" {
		return string(o.Increment)
	}
	return string(o.ID)
}

func (o *order) read(m *foreign.Message, out *foreign.Events) {
	id := o.id()
	switch o.State {
	case "canceled":
		out.Add(&foreign.Event{Name: "cancel", ID: foreign.Join("magento", "cancel", id), Order: id, Time: foreign.UTC(o.Updated), Props: foreign.String("order_status", o.Status)})
		return
	case "new", "pending_payment", "payment_review", "holded":
		if o.Status != "pending" { // by cheque or transfer: such orders are orders
			out.Skip("order without payment")
			return
		}
	case "", "processing", "complete", "closed":
	default:
		out.Skip("order of an unknown state")
		return
	}
	ev := &foreign.Event{Name: "purchase", ID: foreign.Join("magento", "order", id, string(o.State)), Order: id, Time: foreign.UTC(o.Created),
		Contact: string(o.Email), Currency: string(o.Currency),
		Props: foreign.Props(foreign.String("order_status", o.Status), foreign.String("total", o.Total), foreign.String("tax", o.Tax), foreign.String("shipping", o.Shipping),
			foreign.String("discount", o.Discount), foreign.String("coupon", o.Coupon))}
	if ev.Contact == "" && o.Customer != "0" {
		ev.Contact = string(o.Customer)
	}
	if ev.Contact == "" {
		ev.Visitor = "magento-order-" + id
	}
	if subtotal, ok := o.Subtotal.Money(); ok {
		ev.Value = foreign.Digits(max(0, subtotal+o.Discount.Amount()+o.DiscTax.Amount()))
	}
	ev.Items = o.items(m)
	out.Add(ev)
	if back := o.Refunded.Amount() - abs(o.DiscBack.Amount()); back > 0 {
		out.Add(&foreign.Event{Name: "refund", ID: foreign.Join("magento", "refund", id, string(o.Refunded)), Order: id, Time: foreign.UTC(o.Updated),
			Value: foreign.Digits(back), Currency: string(o.Currency)})
	}
}

func (o *order) items(m *foreign.Message) (list []foreign.Item) {
	for i := range o.Items {
		l := &o.Items[i]
		if l.Parent != "" && l.Parent != "0" {
			continue // its parent has the price
		}
		it := foreign.Item{ID: m.ItemID.Pick(l.SKU, l.Product), Name: string(l.Name), Quantity: string(l.Ordered), Price: string(l.Price)}
		if total, ok := l.RowTotal.Money(); ok {
			if each := foreign.Each(total-abs(l.Discount.Amount()), l.Ordered); each != "" {
				it.Price = each
			}
		}
		it.Props = foreign.String("item_group_id", l.Product)
		list = append(list, it)
	}
	return list
}

func abs(m models.Money) models.Money { return max(m, -m) }

// Verify tells whether the module has signed the body.
func Verify(secret []byte, get func(name string) string, body []byte) bool {
	return foreign.SignedHex(secret, get("X-Orrery-Signature"), body)
}
