package catalogue

import (
	"bytes"

	"orrery/models"
)

// Effect is what an event has changed about an item, for models that depend on it.
type Effect uint8

// The effects.
const (
	Described Effect = 1 << iota // title, brand or price
	Moved                        // to another category
	Joined                       // a group: what was done with it counts for the main item of that
)

// Apply takes an event of the catalogue topic, about the item of the given number. What it says counts by field: a price that is older
// than the one that is known changes none, whatever came first.
func (c *Catalogue) Apply(shop, item uint32, e *models.Event) (effect Effect) {
	effect = c.take(shop, item, e)
	c.rechoose(item)
	return effect
}

func (c *Catalogue) take(shop, item uint32, e *models.Event) (effect Effect) {
	it := &e.Items[0]
	c.own(shop, item)
	o := c.offers
	switch e.Kind {
	case models.ProductUpsert:
		return c.upsert(shop, item, e)
	case models.ProductRemove:
		if e.Time >= o.time(item, oText) {
			o.set(item, oText, uint64(e.Time))
			o.set(item, oSaid, 0)
			c.unlist(shop, item)
		}
	case models.ProductPrice:
		said := factsOf(it, e.Currency)
		if (said.hasPrice || said.hasSale) && e.Time >= o.time(item, oPrice) {
			o.set(item, oSaid, 0)
			c.price(item, e.Time, &said, false)
			said = said.money()
			said.at = e.Time
			effect = c.describe(shop, item, said, merged)
		}
	case models.ProductStock:
		if e.Time >= o.time(item, oStock) {
			o.set(item, oSaid, 0)
			c.stock(item, e.Time, it.Props)
		}
	}
	return effect
}

// upsert takes what a feed says of a product.
func (c *Catalogue) upsert(shop, item uint32, e *models.Event) (effect Effect) {
	it, o := &e.Items[0], c.offers
	said := factsOf(it, e.Currency)
	whole := true // nothing that is known is newer
	priced := said.hasPrice || said.hasSale
	switch {
	case !priced:
	case e.Time >= o.time(item, oPrice):
		c.price(item, e.Time, &said, true)
	default:
		whole, priced = false, false
		said.hasPrice, said.price, said.hasSale, said.sale, said.currency = false, 0, false, 0, nil
	}
	fresh := e.Time >= o.time(item, oText)
	if !fresh {
		whole = false
		said = said.money()
	}
	if priced {
		said.at = e.Time
	}
	if fresh || priced {
		effect = c.describe(shop, item, said, merged)
	}
	if e.Time < o.time(item, oStock) {
		whole = false
	} else {
		c.stock(item, e.Time, it.Props)
	}
	if fresh {
		o.set(item, oText, uint64(e.Time))
		c.attribute(item, it.Props)
		if c.group(shop, item, said.group) {
			effect |= Joined
		}
		c.list(shop, item, e.Time)
	}
	o.set(item, oSaid, 0)
	if whole {
		o.set(item, oSaid, SaidHash(it, e.Currency))
	}
	return effect
}

// price keeps what an event says of price and sale, and makes said what holds now. ends: a price without a sale price ends the sale.
func (c *Catalogue) price(item uint32, at models.Time, said *facts, ends bool) {
	o := c.offers
	o.set(item, oPrice, uint64(at))
	if said.hasSale || said.hasPrice && ends {
		o.set(item, oSale, uint64(said.sale))
		o.set(item, oWindow, uint64(said.from)<<32|uint64(said.until))
		o.await(item)
	}
	said.sale, said.hasSale = o.sale(item, max(o.now, at)), true
}

// stock keeps what an event says of stock.
func (c *Catalogue) stock(item uint32, at models.Time, props []byte) {
	kind := c.products.Load(c.word(item, pKind))
	now, pieces, said := stock(kind, props)
	if !said {
		return
	}
	c.offers.set(item, oStock, uint64(at))
	if pieces >= 0 {
		c.offers.set(item, oPieces, uint64(pieces)+1)
		c.changed(item)
	}
	if now != kind {
		c.mark(item, now)
	}
}

