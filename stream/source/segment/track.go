package segment

import (
	"strings"

	"orrery/stream/source/foreign"
)

// names are the events of Segment's e-commerce specification, in lower case, and ours. Version 1 had the verb first.
var names = map[string]string{
	"products searched":              "search",
	"product list viewed":            "view_item_list",
	"product list filtered":          "view_item_list",
	"viewed product category":        "view_item_list",
	"product clicked":                "select_item",
	"clicked product":                "select_item",
	"product viewed":                 "view_item",
	"viewed product":                 "view_item",
	"product added":                  "add_to_cart",
	"added product":                  "add_to_cart",
	"wishlist product added to cart": "add_to_cart",
	"product removed":                "remove_from_cart",
	"removed product":                "remove_from_cart",
	"cart viewed":                    "view_cart",
	"viewed cart":                    "view_cart",
	"checkout started":               "begin_checkout",
	"started order":                  "begin_checkout",
	"checkout step completed":        "add_shipping_info",
	"payment info entered":           "add_payment_info",
	"order completed":                "purchase",
	"completed order":                "purchase",
	"order updated":                  "purchase", // the same order id: a revision, never new revenue
	"updated order":                  "purchase",
	"order refunded":                 "refund",
	"refunded order":                 "refund",
	"order cancelled":                "cancel",
	"order canceled":                 "cancel",
	"cancelled order":                "cancel",
	"product added to wishlist":      "add_to_wishlist",
	"product removed from wishlist":  "remove_from_wishlist",
	"promotion viewed":               "view_promotion",
	"viewed promotion":               "view_promotion",
	"promotion clicked":              "select_promotion",
	"clicked promotion":              "select_promotion",
	"email delivered":                "email_sent",
	"email opened":                   "email_open",
	"email link clicked":             "email_click",
	"email bounced":                  "email_bounce",
	"email marked as spam":           "email_complaint",
	"unsubscribed":                   "email_unsubscribe",
	"experiment viewed":              "exposure",
	"signed out":                     "logout",
}

// Name returns our name of a Segment event.
func Name(theirs string) string {
	if ours, ok := names[strings.ToLower(strings.TrimSpace(theirs))]; ok {
		return ours
	}
	return foreign.Snake(theirs)
}

// order is what is read of the properties of an order.
type order struct {
	ID       foreign.Text `json:"order_id"`
	Old      foreign.Text `json:"orderId"`
	Revenue  foreign.Text `json:"revenue"`
	Subtotal foreign.Text `json:"subtotal"`
	Total    foreign.Text `json:"total"`
	Shipping foreign.Text `json:"shipping"`
	Tax      foreign.Text `json:"tax"`
	Value    foreign.Text `json:"value"`
	Currency foreign.Text `json:"currency"`
	Query    foreign.Text `json:"query"`

	Products foreign.List[foreign.Object] `json:"products"`
}

// value is what the order is worth: after discounts, without shipping and tax.
func (o *order) value() string {
	for _, t := range []foreign.Text{o.Revenue, o.Subtotal} {
		if _, ok := t.Money(); ok {
			return string(t)
		}
	}
	if total, ok := o.Total.Money(); ok {
		return foreign.Digits(total - o.Shipping.Amount() - o.Tax.Amount())
	}
	return ""
}

// taken are the properties that have a field of their own.
var taken = []string{"order_id", "orderId", "revenue", "subtotal", "value", "currency", "query", "products"}

// ofProduct are the properties of a product that stand beside those of the event where it is about one.
var ofProduct = []string{"product_id", "productId", "id", "sku", "name", "category", "brand", "variant", "price", "quantity", "position", "url", "image_url", "coupon"}

func (c *call) track(m *foreign.Message, ev *foreign.Event) {
	ev.Name = Name(string(c.Event))
	var o order
	c.Properties.Read(&o)
	ev.Order, ev.Currency = string(o.ID), string(o.Currency)
	if ev.Order == "" {
		ev.Order = string(o.Old)
	}
	for _, p := range o.Products {
		ev.Items = append(ev.Items, item(m, p))
	}
	rest, revised := taken, []foreign.Prop(nil)
	switch ev.Name {
	case "search":
		ev.Query = string(o.Query)
	case "purchase", "refund":
		ev.Value = o.value()
		if name := strings.ToLower(string(c.Event)); ev.Name == "purchase" && strings.Contains(name, "updated") {
			revised = foreign.Revised(ev.Time)
		}
		if _, sum := o.Total.Money(); ev.Name == "refund" && !sum && len(o.Products) == 0 && ev.Value == "" {
			ev.Name = "cancel" // an order that is refunded without saying what: all of it
		}
	case "cancel", "identify", "logout", "email_sent", "email_open", "email_click":
	default:
		ev.Value = string(o.Value)
		if it := item(m, c.Properties); it.ID != "" && len(ev.Items) == 0 {
			ev.Items, rest = []foreign.Item{it}, append(append([]string{}, taken...), ofProduct...)
		}
	}
	ev.Props = c.Properties.Rest(revised, rest...)
}

// product is what is read of a product.
type product struct {
	ID       foreign.Text `json:"product_id"`
	Old      foreign.Text `json:"productId"`
	Older    foreign.Text `json:"id"`
	SKU      foreign.Text `json:"sku"`
	Name     foreign.Text `json:"name"`
	Category foreign.Text `json:"category"`
	Brand    foreign.Text `json:"brand"`
	Variant  foreign.Text `json:"variant"`
	Price    foreign.Text `json:"price"`
	Quantity foreign.Text `json:"quantity"`
	Position foreign.Text `json:"position"`
	URL      foreign.Text `json:"url"`
	Image    foreign.Text `json:"image_url"`
	Coupon   foreign.Text `json:"coupon"`
}

// item reads a product. Its id is product_id, which every call of the specification has; sku only where that is missing, or
// where the shop says so.
func item(_ *foreign.Message, from foreign.Object) foreign.Item {
	var p product
	from.Read(&p)
	id := p.ID
	for _, other := range []foreign.Text{p.Old, p.SKU, p.Older} {
		if id == "" {
			id = other
		}
	}
	it := foreign.Item{ID: string(id), Name: string(p.Name), Category: string(p.Category), Price: string(p.Price), Quantity: string(p.Quantity)}
	if p.SKU != id {
		it.Props = foreign.String("sku", p.SKU)
	}
	it.Props = foreign.Props(it.Props, foreign.String("item_brand", p.Brand), foreign.String("item_variant", p.Variant),
		foreign.String("index", p.Position), foreign.String("url", p.URL), foreign.String("image", p.Image), foreign.String("coupon", p.Coupon))
	return it
}
