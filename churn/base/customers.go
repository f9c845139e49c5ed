// Package base is the customer base of every shop: who has bought, how often and how much, by known contacts. Customers tells a
// churn.Customers each what orders, refunds and logins come to, passes on who changes segment or churn band, and answers what
// purchases say of a contact and of a shop. Base is one shop's, for whoever fits its models.
//
// An order costs a few microseconds, 16 B an order, and what churn.Customers takes for each customer.
package base

import (
	"fmt"
	"io"

	"orrery/churn"
	"orrery/churn/btyd"
	"orrery/churn/rfm"
	"orrery/models"
	"orrery/models/people"
	"orrery/models/pershop"
	"orrery/models/slab"
)

// Customers keeps a customer base for every shop. What a base knows of an order follows from what people knows of it,
// by one rule (see wanted): whenever something happens to an order, Settle works out what the base should have been told,
// and tells it the difference. So no way in which orders, refunds, cancellations and logins interleave changes a base's
// content.
//
// Whose an order is, people says: orders made before the first login count from then on. One that is cancelled, or refunded as a whole, is no purchase. A refund takes money off its
// order; one whose order never comes takes its money off the contact that it names, off the newest orders first, or nothing where it names none. Money is counted in the shop's main currency, the first that an order
// has named, and what names none is taken for it; an order in another one counts without its money.
type Customers struct {
	shops   pershop.Table[book]
	people  *people.People
	names   Names
	rules   rfm.Rules
	stale   bool       // see Resettle
	credits slab.Words // two words an order: contact<<32 | foreign, amount
	numbers slab.Words // a word a contact: number in its shop's base + 1
	changes changes
	day     btyd.Day // that has come

	now      func() models.Time // of the stream
	renewing []*book            // whose customers follow new models as events come
}

// Names says what numbers stand for in answers.
type Names interface {
	Shop(number uint32) []byte
	Currency(number uint32) string
}

// book returns the customer base of a shop, a new one where it has none.
func (c *Customers) book(shop uint32) *book {
	return c.shops.Get(shop, func() *book {
		b := newBook(shop, c.rules)
		b.base.Dawn(c.day)
		return b
	})
}

// New returns bases of no shop. now is the stream's time.
func New(p *people.People, names Names, rules rfm.Rules, now func() models.Time) *Customers {
	return &Customers{people: p, names: names, rules: rules, changes: newChanges(), now: now}
}

// Moved takes that somebody has logged in on visitor v, or out: orders of the visitor may have become another's.
func (c *Customers) Moved(shop, v uint32) {
	if c.people.Moved() {
		c.people.EachMoved(v, func(order uint32) { c.Reconcile(shop, order) })
	}
}

// Stale tells whether the bases were restored of a version without owners of orders, and have to be resettled.
func (c *Customers) Stale() bool { return c.stale }

// Resettle makes the bases of a state that was read from a version without owners of orders agree with them, once.
func (c *Customers) Resettle() {
	c.stale = false
	for order := uint32(1); order <= c.people.LastOrder(); order++ {
		whose := c.people.OrderContact(order)
		if whose == 0 {
			whose = c.credited(order, 0).contact
		}
		if _, shop := c.people.ContactID(whose); whose != 0 && shop != 0 {
			c.Reconcile(shop, order)
		}
	}
}

// Reconcile tells the shop's base what has changed about an order.
func (c *Customers) Reconcile(shop, order uint32) {
	sale := c.people.Sale(order)
	if order == 0 || !sale.Known {
		return
	}
	b := c.book(shop)
	if b.currency() == 0 && sale.Currency != 0 {
		b.sums.Set(sumCurrency, uint64(sale.Currency))
	}
	if !c.people.HasNotes(sale.Contact) || !c.spread(b, sale.Contact, order) {
		c.account(b, order, &sale)
	}
}

// Redated tells the shop's base that an order was placed at another moment than it has been told. Settle tells the rest.
func (c *Customers) Redated(shop, order uint32, was models.Time) {
	had := c.credited(order, was)
	if had.contact == 0 {
		return
	}
	b := c.book(shop)
	b.base.Move(c.number(b, had.contact), churn.DayOf(was), churn.DayOf(c.people.OrderTime(order)), had.amount)
	c.tell(b, min(max(was, timeOf(c.day)), c.now()))
}

// Noted takes that credit notes of some contacts have changed.
func (c *Customers) Noted(shop uint32) {
	for _, contact := range c.people.Noted() {
		if b := c.shops.Find(shop); b != nil {
			c.spread(b, contact, 0)
		}
	}
}

// maxSpread is how many of a contact's orders its credit notes are taken off.
const maxSpread = 1024

