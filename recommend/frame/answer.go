package frame

import (
	"orrery/models"
	"orrery/recommend/catalogue"
	"orrery/recommend/neighbours"
	"orrery/recommend/next"
	"orrery/recommend/people"
	"orrery/recommend/popular"
	"orrery/recommend/rebuy"
	"orrery/recommend/similar"
	"orrery/recommend/social"
	"orrery/recommend/together"
)

// Models is what recipes read.
type Models struct {
	Catalogue *catalogue.Catalogue
	People    *people.People
	Viewed    *neighbours.Lists // viewed together
	Bought    *neighbours.Lists // bought together
	After     *neighbours.Lists // bought after viewing
	Popular   *popular.Counts
	Social    *social.Proof
	Similar   *similar.Index
	Next      *next.Live
	Together  *together.Ranker
	Rebuy     *rebuy.History
}

// Answerer answers one request at a time; it holds the scratch that makes answering free of allocations.
type Answerer struct {
	m      *Models
	frames map[string]Frame
	reader *people.Reader

	q          *models.FrameQuery
	shop       uint32
	who        people.Person
	self       uint32 // hash of the asking visitor, for social proof
	products   []uint32
	session    []uint32
	near       []neighbours.Neighbour
	bounds     []float32 // of near
	high       []int     // places of the highest bounds
	ranked     []popular.Ranked
	scratch    *next.Scratch // made by the first request that needs it: a megabyte
	likely     []next.Item
	allow      func(item uint32) bool // c.allowed, made once
	alike      similar.Query
	product    models.Product      // that alike is asked about
	offerAlike func(similar.Alike) // a.offerSimilar, made once
	offerNext  func(uint32) bool   // a.inOrder, made once
	offerSale  func(uint32) bool   // a.onSale, made once
	position   int                 // of the product that inOrder has offered last
	c          candidates
	sums       sums
	baskets    baskets
}

// NewAnswerer returns an answerer over the models for a set of checked frames.
func NewAnswerer(m *Models, frames map[string]Frame) *Answerer {
	a := &Answerer{m: m, reader: m.People.Reader(), c: candidates{shelf: m.Catalogue}}
	a.allow, a.offerAlike = a.c.allowed, a.offerSimilar
	a.offerNext, a.offerSale = a.inOrder, a.onSale
	named := make(map[string]Frame, len(frames))
	for name, f := range frames {
		f.name = name
		named[name] = f
	}
	a.frames = named
	return a
}

// Answer fills into with the frame that q asks for. shop is the number of the query's shop, 0 where nothing is known
// of it: then the answer is empty. An unknown frame is models.ErrUnknownFrame.
func (a *Answerer) Answer(q *models.FrameQuery, shop uint32, into *models.Frame) error {
	f, ok := a.frames[string(q.Frame)]
	if !ok {
		return models.ErrUnknownFrame
	}
	into.Name, into.Items = f.name, into.Items[:0]
	if shop == 0 {
		return nil
	}
	a.ask(q, shop)
	n := q.N
	if n <= 0 {
		n = f.N
	}
	if n <= 0 {
		n = DefaultSlots
	}
	n = min(n, MaxSlots)
	for i, step := range f.Steps {
		if room := n - len(into.Items); room > 0 {
			a.c.reset(room)
			a.collect(step)
			a.fill(into, i, step.Recipe)
		}
	}
	return nil
}

// ask resolves the names of a query.
func (a *Answerer) ask(q *models.FrameQuery, shop uint32) {
	a.q, a.shop, a.c.shop = q, shop, shop
	a.who = a.m.People.Find(shop, q.Visitor, q.Contact)
	a.self = 0
	if len(q.Visitor) > 0 {
		a.self = VisitorKey(people.HashOf(shop, q.Visitor))
	}
	a.products, a.c.exclude = a.products[:0], a.c.exclude[:0]
	for _, id := range q.Products {
		if item := a.m.Catalogue.Find(shop, id); item != 0 {
			a.products = append(a.products, item)
			a.c.exclude = append(a.c.exclude, item)
		}
	}
	for _, id := range q.Exclude {
		if item := a.m.Catalogue.Find(shop, id); item != 0 {
			a.c.exclude = append(a.c.exclude, item)
		}
	}
}

// VisitorKey returns the 32 bits of a visitor's hash that social proof knows the visitor by; never 0.
func VisitorKey(hash uint64) uint32 { return max(uint32(hash>>32), 1) }

// ContactOwner returns the number that a contact's purchases are known by in Rebuy, VisitorOwner that of a visitor whose
// orders name no contact.
func ContactOwner(contact uint32) uint32 { return contact * 2 }

// VisitorOwner is described at ContactOwner.
func VisitorOwner(visitor uint32) uint32 { return visitor*2 + 1 }

// fill moves the collected candidates into the frame, scores scaled to the step's best.
func (a *Answerer) fill(into *models.Frame, step int, recipe Recipe) {
	for _, c := range a.c.best {
		a.c.exclude = append(a.c.exclude, c.item)
		slot := models.FrameItem{
			Item: c.item, Score: 1, Recipe: string(recipe), Step: step,
			Because: models.Because{Count: c.count, Score: c.stat},
			Social:  a.m.Social.Of(c.item, a.self, a.q.Now),
		}
		if top := a.c.best[0].score; top > 0 {
			slot.Score = max(0, c.score/top)
		}
		if c.from != 0 {
			slot.Because.ID = a.m.Catalogue.ID(c.from)
		}
		a.m.Catalogue.Product(c.item, &slot.Product)
		into.Items = append(into.Items, slot)
	}
}
