// Package catalogue keeps the products: their numbers, what a frame shows of them, their categories, price and stock.
// An item that only events have named is known by what they said (name, category, price) until the feed lists it; a
// shop that has a feed recommends listed products in stock only.
//
// Layout: eight words (64 B) a product, its id and its slot: the JSON of a frame's slot is put together once, when the
// product changes, and copied from then on. Prices change all the time and leave old slots behind, which slab.Texts sees to:
// memory stays within twice what the slots need. One goroutine writes, any number read.
package catalogue

import (
	"bytes"
	"io"
	"sync/atomic"

	"orrery/models"
	"orrery/models/intern"
	"orrery/models/pershop"
	"orrery/models/slab"
)

// The words of a product. Six of eight are in use: so a product is one cache line.
const (
	pSlot        = iota // of texts
	pKind               // category<<32 | flags
	pPrice              // micros
	pSale               // micros, 0 while not on sale
	pAdded              // ms, when the feed listed it first
	pFamily             // currency<<32 | brand
	productWords = 8
)

// Flags of a product.
const (
	flagListed = 1 << 0
	flagSold   = 1 << 1 // out of stock
	flagKnown  = 1 << 2 // a feed or an event has described it
	flagTitled = 1 << 3
	flagPriced = 1 << 4

	flagInvented = 1 << 5 // only the public key has named it: see Invented
	flagRemoved  = 1 << 6 // the shop has taken it out, or never offers it
	flagMain     = 1 << 7 // it stands for a group of variants

	labelShop    = 2         // where the shop begins in a label
	labelShops   = 1<<28 - 1 // what its number is within
	labelMain    = 1 << 30   // it stands for variants, and no feed lists it
	labelRemoved = 1 << 31
)

// Catalogue is the products of all shops.
type Catalogue struct {
	items      *intern.Strings // scope: shop
	categories *intern.Strings // scope: shop; a category's name is its path, the shop itself is the empty path
	brands     *intern.Strings // scope: shop
	currencies *intern.Strings
	products   slab.Words
	labels     slab.Words // 32 bits an item: shop<<2 | flags; all that Allowed looks at, so that it lies in the cache
	parents    slab.Words // category: the one above it, 0 at the top
	listed     slab.Words // shop: number of listed products
	recent     slab.Words // shop*rings+ring: position; see rings.go
	texts      *slab.Texts
	invented   *Invented
	offers     *offers
	counts     slab.Words // classes a shop; they follow from the labels
	ordinals   pershop.Ordinals
	unlisted   Unlisted
	old        atomic.Bool // restored, and not settled yet: see Settle
	buf, path  []byte
	watch      func(item uint32) // see Watch
}

// New returns an empty catalogue.
func New() *Catalogue {
	c := &Catalogue{
		items: intern.NewStrings(), categories: intern.NewStrings(), brands: intern.NewStrings(), currencies: intern.NewStrings(),
		invented: newInvented(), offers: newOffers(),
	}
	c.texts = slab.NewTexts(&c.products, productWords, pSlot)
	return c
}

// Seed sets what decides where names lie: see intern.Strings.Seed.
func (c *Catalogue) Seed(s intern.Seed) {
	c.invented.networks.Seed(s)
	for _, names := range []*intern.Strings{c.items, c.categories, c.brands, c.currencies, c.offers.groups.names} {
		names.Seed(s)
	}
}

// Tables describes the tables of names, for the writer.
func (c *Catalogue) Tables() []intern.Table {
	return []intern.Table{
		intern.Describe("items", c.items), intern.Describe("categories", c.categories), intern.Describe("brands", c.brands),
	}
}

// HashOf returns what an item id of a shop is found by, for Prefetch, PrefetchRef, PrefetchName and FindHash.
func (c *Catalogue) HashOf(shop uint32, id []byte) uint64 { return c.items.HashOf(shop, id) }

