// Package people keeps who did what lately: visitors (browsers) with their sessions, viewed products and carts, contacts
// (known persons) with the visitors that they logged in on, and orders. It answers the questions that the neighbour lists
// are counted from: which products were viewed in the same session, and which were viewed before an order.
//
// # What is counted
//
// A session is a visitor's behaviour without a silence longer than SessionGap. Two products are viewed together once in
// every session that views both.
//
// An order is the contact's that it names, else of the newest login on its browser not after it, else of the first login after
// it; and so is what was viewed and put into the cart: see logins and credited. Whose views count for it: those of the contact's
// visitors, or those of its visitor and of all visitors that share a contact with that one. A product is viewed before an
// order at time t once, if one of these views lies within Window before t.
//
// A visitor is of every contact that ever logged in on it as far as joins go, so that a login only ever adds pairs; but
// profile, cart, history, and the orders that name no contact are split by logins (of two at the same second, that of
// the larger hash is the newer one).
//
// # Whatever the order
//
// Views of one visitor come in their order, orders of one visitor in theirs, logins in theirs, but the three come from
// different topics and are applied in any order. No count depends on it: every join is symmetric, whichever side comes last
// finds the other and counts what has not been counted. For that, a viewed product keeps an interval [first, last] of
// views without a gap longer than Window, which covers an order at t if first <= t <= last+Window, and a new entry where
// there is a gap; a cart keeps its operations, and what lies in it is worked out when somebody asks; a refund or
// cancellation that comes before its order waits for it.
//
// This is exact within the bounds of memory, and only there: History entries of views a visitor (the ones viewed longest
// ago make room), the last 64 operations of a cart, Members visitors a contact (the ones that logged in longest ago make
// room), 9 contacts a visitor, 256 orders of one owner that a late view or login is joined with, and the steps that one event
// may take for its joins (see joinSteps): events that needed more are counted. Two purchase events with one order id are one
// order: the first applied counts.
//
// # Memory
//
// Eight words (64 B) a visitor, eight a contact, 12 B of table each, 12 B an entry of a list, in lists of 4 to 1,024
// entries. An order is kept for good, 76 B and 8 B a product of it (up to 40 B where all is known that
// was true of it when it was bought: see keep), since a refund or cancellation may name it at any
// time and it must never count twice: this part grows with the number of orders. One goroutine writes, any number read.
package people

import (
	"orrery/models"
	"orrery/models/intern"
	"orrery/models/slab"
)

// Config bounds what is remembered. Zero values take the defaults.
type Config struct {
	History    int         // views kept per visitor, and so the widest session that is paired; default 128, at most 1,024
	Window     models.Time // how long a view counts as "before" an order; default 30 days
	SessionGap models.Time // silence that ends a session; default 30 minutes
	BotPace    int         // product and page views within one clock minute that give a crawler away; default 90, at most 250
	Logins     int         // logins on a visitor that are kept before those between two of the same contact are let go of; default 4, at most 64
	Members    int         // visitors kept per contact; default 16, at most 1,024
}

func (c Config) withDefaults() Config {
	def := func(v *int, d, most int) {
		if *v <= 0 {
			*v = d
		}
		*v = min(*v, most)
	}
	def(&c.History, 128, maxRoom)
	def(&c.BotPace, 90, 250)
	def(&c.Members, 16, maxRoom)
	def(&c.Logins, exactLogins, maxLogins)
	if c.Window <= 0 {
		c.Window = 30 * models.Day
	}
	if c.SessionGap <= 0 {
		c.SessionGap = 30 * models.Minute
	}
	return c
}

// The words of a visitor's record.
const (
	vHash    = iota // key
	vSeen           // first<<32 | last moment seen, in seconds
	vActive         // start of the session<<32 | last behaviour, in seconds
	vCount          // events<<32 | sessions<<16 | views in the newest clock minute<<8 | that minute<<4 | flags
	vContact        // newest contact<<32 | its login, in seconds
	vViews          // list: product, last view, first view of the interval
	vCart           // list: product, when, change of its quantity
	vOrders         // newest order<<32 | orders that count, of those that are nobody's
	visitorWords
)

