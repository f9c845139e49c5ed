// Package prestashop reads what a module of PrestaShop posts from the shop's hooks: {"hook": NAME, ...} with the objects that the hook
// is given, as PrestaShop writes them. PrestaShop itself sends nothing; the signature is X-Orrery-Signature, the HMAC-SHA-256 of the
// body under the secret, in hexadecimal.
package prestashop

import (
	"orrery/models"
	"orrery/stream/source/foreign"
)

type payload struct {
	Hook     foreign.Text      `json:"hook"`
	Visitor  foreign.Text      `json:"visitor"` // of the tracker's cookie
	Order    order             `json:"order"`
	Customer customer          `json:"customer"`
	Currency currency          `json:"currency"`
	Status   status            `json:"orderStatus"`
	New      status            `json:"newOrderStatus"`
	Slip     slip              `json:"orderSlip"`
	Cart     cart              `json:"cart"`
	ID       foreign.Text      `json:"id_product"`
	Variant  foreign.Text      `json:"id_product_attribute"`
	Pieces   foreign.Text      `json:"quantity"`
	Products foreign.List[row] `json:"products"`
}

type currency struct {
	Code foreign.Text `json:"iso_code"`
}

// status is an order's. Which one it is each shop names by itself: what it means its flags say.
type status struct {
	ID       foreign.Text `json:"id"`
	Name     foreign.Text `json:"name"`
	Paid     foreign.Text `json:"paid"`
	Shipped  foreign.Text `json:"shipped"`
	Logable  foreign.Text `json:"logable"`
	Deleted  foreign.Text `json:"deleted"`
	Template foreign.Text `json:"template"`
}

// cancelled tells whether the status is the one that PrestaShop comes with for orders that are off (6), or refunds (7), or a failed
// payment (8).
func (s *status) cancelled() bool {
	return s.ID == "6" || s.ID == "8" || s.Template == "order_canceled" || s.Template == "payment_error"
}

func (s *status) refunded() bool { return s.ID == "7" || s.Template == "refund" }

type order struct {
	ID        foreign.Text `json:"id"`
	Reference foreign.Text `json:"reference"`
	Total     foreign.Text `json:"total_paid_tax_excl"`
	Shipping  foreign.Text `json:"total_shipping_tax_excl"`
	Discounts foreign.Text `json:"total_discounts_tax_excl"`
	Valid     foreign.Text `json:"valid"`
	Cart      foreign.Text `json:"id_cart"`
	Added     foreign.Text `json:"date_add"`
	Updated   foreign.Text `json:"date_upd"`
	Payment   foreign.Text `json:"payment"`

	Associations struct {
		Rows foreign.List[row] `json:"order_rows"`
	} `json:"associations"`
}

type row struct {
	Product   foreign.Text `json:"product_id"`
	OtherID   foreign.Text `json:"id_product"`
	Variant   foreign.Text `json:"product_attribute_id"`
	OtherVar  foreign.Text `json:"id_product_attribute"`
	Reference foreign.Text `json:"product_reference"`
	OtherRef  foreign.Text `json:"reference"`
	Name      foreign.Text `json:"product_name"`
	OtherName foreign.Text `json:"name"`
	Quantity  foreign.Text `json:"product_quantity"`
	InCart    foreign.Text `json:"cart_quantity"`
	Net       foreign.Text `json:"unit_price_tax_excl"`
	Gross     foreign.Text `json:"unit_price_tax_incl"`
	Price     foreign.Text `json:"price"`
}

type customer struct {
	ID         foreign.Text `json:"id"`
	Email      foreign.Text `json:"email"`
	First      foreign.Text `json:"firstname"`
	Last       foreign.Text `json:"lastname"`
	Newsletter foreign.Text `json:"newsletter"`
	Partners   foreign.Text `json:"optin"`
	Birthday   foreign.Text `json:"birthday"`
	Gender     foreign.Text `json:"id_gender"`
	Guest      foreign.Text `json:"is_guest"`
	Deleted    foreign.Text `json:"deleted"`
	Updated    foreign.Text `json:"date_upd"`
}

type slip struct {
	ID       foreign.Text `json:"id"`
	Order    foreign.Text `json:"id_order"`
	Products foreign.Text `json:"total_products_tax_excl"`
	Amount   foreign.Text `json:"amount"`
	Added    foreign.Text `json:"date_add"`
}

