package frame

import (
	"slices"

	"orrery/models"
	"orrery/models/catalogue"
)

// gate is what the definition of a frame asks of products beyond what holds for all: what does not pass is in no slot, whatever found it.
type gate struct {
	own      *own
	step     int // condition of the step, 0: none
	page     uint32
	category uint32
	brand    uint32
	low      models.Money
	high     models.Money // 0: none
	trace    *trace       // nil but where somebody asks why
}

// The reasons for which a product is left out, as a trace tells them.
const (
	dropExcluded    = "excluded"    // by the request, the page, the frame's exclude, or in the frame already
	dropVariant     = "variant"     // of one of these
	dropUnavailable = "unavailable" // sold out, not listed, taken out, another shop's
	dropFrame       = "where"       // the frame's condition
	dropStep        = "step_where"  // the step's
	dropMatch       = "match"       // compared with the page's product
)

// open sets the gate for a request whose page shows a product, 0 where it shows none.
func (g *gate) open(o *own, shelf *catalogue.Catalogue, page uint32) {
	*g = gate{own: o, page: page, trace: g.trace}
	if !o.matches || page == 0 {
		return
	}
	g.category, g.brand = shelf.Category(page), shelf.Brand(page)
	price := float64(asked(shelf, page))
	g.low, g.high = models.Money(price*o.match.PriceFrom), models.Money(price*o.match.PriceTo)
}

// asked returns what a product costs now, 0 where it is not known.
func asked(shelf *catalogue.Catalogue, item uint32) models.Money {
	if sale := shelf.Sale(item); sale > 0 {
		return sale
	}
	return shelf.Price(item)
}

// passes tells whether a product passes, and why not.
func (g *gate) passes(c *candidates, item uint32) (why string) {
	switch {
	case slices.Contains(c.exclude, item):
		return dropExcluded
	case len(c.groups) > 0 && slices.Contains(c.groups, c.shelf.Group(item)):
		return dropVariant
	case !c.shelf.Allowed(c.shop, item):
		return dropUnavailable
	case g.own.where != 0 && !g.own.bits.test(item, g.own.where-1):
		return dropFrame
	case g.step != 0 && !g.own.bits.test(item, g.step-1):
		return dropStep
	case g.own.matches && !g.fits(c.shelf, item):
		return dropMatch
	}
	return ""
}

// fits compares a product with the page's. What is not known of one of them compares with nothing.
func (g *gate) fits(shelf *catalogue.Catalogue, item uint32) bool {
	m := &g.own.match
	if g.page == 0 {
		return false
	}
	if !fit(m.Category, g.category, shelf.Category(item)) || !fit(m.Brand, g.brand, shelf.Brand(item)) {
		return false
	}
	if m.PriceFrom == 0 && m.PriceTo == 0 {
		return true
	}
	price, page := asked(shelf, item), asked(shelf, g.page)
	return price > 0 && page > 0 && price >= g.low && (m.PriceTo == 0 || price <= g.high)
}

func fit(how string, page, item uint32) bool {
	switch how {
	case "same":
		return page != 0 && page == item
	case "other":
		return page != 0 && item != 0 && page != item
	}
	return true
}
