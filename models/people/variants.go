package people

// Mains knows which items are variants of one product. Views, carts and the lines of orders keep the variant; whether two are the same
// product, their main item says: so a product's pairs are the same whichever of its variants views and orders name, and when it was
// said that they are variants.
type Mains interface {
	// Main returns the item that stands for an item and its variants, itself where it has none.
	Main(item uint32) uint32
	// HasGroups tells whether any item has variants.
	HasGroups() bool
}

// SetMains says who knows the variants. Nobody: every item is a product of its own.
func (p *People) SetMains(m Mains) { p.mains = m }

// grouped tells whether any item has variants.
func (p *People) grouped() bool { return p.mains != nil && p.mains.HasGroups() }

// Main returns the item that stands for an item and its variants.
func (p *People) Main(item uint32) uint32 {
	if p.mains == nil {
		return item
	}
	return p.mains.Main(item)
}

// BoughtMains calls f with the products of an order, each once: the main items of its lines. For the writer.
func (p *People) BoughtMains(order uint32, f func(item uint32)) {
	if !p.grouped() {
		p.Bought(order, f)
		return
	}
	p.sold = p.sold[:0]
	p.orders.each(order, func(l Line) {
		if main := p.mains.Main(l.Item); !contains(p.sold, main) {
			p.sold = append(p.sold, main)
		}
	})
	for _, item := range p.sold {
		f(item)
	}
}

// pairVariants is pairUp where items have variants: each of the other products once. It reports whether the item's product is
// among them.
func (p *People) pairVariants(l *list, main, start uint32) (seen bool) {
	for _, word := range l.block[:l.n] {
		if uint32(word) < start {
			continue
		}
		switch id := p.mains.Main(uint32(word >> 32)); {
		case id == main:
			seen = true
		case !contains(p.paired, id):
			p.paired = append(p.paired, id)
		}
	}
	return seen
}
