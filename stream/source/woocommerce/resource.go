package woocommerce

import "orrery/stream/source/foreign"

// customer is what is read of a customer.
type customer struct {
	ID       foreign.Text `json:"id"`
	Email    foreign.Text `json:"email"`
	First    foreign.Text `json:"first_name"`
	Last     foreign.Text `json:"last_name"`
	Role     foreign.Text `json:"role"`
	Created  foreign.Text `json:"date_created_gmt"`
	Modified foreign.Text `json:"date_modified_gmt"`
	Billing  struct {
		Phone   foreign.Text `json:"phone"`
		City    foreign.Text `json:"city"`
		Country foreign.Text `json:"country"`
	} `json:"billing"`
}

func readCustomer(m *foreign.Message, out *foreign.Events) error {
	var c customer
	if err := foreign.Parse(m.Body, &c); err != nil {
		return err
	}
	contact := c.Email
	if contact == "" {
		contact = c.ID
	}
	if contact == "" || contact == "0" {
		return noID
	}
	modified := c.Modified
	if modified == "" {
		modified = c.Created
	}
	out.Add(&foreign.Event{Name: "identify", ID: foreign.Join("woocommerce", "customer", string(c.ID), string(modified)), Contact: string(contact),
		Time: foreign.UTC(modified), Props: foreign.Props(foreign.String("first_name", c.First), foreign.String("last_name", c.Last),
			foreign.String("phone", c.Billing.Phone), foreign.String("city", c.Billing.City), foreign.String("country", c.Billing.Country),
			foreign.String("customer_id", c.ID), foreign.String("role", c.Role))})
	return nil
}

// product is what is read of a product, or of a variation, which has a parent and no name of its own.
type product struct {
	ID         foreign.Text         `json:"id"`
	Parent     foreign.Text         `json:"parent_id"`
	SKU        foreign.Text         `json:"sku"`
	Name       foreign.Text         `json:"name"`
	Type       foreign.Text         `json:"type"`
	Status     foreign.Text         `json:"status"`
	Visibility foreign.Text         `json:"catalog_visibility"`
	Price      foreign.Text         `json:"price"`
	Regular    foreign.Text         `json:"regular_price"`
	Sale       foreign.Text         `json:"sale_price"`
	OnSale     foreign.Text         `json:"on_sale"`
	Stock      foreign.Text         `json:"stock_status"`
	Link       foreign.Text         `json:"permalink"`
	Created    foreign.Text         `json:"date_created_gmt"`
	Modified   foreign.Text         `json:"date_modified_gmt"`
	Categories foreign.List[named]  `json:"categories"`
	Brands     foreign.List[named]  `json:"brands"`
	Images     foreign.List[image]  `json:"images"`
	Attributes foreign.List[option] `json:"attributes"`
}

type named struct {
	Name foreign.Text `json:"name"`
}

type image struct {
	Src foreign.Text `json:"src"`
}

type option struct {
	Name   foreign.Text `json:"name"`
	Option foreign.Text `json:"option"`
}

func readProduct(m *foreign.Message, out *foreign.Events) error {
	var p product
	if err := foreign.Parse(m.Body, &p); err != nil {
		return err
	}
	id := m.ItemID.Pick(p.SKU, p.ID)
	if id == "" {
		return noID
	}
	ev := &foreign.Event{Name: "product_upsert", ID: foreign.Join("woocommerce", "product", string(p.ID), string(p.Modified)), Time: foreign.UTC(p.Modified)}
	if ev.Time == "" {
		ev.Time = foreign.UTC(p.Created)
	}
	if p.Status != "" && p.Status != "publish" || p.Visibility == "hidden" {
		ev.Name, ev.Items = "product_remove", []foreign.Item{{ID: id}}
	} else {
		ev.Items = []foreign.Item{p.item(id)}
	}
	out.Add(ev)
	return nil
}

func (p *product) item(id string) foreign.Item {
	it := foreign.Item{ID: id, Name: string(p.Name), Price: string(p.Price)}
	sale := foreign.Text("")
	if p.OnSale.True() && p.Regular != "" {
		if sale = p.Sale; sale == "" {
			sale = p.Price
		}
		it.Price = string(p.Regular)
	}
	if len(p.Categories) > 0 {
		it.Category = string(p.Categories[0].Name)
	}
	group := p.ID
	if p.Parent != "" && p.Parent != "0" {
		group = p.Parent
	}
	it.Props = foreign.Props(foreign.String("item_group_id", group), foreign.String("sale_price", sale), foreign.String("url", p.Link),
		foreign.String("availability", p.availability()))
	if len(p.Images) > 0 {
		it.Props = append(it.Props, foreign.String("image", p.Images[0].Src)...)
	}
	if len(p.Brands) > 0 {
		it.Props = append(it.Props, foreign.String("item_brand", p.Brands[0].Name)...)
	}
	for _, a := range p.Attributes {
		if a.Option != "" {
			it.Props = append(it.Props, foreign.String("attribute_"+foreign.Snake(string(a.Name)), a.Option)...)
		}
	}
	return it
}

func (p *product) availability() string {
	switch p.Stock {
	case "outofstock":
		return "out of stock"
	case "onbackorder":
		return "backorder"
	}
	return "in stock"
}
