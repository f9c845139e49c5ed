package catalogue

import (
	"orrery/models"
	"orrery/models/intern"
	"orrery/models/slab"
)

// groups joins the variants of a product: the sizes and colours that a feed or an event gives one item_group_id. A product whose own id
// is that of a group belongs to it: views often name the product, orders the variant.
type groups struct {
	names *intern.Strings // scope: shop
	of    slab.Words      // item: group<<32 | the next item of the group
	first slab.Words      // group: an item of it
}

// Group returns the number of an item's group, 0 where it has none. Any goroutine may call it.
func (c *Catalogue) Group(item uint32) uint32 {
	g := &c.offers.groups
	if uint64(item) >= g.of.Len() {
		return 0
	}
	return uint32(g.of.Load(uint64(item)) >> 32)
}

// HasGroups tells whether any product has variants. Any goroutine may call it.
func (c *Catalogue) HasGroups() bool { return c.offers.groups.names.Len() > 0 }

// maxVariants bounds the variants that are looked at.
const maxVariants = 64

// EachVariant calls f with the items of an item's group but itself, the one that came last first, until it returns false: 64 at most. Any
// goroutine may call it.
func (c *Catalogue) EachVariant(item uint32, f func(item uint32) bool) {
	group := c.Group(item)
	if group == 0 {
		return
	}
	g := &c.offers.groups
	next := uint32(g.first.Load(uint64(group)))
	for n := 0; next != 0 && n < maxVariants; n++ {
		if next != item && !f(next) {
			return
		}
		next = uint32(g.of.Load(uint64(next)))
	}
}

// Variant returns the item of an item's group that may be shown in its place, 0 where there is none. Any goroutine may call it.
func (c *Catalogue) Variant(shop, item uint32) (variant uint32) {
	c.EachVariant(item, func(other uint32) bool {
		if c.Allowed(shop, other) {
			variant = other
		}
		return variant == 0
	})
	return variant
}

// group puts an item into a group.
func (c *Catalogue) group(shop, item uint32, id []byte) {
	id = models.CanonicalID(id)
	if len(id) == 0 || len(id) > models.MaxID {
		return
	}
	g := &c.offers.groups
	number, fresh := g.names.Add(shop, id)
	c.join(item, number)
	if whole := c.items.Find(shop, id); fresh && whole != 0 {
		c.join(whole, number)
	}
}

// regroup puts a new item into the group of its own name, if there is one.
func (c *Catalogue) regroup(shop, item uint32, id []byte) {
	if number := c.offers.groups.names.Find(shop, id); number != 0 {
		c.join(item, number)
	}
}

func (c *Catalogue) join(item, group uint32) {
	g := &c.offers.groups
	g.of.Grow(uint64(c.items.Len()) + 2)
	g.first.Grow(uint64(g.names.Len()) + 2)
	was := c.Group(item)
	if was == group {
		return
	}
	if was != 0 {
		c.leave(item, was)
	}
	g.of.Set(uint64(item), uint64(group)<<32|g.first.Load(uint64(group)))
	g.first.Set(uint64(group), uint64(item))
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
