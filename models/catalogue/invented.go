package catalogue

import (
	"io"

	"orrery/models"
	"orrery/models/slab"
	"orrery/models/votes"
)

// Kind is a kind of names that anybody can make up by the public key.
type Kind uint8

// The kinds.
const (
	Products Kind = iota
	Categories
	Brands
	Kinds
)

// Invented counts what only the public key has named. There may be so many of each kind: past it a shop that has less than an
// equal share of them may name more, and the others' new names are refused. A product that a feed, an order or another event
// of the shop's own names afterwards is not counted any more.
//
// Besides, one network (a /24, a /48) brings a shop so many new names of each kind a day of the stream, and the rest is refused.
type Invented struct {
	counts   slab.Words // inventedWords a shop, by kind; those of shop 0, which there is not, are the totals
	refused  slab.Words // by kind: at the ceiling, then of a network that has brought its share
	networks votes.Quota
	most     uint64        // of each kind; 0: any number
	perDay   uint64        // of each kind and network
	by       *models.Event // of the public key, that is saying something now; nil: another one's
	now      models.Time   // of the stream then
}

// inventedWords are those of Kinds, and in the totals the shops that have some.
const (
	inventedShops = uint64(Kinds)
	inventedWords = uint64(Kinds) + 1
)

func newInvented() *Invented {
	v := new(Invented)
	v.counts.Grow(inventedWords)
	v.refused.Grow(2 * uint64(Kinds))
	return v
}

// Refused returns how many new names of a kind were refused at the ceiling, Overdrawn how many of networks that had brought their
// share of the day. Any goroutine may call them.
func (v *Invented) Refused(k Kind) uint64   { return v.refused.Load(uint64(k)) }
func (v *Invented) Overdrawn(k Kind) uint64 { return v.refused.Load(uint64(Kinds + k)) }

func (v *Invented) refuse(word Kind) { v.refused.Set(uint64(word), v.refused.Load(uint64(word))+1) }

// Bytes returns the memory held.
func (v *Invented) Bytes() uint64 { return v.counts.Bytes() + v.refused.Bytes() + v.networks.Bytes() }

// Freeze returns the counts of this moment for a snapshot.
func (v *Invented) Freeze() *slab.Parts {
	return slab.Join(v.counts.Freeze(), v.refused.Freeze(), v.networks.Freeze())
}

// ReadFrom replaces the counts by what Freeze wrote.
func (v *Invented) ReadFrom(r io.Reader) (int64, error) {
	n, err := slab.ReadAll(r, &v.counts, &v.refused, &v.networks)
	v.counts.Grow(inventedWords)
	v.refused.Grow(2 * uint64(Kinds))
	return n, err
}

// add counts a new name, or with -1 one that is the shop's own now.
func (v *Invented) add(shop uint32, k Kind, by int64) {
	v.counts.Grow((uint64(shop) + 1) * inventedWords)
	at := uint64(shop)*inventedWords + uint64(k)
	if v.all(shop) == 0 {
		v.counts.Set(inventedShops, v.counts.Load(inventedShops)+1)
	}
	v.counts.Set(at, v.counts.Load(at)+uint64(by))
	v.counts.Set(uint64(k), v.counts.Load(uint64(k))+uint64(by))
	if v.all(shop) == 0 {
		v.counts.Set(inventedShops, v.counts.Load(inventedShops)-1)
	}
}

// all returns what a shop has of all kinds.
func (v *Invented) all(shop uint32) (n uint64) {
	for k := range uint64(Kinds) {
		n += v.counts.Load(uint64(shop)*inventedWords + k)
	}
	return n
}

// take counts n names that are about to be made, unless they are refused: then it is false.
func (v *Invented) take(shop uint32, k Kind, n int64) bool {
	if v.by == nil {
		return true
	}
	if v.most > 0 && v.counts.Load(uint64(k)) >= v.most {
		own := uint64(0)
		if at := uint64(shop)*inventedWords + uint64(k); at < v.counts.Len() {
			own = v.counts.Load(at)
		}
		if own >= v.most/max(1, v.counts.Load(inventedShops)) {
			v.refuse(k)
			return false
		}
	}
	if !v.networks.Take(v.by.Net, shop*uint32(Kinds)+uint32(k), uint64(n), v.perDay, v.now) {
		v.refuse(Kinds + k)
		return false
	}
	v.add(shop, k, n)
	return true
}

// Bound sets how many names of each kind there may be that only the public key has named, and how many new ones of a shop one
// network may bring a day of the stream, at most 65,535; 0 is any number.
func (c *Catalogue) Bound(most, perDay int) {
	c.invented.most, c.invented.perDay = uint64(most), uint64(perDay)
}

// Invented returns the counts of what only the public key has named, as a section of snapshots.
func (c *Catalogue) Invented() *Invented { return c.invented }

// ItemOf is Item for what an event names, with the stream at now: 0 where the public key may name no other product.
func (c *Catalogue) ItemOf(shop uint32, id []byte, ev *models.Event, now models.Time) uint32 {
	if ev.Trust != models.Public {
		return c.Item(shop, id)
	}
	if item := c.Find(shop, id); item != 0 {
		return item
	}
	c.invented.by, c.invented.now = ev, now
	ok := c.invented.take(shop, Products, 1)
	c.invented.by = nil
	if !ok {
		return 0
	}
	item := c.Item(shop, id)
	c.products.Set(c.word(item, pKind), c.products.Load(c.word(item, pKind))|flagInvented)
	return item
}

// MentionBy is Mention of one of an event's items, with the stream at now.
func (c *Catalogue) MentionBy(shop, item uint32, it *models.Item, ev *models.Event, now models.Time) Effect {
	if ev.Trust != models.Public {
		c.own(shop, item)
		return c.Mention(shop, item, it, ev.Currency)
	}
	c.invented.by, c.invented.now = ev, now
	effect := c.Mention(shop, item, it, ev.Currency)
	c.invented.by = nil
	return effect
}

// Named returns the numbers of a brand and of a category that an order names, 0 for none; for the writer, since they may be new.
func (c *Catalogue) Named(shop uint32, brand, path []byte, ev *models.Event, now models.Time) (b, category uint32) {
	if ev.Trust == models.Public {
		c.invented.by, c.invented.now = ev, now
		defer func() { c.invented.by = nil }()
	}
	if brand = bounded(brand, maxTitle); len(brand) > 0 && (c.brands.Find(shop, brand) != 0 || c.invented.take(shop, Brands, 1)) {
		b, _ = c.brands.Add(shop, brand)
	}
	if path = bounded(path, maxURL); len(path) > 0 && c.roomFor(shop, path) {
		c.path = cleanPath(c.path[:0], path)
		category = c.category(shop, c.path)
	}
	return b, category
}

// BrandName returns the name of a brand. Any goroutine may call it.
func (c *Catalogue) BrandName(brand uint32) []byte { return c.brands.Name(brand) }

// own takes a product for one of the shop's own.
func (c *Catalogue) own(shop, item uint32) {
	if kind := c.products.Load(c.word(item, pKind)); kind&flagInvented != 0 {
		c.products.Set(c.word(item, pKind), kind&^flagInvented)
		c.invented.add(shop, Products, -1)
	}
}
