package feed

import (
	"strconv"
	"time"

	"orrery/models"
)

// AppendItem appends the product as the item of an event: the same product, the same bytes.
func (p *Product) AppendItem(dst []byte) []byte {
	dst = models.AppendString(append(dst, `{"item_id":`...), p.ID)
	text := func(name, value string) {
		if value != "" {
			dst = models.AppendString(append(models.AppendString(append(dst, ','), name), ':'), value)
		}
	}
	text("item_name", p.Title)
	if p.HasPrice {
		dst = models.AppendMoney(append(dst, `,"price":`...), p.Price)
	}
	text("item_category", p.Category)
	text("url", p.Link)
	text("image", p.Image)
	text("brand", p.Brand)
	text("item_group_id", p.Group)
	text("availability", p.Availability)
	if p.HasStock {
		dst = strconv.AppendInt(append(dst, `,"stock":`...), p.Stock, 10)
	}
	if p.HasSale {
		dst = models.AppendMoney(append(dst, `,"sale_price":`...), p.Sale)
	}
	moment := func(name string, t models.Time) {
		if t != 0 {
			text(name, t.Std().Format(time.RFC3339))
		}
	}
	moment("sale_from", p.From)
	moment("sale_until", p.Until)
	for _, a := range p.Attributes {
		text(a.Name, a.Value)
	}
	return append(dst, '}')
}

// AppendUpsert appends the event that puts the product into a shop's catalogue as it was at a moment.
func (p *Product) AppendUpsert(dst []byte, shop string, at models.Time) []byte {
	dst = appendHead(dst, "product_upsert", shop, at)
	if p.Currency != "" && p.HasPrice {
		dst = models.AppendString(append(dst, `,"currency":`...), p.Currency)
	}
	return append(p.AppendItem(append(dst, `,"items":[`...)), `]}`...)
}

// AppendRemove appends the event that takes a product out of a shop's catalogue.
func AppendRemove(dst []byte, shop, id string, at models.Time) []byte {
	dst = models.AppendString(append(appendHead(dst, "product_remove", shop, at), `,"items":[{"item_id":`...), id)
	return append(dst, `}]}`...)
}

func appendHead(dst []byte, event, shop string, at models.Time) []byte {
	dst = models.AppendString(append(dst, `{"event":`...), event)
	dst = models.AppendTime(append(dst, `,"time":"`...), at)
	dst = append(dst, '"')
	if shop != "" {
		dst = models.AppendString(append(dst, `,"shop":`...), shop)
	}
	return dst
}
