package catalogue

import (
	"encoding/json"

	"orrery/models"
)

// State returns what is known of an item of a shop, whether its frames show it, and why not. Any goroutine may call it.
func (c *Catalogue) State(shop, item uint32) models.ProductState {
	var p models.Product
	c.Whole(item, &p)
	s := models.ProductState{
		ID: string(p.ID), Title: string(p.Title), URL: string(p.URL), Image: string(p.Image), Brand: string(p.Brand), Category: string(p.Category),
		Price: amount(p.Price), Sale: amount(p.Sale), Currency: string(p.Currency), Listed: p.Listed, InStock: p.InStock, Group: string(c.GroupName(item)),
		Times: models.FieldTimes{
			Text: since(c.offers.time(item, oText)), Price: since(c.offers.time(item, oPrice)), Stock: since(c.offers.time(item, oStock)), Added: since(p.Added),
		},
	}
	if p.HasPieces {
		s.Pieces = &p.Pieces
	}
	if group := c.Group(item); group != 0 {
		c.EachVariant(group, func(other uint32) bool {
			if !c.standsIn(other) {
				s.Variants = append(s.Variants, string(c.ID(other)))
			}
			return true
		})
	}
	s.Hidden, s.Why = c.hidden(shop, item, &p)
	shown := c.Offered(shop, item)
	if s.Shown = shown != 0; s.Shown && shown != item {
		s.ShownAs = string(c.ID(shown))
	}
	return s
}

func (c *Catalogue) hidden(shop, item uint32, p *models.Product) (word, why string) {
	switch {
	case c.standsIn(item) && c.Offered(shop, item) != item:
		return models.HiddenVariant, "it is the id of a group: frames show one of its variants, the cheapest that is in stock"
	case p.Removed:
		return models.HiddenRemoved, "it was taken out of the catalogue: by product_remove, a full feed that does not name it, or a row that says it is a draft. It comes back with the next feed that lists it"
	case !p.Listed && c.Hides(shop):
		return models.HiddenUnlisted, "only events have named it, and no feed has it. Put it into the feed, or show such products by catalogue.unlisted=show"
	case !p.InStock:
		return models.HiddenSoldOut, "it is out of stock: by the feed, or by a product_stock event that is newer than that"
	}
	return "", "frames show it"
}

func since(t models.Time) string {
	if t == 0 {
		return ""
	}
	return string(models.AppendTime(nil, t))
}

func amount(m models.Money) json.RawMessage {
	if m == 0 {
		return nil
	}
	return models.AppendMoney(nil, m)
}
