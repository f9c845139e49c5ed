package shopify

import (
	"orrery/models"
	"orrery/stream/source/foreign"
)

// order is what is read of an order.
type order struct {
	ID          foreign.Text `json:"id"`
	Email       foreign.Text `json:"email"`
	OtherEmail  foreign.Text `json:"contact_email"`
	Customer    customer     `json:"customer"`
	Created     foreign.Text `json:"created_at"`
	Processed   foreign.Text `json:"processed_at"`
	Updated     foreign.Text `json:"updated_at"`
	Cancelled   foreign.Text `json:"cancelled_at"`
	Reason      foreign.Text `json:"cancel_reason"`
	Test        foreign.Text `json:"test"`
	Currency    foreign.Text `json:"currency"`
	Subtotal    foreign.Text `json:"subtotal_price"`
	Current     foreign.Text `json:"current_subtotal_price"` // after edits and refunds
	Total       foreign.Text `json:"total_price"`
	TotalTax    foreign.Text `json:"total_tax"`
	Discounts   foreign.Text `json:"total_discounts"`
	TaxIncluded foreign.Text `json:"taxes_included"`
	Financial   foreign.Text `json:"financial_status"`
	Fulfilment  foreign.Text `json:"fulfillment_status"`
	Cart        foreign.Text `json:"cart_token"`
	Source      foreign.Text `json:"source_name"`
	Landing     foreign.Text `json:"landing_site"`
	Referring   foreign.Text `json:"referring_site"`

	Notes    foreign.List[note]   `json:"note_attributes"`
	Codes    foreign.List[code]   `json:"discount_codes"`
	Lines    foreign.List[line]   `json:"line_items"`
	Refunds  foreign.List[refund] `json:"refunds"`
	Shipping struct {
		Shop amount `json:"shop_money"`
	} `json:"total_shipping_price_set"`
}

type note struct {
	Name  foreign.Text `json:"name"`
	Value foreign.Text `json:"value"`
}

type code struct {
	Code foreign.Text `json:"code"`
}

type amount struct {
	Amount foreign.Text `json:"amount"`
}

// line is a line of an order. Its price is that of one piece before discounts.
type line struct {
	ID         foreign.Text         `json:"id"`
	Product    foreign.Text         `json:"product_id"`
	Variant    foreign.Text         `json:"variant_id"`
	SKU        foreign.Text         `json:"sku"`
	Title      foreign.Text         `json:"title"`
	VariantOf  foreign.Text         `json:"variant_title"`
	Vendor     foreign.Text         `json:"vendor"`
	Quantity   foreign.Text         `json:"quantity"`
	Price      foreign.Text         `json:"price"`
	Discount   foreign.Text         `json:"total_discount"`
	GiftCard   foreign.Text         `json:"gift_card"`
	Allocation foreign.List[amount] `json:"discount_allocations"`
	Taxes      foreign.List[tax]    `json:"tax_lines"`
}

type tax struct {
	Price foreign.Text `json:"price"`
	Rate  foreign.Text `json:"rate"`
}

// paid returns what the line's pieces cost after discounts, by the prices of the order, and the tax on that.
func (l *line) paid() (total, taxes models.Money) {
	quantity, ok := l.Quantity.Money()
	if !ok {
		quantity = models.Micros
	}
	total = times(l.Price.Amount(), quantity)
	if len(l.Allocation) > 0 {
		for _, a := range l.Allocation {
			total -= a.Amount.Amount()
		}
	} else {
		total -= l.Discount.Amount()
	}
	for _, t := range l.Taxes {
		taxes += t.Price.Amount()
	}
	return total, taxes
}

// times multiplies a price by a number of pieces. Pieces are whole most of the time, and then it is exact.
func times(price, quantity models.Money) models.Money {
	if quantity%models.Micros == 0 && quantity >= 0 && quantity < 1e6*models.Micros && price < models.MaxPrice && price > -models.MaxPrice {
		return price * (quantity / models.Micros)
	}
	return models.MoneyOf(price.Float() * quantity.Float())
}

// item returns a line as an item, at what a piece cost without tax, and false where it is money that is bought.
func (l *line) item(m *foreign.Message, included bool) (foreign.Item, bool) {
	total, taxes := l.paid()
	if included {
		total -= taxes
	}
	it := foreign.Item{ID: m.ItemID.Pick(l.SKU, l.Variant, l.Product), Name: string(l.Title), Quantity: string(l.Quantity),
		Price: foreign.Each(total, l.Quantity)}
	if it.Price == "" {
		it.Price = string(l.Price)
	}
	it.Props = foreign.Props(foreign.String("item_group_id", l.Product), foreign.String("item_brand", l.Vendor), foreign.String("item_variant", l.VariantOf))
	return it, !l.GiftCard.True()
}

