package shop

import "orrery/models"

// mailShare is the share of events that are mails sent.
const mailShare = 0.015

// mail sends a mail to a contact, who may open it.
func (s *Shop) mail() (bool, models.Time) {
	wait := s.every(s.rate * mailShare)
	if !s.awake() {
		return false, wait
	}
	person, ok := s.contact()
	if !ok {
		return false, wait
	}
	number := s.people.ring[person].number
	a := actor{role: reader, item: -1, person: person, number: number, taste: s.taste(number), appetite: 1, known: true}
	a.shelf = a.taste.shelves[0]
	s.toContact(&a, models.EmailSent)
	if s.rng.Float64() < 0.35 {
		a.at = s.now + s.pause(30*models.Minute)
		s.enter(a)
	}
	return true, wait
}

// toContact is an event of a mail: it knows the contact and no browser.
func (s *Shop) toContact(a *actor, kind models.Kind) *models.Event {
	e := s.fresh(kind)
	from := len(s.text)
	s.text = s.appendContact(s.text, a.number)
	e.Contact = s.written(from)
	from = len(s.text)
	s.text = appendBase36(append(s.text, `"campaign":"news-`...), uint64(s.now/models.Day/7))
	s.text = append(s.text, '"')
	e.Props = s.written(from)
	return e
}

// readMail opens a mail, perhaps clicks on a product in it, and goes on as a visitor.
func (s *Shop) readMail(a *actor) (bool, models.Time) {
	if a.state == 0 {
		s.toContact(a, models.EmailOpen)
		if s.rng.Float64() > 0.3 {
			return true, gone
		}
		a.state = 1
		return true, s.pause(15 * models.Second)
	}
	a.item = s.pick(a)
	s.toContact(a, models.EmailClick)
	s.addItem(a.item, 1)
	s.visits++
	a.role, a.state, a.visit = visitor, looking, s.visits
	a.left, a.appetite = 2+int32(s.rng.ExpFloat64()*3), 2
	return true, models.Second
}

// keep is the shopkeeper at work: new products come, and offers begin and end.
func (s *Shop) keep(*actor) (bool, models.Time) {
	if len(s.launches) > 0 && s.products[s.launches[0]].launch <= s.now {
		s.upsert(s.launches[0])
		s.launches = s.launches[1:]
		return true, models.Second
	}
	return s.reprice(int32(s.rng.IntN(len(s.products)))), s.pause(3 * models.Minute)
}

// reprice ends a product's offer, or begins one now and then, so that as many begin as end.
func (s *Shop) reprice(i int32) bool {
	p := &s.products[i]
	was := p.sale
	if p.sale > 0 {
		p.sale = 0
	} else if s.rng.IntN(onSale-1) == 0 {
		p.sale = s.offer(p.price)
	}
	if p.sale == was {
		return false
	}
	e := s.fresh(models.ProductPrice)
	e.Currency = s.currency
	from := len(s.text)
	s.text = models.AppendMoney(append(s.text, `"sale_price":`...), p.sale)
	e.Items = append(e.Items, models.Item{ID: p.id, Price: p.price, HasPrice: true, Quantity: 1, Props: s.written(from)})
	return true
}

// crawlLength is how many products a crawler looks at.
func (s *Shop) crawlLength() int { return min(len(s.products), 500) }

// sendCrawler lets a program in. One in two says what it is.
func (s *Shop) sendCrawler() {
	a := actor{
		role: crawler, at: s.now, known: s.rng.IntN(2) == 0,
		item: int32(s.rng.IntN(len(s.products))), left: int32(s.crawlLength()),
	}
	s.begin(&a)
}

var crawlerAgent = []byte(`"user_agent":"Mozilla/5.0 (compatible; ShopCrawler/1.2; +https://crawler.example/bot)"`)

var saysCrawler = append([]byte(`"bot":true,`), crawlerAgent...)

// crawl looks at the next product of the catalogue, ten a second.
func (s *Shop) crawl(a *actor) (bool, models.Time) {
	e := s.fresh(models.ViewItem)
	from := len(s.text)
	s.text = appendBase36(append(s.text, "v-c"...), mix(s.cfg.Seed, a.visit))
	e.Visitor = s.written(from)
	p := &s.products[a.item]
	e.Page.URL = s.url("/demo/p/", p.id)
	e.Currency = s.currency
	s.addItem(a.item, 1)
	if e.Props = crawlerAgent; a.known {
		e.Props = saysCrawler
	}
	a.item = (a.item + 1) % int32(len(s.products))
	if a.left--; a.left == 0 {
		return true, gone
	}
	return true, s.pause(100)
}
