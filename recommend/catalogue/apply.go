package catalogue

import (
	"bytes"

	"orrery/models"
	"orrery/models/slab"
)

// Apply takes an event of the catalogue topic, about the item of the given number.
func (c *Catalogue) Apply(shop, item uint32, e *models.Event) {
	it := &e.Items[0]
	kind := c.products.Load(c.word(item, pKind))
	switch e.Kind {
	case models.ProductUpsert:
		c.upsert(shop, item, it, e)
	case models.ProductRemove:
		if kind&flagListed != 0 {
			c.products.Set(c.word(item, pKind), kind&^flagListed)
			c.listed.Set(uint64(shop), c.listed.Load(uint64(shop))-1)
		}
	case models.ProductPrice:
		c.reprice(shop, item, it, e)
	case models.ProductStock:
		c.stock(item, it.Props)
	}
	c.products.Set(c.word(item, pAt), uint64(e.Time))
}

func (c *Catalogue) upsert(shop, item uint32, it *models.Item, e *models.Event) {
	c.describe(shop, item, it, e.Currency)
	at := c.word(item, pKind)
	kind := c.products.Load(at)
	c.listed.Grow(uint64(shop) + 1)
	if kind&flagListed == 0 {
		kind |= flagListed
		c.listed.Set(uint64(shop), c.listed.Load(uint64(shop))+1)
		if c.products.Load(c.word(item, pAdded)) == 0 {
			c.products.Set(c.word(item, pAdded), uint64(e.Time))
			c.push(shop, ringNew, item)
		}
	}
	c.products.Set(at, kind&^flagSold)
	c.stock(item, it.Props)
}

// stock reads the availability of a member list, as Google's feeds write it, or a number of pieces.
func (c *Catalogue) stock(item uint32, props []byte) {
	at := c.word(item, pKind)
	kind := c.products.Load(at)
	models.Members(props, func(name []byte, v models.Value) bool {
		switch string(name) {
		case "availability":
			text, _, _ := v.Text(nil)
			if outOfStock(text) {
				kind |= flagSold
			} else {
				kind &^= flagSold
			}
		case "stock":
			if n, ok := v.Float(); ok && n <= 0 {
				kind |= flagSold
			} else if ok {
				kind &^= flagSold
			}
		}
		return true
	})
	c.products.Set(at, kind)
}

// outOfStock knows the values of Google Merchant feeds; what it does not know is in stock.
func outOfStock(availability []byte) bool {
	switch string(bytes.ReplaceAll(bytes.ToLower(availability), []byte{' '}, []byte{'_'})) {
	case "out_of_stock", "sold_out", "discontinued", "outofstock", "https://schema.org/outofstock":
		return true
	}
	return false
}

func (c *Catalogue) reprice(shop, item uint32, it *models.Item, e *models.Event) {
	var p models.Product
	c.Product(item, &p)
	props := c.text.Get(slab.Ref(c.products.Load(c.word(item, pSource))))
	merged := models.Item{ID: p.ID, Name: p.Title, Category: p.Category, Price: p.Price, HasPrice: true, Props: props}
	if it.HasPrice {
		merged.Price = it.Price
	}
	if sale := models.Member(it.Props, "sale_price"); sale != nil {
		// The newer member stands behind the older one of the same name, so it counts.
		merged.Props = append(comma(bytes.Clone(props), `"sale_price":`), sale...)
	}
	currency := e.Currency
	if len(currency) == 0 {
		currency = p.Currency
	}
	c.describe(shop, item, &merged, currency)
}

// Mention takes what an event says of an item that the feed has not listed, the first time it says anything, and
// reports whether it did.
func (c *Catalogue) Mention(shop, item uint32, it *models.Item, currency []byte) (described bool) {
	kind := c.products.Load(c.word(item, pKind))
	if kind&flagListed != 0 {
		return false
	}
	if c.products.Load(c.word(item, pJSON)) != 0 && (len(it.Category) == 0 || kind>>32 != 0) {
		return false
	}
	c.describe(shop, item, it, currency)
	return true
}

// describe keeps the texts, category and prices of an item and puts its slot together anew.
func (c *Catalogue) describe(shop, item uint32, it *models.Item, currency []byte) {
	var s slot
	s.read(it)
	if len(s.category) > 0 {
		c.buf = cleanPath(c.buf[:0], s.category)
		category := c.category(shop, c.buf[:min(len(c.buf), slab.MaxText-8)])
		at := c.word(item, pKind)
		c.products.Set(at, uint64(category)<<32|c.products.Load(at)&0xffffffff)
	}
	family := c.products.Load(c.word(item, pFamily))
	if len(s.brand) > 0 {
		n, _ := c.brands.Add(shop, s.brand)
		family = family&^0xffffffff | uint64(n)
	}
	if len(currency) > 0 {
		n, _ := c.currencies.Add(0, currency)
		family = family&0xffffffff | uint64(n)<<32
	}
	c.products.Set(c.word(item, pFamily), family)
	if n := uint32(family >> 32); n != 0 {
		currency = c.currencies.Name(n)
	}
	if it.HasPrice {
		c.products.Set(c.word(item, pPrice), uint64(it.Price))
	}
	wasOnSale := c.OnSale(item)
	c.products.Set(c.word(item, pSale), uint64(s.sale))
	if s.sale > 0 && !wasOnSale {
		c.push(shop, ringSale, item)
	}
	c.buf = s.source(c.buf[:0])
	c.keep(c.word(item, pSource), c.buf)
	c.buf = s.json(c.buf[:0], c.items.Name(item), c.Price(item), currency)
	c.keep(c.word(item, pJSON), c.buf)
}

// keep stores text under a word, unless it is there already: feeds repeat themselves.
func (c *Catalogue) keep(at uint64, text []byte) {
	if len(text) > slab.MaxText {
		text = nil
	}
	if !bytes.Equal(c.text.Get(slab.Ref(c.products.Load(at))), text) {
		c.products.Set(at, uint64(c.text.Append(text)))
	}
}
