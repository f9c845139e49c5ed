package shop

import (
	"strings"

	"orrery/models"
)

// names are the event names, by kind.
var names = func() (names [models.ProductStock + 1][]byte) {
	for kind := range names {
		names[kind] = []byte(models.Kind(kind).String())
	}
	return names
}()

// fresh begins an event of the shop's own.
func (s *Shop) fresh(kind models.Kind) *models.Event {
	e := &s.event
	*e = models.Event{Kind: kind, Name: names[kind], Time: s.now, Shop: s.shop, Items: e.Items[:0]}
	s.text = s.text[:0]
	s.events++
	s.text = append(append(s.text, "e-"...), s.idStart...)
	s.text = appendBase36(append(s.text, '-'), s.events)
	e.ID = s.text[0:len(s.text):len(s.text)]
	return e
}

// written returns what was appended to the text since it had from bytes.
func (s *Shop) written(from int) []byte { return s.text[from:len(s.text):len(s.text)] }

// of begins an event of a person.
func (s *Shop) of(a *actor, kind models.Kind) *models.Event {
	e := s.fresh(kind)
	from := len(s.text)
	s.text = s.appendVisitor(s.text, a.number, a.second)
	e.Visitor = s.written(from)
	if a.known {
		from = len(s.text)
		s.text = s.appendContact(s.text, a.number)
		e.Contact = s.written(from)
	}
	from = len(s.text)
	s.text = appendBase36(append(s.text, "s-"...), a.visit)
	e.Session = s.written(from)
	return e
}

// addItem adds a product to the event.
func (s *Shop) addItem(i, quantity int32) {
	p := &s.products[i]
	s.event.Items = append(s.event.Items, models.Item{
		ID: p.id, Name: p.name, Category: shelfPaths[p.shelf], Price: p.cost(), HasPrice: true, Quantity: quantity,
	})
}

var shelfPaths = func() (paths [shelfCount][]byte) {
	for i := range shelves {
		paths[i] = []byte(shelves[i].path)
	}
	return paths
}()

// url appends a page's address.
func (s *Shop) url(path string, id []byte) []byte {
	from := len(s.text)
	s.text = append(append(append(s.text, s.cfg.BaseURL...), path...), id...)
	return s.written(from)
}

var (
	searchEngine = []byte("https://search.example/")
	homeTitle    = []byte("Home")
	devices      = [][]byte{[]byte(`"device":"mobile"`), []byte(`"device":"mobile"`), []byte(`"device":"desktop"`), []byte(`"device":"tablet"`)}
)

func (s *Shop) pageView(a *actor) {
	e := s.of(a, models.PageView)
	e.Page.URL = s.url("/demo/", nil)
	e.Page.Title = homeTitle
	e.Props = devices[mix(a.taste.hash, 9)%4]
}

// about is an event about the product looked at.
func (s *Shop) about(a *actor, kind models.Kind) {
	e := s.of(a, kind)
	p := &s.products[a.item]
	if kind == models.ViewItem {
		e.Page.URL = s.url("/demo/p/", p.id)
		if a.found {
			e.Page.Referrer, a.found = searchEngine, false
		}
	}
	e.Currency = s.currency
	s.addItem(a.item, 1)
}

const listed = 6

// list shows a shelf's first products.
func (s *Shop) list(a *actor) {
	e := s.of(a, models.ViewItemList)
	e.Currency = s.currency
	r := &s.ranges[a.shelf]
	for i := r.from; i < r.from+min(r.n, listed); i++ {
		if s.products[i].launch <= s.now {
			s.addItem(int32(i), 1)
		}
	}
	a.item = s.pick(a)
	from := len(s.text)
	s.text = append(s.text, `"item_list_name":`...)
	s.text = models.AppendString(s.text, shelfPaths[a.shelf])
	e.Props = s.written(from)
}

// search asks for one of the shelf's words.
func (s *Shop) search(a *actor) {
	e := s.of(a, models.Search)
	words := queries[a.shelf]
	e.Query = words[s.rng.IntN(len(words))]
}

var queries = func() (queries [shelfCount][][]byte) {
	for i := range shelves {
		for _, noun := range words(shelves[i].nouns) {
			queries[i] = append(queries[i], []byte(strings.ToLower(noun)))
		}
	}
	return queries
}()

// withCart is an event about everything in the cart.
func (s *Shop) withCart(a *actor, kind models.Kind) *models.Event {
	e := s.of(a, kind)
	e.Currency = s.currency
	for _, l := range a.cart[:a.lines] {
		s.addItem(l.item, l.quantity)
	}
	return e
}

// orderID appends an order's number.
func (s *Shop) orderID(order uint64) []byte {
	from := len(s.text)
	s.text = append(append(s.text, "O-"...), s.idStart...)
	s.text = appendBase36(append(s.text, '-'), order)
	return s.written(from)
}