// The words of a contact's record.
const (
	cHash    = iota // key
	cText           // id as sent
	cAttr           // of attributes: a JSON member list
	cAttrAt         // when they were identified, ms
	cMembers        // list: visitor, its first login
	cNewest         // newest order that a member's view may come before, in seconds
	cOrders         // newest order that names the contact<<32 | orders that count, those credited to it included
	cShop           // tenant | flagLead
	contactWords
)

// Flags of a visitor.
const (
	flagBot    = 1 << 0
	flagProxy  = 1 << 1 // stands for a contact that no browser is known of
	flagShared = 1 << 2 // more than one contact logged in on it: see former

	flagStranger = 1 << 3 // see Strangers
)

// People is the state of all persons.
type People struct {
	cfg      Config
	window   uint32
	gap      uint32
	visitors slab.Words
	byHash   *intern.Hashes
	contacts slab.Words
	byID     *intern.Hashes
	former   former
	lists    rings
	orders   orders
	text     slab.Text  // ids of contacts and orders
	counts   slab.Words // see Totals
	logins   logins
	credited slab.Words // see credited.go
	firsts   slab.Words // a word a contact: browsers that it was seen on<<32 | newest order that is credited to it
	trails   trails     // long chains of orders
	coupons  coupons
	notes    slab.Words // a word a contact: credit notes<<32 | the newest one's order: see notes.go
	seed     intern.Seed

	attributes *slab.Texts
	strangers  *Strangers
	mains      Mains
	revisions  Revisions

	moved  bool   // see Moved
	marked uint32 // see Marked

	scratch
}

// scratch is the writer's, reused from event to event.
type scratch struct {
	paired    []uint32 // products of a session
	pairs     []Pair
	changes   []Change
	apart     []Change
	noted     []uint32
	retaken   uint32 // see Retaken
	retakenAt models.Time
	fresh     []attribute
	before    []attribute
	written   []byte
	owners    []owner
	viewers   []uint32
	friends   []uint32
	relations []uint32
	spans     []Entry
	caught    []uint32
	sold      []uint32 // products of an order
	known     products
	given     int  // steps that the event's joins may take: see begin
	left      int  // of them
	short     bool // they would have taken more
	steps     int  // taken in walks through what persons have sent: tests bound them
}

// New returns an empty state.
func New(cfg Config) *People {
	p := &People{cfg: cfg.withDefaults(), strangers: newStrangers()}
	p.window = uint32(p.cfg.Window / models.Second)
	p.gap = uint32(p.cfg.SessionGap / models.Second)
	p.byHash = intern.NewHashes(&p.visitors, visitorWords)
	p.byID = intern.NewHashes(&p.contacts, contactWords)
	p.attributes = slab.NewTexts(&p.contacts, contactWords, cAttr)
	p.former.byVisitor = intern.NewHashes(&p.former.records, formerWords)
	p.orders.byHash = intern.NewHashes(&p.orders.heads, headWords)
	p.coupons.byHash, p.coupons.most = intern.NewHashes(&p.coupons.records, couponWords), maxCoupons
	p.coupons.records.Grow(couponWords)
	p.visitors.Grow(visitorWords)
	p.contacts.Grow(contactWords)
	p.counts.Grow(countWords)
	return p
}

// Seed sets what ids are known by: whoever can make up two ids with one key makes one person of two. It must not be called
// beside readers, nor while there is anybody, unless ReadFrom follows, with what was written under the same seed.
func (p *People) Seed(s intern.Seed) {
	p.seed = s
	p.strangers.Seed(s)
	for _, h := range []*intern.Hashes{p.byHash, p.byID, p.former.byVisitor, p.orders.byHash, p.coupons.byHash} {
		h.Seed(s)
	}
}

