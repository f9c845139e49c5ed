package catalogue

import (
	"bytes"

	"orrery/models"
	"orrery/models/intern"
	"orrery/models/slab"
)

// groups joins the variants of a product: the sizes and colours that a feed or an event gives one item_group_id. The item whose own id
// is that of a group, its main item, belongs to it, whether the shop ever names it or not: views often name the product, orders the
// variant. What visitors do with a variant counts for the main item, so models know one product; stock, price, carts and the lines
// of orders stay the variant's.
//
// A main item stays in its own group, whatever a feed says of it, so that no main item has another one.
type groups struct {
	names *intern.Strings // scope: shop
	of    slab.Words      // item: group<<32 | the next item of the group
	first slab.Words      // group: an item of it
	main  slab.Words      // group: its main item. It follows from the names.
	shown slab.Words      // group: the variant that frames show. It follows from the products.
}

// Group returns the number of an item's group, 0 where it has none. Any goroutine may call it.
func (c *Catalogue) Group(item uint32) uint32 {
	g := &c.offers.groups
	if uint64(item) >= g.of.Len() {
		return 0
	}
	return uint32(g.of.Load(uint64(item)) >> 32)
}

// GroupName returns the id of an item's group, nil where it has none. Any goroutine may call it.
func (c *Catalogue) GroupName(item uint32) []byte {
	if group := c.Group(item); group != 0 {
		return c.offers.groups.names.Name(group)
	}
	return nil
}

// Main returns the item that what is done with an item counts for: the main one of its group, itself where it has none. Any goroutine
// may call it.
func (c *Catalogue) Main(item uint32) uint32 {
	group := c.Group(item)
	if group == 0 {
		return item
	}
	return c.mainOf(group, item)
}

func (c *Catalogue) mainOf(group, item uint32) uint32 {
	if g := &c.offers.groups; uint64(group) < g.main.Len() {
		if main := uint32(g.main.Load(uint64(group))); main != 0 {
			return main
		}
	}
	return item
}

// HasGroups tells whether any product has variants. Any goroutine may call it.
func (c *Catalogue) HasGroups() bool { return c.offers.groups.of.Len() > 0 }

// maxVariants bounds the variants that are looked at.
const maxVariants = 64

// EachVariant calls f with the items of a group, the one that came last first, until it returns false: 64 at most. Any goroutine may
// call it.
func (c *Catalogue) EachVariant(group uint32, f func(item uint32) bool) {
	g := &c.offers.groups
	next := uint32(g.first.Load(uint64(group)))
	for n := 0; next != 0 && n < maxVariants && f(next); n++ {
		next = uint32(g.of.Load(uint64(next)))
	}
}

// Offered returns the item that a frame of a shop shows for an item: itself, or a variant of it, where the item is a main one or may
// not be shown; 0 where nothing of it may be. Any goroutine may call it.
func (c *Catalogue) Offered(shop, item uint32) uint32 {
	group := c.Group(item)
	if group == 0 || c.mainOf(group, 0) != item {
		if c.Allowed(shop, item) {
			return item
		}
		if group == 0 {
			return 0
		}
	}
	if shown := c.shownOf(group); shown != 0 && c.Allowed(shop, shown) {
		return shown
	}
	found := uint32(0)
	c.EachVariant(group, func(other uint32) bool {
		if c.Allowed(shop, other) && !c.standsIn(other) {
			found = other
		}
		return found == 0
	})
	return found
}

// standsIn tells whether an item is a main one that the feed does not list: a name for its variants.
func (c *Catalogue) standsIn(item uint32) bool { return c.labelOf(item)&labelMain != 0 }

func (c *Catalogue) shownOf(group uint32) uint32 {
	if g := &c.offers.groups; uint64(group) < g.shown.Len() {
		return uint32(g.shown.Load(uint64(group)))
	}
	return 0
}

// Told returns the item that says what an item is: the variant shown where it is a main item that the shop has said nothing of. Any
// goroutine may call it.
func (c *Catalogue) Told(item uint32) uint32 {
	if !c.HasGroups() || c.products.Load(c.word(item, pKind))&(flagTitled|flagListed) != 0 {
		return item
	}
	group := c.Group(item)
	if shown := c.shownOf(group); group != 0 && shown != 0 && c.mainOf(group, 0) == item {
		return shown
	}
	return item
}

