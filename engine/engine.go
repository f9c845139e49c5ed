// Package engine is Orrery's one state machine: it hands every event to the models in a fixed order, and answers what
// the server asks from them. It decides nothing that a model could decide. Production, recovery, replay and backtest
// run this code.
package engine

import (
	"fmt"
	"sync/atomic"

	"orrery/churn/base"
	"orrery/churn/outlook"
	"orrery/churn/rfm"
	"orrery/churn/session"
	"orrery/churn/timing"
	"orrery/models"
	"orrery/models/catalogue"
	"orrery/models/claims"
	"orrery/models/erased"
	"orrery/models/facts"
	"orrery/models/intern"
	"orrery/models/people"
	"orrery/models/pershop"
	"orrery/models/settings"
	"orrery/models/totals"
	"orrery/models/votes"
	"orrery/recommend/baskets"
	"orrery/recommend/category"
	"orrery/recommend/demand"
	"orrery/recommend/frame"
	"orrery/recommend/neighbours"
	"orrery/recommend/next"
	"orrery/recommend/popular"
	"orrery/recommend/rebuy"
	index "orrery/recommend/session"
	"orrery/recommend/similar"
	"orrery/recommend/social"
	"orrery/recommend/together"
)

// Config sets the models up. The zero value is what a shop starts with.
type Config struct {
	People       people.Config
	Neighbours   int         // bound of a neighbour list; default neighbours.DefaultBound
	HalfLife     models.Time // of the neighbour lists; default 60 days
	NoDecay      bool        // counts never fade: for exact comparisons
	Floor        int         // smallest social-proof count shown; default social.DefaultFloor
	LearnEvery   int         // the ranker of "next" learns from one click in so many; by default 128, later 1,024: see next.NewLive
	PairItems    int         // products of one order that are paired, the first ones; default 100
	Frames       map[string]frame.Frame
	RFM          rfm.Rules // how customers are scored; by quintiles where zero
	MaxInvented  int       // products, categories and brands, each, that only the public key has named, of all shops; 0: any number
	MaxStrangers int       // visitors that only the public key has spoken of, of all shops; 0: any number
	MaxShops     int       // shops that there may be; default 1,000, at most 2^20

	Forget models.Time // after which visitors are forgotten who were not seen: see people.Silence; 0: they never are

	NetworkInvented  int // names of each such kind that one network (a /24, a /48) may bring a shop a day; default 2,000, at most 65,535
	NetworkStrangers int // such visitors of a shop that are kept of one network; default 20,000

	// Unlisted says what becomes of products that no feed has.
	Unlisted catalogue.Unlisted

	// PageOrders takes what pages say was bought for orders, within bounds, of a shop whose server never tells: see pageOrder.
	PageOrders bool

	// Alone keeps all of the work on the goroutine that applies events: for measuring what it costs.
	Alone bool

	// Outcomes is told of every forecast of a purchase whose outcome is known, by the applying goroutine: for backtests.
	Outcomes func(*session.Outcome)

	// Horizons is told of every forecast of a purchase within 7 and 28 days whose outcome is known, likewise.
	Horizons func(*outlook.Outcome)
}

// What one network may make, where nothing else is said. Visitors: a /24 of an operator that puts a thousand people behind each address
// has a quarter of a million, of whom a large shop sees a few thousand a day without ever hearing more of most of them: some days' worth of
// those are kept. It is 12 MB of state. Names: whoever walks through a shop that has no feed is the first to see some hundreds of
// products; a test run through all of 5,000 has them known on the third day. It is 3 MB a day.
const (
	networkStrangers = 20_000
	networkInvented  = 2_000
)

func (c Config) withDefaults() Config {
	if c.HalfLife <= 0 {
		c.HalfLife = 60 * models.Day
	}
	if c.NoDecay {
		c.HalfLife = 0
	}
	if c.MaxShops <= 0 {
		c.MaxShops = 1000
	}
	c.MaxShops = min(c.MaxShops, pershop.Most)
	if c.NetworkStrangers <= 0 {
		c.NetworkStrangers = networkStrangers
	}
	if c.NetworkInvented <= 0 {
		c.NetworkInvented = networkInvented
	}
	if c.PairItems <= 0 {
		c.PairItems = 100
	}
	if c.Frames == nil {
		c.Frames = frame.Defaults()
	}
	return c
}

