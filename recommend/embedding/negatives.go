package embedding

import "math"

const (
	poolSize    = 1 << 20
	samplePower = 0.75 // negatives are drawn by the item's clicks to this power, as in word2vec
)

// negatives are the items that a batch of examples is trained against.
type negatives struct {
	pool      []uint32  // items, each in proportion to its share
	logs      []float32 // by item: ln of its share, which the softmax is corrected by
	items     []uint32
	vectors   []vector // as they were when the batch began
	offsets   []float32
	gradients []vector
	examples  int // of the batch so far
}

func (n *negatives) init(size int) {
	n.items, n.offsets = make([]uint32, size), make([]float32, size)
	n.vectors, n.gradients = make([]vector, size), make([]vector, size)
}

// fill computes the pool for items of these counts.
func (n *negatives) fill(counts []float64) {
	sum := 0.0
	for _, c := range counts {
		sum += math.Pow(c, samplePower)
	}
	n.pool, n.logs = n.pool[:0], append(n.logs, make([]float32, len(counts)-len(n.logs))...)
	places := 0.0
	for item, c := range counts {
		if c == 0 {
			continue
		}
		share := math.Pow(c, samplePower) / sum
		n.logs[item] = float32(math.Log(share))
		for places += share * poolSize; places >= 1; places-- {
			n.pool = append(n.pool, uint32(item))
		}
	}
}

// draw begins a batch.
func (n *negatives) draw(t *Trainer) {
	for i := range n.items {
		item := n.pool[t.random()%uint64(len(n.pool))]
		n.items[i], n.vectors[i], n.gradients[i] = item, t.v.items[item], vector{}
		n.offsets[i] = n.logs[item]
	}
}
