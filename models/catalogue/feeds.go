package catalogue

import (
	"encoding/binary"

	"github.com/cespare/xxhash/v2"

	"orrery/models"
)

// Unlisted says what becomes of the products that events name and no feed has.
type Unlisted uint8

// The ways.
const (
	UntilFull Unlisted = iota // they are shown until the shop has sent a full feed
	Hide                      // they are hidden as soon as one product is listed
	Show                      // they are shown
)

// UnlistedWords are the names of the ways.
var UnlistedWords = [...]string{"until-full", "hide", "show"}

// SetUnlisted says what becomes of products that no feed has.
func (c *Catalogue) SetUnlisted(u Unlisted) { c.unlisted = u }

// SaidHash returns the hash of what an upsert says of a product, but for its time. It is never 0.
func SaidHash(it *models.Item, currency []byte) uint64 {
	var d xxhash.Digest
	d.Reset()
	text := func(b []byte) {
		var n [4]byte
		binary.LittleEndian.PutUint32(n[:], uint32(len(b)))
		d.Write(n[:]) // a digest's Write does not fail
		d.Write(b)
	}
	var price [9]byte
	binary.LittleEndian.PutUint64(price[:], uint64(it.Price))
	if it.HasPrice {
		price[8] = 1
	}
	text(it.Name)
	text(it.Category)
	text(currency)
	text(it.Props)
	d.Write(price[:])
	return max(d.Sum64(), 1)
}

// Said returns the hash of what the newest upsert said of an item, 0 where that is not the whole truth any more, and whether the
// item is listed, or was taken out. For the writer, and for who does not mind that it is writing.
func (c *Catalogue) Said(item uint32) (hash uint64, listed, removed bool) {
	label := c.labelOf(item)
	return c.offers.load(item, oSaid), label&flagListed != 0, label&labelRemoved != 0
}

// Feed takes the news that a full feed was read: from now on what is not listed is hidden.
func (c *Catalogue) Feed(shop uint32, e *models.Event) {
	full, products := false, uint64(0)
	models.Members(e.Props, func(name []byte, v models.Value) bool {
		switch string(name) {
		case "mode":
			full = string(v) == `"full"`
		case "products":
			if n, ok := v.Float(); ok && n > 0 && n < 1e12 {
				products = uint64(n)
			}
		}
		return true
	})
	o := c.offers
	at := uint64(shop) * takenWords
	o.taken.Grow(at + takenWords)
	if !full || uint64(e.Time) < o.taken.Load(at+tAt) {
		return
	}
	o.taken.Set(at+tAt, uint64(e.Time))
	o.taken.Set(at+tProducts, products)
}

// Full returns when a shop's newest full feed was fetched, 0 where there was none, and how many products it had. Any goroutine may
// call it.
func (c *Catalogue) Full(shop uint32) (at models.Time, products uint64) {
	i := uint64(shop) * takenWords
	if i+takenWords > c.offers.taken.Len() {
		return 0, 0
	}
	return models.Time(c.offers.taken.Load(i + tAt)), c.offers.taken.Load(i + tProducts)
}

// Hides tells whether a shop's unlisted products are hidden. Any goroutine may call it.
func (c *Catalogue) Hides(shop uint32) bool {
	switch c.unlisted {
	case Show:
		return false
	case Hide:
		return uint64(shop) < c.listed.Len() && c.listed.Load(uint64(shop)) > 0
	}
	if at, _ := c.Full(shop); at != 0 {
		return true
	}
	return c.old.Load() && !c.offers.read && uint64(shop) < c.listed.Len() && c.listed.Load(uint64(shop)) > 0
}

// The classes of a shop's products, in counts.
const (
	unlistedItems = iota // none of the others
	unlistedSold
	listedItems
	listedSold
	removedItems
	classes
)

func classOf(label uint32) uint64 {
	sold := uint64(label&flagSold) / flagSold
	switch {
	case label&labelRemoved != 0:
		return removedItems
	case label&flagListed != 0:
		return listedItems + sold
	}
	return unlistedItems + sold
}

// count counts a product of a label, or with -1 takes it back. A product without one yet is none.
func (c *Catalogue) count(label uint32, by int64) {
	if label == 0 || label&labelMain != 0 { // the shop has no such product, but its variants
		return
	}
	at := uint64(label>>labelShop&labelShops)*classes + classOf(label)
	c.counts.Grow(at - at%classes + classes)
	c.counts.Set(at, c.counts.Load(at)+uint64(by))
}

func (c *Catalogue) recount() {
	for i := range c.counts.Len() {
		c.counts.Set(i, 0)
	}
	for item := uint32(1); int(item) <= c.items.Len(); item++ {
		c.count(c.labelOf(item), +1)
	}
}

// Hidden returns how many products of a shop frames leave out: those that no feed lists although there is one, those that were taken
// out, and those that are out of stock. Any goroutine may call it.
func (c *Catalogue) Hidden(shop uint32) (unlisted, removed, sold uint64) {
	at := uint64(shop) * classes
	if at+classes > c.counts.Len() {
		return 0, 0, 0
	}
	n := func(class uint64) uint64 { return c.counts.Load(at + class) }
	if c.Hides(shop) {
		return n(unlistedItems) + n(unlistedSold), n(removedItems), n(listedSold)
	}
	return 0, n(removedItems), n(listedSold) + n(unlistedSold)
}

// Settle makes a catalogue that was read from a snapshot without offers what it was: a shop with listed products hid the others.
func (c *Catalogue) Settle() {
	if !c.old.Load() {
		return
	}
	defer c.old.Store(false)
	c.settleGroups()
	if c.offers.read {
		return
	}
	c.offers.taken.Grow(c.listed.Len() * takenWords)
	for shop := uint64(0); shop < c.listed.Len(); shop++ {
		if n := c.listed.Load(shop); n > 0 {
			c.offers.taken.Set(shop*takenWords+tAt, 1)
			c.offers.taken.Set(shop*takenWords+tProducts, n)
		}
	}
	c.offers.words.Grow((uint64(c.items.Len()) + 2) * offerWords)
	for item := uint32(1); int(item) <= c.items.Len(); item++ {
		if sale := c.products.Load(c.word(item, pSale)); sale > 0 {
			c.offers.set(item, oSale, sale)
		}
		if kind := c.products.Load(c.word(item, pKind)); kind&flagListed == 0 && c.products.Load(c.word(item, pAdded)) != 0 {
			c.mark(item, kind|flagRemoved) // it was listed once
		}
	}
}