// Item returns the number of an item id in a shop, a new one where it is unknown.
func (c *Catalogue) Item(shop uint32, id []byte) uint32 {
	c.products.Grow((uint64(c.items.Len()) + 2) * productWords) // first: once it has a number, readers find it
	c.labels.Grow(uint64(c.items.Len()+2)/2 + 1)
	c.offers.words.Grow((uint64(c.items.Len()) + 2) * offerWords)
	item, fresh := c.items.Add(shop, id)
	if fresh {
		c.label(item, shop, 0)
		c.ordinals.Add(shop, item)
	}
	return item
}

// Prefetch, PrefetchRef and PrefetchName ask for what Find will look at, one after the other, by HashOf of shop and id;
// PrefetchItem asks for an item's record. See intern.Hashes.Prefetch.
func (c *Catalogue) Prefetch(hash uint64)     { c.items.Prefetch(hash) }
func (c *Catalogue) PrefetchRef(hash uint64)  { c.items.PrefetchRef(hash) }
func (c *Catalogue) PrefetchName(hash uint64) { c.items.PrefetchText(hash) }
func (c *Catalogue) PrefetchItem(item uint32) { c.products.Prefetch(c.word(item, 0)) }

// Find returns the number of an item id in a shop, or 0. Any goroutine may call it.
func (c *Catalogue) Find(shop uint32, id []byte) uint32 {
	return c.items.Find(shop, models.CanonicalID(id))
}

// FindHash is Find by HashOf of shop and id.
func (c *Catalogue) FindHash(hash uint64, shop uint32, id []byte) uint32 {
	return c.items.FindHash(hash, shop, id)
}

// ID returns the shop's own id of an item.
func (c *Catalogue) ID(item uint32) []byte { return c.items.Name(item) }

// Shop returns the shop of an item. Any goroutine may call it.
func (c *Catalogue) Shop(item uint32) uint32 { return c.labelOf(item) >> labelShop & labelShops }

func (c *Catalogue) labelOf(item uint32) uint32 {
	return uint32(c.labels.Load(uint64(item/2)) >> (32 * (item & 1)))
}

// Ordinals returns the numbers that items have within their shops: what is decided by a hash of an item is decided by them.
func (c *Catalogue) Ordinals() *pershop.Ordinals { return &c.ordinals }

// number gives all items their ordinals anew.
func (c *Catalogue) number() {
	c.ordinals.Clear()
	for item := uint32(1); int(item) <= c.items.Len(); item++ {
		c.ordinals.Add(c.Shop(item), item)
	}
}

// Items returns how many item ids are known. Any goroutine may call it.
func (c *Catalogue) Items() int { return c.items.Len() }

// Products returns how many products are listed. Any goroutine may call it.
func (c *Catalogue) Products() (n uint64) {
	for shop := uint64(0); shop < c.listed.Len(); shop++ {
		n += c.listed.Load(shop)
	}
	return n
}

// ProductsOf returns how many products a shop has listed. Any goroutine may call it.
func (c *Catalogue) ProductsOf(shop uint32) uint64 {
	if uint64(shop) >= c.listed.Len() {
		return 0
	}
	return c.listed.Load(uint64(shop))
}

func (c *Catalogue) word(item uint32, w uint64) uint64 { return uint64(item)*productWords + w }

// Scope returns the number of a category path in a shop, the shop itself for the empty path, or 0 where it is unknown.
// Any goroutine may call it.
func (c *Catalogue) Scope(shop uint32, path []byte) uint32 {
	var buf [256]byte
	return c.categories.Find(shop, cleanPath(buf[:0], path))
}

// Within tells whether an item belongs to a scope: a category, one below it, or the whole shop. Any goroutine may call it.
func (c *Catalogue) Within(item, scope uint32) bool {
	for s := c.Category(item); s != 0; s = c.Parent(s) {
		if s == scope {
			return true
		}
	}
	return c.Scope(c.Shop(item), nil) == scope
}

// Innermost returns the innermost scope of an item: its category, the shop itself where none is known. For the writer.
func (c *Catalogue) Innermost(item uint32) uint32 {
	if category := c.Category(item); category != 0 {
		return category
	}
	return c.category(c.Shop(item), nil)
}

