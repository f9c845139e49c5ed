package engine

import (
	"maps"
	"slices"

	"orrery/models"
	"orrery/models/people"
	"orrery/recommend/frame"
	"orrery/recommend/next"
	"orrery/recommend/quality"
)

// maxAnswerers is how many requests are answered at the same time without making scratch anew: more than a machine of
// some dozen cores runs at once.
const maxAnswerers = 64

// Frame answers a frame query; unknown frames are models.ErrUnknownFrame. Any number of goroutines may ask at once.
func (e *Engine) Frame(q *models.FrameQuery, into *models.Frame) error {
	a, shop := e.answerer(), e.findShop(q.Shop)
	err := a.Answer(q, shop, e.sets.Find(shop), into)
	e.release(a)
	return err
}

// answerer returns one that no request uses.
func (e *Engine) answerer() *frame.Answerer {
	select {
	case a := <-e.free:
		return a
	default:
		return frame.NewAnswerer(&e.m, e.cfg.Frames)
	}
}

func (e *Engine) release(a *frame.Answerer) {
	select {
	case e.free <- a:
	default:
	}
}

// Frames returns the names of all frames, sorted.
func (e *Engine) Frames() []string { return slices.Sorted(maps.Keys(e.cfg.Frames)) }

func (e *Engine) findShop(name []byte) uint32 {
	if len(name) == 0 {
		name = []byte(models.DefaultShop)
	}
	return e.shops.Find(0, name)
}

// NewVectorTraining returns a training of the item vectors of "next", beside the goroutine that applies events: see
// next.NewTraining.
func (e *Engine) NewVectorTraining(rest func()) *next.Training {
	return next.NewTraining(e.m.Next, rest)
}

// Next returns the recipe "next", for backtests.
func (e *Engine) Next() *next.Live { return e.m.Next }

// ItemNumber returns the number that models know a product by, 0 where it is unknown: for backtests.
func (e *Engine) ItemNumber(shop, product []byte) uint32 {
	return e.m.Catalogue.Find(e.findShop(shop), product)
}

// Social returns the social proof of a product, the asking visitor left out, and false where the product is unknown.
func (e *Engine) Social(shop, product, visitor []byte, now models.Time) (models.Social, bool) {
	number := e.findShop(shop)
	item := e.m.Catalogue.Find(number, product)
	if number == 0 || item == 0 {
		return models.Social{ViewingNow: -1, Viewed24h: -1, Carted24h: -1, Bought24h: -1}, false
	}
	self := uint32(0)
	if len(visitor) > 0 {
		self = frame.VisitorKey(e.m.People.HashOf(number, visitor))
	}
	return e.m.Social.Of(e.m.Catalogue.Main(item), self, now), true
}

// Contact returns the profile of a contact, and false where it is unknown.
func (e *Engine) Contact(shop, contact []byte, now models.Time) (models.Profile, bool) {
	number := e.findShop(shop)
	if number == 0 {
		return models.Profile{}, false
	}
	c, lead := e.m.People.FindContact(number, contact), e.m.People.FindLead(number, contact)
	if c == 0 && lead == 0 {
		return models.Profile{}, false
	}
	p := models.Profile{Contact: string(contact), Claimed: true, Spent: map[string]models.Money{}}
	if c != 0 {
		p = e.profile(people.Person{Contact: c}, number, now)
	}
	if lead != 0 {
		if _, claims := e.m.People.LeadOf(lead); len(claims) > 0 {
			p.ClaimedAttributes = append(append([]byte{'{'}, claims...), '}')
		}
	}
	return p, true
}

// Visitor returns the profile of the person behind a visitor, and false where it is unknown.
func (e *Engine) Visitor(shop, visitor []byte, now models.Time) (models.Profile, bool) {
	number := e.findShop(shop)
	if number == 0 || e.m.People.FindVisitor(number, visitor) == 0 {
		return models.Profile{}, false
	}
	return e.profile(e.m.People.Find(number, visitor, nil), number, now), true
}

// profile returns all that is known of a person.
func (e *Engine) profile(who people.Person, shop uint32, now models.Time) models.Profile {
	state, r := e.facts(), e.m.People.Reader()
	p := state.Profile(r, who)
	if who.Contact != 0 {
		e.m.People.EachNote(who.Contact, func(amount models.Money, currency uint32) {
			if code := e.ledger.Code(currency); p.Spent[code] > 0 {
				p.Spent[code] = max(0, p.Spent[code]-amount)
			}
		})
		p.Mail = e.mails.Best(shop, who.Contact, e.customers.Segment(shop, who.Contact, now), now)
		p.Customer = e.customers.Customer(shop, who.Contact, now)
	}
	e.foresee(&p, r, who, shop, now)
	return p
}