// list makes an item a product of the feed.
func (c *Catalogue) list(shop, item uint32, t models.Time) {
	kind := c.products.Load(c.word(item, pKind))
	c.mark(item, kind&^flagRemoved|flagListed)
	if kind&flagListed != 0 {
		return
	}
	c.listed.Grow(uint64(shop) + 1)
	c.listed.Set(uint64(shop), c.listed.Load(uint64(shop))+1)
	if c.products.Load(c.word(item, pAdded)) == 0 {
		c.products.Set(c.word(item, pAdded), uint64(t))
		c.push(shop, ringNew, item)
	}
}

func (c *Catalogue) unlist(shop, item uint32) {
	kind := c.products.Load(c.word(item, pKind))
	c.mark(item, kind&^flagListed|flagRemoved)
	if kind&flagListed != 0 {
		c.listed.Set(uint64(shop), c.listed.Load(uint64(shop))-1)
	}
}

// mark stores an item's flags.
func (c *Catalogue) mark(item uint32, kind uint64) {
	c.products.Set(c.word(item, pKind), kind)
	c.label(item, c.Shop(item), kind)
}

// label stores what Allowed has to know of an item.
func (c *Catalogue) label(item, shop uint32, kind uint64) {
	shift := 32 * (item & 1)
	word := c.labels.Load(uint64(item / 2))
	c.count(uint32(word>>shift), -1)
	label := uint64(shop)<<labelShop | kind&(flagListed|flagSold)
	if kind&flagRemoved != 0 {
		label |= labelRemoved
	}
	if kind&(flagMain|flagListed) == flagMain {
		label |= labelMain
	}
	c.labels.Set(uint64(item/2), word&^(0xffffffff<<shift)|label<<shift)
	c.count(uint32(label), +1)
}

// Mention takes what an event says of an item that the feed has not listed, as far as nothing is known of it.
func (c *Catalogue) Mention(shop, item uint32, it *models.Item, currency []byte) Effect {
	kind := c.products.Load(c.word(item, pKind))
	if kind&flagListed != 0 || kind&flagKnown != 0 &&
		(len(it.Name) == 0 || kind&flagTitled != 0) && (!it.HasPrice || kind&flagPriced != 0) && (len(it.Category) == 0 || kind>>32 != 0) {
		return c.mentionGroup(shop, item, it)
	}
	effect := c.mentionGroup(shop, item, it) | c.describe(shop, item, factsOf(it, currency), complete)
	c.rechoose(item)
	return effect
}

// mentionGroup takes the group that an event names for an item that the feed has not listed, where none is known. Strangers join nothing.
func (c *Catalogue) mentionGroup(shop, item uint32, it *models.Item) Effect {
	if len(it.Props) == 0 || c.invented.by != nil || c.products.Load(c.word(item, pKind))&flagListed != 0 || !bytes.Contains(it.Props, groupMember) || c.Group(item) != 0 {
		return 0
	}
	if id, _, ok := models.Member(it.Props, groupName).Text(nil); ok && c.group(shop, item, id) {
		return Joined
	}
	return 0
}

const groupName = "item_group_id"

var groupMember = []byte(`"` + groupName + `"`)

// A merge says what is kept of an item, known being what is and said what an event says.
type merge func(known, said facts) facts

// merged is what is said, and what is known where nothing is: a feed wipes nothing that it leaves blank.
func merged(known, said facts) facts {
	if said.hasPrice {
		known.price = said.price
	}
	if said.hasSale {
		known.sale = said.sale
	}
	known.title, known.currency = first(said.title, known.title), first(said.currency, known.currency)
	known.url, known.image = first(said.url, known.url), first(said.image, known.image)
	known.brand, known.category = first(said.brand, known.brand), first(said.category, known.category)
	return known
}