// spread tells the base what the orders that name a contact are worth less its credit notes, which are taken off the newest
// orders first. It tells whether order was among them.
func (c *Customers) spread(b *book, contact, order uint32) (met bool) {
	var left models.Money
	c.people.EachNote(contact, func(amount models.Money, currency uint32) {
		if currency == 0 || currency == b.currency() || b.currency() == 0 {
			left = left.Plus(amount)
		}
	})
	n := 0
	c.people.Named(contact, maxSpread+1, func(o uint32) {
		sale := c.people.Sale(o)
		if n++; n <= maxSpread && sale.Live && (sale.Currency == 0 || sale.Currency == b.currency()) {
			off := min(left, sale.Value)
			left, sale.Noted = left-off, off
		}
		c.account(b, o, &sale)
		met = met || o == order
	})
	return met
}

// account tells a base what has changed about an order.
func (c *Customers) account(b *book, order uint32, sale *people.Sale) {
	had, want := c.credited(order, sale.Time), c.wanted(b, sale)
	if had == want {
		return
	}
	switch {
	case had.contact == want.contact:
		b.amend(c.number(b, had.contact), &had, &want)
	default:
		if had.contact != 0 {
			b.giveBack(c.number(b, had.contact), &had)
		}
		if want.contact != 0 {
			b.take(c.number(b, want.contact), &want)
		}
	}
	c.store(order, &want)
	c.tell(b, min(max(sale.Time, timeOf(c.day)), c.now()))
}

// wanted returns what a base should know of an order.
func (c *Customers) wanted(b *book, s *people.Sale) credit {
	w := credit{time: s.Time}
	if !s.Live || s.Given > 0 && s.Value <= 0 {
		return w
	}
	if w.contact = s.Contact; w.contact == 0 {
		return w
	}
	if w.foreign = s.Currency != 0 && s.Currency != b.currency(); !w.foreign {
		w.amount = s.Value - s.Noted
	}
	return w
}

// credited returns what a base has been told of an order.
func (c *Customers) credited(order uint32, t models.Time) credit {
	at := 2 * uint64(order)
	if at >= c.credits.Len() {
		return credit{time: t}
	}
	word := c.credits.Load(at)
	return credit{contact: uint32(word >> 32), time: t, amount: models.Money(c.credits.Load(at + 1)), foreign: word&1 != 0}
}

func (c *Customers) store(order uint32, w *credit) {
	at := 2 * uint64(order)
	c.credits.Grow(at + 2)
	word := uint64(w.contact) << 32
	if w.foreign {
		word |= 1
	}
	c.credits.Set(at, word)
	c.credits.Set(at+1, uint64(w.amount))
}

// number returns the number of a contact in its shop's base, a new one where it has none.
func (c *Customers) number(b *book, contact uint32) uint32 {
	c.numbers.Grow(uint64(contact) + 1)
	if n := c.numbers.Load(uint64(contact)); n != 0 {
		return uint32(n) - 1
	}
	n := b.contacts.Len()
	b.contacts.Grow(n + 1)
	b.contacts.Set(n, uint64(contact))
	c.numbers.Set(uint64(contact), n+1)
	return uint32(n)
}

// lookUp returns the number of a contact in its shop's base, and false where it has none. Any goroutine may call it.
func (c *Customers) lookUp(contact uint32) (uint32, bool) {
	if uint64(contact) >= c.numbers.Len() {
		return 0, false
	}
	n := c.numbers.Load(uint64(contact))
	return uint32(n) - 1, n != 0
}

// Segment returns the segment of a contact at a moment, see churn.Customers.Segment. Any goroutine may call it.
func (c *Customers) Segment(shop, contact uint32, now models.Time) rfm.Segment {
	b := c.shops.Find(shop)
	number, ok := c.lookUp(contact)
	if b == nil || !ok {
		return rfm.NoSegment
	}
	return b.base.Segment(number, churn.DayOf(now))
}

// Score returns what purchases say of a contact at a moment, and false where there are none. Any goroutine may call it.
func (c *Customers) Score(shop, contact uint32, t models.Time) (s churn.Score, ok bool) {
	b := c.shops.Find(shop)
	number, known := c.lookUp(contact)
	if b == nil || !known {
		return s, false
	}
	return b.base.Score(number, churn.DayOf(t))
}

// Dawn lets a day of the stream come, before its first event: everybody's settled scores follow what others have bought up to
// then, and bands what silence makes of them. So changes follow from the order of the events, and not from how many are applied
// at a time.
func (c *Customers) Dawn(now models.Time) {
	c.day = churn.DayOf(now)
	for _, b := range c.shops.All() {
		if b != nil {
			b.base.Dawn(c.day)
			c.tell(b, timeOf(c.day))
		}
	}
}