// Engine is the models and the way of an event through them. One goroutine applies events, any number ask.
type Engine struct {
	cfg    Config
	shops  *intern.Strings
	newest uint32 // shop that was asked for last, 0 at first
	ledger *totals.Totals
	m      frame.Models
	now    atomic.Int64 // newest event time

	claims     *claims.Loans
	customers  *base.Customers
	intents    *session.Intents
	mails      *timing.Mails
	category   *category.Next
	outlook    *outlook.Outlooks
	arrivals   pershop.Table[people.Arrivals]
	votes      *votes.Votes
	erased     *erased.List
	withheld   withheld
	settings   *settings.Store
	sets       pershop.Table[frame.Set] // of the settings, compiled
	uncompiled bool                     // settings were restored, and are not compiled yet
	silence    *people.Silence

	free       chan *frame.Answerer // answerers that no request uses
	basket     facts.Basket
	bought     []uint32
	ranked     []popular.Ranked
	voids      []uint32
	baskets    *baskets.Baskets
	prefetched [prefetchRing]prefetched
	demand     *demand.Demand

	taking  *facts.Import    // an import under way
	forgets []func(v uint32) // of each model that knows visitors
	waits   []func(v uint32) bool
}

// New returns an engine with empty models.
func New(cfg Config) (*Engine, error) {
	cfg = cfg.withDefaults()
	if err := frame.Check(cfg.Frames); err != nil {
		return nil, fmt.Errorf("cannot set the engine up: %w", err)
	}
	e := &Engine{
		cfg: cfg, shops: intern.NewStrings(), ledger: totals.New(), m: newModels(&cfg), votes: votes.New(), erased: erased.New(),
		settings: settings.New(checkSetting),
		free:     make(chan *frame.Answerer, maxAnswerers),
	}
	e.m.Catalogue.Bound(cfg.MaxInvented, cfg.NetworkInvented)
	e.m.Catalogue.SetUnlisted(cfg.Unlisted)
	e.m.Catalogue.Watch(e.changed)
	e.m.People.SetMains(e.m.Catalogue)
	e.baskets = baskets.New(baskets.Models{
		Bought: e.m.Bought, After: e.m.After, Together: e.m.Together, Rebuy: e.m.Rebuy, People: e.m.People, Shops: e.m.Catalogue,
	}, cfg.PairItems, e.bestsellers)
	e.claims = claims.NewLoans(e.m.People, e.StreamTime, e.baskets.Viewed)
	e.demand = demand.New(demand.Models{
		Next: e.m.Next, Viewed: e.m.Viewed, Popular: e.m.Popular, Social: e.m.Social, Categories: e.m.Catalogue, Ordinals: e.m.Catalogue.Ordinals(),
	}, cfg.Alone)
	e.customers = base.New(e.m.People, names{e}, cfg.RFM, e.StreamTime)
	e.intents = session.New(e.m.People, e.m.Catalogue)
	e.intents.Listen(cfg.Outcomes)
	e.intents.Lend(e.claims.Bought, e.claims.BoughtItem)
	e.category = category.New(e.m.People, e.m.Catalogue)
	e.outlook = outlook.New(e.m.People, e.intents, e.customers)
	e.outlook.Listen(cfg.Horizons)
	e.mails = timing.NewMails(e.m.People)
	e.silence = people.NewSilence(e.m.People, cfg.Forget)
	models := e.registry()
	e.forgets, e.waits = models.Forgets(), models.Waits()
	return e, nil
}

// newModels returns the models that frames are answered from, empty.
func newModels(cfg *Config) frame.Models {
	shelf := catalogue.New()
	lists := func() *neighbours.Lists {
		l := neighbours.New(cfg.Neighbours, cfg.HalfLife)
		l.Number(shelf.Ordinals())
		return l
	}
	return frame.Models{
		Catalogue: shelf,
		People:    people.New(cfg.People),
		Viewed:    lists(), Bought: lists(), After: lists(),
		Popular:  popular.New(!cfg.NoDecay),
		Social:   social.NewProof(cfg.Floor),
		Similar:  similar.New(),
		Next:     newNext(cfg, shelf),
		Together: together.New(), Rebuy: rebuy.New(),
		Recent: frame.NewRecent(),
	}
}

func newNext(cfg *Config, shelf *catalogue.Catalogue) *next.Live {
	l := next.NewLive(index.Config{}, cfg.LearnEvery)
	l.Number(shelf.Ordinals())
	return l
}

// Seed sets what the tables of names are keyed by: see intern.Seed. Called once, before the first event; before a restore with
// the seed of what is restored.
func (e *Engine) Seed(n uint64) {
	s := intern.SeedOf(n)
	e.ledger.Shops().Seed(s)
	for _, m := range []interface{ Seed(intern.Seed) }{e.shops, e.m.Catalogue, e.m.People, e.m.Similar, e.m.Rebuy, e.votes, e.erased, e.silence} {
		m.Seed(s)
	}
}

// StreamTime returns the newest event time, 0 before the first event.
func (e *Engine) StreamTime() models.Time { return models.Time(e.now.Load()) }
