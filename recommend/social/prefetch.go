package social

// Prefetch asks for the heads of a product's windows, and PrefetchViews, when they have come, for the places where a visitor's
// view will be noted. See intern.Hashes.Prefetch.
func (p *Proof) Prefetch(product uint32) {
	if p.knows(product) {
		p.heads.Prefetch(uint64(product) * headWords)
	}
}

// PrefetchViews asks for where a view of a product by a visitor will be noted.
func (p *Proof) PrefetchViews(product, visitor uint32) {
	if p.knows(product) {
		p.viewing.prefetch(product, visitor)
		p.viewed.prefetch(product, visitor)
	}
}

func (w *window) prefetch(product, visitor uint32) {
	h := w.load(product)
	if h.class < 0 {
		return
	}
	a, b := h.sets(tagOf(visitor))
	w.tables.Prefetch(a)
	if b != a {
		w.tables.Prefetch(b)
	}
}