// foresee fills in what is forecast from what a person does on the pages.
func (e *Engine) foresee(p *models.Profile, r *people.Reader, who people.Person, shop uint32, now models.Time) {
	own := e.m.People.Reader()
	running, session := uint32(0), 0.0
	r.EachVisitor(who, func(v uint32) {
		if in, ok := e.intents.Of(own, shop, v, now); ok && (p.Intent == nil || in.Last > p.Intent.Last) {
			p.Intent, running, session = &in, v, in.Probability
		}
	})
	if running != 0 {
		p.Intent.Shelf = e.category.Of(own, shop, running)
	}
	if !p.Bot {
		p.Outlook = e.outlook.Of(own, shop, who, session, now, true)
	}
}

// Stats returns what the engine has taken. Events counted while it reads may be in one figure and not in another.
func (e *Engine) Stats() models.Stats {
	var s models.Stats
	e.ledger.Report(&s)
	setTotals(&s, e.m.People.Totals())
	s.Claims.Open, s.Claims.Confirmed, s.Claims.Expired, _ = e.claims.Counts()
	s.Items, s.Products = uint64(e.m.Catalogue.Items()), e.m.Catalogue.Products()
	s.Hidden = e.hidden()
	s.Bytes = e.registry().Bytes()
	s.Dropped = e.dropped()
	_, s.ForgottenReturned = e.silence.Counts()
	s.StreamTime = e.StreamTime()
	return s
}

// Intent returns how likely a visitor is to buy within the running session, as of its newest event, and false where
// no session of his is running.
func (e *Engine) Intent(shop, visitor []byte, now models.Time) (models.Intent, bool) {
	number := e.findShop(shop)
	v := e.m.People.FindVisitor(number, visitor)
	if number == 0 || v == 0 {
		return models.Intent{}, false
	}
	return e.intents.Of(e.m.People.Reader(), number, v, now)
}

// IntentQuality returns how forecasts of purchases within sessions have done in a shop, and false before the first.
func (e *Engine) IntentQuality(shop []byte) (models.IntentQuality, bool) {
	return e.intents.Quality(e.findShop(shop))
}

// Quality returns how well frames would have done on the sampled clicks of the last hour, day and week before now, of all shops
// together.
func (e *Engine) Quality(now models.Time) []models.FrameQuality {
	next, viewed := e.demand.Meters()
	return readQuality(next, viewed, uint64(e.m.Catalogue.Items()), now)
}

// ShopQuality returns it of one shop.
func (e *Engine) ShopQuality(shop []byte, now models.Time) []models.FrameQuality {
	number := e.findShop(shop)
	next, viewed := e.demand.MetersOf(number)
	return readQuality(next, viewed, e.ledger.Shops().Items(number), now)
}

func readQuality(next, viewed *quality.Meter, items uint64, now models.Time) []models.FrameQuality {
	read := func(name frame.Recipe, m *quality.Meter) models.FrameQuality {
		q := models.FrameQuality{Frame: string(name), K: quality.K, Windows: m.Read(now)}
		for i := range q.Windows {
			q.Windows[i].Coverage = min(1, float64(q.Windows[i].Shown)/float64(max(items, 1)))
		}
		return q
	}
	return []models.FrameQuality{read(frame.Next, next), read(frame.ViewedTogether, viewed)}
}

func setTotals(s *models.Stats, t people.Totals) {
	s.Orders, s.Refunds, s.Cancels, s.Buyers = t.Orders, t.Refunds, t.Cancels, t.Buyers
	s.Visitors, s.Contacts, s.Sessions, s.Bots, s.Repeats = t.Visitors, t.Contacts, t.Sessions, t.Bots, t.Repeats
	s.Leads = t.Leads
	s.OverRefunds, s.OrderConflicts = t.OverRefunds, t.Conflicts
	s.JoinsCut, s.MergedContacts = t.JoinsCut, t.Merged
}

// ShopStats returns what the engine has taken of a shop, nothing for one that it does not know.
func (e *Engine) ShopStats(shop []byte) models.Stats {
	var s models.Stats
	number := e.findShop(shop)
	if number == 0 {
		s.Events, s.Revenue = map[string]uint64{}, map[string]models.Money{}
		return s
	}
	e.ledger.ReportShop(number, &s)
	setTotals(&s, e.ledger.Shops().People(number))
	s.Claims.Open, s.Claims.Confirmed, s.Claims.Expired = e.claims.CountsOf(number)
	s.Products, s.Hidden = e.m.Catalogue.ProductsOf(number), e.HiddenOf(shop)
	s.StreamTime = e.StreamTime()
	return s
}
