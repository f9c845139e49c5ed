package woocommerce

import (
	"orrery/models"
	"orrery/stream/source/foreign"
)

// order is what is read of an order. Times without _gmt are the site's, of a zone that nobody names.
type order struct {
	ID        foreign.Text `json:"id"`
	Number    foreign.Text `json:"number"`
	Parent    foreign.Text `json:"parent_id"`
	Status    foreign.Text `json:"status"`
	Currency  foreign.Text `json:"currency"`
	Created   foreign.Text `json:"date_created_gmt"`
	Modified  foreign.Text `json:"date_modified_gmt"`
	Paid      foreign.Text `json:"date_paid_gmt"`
	Total     foreign.Text `json:"total"`
	TotalTax  foreign.Text `json:"total_tax"`
	Shipping  foreign.Text `json:"shipping_total"`
	Discount  foreign.Text `json:"discount_total"`
	Customer  foreign.Text `json:"customer_id"`
	Method    foreign.Text `json:"payment_method"`
	Via       foreign.Text `json:"created_via"`
	UserAgent foreign.Text `json:"customer_user_agent"`
	Billing   struct {
		Email foreign.Text `json:"email"`
	} `json:"billing"`

	Lines   foreign.List[line]   `json:"line_items"`
	Coupons foreign.List[coupon] `json:"coupon_lines"`
	Refunds foreign.List[refund] `json:"refunds"`
	Meta    foreign.List[meta]   `json:"meta_data"`
}

// line is a line of an order. Its total is after discounts, of all pieces, without tax.
type line struct {
	Product   foreign.Text `json:"product_id"`
	Variation foreign.Text `json:"variation_id"`
	SKU       foreign.Text `json:"sku"`
	Name      foreign.Text `json:"name"`
	Quantity  foreign.Text `json:"quantity"`
	Total     foreign.Text `json:"total"`
	TotalTax  foreign.Text `json:"total_tax"`
	Price     foreign.Text `json:"price"`
}

type coupon struct {
	Code foreign.Text `json:"code"`
}

// refund is money that went back, below 0, with tax and shipping.
type refund struct {
	ID     foreign.Text `json:"id"`
	Reason foreign.Text `json:"reason"`
	Total  foreign.Text `json:"total"`
}

type meta struct {
	Key   foreign.Text `json:"key"`
	Value foreign.Text `json:"value"`
}

// readOrder reads an order with what has become of it. It counts when it is first seen in a status that is revenue.
func readOrder(m *foreign.Message, out *foreign.Events) error {
	var o order
	if err := foreign.Parse(m.Body, &o); err != nil {
		return err
	}
	if o.ID == "" || o.ID == "0" {
		return noID
	}
	if o.Parent != "" && o.Parent != "0" {
		out.Skip("child of another order")
		return nil
	}
	switch o.Status {
	case "processing", "on-hold", "completed", "refunded":
	case "cancelled", "failed", "trash":
		out.Add(cancel(o.ID, o.Modified, o.Status))
		return nil
	case "pending", "checkout-draft", "auto-draft":
		out.Skip("order without payment")
		return nil
	default: // of a plug-in: that it was paid says that it counts
		if o.Paid == "" {
			out.Skip("order of an unknown status")
			return nil
		}
	}
	out.Add(o.purchase(m))
	for i := range o.Refunds {
		o.refund(&o.Refunds[i], out)
	}
	if o.Status == "refunded" && len(o.Refunds) == 0 {
		out.Add(&foreign.Event{Name: "refund", ID: foreign.Join("woocommerce", "refunded", string(o.ID)), Order: string(o.ID),
			Time: foreign.UTC(o.Modified), Value: foreign.Digits(o.value()), Currency: string(o.Currency)})
	}
	return nil
}

// value is what the order is worth: without tax and shipping.
func (o *order) value() models.Money {
	return max(0, o.Total.Amount()-o.TotalTax.Amount()-o.Shipping.Amount())
}

