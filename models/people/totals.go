package people

// The words of counts: what the state holds, exactly.
const (
	cntVisitors = iota
	cntContacts
	cntSessions
	cntBots
	cntOrders
	cntBuyers
	cntRefunds
	cntCancels
	cntRepeats   // purchases whose order was known already
	cntLeads     // contacts that only strangers have named
	cntLeadsKept // leads, those of contacts included
	cntLeadsLost // leads, or what they said of themselves, that there was no room for
	cntLeadTexts // bytes that leads have said of themselves
	cntForgotten // visitors that made room

	cntOverRefunds // orders of which more was refunded than their value
	cntConflicts   // orders under an id that another one has
	cntCut         // events whose joins ended early: see spend
	cntOwed        // steps that are missing from the reserve: see begin
	cntMerged      // contacts that others have taken in: see canonize
	cntErased      // persons who were erased
	cntUnsaid      // events whose attributes there was no room for beside what is known of their contact
	countWords
)

// Figures is how many figures there are: see Figure.
const Figures = countWords

func (p *People) bump(word uint64, by int64) {
	p.counts.Set(word, p.counts.Load(word)+uint64(by))
	p.marked |= 1 << word
}

// Marked returns a bit for each figure that has changed since it was asked before; for the writer.
func (p *People) Marked() (marked uint32) {
	marked, p.marked = p.marked, 0
	return marked
}

// Figure returns a figure, and TotalsOf says what they mean. Any goroutine may call it.
func (p *People) Figure(i int) uint64 { return p.counts.Load(uint64(i)) }

// Totals is what the state holds, exactly.
type Totals struct {
	Visitors  uint64 // browsers
	Contacts  uint64 // known persons
	Sessions  uint64
	Bots      uint64
	Orders    uint64 // taken and not cancelled
	Buyers    uint64 // persons with an order
	Refunds   uint64
	Cancels   uint64
	Repeats   uint64 // purchase events whose order was known already: of two the one placed first counts
	Leads     uint64 // contacts that only strangers have named
	LeadsLost uint64 // leads, or what they said of themselves, that there was no room for
	Forgotten uint64 // visitors that made room, of Visitors

	OverRefunds uint64 // orders of which more was refunded than their value
	Conflicts   uint64 // orders under an id that another one has
	Merged      uint64 // contacts that others have taken in, since their ids have one form
	Erased      uint64 // persons who were erased
	Unsaid      uint64 // events whose attributes there was no room for beside what is known of their contact
	JoinsCut    uint64 // events that not all orders and views of their persons were joined with, since they have too many
}

// Totals returns the counts. Any goroutine may call it.
func (p *People) Totals() Totals { return TotalsOf(p.Figure) }

// TotalsOf returns the counts of figures.
func TotalsOf(n func(figure int) uint64) Totals {
	return Totals{
		Visitors: n(cntVisitors), Contacts: n(cntContacts), Sessions: n(cntSessions), Bots: n(cntBots),
		Orders: n(cntOrders), Buyers: n(cntBuyers), Refunds: n(cntRefunds), Cancels: n(cntCancels), Repeats: n(cntRepeats),
		Leads: n(cntLeads), LeadsLost: n(cntLeadsLost),
		Forgotten:   n(cntForgotten),
		OverRefunds: n(cntOverRefunds), Conflicts: n(cntConflicts),
		Unsaid:   n(cntUnsaid),
		JoinsCut: n(cntCut), Merged: n(cntMerged), Erased: n(cntErased),
	}
}

// Bytes returns the memory held, in bytes, by part.
func (p *People) Bytes() (visitors, contacts, orders uint64) {
	return p.visitors.Bytes() + p.byHash.Bytes() + p.lists.words.Bytes(),
		p.contacts.Bytes() + p.byID.Bytes() + p.former.records.Bytes() + p.former.byVisitor.Bytes() + p.logins.bytes() + p.firsts.Bytes() + p.notes.Bytes() + p.text.Bytes() + p.attributes.Bytes(),
		p.credited.Bytes() + p.orders.heads.Bytes() + p.orders.byHash.Bytes() + p.orders.lines.Bytes() + p.coupons.bytes()
}
