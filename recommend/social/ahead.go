package social

// Ahead asks for the heads of a product's windows, and AheadViews, when they have come, for the places where a visitor's
// view will be noted. See intern.Hashes.Ahead.
func (p *Proof) Ahead(product uint32) {
	if p.knows(product) {
		p.heads.Ahead(uint64(product) * headWords)
	}
}

// AheadViews asks for where a view of a product by a visitor will be noted.
func (p *Proof) AheadViews(product, visitor uint32) {
	if p.knows(product) {
		p.viewing.ahead(product, visitor)
		p.viewed.ahead(product, visitor)
	}
}

func (w *window) ahead(product, visitor uint32) {
	h := w.load(product)
	if h.class < 0 {
		return
	}
	a, b := h.sets(tagOf(visitor))
	w.tables.Ahead(a)
	if b != a {
		w.tables.Ahead(b)
	}
}
