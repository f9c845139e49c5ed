package similar

import "orrery/models"

// Query asks an index; it holds the scratch of one goroutine.
type Query struct {
	features []feature
	ring     []uint32
	slots    []uint32 // position in found + 1, by hash of the product
	found    []Alike
}

// Alike is a product that shares features with the one asked about.
type Alike struct {
	Product uint32
	Score   float32 // sum of the weights of the shared features
	Shared  float32 // how many features those are

	last int // feature that counted last: a product listed twice under one counts once
}

const slots = 1 << 14 // twice what a query can find at most: 24 features of 512 products

// Find calls yield with the products of a shop that are like p, in no order. p need not be in the index.
func (q *Query) Find(x *Index, shop uint32, p *models.Product, yield func(Alike)) {
	if q.slots == nil {
		q.slots = make([]uint32, slots)
	}
	q.features = x.featuresOf(q.features[:0], shop, p)
	all := uint64(0)
	if uint64(shop) < x.counts.Len() {
		all = x.counts.Load(uint64(shop))
	}
	for i, f := range q.features {
		number := x.byHash.Find(f.hash)
		if number == 0 {
			continue
		}
		count := q.read(x, number)
		w := f.weight * idf(all, count)
		for _, product := range q.ring {
			if product != p.Item {
				q.add(product, w, i)
			}
		}
	}
	for _, a := range q.found {
		yield(a)
	}
	if len(q.found) > 0 {
		clear(q.slots)
		q.found = q.found[:0]
	}
}

// read copies the products of a feature, each once, and returns how many ever had it.
func (q *Query) read(x *Index, number uint32) uint64 {
	at := uint64(number) * featureWords
	for {
		q.ring = q.ring[:0]
		place, count := x.features.Load(at+fPlace), x.features.Load(at+fCount)
		if place == 0 {
			return 0
		}
		for i := range min(count, roomOf(place)) {
			q.ring = append(q.ring, uint32(x.rings.Load(place>>8+i)))
		}
		if x.features.Load(at+fPlace) == place {
			return count
		}
	}
}

func (q *Query) add(product uint32, w float32, feature int) {
	i := product * 0x9e3779b1 >> (32 - 14)
	for ; q.slots[i] != 0; i = (i + 1) % slots {
		if a := &q.found[q.slots[i]-1]; a.Product == product {
			if a.last != feature {
				a.Score, a.Shared, a.last = a.Score+w, a.Shared+1, feature
			}
			return
		}
	}
	if len(q.found) < slots/2 {
		q.found = append(q.found, Alike{product, w, 1, feature})
		q.slots[i] = uint32(len(q.found))
	}
}

// Closeness scales a score by how close two prices are: 1 for the same, a half for prices far apart; three quarters
// where one is unknown.
func Closeness(a, b models.Money) float32 {
	if a <= 0 || b <= 0 {
		return 0.75
	}
	return (1 + float32(min(a, b))/float32(max(a, b))) / 2
}
