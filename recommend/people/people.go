// Package people keeps who did what lately: visitors (browsers) with their sessions, viewed products and carts, contacts
// (known persons) with the visitors that turned out to be them, and orders. It answers the questions that the neighbour
// lists are counted from: which products were viewed in the same session, and which were viewed before an order.
//
// Nothing here depends on how the streams interleave. Views of one visitor come in their order, orders of one visitor in
// theirs, but an order may be applied before or after the views around it, and a login before or after both. So every
// join is symmetric: whichever side comes last finds the other and counts what has not been counted. For that, a viewed
// product keeps an interval [first, last] of views without a gap longer than Window; an order at time t counts the
// product as viewed before it if first <= t <= last+Window, for any visitor of the same person.
//
// Layout: eight words (64 B) a visitor, eight a contact, 12 B of table each, lists as in ring.go, about 60 B an order
// and 8 B an item of it. One goroutine writes, any number read.
package people

import (
	"github.com/cespare/xxhash/v2"

	"orrery/models"
	"orrery/models/intern"
	"orrery/models/slab"
)

// Config bounds what is remembered. Zero values take the defaults.
type Config struct {
	History    int         // viewed products kept per visitor, and so the widest session that is paired; default 64, at most 1,024
	Window     models.Time // how long a view counts as "before" an order; default 30 days
	SessionGap models.Time // silence that ends a session; default 30 minutes
	BotPace    int         // product and page views within one clock minute that give a crawler away; default 90
	Members    int         // visitors kept per contact; default 16
}

func (c Config) withDefaults() Config {
	def := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	def(&c.History, 64)
	def(&c.BotPace, 90)
	def(&c.Members, 16)
	c.History = min(c.History, maxRoom)
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
	vCount          // events<<32 | sessions<<8 | flags
	vContact        // contact<<32 | views in the newest clock minute<<16 | that minute, 16 bits each
	vViews          // list: product, last view, first view of the interval
	vCart           // list: product, last change, quantity
	vOrders         // newest order<<32 | number of orders
	visitorWords
)

// The words of a contact's record.
const (
	cHash    = iota // key
	cText           // id as sent
	cAttr           // attributes, a JSON member list
	cAttrAt         // when they were identified, ms
	cMembers        // list: visitor, when linked
	cNewest         // newest order of any member, in seconds
	cOrders         // number of orders of all members
	cShop           // tenant
	contactWords
)

// Flags of a visitor.
const (
	flagBot    = 1 << 0
	flagProxy  = 1 << 1 // stands for a contact that no browser is known of
	flagMask   = 0xff
	oneSession = 1 << 8
	oneEvent   = 1 << 32
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
	lists    rings
	orders   orders
	text     slab.Text
	counts   slab.Words // see Totals

	members []uint32 // scratch of group
	paired  []uint32 // scratch of View
	pairs   []Pair   // scratch of the joins
}

// New returns an empty state.
func New(cfg Config) *People {
	p := &People{cfg: cfg.withDefaults()}
	p.window = uint32(p.cfg.Window / models.Second)
	p.gap = uint32(p.cfg.SessionGap / models.Second)
	p.byHash = intern.NewHashes(&p.visitors, visitorWords)
	p.byID = intern.NewHashes(&p.contacts, contactWords)
	p.orders.byHash = intern.NewHashes(&p.orders.heads, headWords)
	p.visitors.Grow(visitorWords)
	p.contacts.Grow(contactWords)
	p.counts.Grow(countWords)
	return p
}

// HashOf returns the key of a visitor, contact or order id within a shop.
func HashOf(shop uint32, id []byte) uint64 {
	h := xxhash.Sum64(id) ^ uint64(shop)*0xc2b2ae3d27d4eb4f
	if h == 0 {
		return 1 // 0 is the key of an unused record
	}
	return h
}

// proxySeed sets the keys of contacts' proxies apart from those of visitors.
const proxySeed = 0x9e3779b185ebca87

// Visitor returns the number of a visitor, a new one where it is unknown.
func (p *People) Visitor(shop uint32, id []byte) uint32 {
	v, fresh := p.byHash.Add(HashOf(shop, id))
	if fresh {
		p.bump(cntVisitors, 1)
	}
	return v
}

// Proxy returns the number of the visitor that stands for a contact where an event names no browser.
func (p *People) Proxy(shop uint32, contact []byte) uint32 {
	v, fresh := p.byHash.Add(HashOf(shop, contact) ^ proxySeed)
	if fresh {
		p.visitors.Set(p.word(v, vCount), flagProxy)
	}
	return v
}