// Dawns tells whether a moment lies on a later day than has come.
func (c *Customers) Dawns(t models.Time) bool { return t >= timeOf(c.day+1) }

// tell notes what has changed in a shop: what a day has, or what was learned, as of the day's beginning; what an order has as of its
// own time, if it is of that day. How far others have come when it is read does not matter.
func (c *Customers) tell(b *book, at models.Time) {
	changes := b.base.Changes()
	for i := range changes {
		c.changed(b, &changes[i], at)
	}
}

// changed notes a change with what holds after it.
func (c *Customers) changed(b *book, ch *churn.Change, now models.Time) {
	if c.people.MergedInto(uint32(b.contacts.Load(uint64(ch.Contact)))) != 0 {
		return // whoever has its orders now is told of
	}
	if c.people.ContactHash(uint32(b.contacts.Load(uint64(ch.Contact)))) == 0 {
		return // erased
	}
	// Who has given everything back is in no segment any more.
	segment, alive, _ := b.base.State(ch.Contact, c.day)
	note := change{
		contact: uint32(b.contacts.Load(uint64(ch.Contact))), second: now.Seconds(),
		segment: uint8(segment), segmentBefore: uint8(segment), band: noBand, bandBefore: noBand, alive: alive,
	}
	if ch.Segment {
		note.segmentBefore = uint8(ch.From)
	}
	if alive >= 0 {
		note.band = bandOf(alive)
		if note.bandBefore = note.band; !ch.Segment {
			note.bandBefore = ch.FromBand
		}
	}
	c.changes.note(note)
}

func bandOf(alive float64) (band uint8) {
	for _, level := range churn.Bands {
		if alive < level {
			band++
		}
	}
	return band
}

// Bytes returns the memory held.
func (c *Customers) Bytes() (n uint64) {
	for _, part := range c.Parts() {
		n += part
	}
	return n
}

// Parts returns the memory held, by part.
func (c *Customers) Parts() map[string]uint64 {
	n := c.numbers.Bytes() + c.changes.Bytes()
	for _, b := range c.shops.All() {
		if b != nil {
			n += b.bytes()
		}
	}
	return map[string]uint64{"customers": n, "credits": c.credits.Bytes()}
}

// Freeze returns the customer bases of this moment for a snapshot.
func (c *Customers) Freeze() *slab.Parts {
	parts := append([]io.WriterTo{}, c.credits.Freeze(), c.numbers.Freeze(), c.changes.Freeze(), slab.Numbers{uint64(c.day), c.shops.Known()})
	for shop, b := range c.shops.All() {
		if b != nil {
			b.keepCuts()
			parts = append(parts, slab.Numbers{uint64(shop)}, b.contacts.Freeze(), b.sums.Freeze(), b.base.Freeze())
		}
	}
	return slab.Join(parts...)
}

// ReadVersion replaces the customer bases by what Freeze wrote, in this version or the one before.
func (c *Customers) ReadVersion(r io.Reader, version uint16) error {
	if c.stale = version == 10; c.stale {
		var heads, more slab.Words // of logins, which people knows
		if _, err := slab.ReadAll(r, &heads, &more); err != nil {
			return err
		}
	}
	if _, err := slab.ReadAll(r, &c.credits, &c.numbers, c.changes); err != nil {
		return err
	}
	if version == 10 {
		return c.readBooks10(r)
	}
	day := make(slab.Numbers, 1)
	if _, err := day.ReadFrom(r); err != nil {
		return err
	}
	c.day = btyd.Day(day[0])
	return pershop.Each(r, func(shop uint32) error { return c.readBook(r, shop) })
}

// readBooks10 reads the books as version 10 wrote them: how many shops and the day, of each shop whether there is a book, then
// the books.
func (c *Customers) readBooks10(r io.Reader) error {
	head := make(slab.Numbers, 2)
	if _, err := head.ReadFrom(r); err != nil {
		return err
	}
	if head[0] > pershop.Most+1 {
		return fmt.Errorf("cannot read customers of %d shops", head[0])
	}
	c.day = btyd.Day(head[1])
	there := make(slab.Numbers, head[0])
	if _, err := there.ReadFrom(r); err != nil {
		return err
	}
	for shop, yes := range there {
		if yes != 0 {
			if err := c.readBook(r, uint32(shop)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *Customers) readBook(r io.Reader, shop uint32) error {
	b := newBook(shop, c.rules)
	if _, err := slab.ReadAll(r, &b.contacts, &b.sums, b.base); err != nil {
		return err
	}
	b.sums.Grow(sumWords)
	b.base.SetCuts(b.cuts())
	b.base.Reschedule(c.day)
	c.shops.Put(shop, b)
	return nil
}