func (o *order) purchase(m *foreign.Message) *foreign.Event {
	modified := o.Modified
	if modified == "" {
		modified = foreign.Text(m.Delivery)
	}
	when := foreign.UTC(o.Paid)
	if when == "" {
		when = foreign.UTC(o.Created)
	}
	ev := &foreign.Event{Name: "purchase", ID: foreign.Join("woocommerce", "order", string(o.ID), string(o.Status), string(modified)), Order: string(o.ID),
		Time: when, Visitor: o.visitor(), Contact: o.contact(), Currency: string(o.Currency)}
	if ev.Visitor == "" && ev.Contact == "" {
		ev.Visitor = "woocommerce-order-" + string(o.ID) // a guest at the till
	}
	if _, ok := o.Total.Money(); ok {
		ev.Value = foreign.Digits(o.value())
	}
	for i := range o.Lines {
		ev.Items = append(ev.Items, o.Lines[i].item(m))
	}
	var codes []string
	for _, c := range o.Coupons {
		if c.Code != "" {
			codes = append(codes, string(c.Code))
		}
	}
	ev.Props = foreign.Props(foreign.Revised(foreign.UTC(o.Modified)), foreign.String("order_status", o.Status), foreign.String("order_number", o.Number), foreign.String("total", o.Total),
		foreign.String("tax", o.TotalTax), foreign.String("shipping", o.Shipping), foreign.String("discount", o.Discount), foreign.Strings("coupon", codes),
		foreign.String("payment_method", o.Method), foreign.String("created_via", o.Via))
	return ev
}

func (l *line) item(m *foreign.Message) foreign.Item {
	it := foreign.Item{ID: m.ItemID.Pick(l.SKU, l.Variation, l.Product), Name: string(l.Name), Quantity: string(l.Quantity), Price: string(l.Price)}
	if total, ok := l.Total.Money(); ok {
		if each := foreign.Each(total, l.Quantity); each != "" {
			it.Price = each
		}
	}
	if l.Product != "0" {
		it.Props = foreign.String("item_group_id", l.Product)
	}
	return it
}

// refund adds a refund of the order. What it says is with tax, and the order is worth what it is without: of the refund the
// same share is tax as of the order's lines. What it says of shipping is more than the order is worth, and is cut there when it counts.
func (o *order) refund(r *refund, out *foreign.Events) {
	amount := r.Total.Amount()
	if amount < 0 {
		amount = -amount
	}
	if r.ID == "" || amount == 0 {
		out.Skip("refund without money")
		return
	}
	var net, taxes models.Money
	for i := range o.Lines {
		net += o.Lines[i].Total.Amount()
		taxes += o.Lines[i].TotalTax.Amount()
	}
	if net > 0 && taxes > 0 {
		amount = models.MoneyOf(amount.Float() * net.Float() / (net + taxes).Float())
		amount = (amount + cent/2) / cent * cent // as it was before tax
	}
	out.Add(&foreign.Event{Name: "refund", ID: foreign.Join("woocommerce", "refund", string(r.ID)), Order: string(o.ID), Time: foreign.UTC(o.Modified),
		Value: foreign.Digits(amount), Currency: string(o.Currency), Props: foreign.String("reason", r.Reason)})
}

const cent = models.Micros / 100

// cancel names nobody, since a deleted order does not say whose it was: all copies lie under the order.
func cancel(id, when, status foreign.Text) *foreign.Event {
	return &foreign.Event{Name: "cancel", ID: foreign.Join("woocommerce", "cancel", string(id)), Order: string(id), Time: foreign.UTC(when),
		Props: foreign.String("order_status", status)}
}

func readDeleted(m *foreign.Message, out *foreign.Events) error {
	var o order
	if err := foreign.Parse(m.Body, &o); err != nil {
		return err
	}
	if o.ID == "" || o.ID == "0" {
		return noID
	}
	out.Add(cancel(o.ID, "", "deleted"))
	return nil
}

// contact returns who ordered: by mail address, else by number, 0 being a guest.
func (o *order) contact() string {
	if o.Billing.Email != "" {
		return string(o.Billing.Email)
	}
	if o.Customer != "0" {
		return string(o.Customer)
	}
	return ""
}

func (o *order) visitor() string {
	for _, m := range o.Meta {
		if m.Key == foreign.VisitorMember {
			return string(m.Value)
		}
	}
	return ""
}