type cart struct {
	ID       foreign.Text      `json:"id"`
	Updated  foreign.Text      `json:"date_upd"`
	Products foreign.List[row] `json:"products"`
}

var noID = &models.Invalid{Field: "id", Code: models.Missing, Reason: "id is missing: what the message is about has no number"}

// Read turns what a hook is given into events.
func Read(m *foreign.Message, out *foreign.Events) error {
	var p payload
	if err := foreign.Parse(m.Body, &p); err != nil {
		return err
	}
	if p.Hook == "" {
		p.Hook = foreign.Text(m.Topic)
	}
	switch p.Hook {
	case "actionValidateOrder":
		if p.New.ID == "" {
			p.New = p.Status
		}
		return p.order(m, out)
	case "actionOrderStatusPostUpdate", "actionOrderStatusUpdate", "order":
		return p.order(m, out)
	case "actionOrderSlipAdd":
		return p.slip(m, out)
	case "actionCartSave":
		return p.cart(m, out)
	case "actionCustomerAccountAdd", "actionCustomerAccountUpdate", "actionAuthentication":
		return p.identify(out)
	case "actionUpdateQuantity":
		return p.stock(m, out)
	}
	out.Skip("hook " + foreign.Known(string(p.Hook), "actionCartUpdateQuantityBefore", "actionCustomerLogoutAfter", "actionProductUpdate", "actionProductAdd"))
	return nil
}

// order reads an order in the status that it has come into. It counts once it is paid, shipped or logable: valid.
func (p *payload) order(m *foreign.Message, out *foreign.Events) error {
	o := &p.Order
	switch {
	case o.ID == "" || o.ID == "0":
		return noID
	case p.New.cancelled():
		out.Add(&foreign.Event{Name: "cancel", ID: foreign.Join("prestashop", "cancel", string(o.ID)), Order: string(o.ID), Props: foreign.String("order_status", p.New.Name)})
		return nil
	case p.New.refunded():
		out.Add(&foreign.Event{Name: "refund", ID: foreign.Join("prestashop", "refunded", string(o.ID)), Order: string(o.ID), Value: foreign.Digits(o.value()),
			Currency: string(p.Currency.Code), Props: foreign.String("order_status", p.New.Name)})
		return nil
	case !o.Valid.True() && !p.New.Paid.True() && !p.New.Shipped.True() && !p.New.Logable.True():
		out.Skip("order without payment")
		return nil
	}
	ev := foreign.Event{Name: "purchase", ID: foreign.Join("prestashop", "order", string(o.ID), string(p.New.ID), string(o.Updated)), Order: string(o.ID),
		Visitor: string(p.Visitor), Contact: p.Customer.contact(), Currency: string(p.Currency.Code), Time: zoned(o.Added),
		Props: foreign.Props(foreign.Revised(foreign.UTC(o.Updated)), foreign.String("reference", o.Reference), foreign.String("order_status", p.New.Name), foreign.String("discount", o.Discounts),
			foreign.String("shipping", o.Shipping), foreign.String("payment_method", o.Payment), foreign.String("cart", o.Cart), foreign.String("ordered_at", o.Added))}
	if ev.Visitor == "" && ev.Contact == "" {
		ev.Visitor = "prestashop-order-" + string(o.ID)
	}
	if _, ok := o.Total.Money(); ok {
		ev.Value = foreign.Digits(o.value())
	}
	rows := o.Associations.Rows
	if len(rows) == 0 {
		rows = p.Products
	}
	for i := range rows {
		ev.Items = append(ev.Items, rows[i].item(m))
	}
	out.Add(&ev)
	return nil
}

// zoned returns a time that says its zone; PrestaShop's own are the shop's clock, and nobody says which that is: then the moment of
// the hook is the better one, since a hook comes at once.
func zoned(t foreign.Text) string {
	if _, ok := models.ParseTime([]byte(t)); ok {
		return string(t)
	}
	return ""
}

// value is what the order is worth: without tax and shipping.
func (o *order) value() models.Money { return max(0, o.Total.Amount()-o.Shipping.Amount()) }

func or(list ...foreign.Text) foreign.Text {
	for _, t := range list {
		if t != "" {
			return t
		}
	}
	return ""
}

