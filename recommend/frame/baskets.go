package frame

import (
	"slices"

	"orrery/models"
	"orrery/recommend/next"
	"orrery/recommend/rebuy"
	"orrery/recommend/together"
)

// baskets is what the recipes over orders and long histories need; made by the first request that asks for one.
type baskets struct {
	together *together.Scratch
	goes     []together.Item
	rebuy    *rebuy.Scratch
	again    []rebuy.Item
	owners   []uint32
	fill     []uint32
}

// bestsellers returns the shop's bestsellers, in no order.
func (a *Answerer) bestsellers() []uint32 {
	b := &a.baskets
	a.ranked = a.m.Popular.Bestsellers(a.ranked[:0], a.m.Catalogue.Scope(a.shop, nil), a.q.Now)
	b.fill = b.fill[:0]
	for _, r := range a.ranked {
		b.fill = append(b.fill, r.Product)
	}
	return b.fill
}

// complete offers what goes with a basket: for one product only what has been bought with it, for a cart bestsellers too,
// where the ranker puts them first.
func (a *Answerer) complete(basket []uint32, recipe Recipe) {
	if len(basket) == 0 {
		return
	}
	b := &a.baskets
	if b.together == nil {
		b.together = together.NewScratch()
	}
	q := together.Query{Shop: a.shop, Cart: basket, Now: a.q.Now, Allow: a.allow}
	if recipe == Complements {
		q.Fill = a.bestsellers()
	}
	b.goes = a.m.Together.Recommend(b.together, b.goes[:0], a.m.Bought, q, a.c.room)
	if len(b.goes) == 0 {
		return
	}
	least := b.goes[len(b.goes)-1].Score
	for _, g := range b.goes {
		a.c.offer(candidate{item: g.Item, score: g.Score - least + 1, from: g.From, count: g.Count, stat: g.LLR})
	}
}

// buyNext offers what the person is likely to buy next: of what was bought before, or of all.
func (a *Answerer) buyNext(recipe Recipe) {
	b := &a.baskets
	if b.rebuy == nil {
		b.rebuy = rebuy.NewScratch()
	}
	b.owners = b.owners[:0]
	if a.who.Contact != 0 {
		b.owners = append(b.owners, ContactOwner(a.who.Contact))
	}
	b.owners = a.reader.Nameless(b.owners, a.who)
	for i := range b.owners {
		if i > 0 || a.who.Contact == 0 {
			b.owners[i] = VisitorOwner(b.owners[i])
		}
	}
	q := rebuy.Query{Shop: a.shop, Owners: b.owners, Now: a.q.Now, Again: recipe == BuyAgain, Allow: a.allow}
	if !q.Again {
		q.Fill = a.bestsellers()
	}
	b.again = a.m.Rebuy.Recommend(b.rebuy, b.again[:0], a.m.Bought, q, a.c.room)
	if len(b.again) == 0 {
		return
	}
	least := b.again[len(b.again)-1].Score
	for _, x := range b.again {
		if q.Again {
			x.Item = a.boughtAs(x.Item)
		}
		a.c.offer(candidate{item: x.Item, score: x.Score - least + 1, from: x.From, count: x.Count, stat: x.Score})
	}
}

// boughtAs returns the variant of a product that the person has bought last.
func (a *Answerer) boughtAs(main uint32) uint32 {
	if a.m.Catalogue.Group(main) == 0 {
		return main
	}
	variant, newest := main, models.Time(0)
	a.reader.Bought(a.who, func(item uint32, at models.Time) {
		if at > newest && a.m.Catalogue.Main(item) == main {
			variant, newest = item, at
		}
	})
	return variant
}

// historyItems is how many of the products viewed and bought last for_you starts from: as many as a walk looks at.
const historyItems = 24

// forYou ranks what people with a history like this one went on to, by the machinery of next: the person's products of
// all time, newest last, are the session. What the person has seen or bought is left to other recipes: it is out for this
// step alone, so that one after it may show it.
func (a *Answerer) forYou() {
	a.session = a.session[:0]
	viewed := a.reader.Viewed(a.who)
	for _, e := range viewed[:min(len(viewed), historyItems)] {
		a.session = append(a.session, e.ID)
	}
	a.reader.Bought(a.who, func(item uint32, _ models.Time) {
		if len(a.session) < historyItems && !slices.Contains(a.session, item) {
			a.session = append(a.session, item)
		}
	})
	if len(a.session) == 0 {
		return
	}
	a.session = a.main(a.session)
	before := len(a.c.exclude)
	a.c.exclude = append(a.c.exclude, a.session...)
	slices.Reverse(a.session)
	a.continued(next.Options{N: a.c.room, Allow: a.allow})
	a.c.exclude = a.c.exclude[:before]
}
