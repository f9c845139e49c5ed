package frame

import (
	"math"

	"orrery/recommend/next"
	"orrery/recommend/similar"
)

// collect offers the candidates of one step.
func (a *Answerer) collect(s Step) {
	a.c.apart = s.Recipe == CartLeft
	switch s.Recipe {
	case ViewedTogether:
		a.around(a.products, a.m.Viewed, cosine)
	case BoughtTogether, Complements:
		a.complete(a.basket(), s.Recipe)
	case BoughtAfterViewing:
		a.around(a.products, a.m.After, llr)
	case Similar:
		a.similar()
	case Next:
		a.next()
	case ForYou:
		a.forYou()
	case RecentlyViewed:
		for i, e := range a.reader.Viewed(a.who) {
			a.c.offer(candidate{item: e.ID, score: 1 / float32(i+1), count: 1, stat: 1})
		}
	case CartLeft:
		for i, e := range a.reader.Cart(a.who) {
			a.c.offer(candidate{item: e.ID, score: 1 / float32(i+1), count: float32(e.Aux), stat: 1})
		}
	case BuyAgain, NextBasket:
		a.buyNext(s.Recipe)
	case Bestsellers, Trending, MostViewed:
		a.shelf(s)
	case New:
		a.position = 0
		a.m.Catalogue.Newest(a.shop, a.offerNext)
	case OnSale:
		a.position = 0
		a.m.Catalogue.OnSaleLately(a.shop, a.offerSale)
	}
}

// basket is what the request asks about, or else what lies in the person's cart.
func (a *Answerer) basket() []uint32 {
	if len(a.products) > 0 {
		return a.products
	}
	a.session = a.session[:0]
	for _, e := range a.reader.Cart(a.who) {
		a.session = append(a.session, e.ID)
		a.exclude(e.ID)
	}
	a.session = a.main(a.session)
	return a.session
}

// similar offers what is like the product asked about, or like the one viewed last.
func (a *Answerer) similar() {
	item := uint32(0)
	if len(a.asked) > 0 {
		item = a.asked[0]
	} else if viewed := a.reader.Viewed(a.who); len(viewed) > 0 {
		item = viewed[0].ID
	}
	if item == 0 {
		return
	}
	item = a.m.Catalogue.Told(item)
	a.m.Catalogue.Product(item, &a.product)
	a.alike.Find(a.m.Similar, a.shop, &a.product, a.offerAlike)
}

func (a *Answerer) offerSimilar(x similar.Alike) {
	score := x.Score * similar.Closeness(a.product.Price, a.m.Catalogue.Price(x.Product))
	a.c.offer(candidate{item: x.Product, score: score, from: a.product.Item, count: x.Shared, stat: score})
}

// next continues the running session by the product asked about. Products of the session are candidates like any other.
func (a *Answerer) next() {
	a.session = a.session[:0]
	if a.m.People.SessionStart(a.who.Visitor, a.q.Now) != 0 {
		a.session = a.m.Next.Session(a.session, a.shop, a.who.Visitor)
	}
	for _, item := range a.products {
		if n := len(a.session); n == 0 || a.session[n-1] != item { // the page view may have arrived already
			a.session = append(a.session, item)
		}
	}
	if len(a.session) == 0 {
		return
	}
	a.continued(next.Options{Own: a.m.Next.Row(a.who.Visitor), N: a.c.room, Allow: a.allow})
}

// continued offers what comes after the products of a.session.
func (a *Answerer) continued(o next.Options) {
	if a.scratch == nil {
		a.scratch = next.NewScratch()
	}
	a.likely = a.recommend(o)
	if len(a.likely) == 0 {
		return
	}
	least := a.likely[len(a.likely)-1].Score
	for _, l := range a.likely {
		// The ranker's scores are logits: the last of the answer stands for zero.
		a.c.offer(candidate{item: l.Item, score: l.Score - least + 1, from: l.Because, count: float32(l.Count), stat: l.Score})
	}
}

// recommend asks for what comes next, or takes the answer that the same question got before, if it still holds: pages ask
// several times between two clicks.
func (a *Answerer) recommend(o next.Options) []next.Item {
	recent := a.m.Next.Recent()
	question := recent.Ask(a.session, a.c.exclude, o.Own, o.N).Under(a.rules)
	likely, ok := recent.Get(a.likely[:0], &a.kept, question, a.q.Now)
	for i := 0; ok && i < len(likely); i++ {
		ok = a.allow(likely[i].Item) // what was in stock then may not be now
	}
	if !ok {
		likely = a.m.Next.Of(a.shop).Recommend(a.scratch, a.likely[:0], a.session, o)
		recent.Put(&a.kept, question, a.q.Now, likely)
	}
	return likely
}

// trends is how many standard deviations above the usual a product is viewed that trends: chance alone makes one in 40 so.
const trends = 2

// shelf offers the bestsellers or trends of the category asked about, of the product's category, or of the shop.
func (a *Answerer) shelf(s Step) {
	scope := a.m.Catalogue.Scope(a.shop, a.q.Category)
	if s.SameCategory {
		scope = 0
		if len(a.products) > 0 {
			scope = a.m.Catalogue.Category(a.products[0])
		}
	}
	if scope == 0 {
		return
	}
	least := float32(math.SmallestNonzeroFloat32)
	switch s.Recipe {
	case Bestsellers:
		a.ranked = a.m.Popular.Bestsellers(a.ranked[:0], scope, a.q.Now)
	case MostViewed:
		a.ranked = a.m.Popular.MostViewed(a.ranked[:0], scope, a.q.Now)
	default:
		least = trends
		a.ranked = a.m.Popular.Trending(a.ranked[:0], scope, a.q.Now)
	}
	shop := a.m.Catalogue.Scope(a.shop, nil)
	for _, r := range a.ranked {
		// A product that has left the category stays in its lists until others displace it.
		if r.Score >= least && (scope == shop || a.m.Catalogue.Within(r.Product, scope)) {
			a.c.offer(candidate{item: r.Product, score: r.Score, count: r.Count, stat: r.Score})
		}
	}
}

// inOrder offers a product whose place in the order of offers is its rank, and reports whether there is room for more.
func (a *Answerer) inOrder(item uint32) bool {
	a.position++
	a.c.offer(candidate{item: item, score: 1 / float32(a.position)})
	return len(a.c.best) < a.c.room
}

// onSale does so where the product is still on sale. What went on sale twice counts where it did last.
func (a *Answerer) onSale(item uint32) bool {
	if !a.m.Catalogue.OnSale(item) || a.c.holds(item) {
		return true
	}
	return a.inOrder(item)
}