// AppendScopes appends a scope and all above it, the shop at the end. Any goroutine may call it.
func (c *Catalogue) AppendScopes(dst []uint32, scope uint32) []uint32 {
	for ; scope != 0; scope = c.Parent(scope) {
		dst = append(dst, scope)
	}
	return dst
}

// Category returns the number of an item's category, 0 where none is known. Any goroutine may call it.
func (c *Catalogue) Category(item uint32) uint32 {
	if category := uint32(c.products.Load(c.word(item, pKind)) >> 32); category != 0 {
		return category
	}
	return uint32(c.products.Load(c.word(c.Told(item), pKind)) >> 32)
}

// CategoryName returns the path of a category, shared; empty for a shop as a whole. Any goroutine may call it.
func (c *Catalogue) CategoryName(category uint32) []byte { return c.categories.Name(category) }

// Parent returns the category above one, 0 above a shop.
func (c *Catalogue) Parent(category uint32) uint32 { return uint32(c.parents.Load(uint64(category))) }

// maxPath bounds the depth of a category path; what lies deeper belongs to the last level.
const maxPath = 8

// category returns the number of a clean path, and makes all levels above it known.
func (c *Catalogue) category(shop uint32, path []byte) uint32 {
	if n := c.categories.Find(shop, path); n != 0 {
		return n
	}
	parent := uint32(0)
	if len(path) > 0 {
		up := bytes.LastIndex(path, []byte(separator))
		parent = c.category(shop, path[:max(up, 0)])
	}
	next := uint64(c.categories.Len()) + 1
	c.parents.Grow(next + 1) // first: once it has a number, readers find it
	c.parents.Set(next, uint64(parent))
	n, _ := c.categories.Add(shop, path)
	return n
}

const separator = " > "

// cleanPath appends a category path in one spelling: levels without white space around them, " > " between.
func cleanPath(dst, path []byte) []byte {
	depth := 0
	for level := range bytes.SplitSeq(path, []byte{'>'}) {
		level = bytes.TrimSpace(level)
		if len(level) == 0 || depth == maxPath {
			continue
		}
		if depth > 0 {
			dst = append(dst, separator...)
		}
		dst = append(dst, level...)
		depth++
	}
	return dst
}

// Allowed tells whether an item may be recommended in a shop: one of its own, in stock, and listed where the shop has a
// feed. Any goroutine may call it.
func (c *Catalogue) Allowed(shop, item uint32) bool {
	label := c.labelOf(item) &^ labelMain
	switch {
	case label>>labelShop != shop || label&flagSold != 0: // one that was removed is of no shop here
		return false
	case label&flagListed != 0:
		return true
	}
	return !c.Hides(shop)
}

// OnSale tells whether an item has a sale price below its price.
func (c *Catalogue) OnSale(item uint32) bool { return c.products.Load(c.word(item, pSale)) != 0 }

// Sale returns an item's sale price, 0 while it is not on sale.
func (c *Catalogue) Sale(item uint32) models.Money {
	return models.Money(c.products.Load(c.word(item, pSale)))
}

// Brand returns the number of an item's brand, 0 where none is known. Any goroutine may call it.
func (c *Catalogue) Brand(item uint32) uint32 { return uint32(c.products.Load(c.word(item, pFamily))) }

// Watch has f called after each change of what is known of a product, by the applying goroutine.
func (c *Catalogue) Watch(f func(item uint32)) { c.watch = f }

// changed tells whoever watches.
func (c *Catalogue) changed(item uint32) {
	if c.watch != nil {
		c.watch(item)
	}
}

// Price returns an item's price, 0 where it is unknown.
func (c *Catalogue) Price(item uint32) models.Money {
	if price := c.products.Load(c.word(item, pPrice)); price != 0 {
		return models.Money(price)
	}
	return models.Money(c.products.Load(c.word(c.Told(item), pPrice)))
}

// Slot returns an item's id and the JSON members of its slot, nil where nothing is known to show; both are shared and
// immutable. It is what a frame needs of a product, for a fourth of what Product costs. Any goroutine may call it.
func (c *Catalogue) Slot(item uint32) (id, json []byte) {
	slot := c.texts.Get(uint64(item))
	if len(slot) == 0 {
		return c.items.Name(item), nil
	}
	if id = idOf(slot); id == nil {
		id = c.items.Name(item)
	}
	return id, slot[headBytes:]
}