// contact returns who ordered: by mail address, else by number.
func (o *order) contact() string {
	for _, t := range []foreign.Text{o.Email, o.OtherEmail, o.Customer.Email, o.Customer.ID} {
		if t != "" && t != "0" {
			return string(t)
		}
	}
	return ""
}

func visitor(notes []note) string {
	for _, n := range notes {
		if n.Name == foreign.VisitorMember {
			return string(n.Value)
		}
	}
	return ""
}

// readOrder reads orders/*: the order with what has become of it. Whatever topic tells of it first, it is the same purchase, and
// each refund is the same refund.
func readOrder(m *foreign.Message, out *foreign.Events) error {
	var o order
	if err := foreign.Parse(m.Body, &o); err != nil {
		return err
	}
	switch {
	case o.ID == "":
		return noID
	case o.Test.True():
		out.Skip("test order")
		return nil
	case m.Topic == "orders/delete":
		out.Add(o.cancel(m))
		return nil
	}
	if o.Cancelled != "" || m.Topic == "orders/cancelled" {
		out.Add(o.cancel(m)) // with all that was and will be refunded of it
		return nil
	}
	out.Add(o.purchase(m))
	for i := range o.Refunds {
		if r := &o.Refunds[i]; r.ID != "" {
			r.Order, r.TaxIncluded = o.ID, o.TaxIncluded
			r.add(m, out)
		}
	}
	return nil
}

func (o *order) purchase(m *foreign.Message) *foreign.Event {
	ev := &foreign.Event{Name: "purchase", ID: foreign.Join("shopify", "order", string(o.ID), stamp(m, o.Updated)), Order: string(o.ID),
		Time: first(o.Processed, o.Created), Visitor: visitor(o.Notes), Contact: o.contact(), Currency: string(o.Currency)}
	if ev.Visitor == "" && ev.Contact == "" {
		ev.Visitor = "shopify-order-" + string(o.ID) // a guest at the till
	}
	included := o.TaxIncluded.True()
	value, stated := o.gross()
	for i := range o.Lines {
		l := &o.Lines[i]
		it, isProduct := l.item(m, included)
		total, taxes := l.paid()
		if included {
			value -= taxes
		}
		if isProduct {
			ev.Items = append(ev.Items, it)
			continue
		}
		if value -= total; included { // a gift card is money for money: no revenue
			value += taxes
		}
	}
	if stated {
		ev.Value = foreign.Digits(value)
	}
	var codes []string
	for _, c := range o.Codes {
		if c.Code != "" {
			codes = append(codes, string(c.Code))
		}
	}
	ev.Props = foreign.Props(foreign.Revised(foreign.UTC(o.Updated)), foreign.String("order_status", o.Financial), foreign.String("fulfillment_status", o.Fulfilment),
		foreign.String("total", o.Total), foreign.String("tax", o.TotalTax), foreign.String("discount", o.Discounts), foreign.String("shipping", o.Shipping.Shop.Amount),
		foreign.Strings("coupon", codes), foreign.String("source_name", o.Source), foreign.String("cart", o.Cart), foreign.String("landing_site", o.Landing),
		foreign.String("referring_site", o.Referring))
	return ev
}

// gross is what the order's pieces come to, those that went back included. Edits that add pieces show in what is left of it at once, and
// in the subtotal with most versions of the interface.
func (o *order) gross() (models.Money, bool) {
	value, stated := o.Subtotal.Money()
	left, ok := o.Current.Money()
	if !ok {
		return value, stated
	}
	for i := range o.Refunds {
		for k := range o.Refunds[i].Lines {
			left += o.Refunds[i].Lines[k].Subtotal.Amount()
		}
	}
	return max(value, left), true
}

func (o *order) cancel(m *foreign.Message) *foreign.Event {
	return &foreign.Event{Name: "cancel", ID: foreign.Join("shopify", "cancel", string(o.ID)), Order: string(o.ID),
		Time: first(o.Cancelled, o.Updated), Props: foreign.String("reason", o.Reason)}
}

func first(list ...foreign.Text) string {
	for _, t := range list {
		if t != "" {
			return string(t)
		}
	}
	return ""
}

// stamp tells one state of a thing from the next: when it was changed, else the delivery.
func stamp(m *foreign.Message, updated foreign.Text) string {
	if updated != "" {
		return string(updated)
	}
	return m.Delivery
}