// group puts an item into a group, and reports whether it was not in it.
func (c *Catalogue) group(shop, item uint32, id []byte) bool {
	id = models.CanonicalID(id)
	if len(id) == 0 || len(id) > models.MaxID || models.IsUnset(id) {
		return false
	}
	if was := c.Group(item); was != 0 && c.mainOf(was, 0) == item {
		return false
	}
	g := &c.offers.groups
	number, _ := g.names.Add(shop, id)
	c.lead(shop, number, id)
	return c.join(item, number)
}

// lead sees to the main item of a group.
func (c *Catalogue) lead(shop, group uint32, id []byte) {
	g := &c.offers.groups
	if c.mainOf(group, 0) != 0 {
		return
	}
	main := c.Item(shop, id)
	c.join(main, group)
	g.main.Grow(uint64(group) + 1)
	g.main.Set(uint64(group), uint64(main))
	c.mark(main, c.products.Load(c.word(main, pKind))|flagMain)
}

// join puts an item into a group, and reports whether it was not in it.
func (c *Catalogue) join(item, group uint32) bool {
	g := &c.offers.groups
	g.of.Grow(uint64(c.items.Len()) + 2)
	g.first.Grow(uint64(g.names.Len()) + 2)
	was := c.Group(item)
	if was == group {
		return false
	}
	if was != 0 {
		c.leave(item, was)
		c.choose(was)
	}
	g.of.Set(uint64(item), uint64(group)<<32|g.first.Load(uint64(group)))
	g.first.Set(uint64(group), uint64(item))
	c.choose(group)
	return true
}

// leave takes an item out of a group.
func (c *Catalogue) leave(item, group uint32) {
	g := &c.offers.groups
	next := g.of.Load(uint64(item)) & 0xffffffff
	if uint32(g.first.Load(uint64(group))) == item {
		g.first.Set(uint64(group), next)
		return
	}
	for at := g.first.Load(uint64(group)); at != 0; at = g.of.Load(at) & 0xffffffff {
		if uint32(g.of.Load(at)) == item {
			g.of.Set(at, uint64(group)<<32|next)
			return
		}
	}
}

// rechoose works out anew what is shown for the group of an item that has changed.
func (c *Catalogue) rechoose(item uint32) {
	if group := c.Group(item); group != 0 {
		c.choose(group)
	}
}

// choose works out which variant is shown for a group: one in stock, that the feed lists, else that has a title, with the lowest price;
// of equal ones that of the first id. So it does not depend on the order in which they came. The main item is one of them where the
// feed lists it, or none of the others.
func (c *Catalogue) choose(group uint32) {
	best, main, listed := uint32(0), uint32(0), false
	c.EachVariant(group, func(item uint32) bool {
		kind := c.products.Load(c.word(item, pKind))
		listed = listed || kind&flagListed != 0
		if kind&(flagMain|flagListed) == flagMain {
			if kind&flagTitled != 0 {
				main = item
			}
		} else if best == 0 || c.before(item, best) {
			best = item
		}
		return true
	})
	if main != 0 && !listed && (best == 0 || c.before(main, best)) {
		best = main
	}
	g := &c.offers.groups
	g.shown.Grow(uint64(group) + 1)
	g.shown.Set(uint64(group), uint64(best))
}

// before tells whether a variant is shown rather than another.
func (c *Catalogue) before(a, b uint32) bool {
	if x, y := c.merit(a), c.merit(b); x != y {
		return x > y
	}
	x, y := c.asks(a), c.asks(b)
	if x != y && x > 0 && y > 0 {
		return x < y
	}
	if (x > 0) != (y > 0) {
		return x > 0
	}
	return bytes.Compare(c.items.Name(a), c.items.Name(b)) < 0
}

// merit returns how fit an item is to be shown for its group.
func (c *Catalogue) merit(item uint32) int {
	switch kind := c.products.Load(c.word(item, pKind)); {
	case kind&(flagSold|flagRemoved) != 0:
		return 0
	case kind&flagListed != 0:
		return 3
	case kind&flagTitled != 0:
		return 2
	}
	return 1
}

// asks returns what an item costs now, 0 where that is not known.
func (c *Catalogue) asks(item uint32) uint64 {
	if sale := c.products.Load(c.word(item, pSale)); sale > 0 {
		return sale
	}
	return c.products.Load(c.word(item, pPrice))
}

// settleGroups works out what follows from the names of groups and from products, of a catalogue that was read from a snapshot. Builds
// before main items had groups without one: they get theirs.
func (c *Catalogue) settleGroups() {
	g := &c.offers.groups
	for group := uint32(1); int(group) <= g.names.Len(); group++ {
		if first := uint32(g.first.Load(uint64(group))); first != 0 {
			c.lead(c.Shop(first), group, g.names.Name(group))
			c.choose(group)
		}
	}
}