func (r *row) item(m *foreign.Message) foreign.Item {
	product := or(r.Product, r.OtherID)
	number := product
	if v := or(r.Variant, r.OtherVar); v != "" && v != "0" {
		number = product + "-" + v
	}
	it := foreign.Item{ID: m.ItemID.Pick(or(r.Reference, r.OtherRef), number), Name: string(or(r.Name, r.OtherName)),
		Price: string(or(r.Net, r.Price, r.Gross)), Quantity: string(or(r.Quantity, r.InCart)), Props: foreign.String("item_group_id", product)}
	return it
}

func (c *customer) contact() string {
	if c.Email != "" {
		return string(c.Email)
	}
	if c.ID != "0" {
		return string(c.ID)
	}
	return ""
}

// slip reads a credit slip: amount is of the products with tax, total_products_tax_excl without.
func (p *payload) slip(m *foreign.Message, out *foreign.Events) error {
	s, id := &p.Slip, p.Slip.Order
	if id == "" {
		id = p.Order.ID
	}
	if id == "" || s.ID == "" {
		return noID
	}
	value := or(s.Products, s.Amount)
	if value.Amount() <= 0 {
		out.Skip("refund without money")
		return nil
	}
	out.Add(&foreign.Event{Name: "refund", ID: foreign.Join("prestashop", "slip", string(s.ID)), Order: string(id), Value: foreign.Digits(value.Amount()),
		Currency: string(p.Currency.Code), Time: zoned(s.Added)})
	return nil
}

// cart reads a cart as it stands: the hook fires several times a page, and what has not changed is the same event.
func (p *payload) cart(m *foreign.Message, out *foreign.Events) error {
	if p.Visitor == "" && p.Customer.contact() == "" {
		out.Skip("nobody")
		return nil
	}
	rows := p.Cart.Products
	if len(rows) == 0 {
		rows = p.Products
	}
	ev := foreign.Event{Name: "view_cart", ID: foreign.Join("prestashop", "cart", string(p.Cart.ID), string(p.Cart.Updated)), Visitor: string(p.Visitor), Contact: p.Customer.contact(),
		Currency: string(p.Currency.Code), Time: zoned(p.Cart.Updated), Props: foreign.String("cart", p.Cart.ID)}
	if p.Cart.ID == "" {
		ev.ID = ""
	}
	for i := range rows {
		ev.Items = append(ev.Items, rows[i].item(m))
	}
	out.Add(&ev)
	return nil
}

func (p *payload) identify(out *foreign.Events) error {
	c := &p.Customer
	if c.contact() == "" {
		return noID
	}
	if c.Deleted.True() {
		out.Skip("deleted customer")
		return nil
	}
	birthday := c.Birthday
	if birthday == "0000-00-00" {
		birthday = ""
	}
	gender := map[foreign.Text]string{"1": "male", "2": "female"}[c.Gender]
	out.Add(&foreign.Event{Name: "identify", ID: foreign.Join("prestashop", string(p.Hook), string(c.ID), string(c.Updated), string(p.Visitor)), Visitor: string(p.Visitor), Contact: c.contact(),
		Time: zoned(c.Updated), Props: foreign.Props(foreign.String("first_name", c.First), foreign.String("last_name", c.Last), foreign.String("birthday", birthday),
			foreign.String("gender", gender), consent("email_consent", c.Newsletter), consent("partner_consent", c.Partners), foreign.String("customer_id", c.ID))})
	return nil
}

// consent returns whether somebody wants to hear from the shop, where the customer's record says so.
func consent(name string, given foreign.Text) []foreign.Prop {
	switch {
	case given == "":
		return nil
	case given.True():
		return foreign.String(name, "granted")
	}
	return foreign.String(name, "denied")
}

func (p *payload) stock(m *foreign.Message, out *foreign.Events) error {
	r := row{Product: p.ID, Variant: p.Variant}
	if len(p.Products) == 1 {
		r = p.Products[0]
	}
	it := r.item(m)
	if it.ID == "" || p.Pieces == "" {
		return noID
	}
	out.Add(&foreign.Event{Name: "product_stock", Items: []foreign.Item{{ID: it.ID, Props: foreign.String("stock", p.Pieces)}}})
	return nil
}

// Verify tells whether the module has signed the body.
func Verify(secret []byte, get func(name string) string, body []byte) bool {
	return foreign.SignedHex(secret, get("X-Orrery-Signature"), body)
}
