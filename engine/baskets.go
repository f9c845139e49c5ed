package engine

import (
	"orrery/models"
	"orrery/models/people"
	"orrery/recommend/frame"
	"orrery/recommend/popular"
	"orrery/recommend/rebuy"
	"orrery/recommend/together"
)

// baskets is the writer's scratch for learning from orders.
type baskets struct {
	together *together.Scratch
	rebuy    *rebuy.Scratch
	ranked   []popular.Ranked
	fill     []uint32
	products []uint32
	cart     []uint32
}

const (
	// learnAll is the number of orders that the rankers of baskets learn from without exception; past it they learn
	// from one order in learnShare, which keeps learning below a tenth of the cost of a stream with 3 % of orders.
	learnAll   = 2000
	learnShare = 8
)

// learnOrder lets the models of baskets learn from an order, before it is counted in the lists, and count it for the contact
// whose it is, or for its browser.
func (e *Engine) learnOrder(shop, v, contact uint32, dice uint64, order *people.Order) {
	b := &e.baskets
	b.products = b.products[:0]
	for _, l := range order.Lines[:min(len(order.Lines), e.cfg.PairItems)] {
		b.products = append(b.products, l.Item)
	}
	owner := frame.VisitorOwner(v)
	if contact != 0 {
		owner = frame.ContactOwner(contact)
	}
	if n := len(b.products); n > 0 {
		if e.m.Together.Learned() < learnAll || dice%learnShare == 0 {
			e.learnBasket(shop, owner, dice, order.Time)
		}
		e.m.Rebuy.Buy(owner, b.products, order.Time)
	}
}

func (e *Engine) learnBasket(shop, owner uint32, dice uint64, t models.Time) {
	b := &e.baskets
	if b.together == nil {
		b.together, b.rebuy = together.NewScratch(), rebuy.NewScratch()
	}
	e.demand.Settle()
	b.ranked = e.m.Popular.Bestsellers(b.ranked[:0], e.m.Catalogue.Scope(shop, nil), t)
	b.fill = b.fill[:0]
	for _, r := range b.ranked {
		b.fill = append(b.fill, r.Product)
	}
	if n := uint64(len(b.products)); n > 1 {
		out := (dice >> 8) % n
		b.cart = append(append(b.cart[:0], b.products[:out]...), b.products[out+1:]...)
		e.m.Together.Learn(b.together, e.m.Bought, together.Query{Cart: b.cart, Fill: b.fill, Now: t}, b.products[out])
	}
	if e.m.Rebuy.Orders(owner) > 0 {
		e.m.Rebuy.Learn(b.rebuy, e.m.Bought, rebuy.Query{Owners: []uint32{owner}, Fill: b.fill, Now: t}, b.products)
	}
}
