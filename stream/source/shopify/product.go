package shopify

import (
	"strings"

	"orrery/stream/source/foreign"
)

// product is what is read of a product: each of its variants is an item.
type product struct {
	ID       foreign.Text          `json:"id"`
	Title    foreign.Text          `json:"title"`
	Handle   foreign.Text          `json:"handle"`
	Vendor   foreign.Text          `json:"vendor"`
	Type     foreign.Text          `json:"product_type"`
	Status   foreign.Text          `json:"status"`
	Tags     foreign.Text          `json:"tags"`
	Updated  foreign.Text          `json:"updated_at"`
	Variants foreign.List[variant] `json:"variants"`
	Image    image                 `json:"image"`
	Images   foreign.List[image]   `json:"images"`
}

type variant struct {
	ID        foreign.Text `json:"id"`
	SKU       foreign.Text `json:"sku"`
	Title     foreign.Text `json:"title"`
	Price     foreign.Text `json:"price"`
	Compare   foreign.Text `json:"compare_at_price"`
	Quantity  foreign.Text `json:"inventory_quantity"`
	Policy    foreign.Text `json:"inventory_policy"`
	Managed   foreign.Text `json:"inventory_management"`
	Barcode   foreign.Text `json:"barcode"`
	ImageID   foreign.Text `json:"image_id"`
	Inventory foreign.Text `json:"inventory_item_id"`
}

type image struct {
	ID  foreign.Text `json:"id"`
	Src foreign.Text `json:"src"`
}

func readProduct(m *foreign.Message, out *foreign.Events) error {
	var p product
	if err := foreign.Parse(m.Body, &p); err != nil {
		return err
	}
	if p.ID == "" {
		return noID
	}
	for i := range p.Variants {
		v := &p.Variants[i]
		id := m.ItemID.Pick(v.SKU, v.ID, p.ID)
		if id == "" {
			out.Skip("variant without a number")
			continue
		}
		ev := &foreign.Event{Name: "product_upsert", ID: foreign.Join("shopify", "product", string(p.ID), id, stamp(m, p.Updated)), Time: string(p.Updated)}
		if p.Status == "draft" || p.Status == "archived" {
			ev.Name, ev.Items = "product_remove", []foreign.Item{{ID: id}}
		} else {
			ev.Items = []foreign.Item{p.item(v, id)}
		}
		out.Add(ev)
	}
	return nil
}

func (p *product) item(v *variant, id string) foreign.Item {
	it := foreign.Item{ID: id, Name: string(p.Title), Category: string(p.Type), Price: string(v.Price)}
	sale := foreign.Text("")
	if was, ok := v.Compare.Money(); ok && was > v.Price.Amount() && v.Price.Amount() > 0 {
		it.Price, sale = string(v.Compare), v.Price
	}
	picture := p.Image.Src
	for _, i := range p.Images {
		if picture == "" || v.ImageID != "" && i.ID == v.ImageID {
			picture = i.Src
		}
	}
	name := v.Title
	if name == "Default Title" {
		name = ""
	}
	it.Props = foreign.Props(foreign.String("item_group_id", p.ID), foreign.String("item_brand", p.Vendor), foreign.String("item_variant", name),
		foreign.String("sale_price", sale), foreign.String("image", picture), foreign.String("gtin", v.Barcode), foreign.String("handle", p.Handle),
		foreign.String("availability", v.availability()), foreign.Strings("tags", tags(p.Tags)))
	return it
}

// availability is what the shop would say of the variant: who does not count pieces, or sells what is not there, has it in stock.
func (v *variant) availability() string {
	pieces, ok := v.Quantity.Money()
	if ok && pieces <= 0 && v.Managed != "" && strings.ToLower(string(v.Policy)) != "continue" {
		return "out of stock"
	}
	return "in stock"
}
