// Package idosell reads the webhooks of IdoSell, whose bodies a shop writes itself in IdoSell's template language. The body to write is
//
//	{"token": SECRET, "order": {"orderId", "orderSerialNumber", "orderStatus", "orderAddDate", "orderChangeDate", "clientEmail", "visitor", "orderCurrency",
//	"orderProductsCost", "productsResults": [{"productId", "sizeId", "productName", "productQuantity", "productOrderPriceNet"}]}}
//
// with the template's own tags as values: the names are those of IdoSell's interface for orders, whose answers are read as well.
package idosell

import (
	"time"

	"orrery/models"
	"orrery/stream/source/foreign"
)

type payload struct {
	Token  foreign.Text        `json:"token"`
	Order  order               `json:"order"`
	Orders foreign.List[order] `json:"Results"` // of the interface
}

type order struct {
	ID       foreign.Text `json:"orderId"`
	Serial   foreign.Text `json:"orderSerialNumber"`
	Status   foreign.Text `json:"orderStatus"`
	Added    foreign.Text `json:"orderAddDate"`
	Changed  foreign.Text `json:"orderChangeDate"`
	Email    foreign.Text `json:"clientEmail"`
	Visitor  foreign.Text `json:"visitor"`
	Currency foreign.Text `json:"orderCurrency"`
	Cost     foreign.Text `json:"orderProductsCost"`
	Source   foreign.Text `json:"orderSourceType"`
	Coupon   foreign.Text `json:"discountCode"`

	Products foreign.List[product] `json:"productsResults"`
	Details  *order                `json:"orderDetails"` // of the interface: the rest of the order
	Client   struct {
		Account struct {
			Email foreign.Text `json:"clientEmail"`
			ID    foreign.Text `json:"clientId"`
		} `json:"clientAccount"`
	} `json:"clientResult"`
	Payments struct {
		Currency struct {
			ID   foreign.Text `json:"currencyId"`
			Cost foreign.Text `json:"orderProductsCost"`
		} `json:"orderCurrency"`
	} `json:"payments"`
}

type product struct {
	ID       foreign.Text `json:"productId"`
	Size     foreign.Text `json:"sizeId"`
	Name     foreign.Text `json:"productName"`
	Code     foreign.Text `json:"productCode"`
	Quantity foreign.Text `json:"productQuantity"`
	Gross    foreign.Text `json:"productOrderPrice"`
	Net      foreign.Text `json:"productOrderPriceNet"`
	Mode     foreign.Text `json:"orderSalesMode"`
}

// Read turns a webhook, or an answer of the interface, into events.
func Read(m *foreign.Message, out *foreign.Events) error {
	var p payload
	if err := foreign.Parse(m.Body, &p); err != nil {
		return err
	}
	if len(p.Orders) == 0 && p.Order.ID == "" && p.Order.Serial == "" {
		return &models.Invalid{Field: "order", Code: models.Missing, Reason: "order.orderId is missing: which order the message is about"}
	}
	if len(p.Orders) == 0 {
		p.Orders = foreign.List[order]{p.Order}
	}
	for i := range p.Orders {
		p.Orders[i].read(m, out)
	}
	return nil
}

// warsaw is where IdoSell's clocks stand.
var warsaw = func() *time.Location {
	place, err := time.LoadLocation("Europe/Warsaw")
	if err != nil {
		return time.FixedZone("CET", 3600)
	}
	return place
}()

func (o *order) read(m *foreign.Message, out *foreign.Events) {
	all := *o
	if d := o.Details; d != nil {
		all = *d
		all.ID, all.Serial, all.Details = or(o.ID, d.ID), or(o.Serial, d.Serial), nil
		all.Client = o.Client
	}
	o = &all
	id := string(or(o.ID, o.Serial))
	switch o.Status {
	case "", "new", "payment_waiting", "on_order", "packed", "packed_fulfillment", "packed_ready", "packing", "ready", "delivery_waiting", "finished", "finished_ext", "wait_for_dispatch", "complainted":
	case "canceled", "cancelled", "false", "lost", "suspended":
		out.Add(&foreign.Event{Name: "cancel", ID: foreign.Join("idosell", "cancel", id), Order: id, Props: foreign.String("order_status", o.Status)})
		return
	case "joined":
		out.Skip("order that was joined with another")
		return
	default:
		out.Skip("order of an unknown status")
		return
	}
	key := foreign.Join("idosell", "order", id, string(o.Status))
	if o.Changed != "" {
		key = foreign.Join(key, string(o.Changed))
	}
	ev := foreign.Event{Name: "purchase", ID: key, Order: id, Visitor: string(o.Visitor),
		Contact: string(or(o.Email, o.Client.Account.Email, o.Client.Account.ID)), Time: foreign.In(o.Added, warsaw),
		Currency: string(or(o.Payments.Currency.ID, o.Currency)), Value: string(or(o.Payments.Currency.Cost, o.Cost)),
		Props: foreign.Props(foreign.Revised(foreign.In(o.Changed, warsaw)), foreign.String("order_status", o.Status), foreign.String("order_number", o.Serial), foreign.String("source_name", o.Source), foreign.String("coupon", o.Coupon))}
	if ev.Visitor == "" && ev.Contact == "" {
		ev.Visitor = "idosell-order-" + id
	}
	var net models.Money
	whole := len(o.Products) > 0
	for i := range o.Products {
		p := &o.Products[i]
		ev.Items = append(ev.Items, p.item(m))
		price, ok := p.Net.Money()
		pieces, counted := p.Quantity.Money()
		whole = whole && ok && counted
		net += models.MoneyOf(price.Float() * pieces.Float())
	}
	if whole { // the order's own sum is with tax
		ev.Value = foreign.Digits(net)
	}
	out.Add(&ev)
}

func or(list ...foreign.Text) foreign.Text {
	for _, t := range list {
		if t != "" {
			return t
		}
	}
	return ""
}

// item reads a product: what is sold is a product in a size.
func (p *product) item(m *foreign.Message) foreign.Item {
	number := p.ID
	if p.Size != "" && p.Size != "uniw" && p.Size != "onesize" { // those are of products without sizes
		number += "-" + p.Size
	}
	return foreign.Item{ID: m.ItemID.Pick(p.Code, number), Name: string(p.Name), Price: string(or(p.Net, p.Gross)), Quantity: string(p.Quantity),
		Props: foreign.Props(foreign.String("item_group_id", p.ID), foreign.String("item_variant", p.Size))}
}

// Verify tells whether the body, or a header, has the secret: what a template writes cannot be signed.
func Verify(secret []byte, get func(name string) string, body []byte) bool {
	var p payload
	if foreign.Same(secret, get("X-Orrery-Token")) {
		return true
	}
	return foreign.Parse(body, &p) == nil && foreign.Same(secret, string(p.Token))
}