// Tables describes the tables of names, for the writer.
func (p *People) Tables() []intern.Table {
	return []intern.Table{
		intern.Describe("visitors", p.byHash), intern.Describe("contacts", p.byID),
		intern.Describe("former", p.former.byVisitor), intern.Describe("orders", p.orders.byHash),
		intern.Describe("coupons", p.coupons.byHash),
	}
}

// HashOf returns the key of a visitor, contact or order id within a shop.
func (p *People) HashOf(shop uint32, id []byte) uint64 {
	return max(p.seed.Hash(id)^uint64(shop)*shopSalt, 1) // 0 is the key of an unused record
}

// HashOfEvent returns the key of an order that has no id but that of its event, by the event's published hash.
func (p *People) HashOfEvent(id uint64) uint64 { return max(p.seed.Mix(id), 1) }

// proxySeed sets the keys of contacts' proxies apart from those of visitors.
const proxySeed = 0x9e3779b185ebca87

// Visitor returns the number of a visitor, a new one where it is unknown.
func (p *People) Visitor(shop uint32, id []byte) uint32 {
	v, _ := p.Keyed(p.HashOf(shop, id))
	return v
}

// Keyed is Visitor by HashOf of shop and id, and tells whether the number is a new one.
func (p *People) Keyed(hash uint64) (v uint32, fresh bool) {
	if v, fresh = p.number(hash); fresh {
		p.bump(cntVisitors, 1)
	}
	return v, fresh
}

// Proxy returns the number of the visitor that stands for a contact where an event names no browser.
func (p *People) Proxy(shop uint32, contact []byte) uint32 {
	v, fresh := p.number(p.HashOf(shop, contact) ^ proxySeed)
	if fresh {
		p.visitors.Set(p.word(v, vCount), flagProxy)
	}
	return v
}

// number returns the number of a visitor's key: where it has none one that is nobody's any more, or a new one.
func (p *People) number(hash uint64) (v uint32, fresh bool) {
	if v = p.byHash.Find(hash); v != 0 {
		return v, false
	}
	if v = p.strangers.unused(); v == 0 {
		return p.byHash.Add(hash)
	}
	p.byHash.Reuse(hash, v)
	return v, true
}

// Contact returns the number of a contact, a new one where it is unknown.
func (p *People) Contact(shop uint32, id []byte) uint32 {
	key := p.HashOf(shop, id)
	c, fresh := p.byID.Add(key)
	if fresh {
		if p.byID.Find(key^leadSeed) != 0 {
			p.bump(cntLeads, -1)
		}
		p.contacts.Set(p.cword(c, cText), uint64(p.text.Append(id)))
		p.contacts.Set(p.cword(c, cShop), uint64(shop))
		p.bump(cntContacts, 1)
	}
	return c
}

// FindVisitor returns the number of a known visitor, or 0. Any goroutine may call it.
func (p *People) FindVisitor(shop uint32, id []byte) uint32 {
	return p.byHash.Find(p.HashOf(shop, models.CanonicalID(id)))
}

// FindContact returns the number of a known contact, or 0. Any goroutine may call it.
func (p *People) FindContact(shop uint32, id []byte) uint32 {
	return p.byID.Find(p.HashOf(shop, models.CanonicalContact(id)))
}

// Key returns the hash that a visitor is known by.
func (p *People) Key(v uint32) uint64 { return p.visitors.Load(p.word(v, vHash)) }

func (p *People) word(visitor uint32, w uint64) uint64  { return uint64(visitor)*visitorWords + w }
func (p *People) cword(contact uint32, w uint64) uint64 { return uint64(contact)*contactWords + w }

// store puts the handle of a changed list into its owner's record and gives back the place that it has left.
func (p *People) store(owner *slab.Words, at uint64, l *list, freed uint64) {
	if h := l.handle(); h != owner.Load(at) {
		owner.Set(at, h)
	}
	p.lists.release(freed)
}
