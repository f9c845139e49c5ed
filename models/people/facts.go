package people

import (
	"cmp"
	"math"
	"slices"

	"orrery/models"
	"orrery/models/slab"
)

// Facts is what the state knows of a person beside the lists.
type Facts struct {
	FirstSeen, LastSeen models.Time
	Events, Sessions    uint64
	Visitors            int
	Bot                 bool
	Attributes          []byte // a JSON member list; shared
	ContactID           []byte // shared
	Orders              []OrderFacts
}

// OrderFacts is one order of a person.
type OrderFacts struct {
	ID        []byte // shared
	Time      models.Time
	Value     models.Money
	Refunded  models.Money
	Currency  uint32
	Cancelled bool
	Lines     []Line
	Bought    []Bought // of each line
	Terms
}

// Facts collects what is known of a person, all orders included, newest first. It allocates: it is for profiles, not for
// frames.
func (r *Reader) Facts(who Person) Facts {
	p := r.p
	var f Facts
	if who.Contact != 0 {
		f.ContactID = p.text.Get(slab.Ref(p.contacts.Load(p.cword(who.Contact, cText))))
		f.Attributes = p.described(who.Contact)
	}
	for _, m := range r.browsers(who) {
		p.addVisitor(&f, m.ID, who.Contact)
	}
	r.eachOrder(who, math.MaxInt, func(order uint32) { f.Orders = append(f.Orders, p.orderFacts(order)) })
	slices.SortStableFunc(f.Orders, func(a, b OrderFacts) int { return cmp.Compare(b.Time, a.Time) })
	return f
}

func (p *People) addVisitor(f *Facts, v, contact uint32) {
	seen, events, sessions := p.tallyOf(v, contact)
	first, last := models.Time(seen>>32)*models.Second, models.Time(uint32(seen))*models.Second
	if first != 0 && (f.FirstSeen == 0 || first < f.FirstSeen) {
		f.FirstSeen = first
	}
	f.LastSeen = max(f.LastSeen, last)
	count := p.visitors.Load(p.word(v, vCount))
	f.Events += events
	f.Sessions += sessions
	f.Bot = f.Bot || isBot(count)
	if count&flagProxy == 0 {
		f.Visitors++
	}
}

// tallyOf returns first and last moment (in seconds, first<<32), events and sessions of a contact on a visitor, 0 for nobody. Of a
// shared one, events are those of whoever is on it now.
func (p *People) tallyOf(v, contact uint32) (seen, events, sessions uint64) {
	seen, count := p.visitors.Load(p.word(v, vSeen)), p.visitors.Load(p.word(v, vCount))
	events, sessions = count/oneEvent, count/oneSession&0xffff
	if contact == 0 || !p.shared(v) {
		return seen, events, sessions
	}
	from, to, sessions, oldest := p.logins.span(v, contact)
	if oldest {
		from = min(from, uint32(seen>>32))
	}
	if p.current(v) == contact {
		to = max(to, uint32(seen))
	} else {
		events = 0
	}
	return uint64(from)<<32 | uint64(to), events, sessions
}

func (p *People) orderFacts(order uint32) OrderFacts {
	o := &p.orders
	meta := o.get(order, oMeta)
	f := OrderFacts{
		ID:        p.text.Get(slab.Ref(o.get(order, oText))),
		Time:      o.time(order),
		Value:     models.Money(o.get(order, oValue)),
		Refunded:  min(models.Money(o.get(order, oRefund)), models.Money(o.get(order, oValue))),
		Currency:  uint32(meta >> 32),
		Cancelled: meta&orderCancelled != 0,
		Terms:     p.Terms(order),
	}
	p.EachLine(order, func(l Line, b Bought) { f.Lines, f.Bought = append(f.Lines, l), append(f.Bought, b) })
	return f
}