// complete adds what is not known.
func complete(known, said facts) facts {
	if known.price == 0 {
		known.price, known.currency = said.price, first(said.currency, known.currency)
	}
	known.title, known.currency = first(known.title, said.title), first(known.currency, said.currency)
	known.url, known.image = first(known.url, said.url), first(known.image, said.image)
	known.brand, known.category = first(known.brand, said.brand), first(known.category, said.category)
	return known
}

func first(a, b []byte) []byte {
	if len(a) > 0 {
		return a
	}
	return b
}

// describe puts an item's slot together anew.
func (c *Catalogue) describe(shop, item uint32, said facts, how merge) (effect Effect) {
	known := c.known(item)
	f := how(known, said)
	if f.sale >= f.price {
		f.sale = 0
	}
	if f.price != known.price || !bytes.Equal(f.title, known.title) || len(f.brand) > 0 && !bytes.Equal(f.brand, known.brand) {
		effect = Described
	}
	c.products.Set(c.word(item, pPrice), uint64(f.price))
	if said.at != 0 {
		c.remember(item, said.at)
	}
	if f.sale > 0 {
		f.lowest = c.Lowest(item)
	}
	c.buf = f.append(c.buf[:0], c.items.Name(item))
	if len(f.category) > 0 && c.roomFor(shop, f.category) && c.move(shop, item, f.category) {
		effect |= Moved
	}
	c.relate(shop, item, &f)
	c.texts.Set(uint64(item), c.buf)
	if f.sale > 0 && known.sale == 0 {
		c.push(shop, ringSale, item)
	}
	c.products.Set(c.word(item, pSale), uint64(f.sale))
	kind := c.products.Load(c.word(item, pKind)) | flagKnown
	if len(f.title) > 0 {
		kind |= flagTitled
	}
	if f.price > 0 {
		kind |= flagPriced
	}
	c.products.Set(c.word(item, pKind), kind)
	c.changed(item)
	return effect
}

// known returns what the catalogue knows of an item.
func (c *Catalogue) known(item uint32) (f facts) {
	var p models.Product
	c.Product(item, &p)
	f.slot = slot{title: p.Title, url: p.URL, image: p.Image, price: p.Price, sale: p.Sale, currency: p.Currency}
	f.brand, f.category = p.Brand, p.Category
	return f
}

// roomFor tells whether an item may be put into a category: of a made-up one all levels have to find room.
func (c *Catalogue) roomFor(shop uint32, path []byte) bool {
	if c.invented.by == nil {
		return true
	}
	c.path = cleanPath(c.path[:0], path)
	levels := int64(0)
	for path := c.path; len(path) > 0 && c.categories.Find(shop, path) == 0; levels++ {
		path = path[:max(bytes.LastIndex(path, []byte(separator)), 0)]
	}
	return levels == 0 || c.invented.take(shop, Categories, levels)
}

// move puts an item into a category and reports whether it was in another.
func (c *Catalogue) move(shop, item uint32, path []byte) bool {
	c.path = cleanPath(c.path[:0], path)
	category := c.category(shop, c.path)
	at := c.word(item, pKind)
	kind := c.products.Load(at)
	c.products.Set(at, uint64(category)<<32|kind&0xffffffff)
	return uint32(kind>>32) != category
}

// relate keeps an item's brand and currency.
func (c *Catalogue) relate(shop, item uint32, f *facts) {
	at := c.word(item, pFamily)
	family := c.products.Load(at)
	if len(f.brand) > 0 && (c.brands.Find(shop, f.brand) != 0 || c.invented.take(shop, Brands, 1)) {
		n, _ := c.brands.Add(shop, f.brand)
		family = family&^0xffffffff | uint64(n)
	}
	if len(f.currency) > 0 {
		n, _ := c.currencies.Add(0, f.currency)
		family = family&0xffffffff | uint64(n)<<32
	}
	c.products.Set(at, family)
}
