package catalogue

// Of every shop the products listed last, and those that went on sale last, are remembered: a position, then the items.
const (
	ringNew = iota
	ringSale
	rings

	ringItems = 63
	ringWords = ringItems + 1
)

func ringAt(shop uint32, ring int) uint64 { return (uint64(shop)*rings + uint64(ring)) * ringWords }

// push remembers item as the newest of a ring.
func (c *Catalogue) push(shop uint32, ring int, item uint32) {
	at := ringAt(shop, ring)
	c.recent.Grow(at + ringWords)
	n := c.recent.Load(at)
	c.recent.Set(at+1+n%ringItems, uint64(item))
	c.recent.Set(at, n+1)
}

// Newest calls f with the products of a shop that were listed last, newest first, until it returns false.
func (c *Catalogue) Newest(shop uint32, f func(item uint32) bool) { c.each(shop, ringNew, f) }

// OnSaleLately calls f with the products of a shop that went on sale last, newest first, until it returns false. Some
// may have gone off sale since: see OnSale.
func (c *Catalogue) OnSaleLately(shop uint32, f func(item uint32) bool) { c.each(shop, ringSale, f) }

func (c *Catalogue) each(shop uint32, ring int, f func(item uint32) bool) {
	at := ringAt(shop, ring)
	if at+ringWords > c.recent.Len() {
		return
	}
	n := c.recent.Load(at)
	for k := range min(n, ringItems) {
		if item := c.recent.Load(at + 1 + (n-1-k)%ringItems); item != 0 && !f(uint32(item)) {
			return
		}
	}
}