// PrefetchProducts reads what Slot and a copy of the slot will read of some items. The slots lie anywhere in memory: read one after
// the other each is a wait of its own, read here they are all under way at once. What it returns is of no use but to keep
// the loads. Any goroutine may call it.
func (c *Catalogue) PrefetchProducts(items []uint32) (x uint64) {
	const line = 64
	for _, item := range items {
		x |= c.products.Load(c.word(item, pSlot))
	}
	for _, item := range items {
		for slot := c.texts.Get(uint64(item)); len(slot) > 0; slot = slot[min(line, len(slot)):] {
			x |= uint64(slot[0])
		}
	}
	return x
}

// Product fills in all that is known of an item. It allocates nothing where no text needs an escape resolved. Any
// goroutine may call it.
func (c *Catalogue) Product(item uint32, p *models.Product) {
	kind, slot := c.products.Load(c.word(item, pKind)), c.texts.Get(uint64(item))
	*p = models.Product{
		Item: item, ID: c.items.Name(item),
		Price: models.Money(c.products.Load(c.word(item, pPrice))), Sale: models.Money(c.products.Load(c.word(item, pSale))),
		Listed: kind&flagListed != 0, InStock: kind&flagSold == 0,
		Removed: kind&flagRemoved != 0, Added: models.Time(c.products.Load(c.word(item, pAdded))),
	}
	if len(slot) > 0 {
		p.JSON = slot[headBytes:]
		p.Title, p.URL, p.Image = texts(slot)
	}
	if category := uint32(kind >> 32); category != 0 {
		p.Category = c.categories.Name(category)
	}
	family := c.products.Load(c.word(item, pFamily))
	if n := uint32(family >> 32); n != 0 {
		p.Currency = c.currencies.Name(n)
	}
	if n := uint32(family); n != 0 {
		p.Brand = c.brands.Name(n)
	}
}

// Whole fills in what Product does, and what it costs more to look up: pieces, the lowest price, attributes. Any goroutine may call it.
func (c *Catalogue) Whole(item uint32, p *models.Product) {
	c.Product(item, p)
	p.Lowest, p.Offer = c.Lowest(item), models.Money(c.offers.load(item, oSale))
	window := c.offers.load(item, oWindow)
	p.From, p.Until = models.Time(window>>32)*models.Second, models.Time(uint32(window))*models.Second
	if n := c.offers.load(item, oPieces); n > 0 {
		p.Pieces, p.HasPieces = int64(n-1), true
	}
	_, p.Attributes = splitMore(c.offers.text(item))
}

// Bytes returns the memory held, in bytes. Any goroutine may call it.
func (c *Catalogue) Bytes() uint64 {
	return c.items.Bytes() + c.categories.Bytes() + c.brands.Bytes() + c.currencies.Bytes() +
		c.products.Bytes() + c.labels.Bytes() + c.ordinals.Bytes() + c.parents.Bytes() + c.listed.Bytes() + c.recent.Bytes() + c.texts.Bytes()
}

// Freeze returns the catalogue of this moment for a snapshot.
func (c *Catalogue) Freeze() *slab.Parts {
	return slab.Join(c.items.Freeze(), c.categories.Freeze(), c.brands.Freeze(), c.currencies.Freeze(),
		c.products.Freeze(), c.labels.Freeze(), c.parents.Freeze(), c.listed.Freeze(), c.recent.Freeze(), c.texts.Freeze())
}

// ReadFrom replaces the catalogue by what Freeze wrote. It must not run beside readers.
func (c *Catalogue) ReadFrom(r io.Reader) (int64, error) {
	n, err := slab.ReadAll(r, c.items, c.categories, c.brands, c.currencies,
		&c.products, &c.labels, &c.parents, &c.listed, &c.recent, c.texts)
	if err == nil {
		c.clean()
		c.recount()
		c.number()
		c.old.Store(true)
	}
	return n, err
}
