package embedding

import (
	"math"

	kernel "orrery/recommend/vector"
)

const (
	poolSize    = 1 << 20
	samplePower = 0.75 // negatives are drawn by the item's clicks to this power, as in word2vec
)

// negatives are the items that a batch of examples is trained against.
type negatives struct {
	pool  []uint32  // items, each in proportion to its share
	logs  []float32 // by item: ln of its share, which the softmax is corrected by
	items []uint32
	slots []int32 // by item: 1 + its first place in items, 0 is none; next leads on
	next  []int32

	vectors   []float32 // a row an item
	packed    []float32 // the same in blocks of 16 items: a row a dimension
	shift     []float32
	gradients []float32
	odds      []float32 // by example: a row, see stride
	scaled    []float32
}

const lane = 16 // items of a packed block

func (n *negatives) init(size int) {
	n.items, n.shift, n.next = make([]uint32, size), make([]float32, size), make([]int32, size)
	n.vectors, n.packed, n.gradients = make([]float32, size*Dim), make([]float32, size*Dim), make([]float32, size*Dim)
}

// fill computes the pool for the items that the trainer has seen.
func (n *negatives) fill(t *Trainer) {
	counts := t.v.counts
	sum := 0.0
	for item, c := range counts {
		sum += math.Pow(float64(c), samplePower)
		if item%restItems == 0 {
			t.config.Rest()
		}
	}
	n.pool, n.logs = n.pool[:0], append(n.logs, make([]float32, len(counts)-len(n.logs))...)
	n.slots = append(n.slots, make([]int32, len(counts)-len(n.slots))...)
	places := 0.0
	for item, c := range counts {
		if item%restItems == 0 {
			t.config.Rest()
		}
		if c == 0 {
			continue
		}
		share := math.Pow(float64(c), samplePower) / sum
		n.logs[item] = float32(math.Log(share))
		for places += share * poolSize; places >= 1; places-- {
			n.pool = append(n.pool, uint32(item))
		}
	}
}

// draw begins a batch.
func (n *negatives) draw(t *Trainer) {
	for i := range n.items {
		if i%restItems == 0 {
			t.config.Rest()
		}
		item := n.pool[t.random()%uint64(len(n.pool))]
		n.items[i], n.shift[i] = item, n.logs[item]
		n.next[i], n.slots[item] = n.slots[item], int32(i+1)
		e := &t.v.items[item]
		*row(n.vectors, i) = *e
		block := n.packed[i/lane*lane*Dim+i%lane:]
		for d, v := range e {
			block[d*lane] = v
		}
	}
	clear(n.gradients)
}

// softmax takes the steps of targets and negatives and stores the gradients of the sessions' vectors.
func (n *negatives) softmax(t *Trainer, b *batch) {
	m, size := (len(b.examples)+3)/4*4, len(n.items)
	stride := size + lane // not a power of two, so that a column does not fall on one line of the cache
	if cap(n.odds) < m*stride {
		n.odds = make([]float32, m*stride)
	}
	n.odds = n.odds[:m*stride]
	clear(n.odds)
	rowsOf(&n.scaled, m)
	sums, odds := kernel.Rows(b.sums, Dim), kernel.Rows(n.odds, stride)
	for at := 0; at < size; at += lane {
		if at%restItems == 0 {
			t.config.Rest()
		}
		kernel.Multiply(odds.From(0, at), sums, kernel.Rows(n.packed[at*Dim:], lane), m, Dim, lane)
	}
	hot := 1 / t.config.Heat
	for k, e := range b.examples {
		if k%restExamples == 0 {
			t.config.Rest()
		}
		s, target := row(b.sums, k), t.v.items[e.target]
		r := n.odds[k*stride:][:size]
		sum := kernel.Exps(r, n.shift, hot)
		for i := n.slots[e.target]; i > 0; i = n.next[i-1] {
			sum -= r[i-1]
			r[i-1] = 0
		}
		own := exp(dot(s, &target)*hot - n.logs[e.target])
		sum = max(sum, 0) + own
		by := hot / sum
		axpy(by, s, row(n.scaled, k))
		p := (own/sum - 1) * hot
		ds := row(b.dSums, k)
		axpy(p/by, &target, ds) // scaled below
		b.steps = append(b.steps, p)
		b.scales = append(b.scales, by)
	}
	for i := len(b.examples) * stride; i < len(n.odds); i++ {
		n.odds[i] = 0
	}
	const chunk = 128 // items that lie in the first cache together
	for at := 0; at < size; at += chunk {
		t.config.Rest()
		kernel.Multiply(kernel.Rows(b.dSums, Dim), odds.From(0, at), kernel.Rows(n.vectors[at*Dim:], Dim), m, min(chunk, size-at), Dim)
	}
	for at := 0; at < size; at += chunk {
		t.config.Rest()
		kernel.Multiply(kernel.Rows(n.gradients[at*Dim:], Dim), odds.From(0, at).T(), kernel.Rows(n.scaled, Dim), min(chunk, size-at), m, Dim)
	}
	for k := range b.examples {
		scale(row(b.dSums, k), b.scales[k])
	}
}

// settle takes the steps of the negatives.
func (n *negatives) settle(t *Trainer) {
	for i, item := range n.items {
		if i%restItems == 0 {
			t.config.Rest()
		}
		t.move(item, row(n.gradients, i))
		n.slots[item] = 0
	}
}
