package baskets

import (
	"cmp"
	"context"
	"io"
	"maps"
	"math"
	"slices"

	"orrery/models"
	"orrery/recommend/neighbours"
	"orrery/recommend/rebuy"
)

// runCustomers runs the next-basket protocol.
func runCustomers(ctx context.Context, c Config, log io.Writer) (*Result, error) {
	all, err := loadCustomers(c.File)
	if err != nil {
		return nil, err
	}
	r := &Result{
		Command: c.Command, Protocol: "next basket", Baseline: c.against("tifu-knn"), Definitions: definitions,
		metrics: []measure{{"recall", 10}, {"recall", 20}, {"ndcg", 10}, {"phr", 10}},
	}
	var flat []Basket
	var cases []Case
	for _, baskets := range all {
		for _, b := range baskets {
			flat = append(flat, Basket{Items: b})
		}
		if c.Valid {
			baskets = baskets[:len(baskets)-1]
		}
		if n := len(baskets); n >= 3 || c.Valid && n >= 2 {
			cases = append(cases, Case{Group: uint32(len(cases)), User: uint32(len(cases)) + 1, History: baskets[:n-1], Relevant: baskets[n-1]})
		}
	}
	r.Dataset = describe(setName(c.File), flat)
	r.Dataset.Users = len(all)
	rows := []row{
		{"popularity", func() (recipe, error) { return newTop(cases, false), nil }},
		{"personal top", func() (recipe, error) { return newTop(cases, true), nil }},
		{"tifu-knn", func() (recipe, error) { return newTIFU(cases), nil }},
		{"buy_again", func() (recipe, error) { return newRebuy(cases, true), nil }},
		{"next_basket", func() (recipe, error) { return newRebuy(cases, false), nil }},
	}
	test := c.sampled(cases)
	if c.Shuffle {
		shuffleLabels(test)
	}
	return r, r.run(ctx, test, rows, log)
}

// top is popularity, and personal top frequency filled up with it.
type top struct {
	personal bool
	single   []float64
	best     []uint32 // most bought first
	scores   map[uint32]float64
}

func newTop(cases []Case, personal bool) *top {
	t := &top{personal: personal, scores: map[uint32]float64{}}
	for _, c := range cases {
		for _, b := range c.History {
			for _, i := range b {
				for int(i) >= len(t.single) {
					t.single = append(t.single, 0)
				}
				t.single[i]++
			}
		}
	}
	t.best = mostBought(t.single)
	return t
}

// mostBought returns the items that were bought, the most frequent first.
func mostBought(single []float64) []uint32 {
	order := make([]uint32, 0, len(single))
	for i, n := range single {
		if n > 0 {
			order = append(order, uint32(i))
		}
	}
	slices.SortFunc(order, func(x, y uint32) int { return cmp.Or(cmp.Compare(single[y], single[x]), cmp.Compare(x, y)) })
	return order
}

func (t *top) recommend(dst []uint32, c *Case, k int) []uint32 {
	clear(t.scores)
	for _, item := range t.best[:min(k, len(t.best))] {
		t.scores[item] = t.single[item] / 1e6
	}
	if t.personal {
		for _, b := range c.History {
			for _, i := range b {
				if t.scores[i] == 0 {
					t.scores[i] = t.single[i] / 1e6
				}
				t.scores[i]++
			}
		}
	}
	return appendTop(dst, maps.All(t.scores), t.single, k)
}

// tifu is TIFU-kNN (Hu et al., "Modeling personalized item frequency information for next-basket recommendation", SIGIR
// 2020), with the paper's settings for Ta-Feng: a customer's vector is the sum of the baskets, faded within groups of 7
// by 0.9 a basket, and by 0.7 a group; a forecast is 0.7 of the own vector and 0.3 of the mean of the 300 nearest.
type tifu struct {
	vectors []map[uint32]float64
	norms   []float64
	holders map[uint32][]held
	single  []float64
	sorted  []float64
}

type held struct {
	user int
	v    float64
}

const (
	tifuBasket     = 0.9
	tifuGroup      = 0.7
	tifuSize       = 7
	tifuOwn        = 0.7
	tifuNeighbours = 300
)

func newTIFU(cases []Case) *tifu {
	t := &tifu{holders: map[uint32][]held{}, single: newTop(cases, false).single}
	for u, c := range cases {
		v := tifuVector(c.History)
		norm := 0.0
		for i, x := range v {
			t.holders[i] = append(t.holders[i], held{u, x})
			norm += x * x
		}
		t.vectors, t.norms = append(t.vectors, v), append(t.norms, norm)
	}
	return t
}

