// Package baskets is what orders teach: which products are bought together and after viewing others, the ranker of carts (together),
// and who buys what again (rebuy). An order costs its lines, and pairs of its first ones; learning is a sample of orders.
package baskets

import (
	"orrery/models"
	"orrery/models/people"
	"orrery/recommend/neighbours"
	"orrery/recommend/rebuy"
	"orrery/recommend/together"
)

// Models is what learns from orders.
type Models struct {
	Bought   *neighbours.Lists // together
	After    *neighbours.Lists // after viewing
	Together *together.Ranker
	Rebuy    *rebuy.History
	People   *people.People // knows the orders
	Shops    Shops
}

// Shops says whose a product is.
type Shops interface{ Shop(item uint32) uint32 }

// Baskets takes orders. One goroutine uses it.
type Baskets struct {
	models Models
	pairs  int // products of one order that are paired, the first ones
	fill   func(list []uint32, shop uint32, t models.Time) []uint32

	together *together.Scratch
	rebuy    *rebuy.Scratch
	products []uint32
	cart     []uint32
	filled   []uint32
	paired   []uint32
}

// New returns baskets over models, which pair the first so many products of an order. fill appends a shop's bestsellers, which
// rankers fill up with.
func New(m Models, pairs int, fill func(list []uint32, shop uint32, t models.Time) []uint32) *Baskets {
	return &Baskets{models: m, pairs: pairs, fill: fill}
}

const (
	// learnAll is the number of orders that the rankers of baskets learn from without exception; past it they learn
	// from one order in learnShare, which keeps learning below a tenth of the cost of a stream with 3 % of orders.
	learnAll   = 2000
	learnShare = 8
)

// Order is one as baskets see it: products in their order, each once, by their main items. Hash says whether it is in the sample.
type Order struct {
	Shop     uint32
	Owner    uint32 // whose it is: see frame.ContactOwner
	Hash     uint64
	Time     models.Time
	Products []uint32
}

// Take learns from an order, then counts it.
func (b *Baskets) Take(o *Order) {
	b.products = append(b.products[:0], o.Products[:min(len(o.Products), b.pairs)]...)
	if len(b.products) > 0 {
		if b.models.Together.Learned(o.Shop) < learnAll || o.Hash%learnShare == 0 {
			b.learn(o)
		}
		b.models.Rebuy.Buy(o.Shop, o.Owner, b.products, o.Time)
	}
	b.count(o)
}

func (b *Baskets) learn(o *Order) {
	if b.together == nil {
		b.together, b.rebuy = together.NewScratch(), rebuy.NewScratch()
	}
	b.filled = b.fill(b.filled[:0], o.Shop, o.Time)
	if n := uint64(len(b.products)); n > 1 {
		out := (o.Hash >> 8) % n
		b.cart = append(append(b.cart[:0], b.products[:out]...), b.products[out+1:]...)
		b.models.Together.Learn(b.together, b.models.Bought, together.Query{Shop: o.Shop, Cart: b.cart, Fill: b.filled, Now: o.Time}, b.products[out])
	}
	if b.models.Rebuy.Orders(o.Owner) > 0 {
		b.models.Rebuy.Learn(b.rebuy, b.models.Bought, rebuy.Query{Shop: o.Shop, Owners: []uint32{o.Owner}, Fill: b.filled, Now: o.Time}, b.products)
	}
}

// count counts an order for its products and their pairs.
func (b *Baskets) count(o *Order) {
	m := &b.models
	after, together := m.After.Weight(o.Time), m.Bought.Weight(o.Time)
	m.After.CountBasket(o.Shop, after)
	m.Bought.CountBasket(o.Shop, together)
	b.paired = b.paired[:0]
	for i, item := range o.Products {
		m.After.CountRight(item, after)
		m.Bought.CountBoth(item, together)
		if i < b.pairs {
			m.Bought.PrefetchPairs(item, b.paired)
			m.Bought.AddPairs(o.Shop, item, b.paired, together)
			b.paired = append(b.paired, item)
		}
	}
}

// Join makes one product of two: what is counted of from counts for to. Pairs that name from as bought after viewing others stay until
// they fade, and so does who has bought it.
func (b *Baskets) Join(from, to uint32) {
	b.models.Bought.Join(b.models.Shops.Shop(to), from, to, true)
	b.models.After.Join(b.models.Shops.Shop(to), from, to, false)
}

// Viewed counts products viewed before orders, each with all products of its order.
func (b *Baskets) Viewed(pairs []people.Pair) {
	after, p := b.models.After, b.models.People
	for _, pair := range pairs {
		w, shop := after.Weight(p.OrderTime(pair.Order)), b.models.Shops.Shop(pair.Viewed)
		after.CountLeft(pair.Viewed, w)
		p.BoughtMains(pair.Order, func(item uint32) {
			if item != pair.Viewed {
				after.Add(shop, pair.Viewed, item, w)
			}
		})
	}
}
