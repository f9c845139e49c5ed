package embedding

import kernel "orrery/recommend/vector"

// example is a visitor with the clicks from..to of a batch, who clicked on target next.
type example struct {
	from, to int
	target   uint32
}

// batch is what a step of training computes on: the clicks of some sessions one after another, in the arrays a row of
// Dim numbers a click or an example.
type batch struct {
	clicks   []uint32
	examples []example

	items, dItems     []float32 // by click: the item's vector and the gradient
	keys, dKeys       []float32
	queries, dQueries []float32
	lasts, dLasts     []float32
	sums, dSums       []float32 // by example: the session's vector of unit length
	sizes             []float32 // by example: the length it had
	used              []uint32  // by example: the clicks that were not left out
	weights           []float32 // by example and age
	hidden            []float32 // by example and age: a row of hidden units
	transposed        []float32
	steps, scales     []float32 // by example: gradient of the target's logit, factor of the odds
}

// rowsOf makes n rows of zeros of a, a multiple of 4.
func rowsOf(a *[]float32, n int) {
	n = (n + 3) / 4 * 4 * Dim
	if cap(*a) < n {
		*a = make([]float32, n)
	}
	*a = (*a)[:n]
	clear(*a)
}

func row(a []float32, i int) *vector { return (*vector)(a[i*Dim:]) }

// forward computes the vectors of the examples' sessions.
func (b *batch) forward(t *Trainer) {
	n := len(b.clicks)
	for _, a := range []*[]float32{&b.items, &b.dItems, &b.keys, &b.dKeys, &b.queries, &b.dQueries, &b.lasts, &b.dLasts} {
		rowsOf(a, n)
	}
	rowsOf(&b.sums, len(b.examples))
	rowsOf(&b.dSums, len(b.examples))
	rowsOf(&b.hidden, len(b.examples)*reach)
	for i, item := range b.clicks {
		*row(b.items, i) = t.v.items[item]
		t.fade(row(b.items, i))
	}
	p := t.v.params
	m := (n + 3) / 4 * 4
	items := kernel.Rows(b.items, Dim)
	kernel.Multiply(kernel.Rows(b.keys, Dim), items, p.matrix(keyAt), m, Dim, Dim)
	kernel.Multiply(kernel.Rows(b.queries, Dim), items, p.matrix(queryAt), m, Dim, Dim)
	kernel.Multiply(kernel.Rows(b.lasts, Dim), items, p.matrix(lastAt), m, Dim, Dim)
	b.sizes, b.used = b.sizes[:0], b.used[:0]
	b.weights = append(b.weights[:0], make([]float32, len(b.examples)*reach)...)
	for k, e := range b.examples {
		if k%restExamples == 0 {
			t.config.Rest()
		}
		s := row(b.sums, k)
		last := row(b.items, e.to-1)
		*s = *row(b.lasts, e.to-1)
		used := uint32(0)
		for age := range min(reach, e.to-e.from) {
			if age > 0 && t.chance(t.config.Drop) {
				continue
			}
			used |= 1 << age
			at := e.to - 1 - age
			h := row(b.hidden, k*reach+age)
			w := p.weight(age, last, row(b.items, at), row(b.queries, e.to-1), row(b.keys, at), h)
			b.weights[k*reach+age] = w
			axpy(w, row(b.items, at), s)
		}
		b.used = append(b.used, used)
		b.sizes = append(b.sizes, normalise(s))
	}
}

// weight returns the weight of a click and stores its hidden units in h.
func (p params) weight(age int, last, item, query, key, h *vector) float32 {
	place, out := p.row(placeAt, age), p.row(outAt, 0)
	for d := range h {
		h[d] = max(0, query[d]+key[d]+place[d])
	}
	return p[ageAt+age]*(1+p[likeAt+age]*dot(last, item)) + dot(out, h)
}

// backward computes the gradients of the weights and of the clicks' items from those of the sessions' vectors.
func (b *batch) backward(t *Trainer, g params) {
	p := t.v.params
	out := p.row(outAt, 0)
	rowsOf(&b.transposed, Dim)
	for k, e := range b.examples {
		if k%restExamples == 0 {
			t.config.Rest()
		}
		s, ds := row(b.sums, k), row(b.dSums, k)
		if b.sizes[k] == 0 {
			continue
		}
		axpy(-dot(ds, s), s, ds) // through the scaling to unit length
		scale(ds, 1/b.sizes[k])
		axpy(1, ds, row(b.dLasts, e.to-1))
		last, dLast := row(b.items, e.to-1), row(b.dItems, e.to-1)
		dQuery := row(b.dQueries, e.to-1)
		for age := range min(reach, e.to-e.from) {
			if b.used[k]>>age&1 == 0 {
				continue
			}
			at := e.to - 1 - age
			item, dItem, h := row(b.items, at), row(b.dItems, at), row(b.hidden, k*reach+age)
			axpy(b.weights[k*reach+age], ds, dItem)
			pull := dot(ds, item) // of the weight
			like := dot(last, item)
			g[ageAt+age] += pull * (1 + p[likeAt+age]*like)
			if age > 0 {
				g[likeAt+age] += pull * p[ageAt+age] * like
				by := pull * p[ageAt+age] * p[likeAt+age]
				axpy(by, last, dItem)
				axpy(by, item, dLast)
			}
			axpy(pull, h, g.row(outAt, 0))
			for d := range h {
				if h[d] > 0 {
					h[d] = pull * out[d]
				}
			}
			axpy(1, h, dQuery)
			axpy(1, h, row(b.dKeys, at))
			axpy(1, h, g.row(placeAt, age))
		}
	}
	rowsOf(&b.transposed, Dim)
	b.through(p, g, lastAt, b.dLasts)
	b.through(p, g, keyAt, b.dKeys)
	b.through(p, g, queryAt, b.dQueries)
	if t.config.Fade > 0 {
		for i, v := range b.items {
			if v == 0 {
				b.dItems[i] = 0
			} else {
				b.dItems[i] *= 1 / (1 - t.config.Fade)
			}
		}
	}
}

// through goes back through the product of rows with a matrix.
func (b *batch) through(p, g params, at int, up []float32) {
	n := len(up) / Dim
	kernel.Multiply(g.matrix(at), kernel.Rows(b.items, Dim).T(), kernel.Rows(up, Dim), Dim, n, Dim)
	transpose(b.transposed, p[at:])
	kernel.Multiply(kernel.Rows(b.dItems, Dim), kernel.Rows(up, Dim), kernel.Rows(b.transposed, Dim), n, Dim, Dim)
}

func transpose(to, from []float32) {
	for i := range Dim {
		for j := range Dim {
			to[j*Dim+i] = from[i*Dim+j]
		}
	}
}

// fade sets dimensions to zero at random and scales the others up.
func (t *Trainer) fade(e *vector) {
	if t.config.Fade <= 0 {
		return
	}
	below, by := uint64(t.config.Fade*256), 1/(1-t.config.Fade)
	for d := 0; d < Dim; d += 8 {
		bits := t.random()
		for k := range 8 {
			if bits>>(8*k)&0xff < below {
				e[d+k] = 0
			} else {
				e[d+k] *= by
			}
		}
	}
}