func tifuVector(history [][]uint32) map[uint32]float64 {
	v := map[uint32]float64{}
	n := len(history)
	groups := (n + tifuSize - 1) / tifuSize
	for b, basket := range history {
		back := n - 1 - b // the oldest group is the one that may be short
		group, size := back/tifuSize, min(tifuSize, n-back/tifuSize*tifuSize)
		w := math.Pow(tifuBasket, float64(back%tifuSize)) / float64(size)
		w *= math.Pow(tifuGroup, float64(group)) / float64(groups)
		for _, i := range basket {
			v[i] += w
		}
	}
	return v
}

func (t *tifu) recommend(dst []uint32, c *Case, k int) []uint32 {
	me := int(c.User) - 1
	dots := make([]float64, len(t.vectors))
	for i, x := range t.vectors[me] {
		for _, h := range t.holders[i] {
			dots[h.user] += x * h.v
		}
	}
	for u := range dots {
		dots[u] = t.norms[u] - 2*dots[u] // squared distance less a constant
	}
	dots[me] = math.Inf(1)
	t.sorted = append(t.sorted[:0], dots...)
	slices.Sort(t.sorted)
	farthest := t.sorted[min(tifuNeighbours, len(dots))-1]
	order := make([]int, 0, tifuNeighbours)
	for u, d := range dots {
		if d <= farthest && len(order) < tifuNeighbours && u != me {
			order = append(order, u)
		}
	}
	scores := map[uint32]float64{}
	for i, x := range t.vectors[me] {
		scores[i] = tifuOwn * x
	}
	for _, u := range order {
		for i, x := range t.vectors[u] {
			scores[i] += (1 - tifuOwn) * x / float64(len(order))
		}
	}
	return appendTop(dst, maps.All(scores), t.single, k)
}

// again is the engine's recipe, fed in the order in which orders arrive: buy_again, or next_basket, which offers new products
// as well, as the protocol asks for.
type again struct {
	only    bool // what was bought before
	history *rebuy.History
	scratch *rebuy.Scratch
	lists   *neighbours.Lists
	fill    *bestsellers
	items   []rebuy.Item
}

func newRebuy(cases []Case, only bool) *again {
	a := &again{only: only, history: rebuy.New(), scratch: rebuy.NewScratch(), lists: neighbours.New(0, 0), fill: &bestsellers{}}
	type order struct {
		c, b int
		at   float64
	}
	var orders []order
	for c := range cases {
		for b := range cases[c].History {
			orders = append(orders, order{c, b, float64(b) / float64(len(cases[c].History))})
		}
	}
	slices.SortStableFunc(orders, func(a, b order) int { return cmp.Compare(a.at, b.at) })
	for n, o := range orders {
		if n%256 == 0 {
			a.fill.refresh()
		}
		c := &cases[o.c]
		products := c.History[o.b]
		if o.b > 0 && n > len(orders)/10 {
			a.history.Learn(a.scratch, a.lists, a.query(c, o.b), products)
		}
		a.history.Buy(0, c.User, products, weeks(o.b))
		a.fill.count(products)
		countPairs(a.lists, products)
	}
	a.fill.refresh()
	return a
}

// weeks makes a time of a number: files without times count a week a basket.
func weeks(n int) models.Time { return models.Time(n+1) * 7 * models.Day }

func (a *again) query(c *Case, n int) rebuy.Query {
	return rebuy.Query{Owners: []uint32{c.User}, Fill: a.fill.list, Now: weeks(n), Again: a.only}
}

func (a *again) recommend(dst []uint32, c *Case, k int) []uint32 {
	a.items = a.history.Recommend(a.scratch, a.items[:0], a.lists, a.query(c, len(c.History)), k)
	for _, i := range a.items {
		dst = append(dst, i.Item)
	}
	return dst
}

// bestsellers keeps the most bought products, as the engine's popularity does.
type bestsellers struct {
	single []float64
	list   []uint32
}

func (b *bestsellers) count(products []uint32) {
	for _, i := range products {
		for int(i) >= len(b.single) {
			b.single = append(b.single, 0)
		}
		b.single[i]++
	}
}

// fills is the number of bestsellers that are candidates.
const fills = 64

func (b *bestsellers) refresh() {
	order := mostBought(b.single)
	b.list = order[:min(fills, len(order))]
}

// countPairs counts an order in the lists as the engine does.
func countPairs(l *neighbours.Lists, products []uint32) {
	w := l.Weight(0)
	l.CountBasket(0, w)
	for k, i := range products {
		l.CountBoth(i, w)
		for _, j := range products[:min(k, 100)] {
			l.Add(0, i, j, w)
			l.Add(0, j, i, w)
		}
	}
}