// FindVisitor and FindContact return the number of a known visitor or contact, or 0. Any goroutine may call them.
func (p *People) FindVisitor(shop uint32, id []byte) uint32 { return p.byHash.Find(HashOf(shop, id)) }

// FindContact returns the number of a known contact, or 0.
func (p *People) FindContact(shop uint32, id []byte) uint32 { return p.byID.Find(HashOf(shop, id)) }

func (p *People) word(visitor uint32, w uint64) uint64 { return uint64(visitor)*visitorWords + w }
func (p *People) cword(contact uint32, w uint64) uint64 {
	return uint64(contact)*contactWords + w
}

// Seen counts an event of any kind at moment t.
func (p *People) Seen(v uint32, t models.Time) {
	s := t.Seconds()
	seen := p.visitors.Load(p.word(v, vSeen))
	first, last := uint32(seen>>32), uint32(seen)
	if first == 0 || s < first {
		first = s
	}
	p.visitors.Set(p.word(v, vSeen), uint64(first)<<32|uint64(max(last, s)))
	p.visitors.Set(p.word(v, vCount), p.visitors.Load(p.word(v, vCount))+oneEvent)
}

// Behave notes a behaviour event and reports whether it began a session. Orders are not behaviour: they come on
// another topic, and sessions must not depend on how the two interleave.
func (p *People) Behave(v uint32, t models.Time) (began bool) {
	s := t.Seconds()
	active := p.visitors.Load(p.word(v, vActive))
	start, last := uint32(active>>32), uint32(active)
	switch {
	case last == 0 || s > last && s-last > p.gap:
		start, began = s, true
		p.visitors.Set(p.word(v, vCount), p.visitors.Load(p.word(v, vCount))+oneSession)
		p.bump(cntSessions, 1)
	case s < start && start-s <= p.gap:
		start = s
	}
	p.visitors.Set(p.word(v, vActive), uint64(start)<<32|uint64(max(last, s)))
	return began
}

// Pace counts a page or product view and reports whether it gives the visitor away as a crawler, which happens once.
func (p *People) Pace(v uint32, t models.Time) (caught bool) {
	word := p.visitors.Load(p.word(v, vContact))
	minute, n := t.Seconds()/60&0xffff, uint32(0)
	if uint32(word)&0xffff == minute {
		n = uint32(word) >> 16
	}
	n = min(n+1, 0xffff)
	p.visitors.Set(p.word(v, vContact), word&^0xffffffff|uint64(n)<<16|uint64(minute))
	return int(n) > p.cfg.BotPace && p.MarkBot(v)
}

// MarkBot takes a visitor for a crawler from now on, and reports whether it was not taken for one before.
func (p *People) MarkBot(v uint32) (fresh bool) {
	word := p.visitors.Load(p.word(v, vCount))
	if word&flagBot != 0 {
		return false
	}
	p.visitors.Set(p.word(v, vCount), word|flagBot)
	p.bump(cntBots, 1)
	return true
}

// IsBot tells whether a visitor is taken for a crawler.
func (p *People) IsBot(v uint32) bool { return p.visitors.Load(p.word(v, vCount))&flagBot != 0 }

// Key returns the hash that a visitor is known by.
func (p *People) Key(v uint32) uint64 { return p.visitors.Load(p.word(v, vHash)) }

// EachViewed calls f with the products that a visitor is remembered to have viewed.
func (p *People) EachViewed(v uint32, f func(item uint32)) {
	l := p.lists.open(p.visitors.Load(p.word(v, vViews)))
	for i := range l.n {
		f(l.at(i).ID)
	}
}

// contact returns the contact that a visitor is linked to, or 0.
func (p *People) contact(v uint32) uint32 { return uint32(p.visitors.Load(p.word(v, vContact)) >> 32) }

// group returns the visitors of the person that v belongs to, v among them. It is the writer's scratch.
func (p *People) group(v uint32) []uint32 {
	p.members = p.members[:0]
	c := p.contact(v)
	if c == 0 {
		p.members = append(p.members, v)
		return p.members
	}
	return p.membersOf(c)
}

func (p *People) membersOf(c uint32) []uint32 {
	p.members = p.members[:0]
	l := p.lists.open(p.contacts.Load(p.cword(c, cMembers)))
	for i := range l.n {
		p.members = append(p.members, l.at(i).ID)
	}
	return p.members
}

// store puts the handle of a changed list into its owner's record and gives back the place that it has left.
func (p *People) store(owner *slab.Words, at uint64, l *list, freed uint64) {
	if h := l.handle(); h != owner.Load(at) {
		owner.Set(at, h)
	}
	p.lists.release(freed)
}
