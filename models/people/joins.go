package people

import "orrery/models"

// Pair says that a product was viewed before an order, by the number of the order.
type Pair struct {
	Viewed uint32
	Order  uint32
}

// joinWidth is how many orders of one owner, the newest, a late view or a login is joined with.
const joinWidth = 256

// View takes a product view of visitor v at moment t. It tells whether this is the product's first view in the running
// session, then with the other products of the session, to pair it with; and the orders that this view comes before
// though it is applied after them: all of them by their main items. Both slices live until the next call.
func (p *People) View(v, item uint32, t models.Time) (first bool, session []uint32, before []Pair) {
	s := t.Seconds()
	p.paired, p.pairs = p.paired[:0], p.pairs[:0]
	p.begin()
	start := uint32(p.visitors.Load(p.word(v, vActive)) >> 32)
	at := p.word(v, vViews)
	l := p.lists.open(p.visitors.Load(at))
	if first = s >= start && !l.has(item, start); first {
		if !p.grouped() {
			p.pairUp(&l, item, start, s)
		} else if first = !p.pairVariants(&l, p.mains.Main(item), start); !first {
			p.paired = p.paired[:0]
		}
	}
	p.joinView(v, p.Main(item), s)
	p.end()
	freed := p.look(&l, item, s)
	p.store(&p.visitors, at, &l, freed)
	return first, p.paired, p.pairs
}

// ViewedWithin tells whether a visitor is remembered to have viewed item, a main one, or a variant of it less than a span before or
// after t.
func (p *People) ViewedWithin(v, item uint32, t, span models.Time) bool {
	return p.within(p.word(v, vViews), item, t, span)
}

// Late tells whether a moment lies before the running session of a visitor.
func (p *People) Late(v uint32, t models.Time) bool {
	return t.Seconds() < uint32(p.visitors.Load(p.word(v, vActive))>>32)
}

// CartedWithin tells likewise whether item was put into the visitor's cart, or taken out of it.
func (p *People) CartedWithin(v, item uint32, t, span models.Time) bool {
	return p.within(p.word(v, vCart), item, t, span)
}

func (p *People) within(list uint64, item uint32, t, span models.Time) bool {
	l := p.lists.peek(p.visitors.Load(list))
	grouped := p.grouped()
	for _, word := range l.block[:l.n] {
		if id := uint32(word >> 32); id == item || grouped && p.mains.Main(id) == item {
			if at := models.Time(uint32(word)) * models.Second; at > t-span && at < t+span {
				return true
			}
		}
	}
	return false
}

// pairUp collects the other products of the session that runs from start to s.
func (p *People) pairUp(l *list, item, start, s uint32) {
	// In a session longer than Window a product may have two intervals.
	long := uint64(s) > uint64(start)+uint64(p.window)
	for _, word := range l.block[:l.n] {
		if id := uint32(word >> 32); uint32(word) >= start && id != item && !(long && contains(p.paired, id)) {
			p.paired = append(p.paired, id)
		}
	}
}

// look adds a view to the interval that it continues, or begins one.
func (p *People) look(l *list, item, s uint32) (freed uint64) {
	at := -1
	for i := 0; i < l.n; i++ {
		if l.id(i) != item {
			continue
		}
		e := l.at(i)
		if !p.continues(e, s) {
			continue
		}
		e.Aux, e.Last = min(e.Aux, s), max(e.Last, s)
		if at >= 0 { // the view closes the gap between two intervals
			other := l.at(at)
			e.Aux, e.Last = min(e.Aux, other.Aux), max(e.Last, other.Last)
			l.remove(i)
			i--
		} else {
			at = i
		}
		l.set(at, e)
	}
	if at >= 0 {
		return 0
	}
	return l.add(Entry{ID: item, Last: s, Aux: s}, p.cfg.History)
}

// continues tells whether a view at second s leaves no gap to the views of e.
func (p *People) continues(e Entry, s uint32) bool {
	return uint64(s)+uint64(p.window) >= uint64(e.Aux) && uint64(s) <= uint64(e.Last)+uint64(p.window)
}

// covers tells whether views over [first, last] count as before an order at second s.
func (p *People) covers(e Entry, s uint32) bool {
	return e.Aux <= s && uint64(s) <= uint64(e.Last)+uint64(p.window)
}

// joinOrder pairs a new order of visitor v with all that was viewed before it.
func (p *People) joinOrder(order, v uint32) {
	p.viewers = p.viewersOf(p.viewers[:0], p.ownerOf(order))
	if !contains(p.viewers, v) { // a contact's visitor that had to make room
		p.viewers = append(p.viewers, v)
	}
	p.joinViews(order, p.viewers, 0, max(orderPairs, p.cfg.History))
}

// joinViews pairs an order with the products that the visitors have viewed before it, each once, but for those that the first
// counted of the visitors have: n pairs at most.
func (p *People) joinViews(order uint32, visitors []uint32, counted, n int) {
	p.known.clear()
	s := p.orders.time(order).Seconds()
	for i, m := range visitors {
		l := p.lists.peek(p.visitors.Load(p.word(m, vViews)))
		if !p.spend(placeSteps + l.n) {
			return
		}
		for k := range l.n {
			e := l.at(k)
			if !p.covers(e, s) {
				continue
			}
			if e.ID = p.Main(e.ID); !p.known.add(e.ID) || i < counted {
				continue
			}
			if n--; n < 0 {
				p.cut()
				return
			}
			p.pairs = append(p.pairs, Pair{Viewed: e.ID, Order: order})
		}
	}
}

// joinView pairs a view of item at second s with the orders after it that it has not been counted for.
func (p *People) joinView(v, item, s uint32) {
	if !p.awaitsView(v, s) {
		return
	}
	p.owners = p.ownersFor(p.owners[:0], v)
	for _, who := range p.owners {
		order := p.newestOrder(who)
		if !p.spend(placeSteps) {
			return
		}
		if order == 0 || p.orders.time(order).Seconds() < s {
			continue
		}
		p.viewers = p.viewersOf(p.viewers[:0], who)
		p.spans = p.spansOf(p.spans[:0], p.viewers, item)
		for n := 0; order != 0 && n < joinWidth; n++ {
			at := p.orders.time(order).Seconds()
			if at < s || !p.spend(placeSteps+len(p.spans)) {
				break
			}
			if uint64(at) <= uint64(s)+uint64(p.window) && !p.covered(p.spans, at) && !p.pair(item, order) {
				return
			}
			order = p.orders.older(order)
		}
	}
}

// spansOf appends the intervals in which the visitors have viewed item, a main one, or a variant of it.
func (p *People) spansOf(dst []Entry, visitors []uint32, item uint32) []Entry {
	for _, m := range visitors {
		l := p.lists.peek(p.visitors.Load(p.word(m, vViews)))
		if !p.spend(placeSteps + l.n) {
			break
		}
		grouped := p.grouped()
		for i, word := range l.block[:l.n] {
			if id := uint32(word >> 32); id == item || grouped && p.mains.Main(id) == item {
				dst = append(dst, l.at(i))
			}
		}
	}
	return dst
}

// covered tells whether one of the intervals counts as before an order at second s.
func (p *People) covered(spans []Entry, s uint32) bool {
	for _, e := range spans {
		if p.covers(e, s) {
			return true
		}
	}
	return false
}

// pair notes that item was viewed before an order that came earlier, and reports false where it may not.
func (p *People) pair(item, order uint32) bool {
	if !p.spend(lineSteps * int(p.orders.get(order, oLines)&0xffff)) {
		return false
	}
	p.pairs = append(p.pairs, Pair{Viewed: item, Order: order})
	return true
}

// awaitsView tells whether an order at second s or later exists that a view of v may come before.
func (p *People) awaitsView(v, s uint32) bool {
	if p.contact(v) == 0 {
		order := p.newestOrder(visitorOwner(v))
		return order != 0 && p.orders.time(order).Seconds() >= s
	}
	p.relations = p.contactsOf(p.relations[:0], v)
	for _, c := range p.relations {
		if p.contacts.Load(p.cword(c, cNewest)) >= uint64(s) {
			return true
		}
	}
	return false
}

// joinLogin adds the pairs that come true when c logs in on v: views of v before orders that c's visitors' views count
// for, and views of these before orders of v.
func (p *People) joinLogin(v, c uint32) {
	p.friends = p.membersOf(p.friends[:0], c)
	if p.visitors.Load(p.word(v, vViews)) != 0 {
		p.joinOrders(contactOwner(c), v)
		for _, m := range p.friends {
			p.joinOrders(visitorOwner(m), v)
		}
	}
	own := p.newestOrder(visitorOwner(v))
	if own == 0 || len(p.friends) == 0 {
		return
	}
	p.viewers = p.viewersOf(p.viewers[:0], visitorOwner(v))
	old := len(p.viewers)
	p.viewers = append(p.viewers, p.friends...) // one that is there already has nothing to add
	for n := 0; own != 0 && n < joinWidth && p.spend(placeSteps); n++ {
		from := len(p.pairs)
		p.joinViews(own, p.viewers, old, orderPairs)
		p.left -= lineSteps * (len(p.pairs) - from) * int(p.orders.get(own, oLines)&0xffff)
		own = p.orders.older(own)
	}
}

// joinOrders pairs the orders of an owner with the views of v, which did not count for them so far.
func (p *People) joinOrders(who owner, v uint32) {
	order := p.newestOrder(who)
	if order == 0 || !p.spend(placeSteps) {
		return
	}
	own := p.lists.peek(p.visitors.Load(p.word(v, vViews)))
	p.viewers = p.viewersOf(p.viewers[:0], who)
	p.spread(&own, p.viewers)
	for n := 0; order != 0 && n < joinWidth && p.spend(placeSteps+own.n); n++ {
		s, from := p.orders.time(order).Seconds(), len(p.pairs)
		for i := range own.n {
			e := own.at(i)
			if !p.covers(e, s) {
				continue
			}
			if e.ID = p.Main(e.ID); p.known.covered(p, e.ID, s) || p.grouped() && paired(p.pairs[from:], e.ID) {
				continue
			}
			if !p.pair(e.ID, order) {
				return
			}
		}
		order = p.orders.older(order)
	}
}

// paired tells whether a product is in pairs with one order: another variant of it has come before.
func paired(pairs []Pair, item uint32) bool {
	for i := range pairs {
		if pairs[i].Viewed == item {
			return true
		}
	}
	return false
}

// spread notes in known when the visitors have viewed the products of a list.
func (p *People) spread(own *list, visitors []uint32) {
	p.known.clear()
	for i := range own.n {
		p.known.add(p.Main(own.id(i)))
	}
	for _, m := range visitors {
		l := p.lists.peek(p.visitors.Load(p.word(m, vViews)))
		if !p.spend(placeSteps + l.n) {
			return
		}
		for i := range l.n {
			e := l.at(i)
			e.ID = p.Main(e.ID)
			p.known.note(e)
		}
	}
}

// viewersOf appends the visitors whose views count for the orders of an owner.
func (p *People) viewersOf(dst []uint32, who owner) []uint32 {
	if who&ofContact != 0 {
		return p.membersOf(dst, uint32(who))
	}
	dst = append(dst, uint32(who))
	p.relations = p.contactsOf(p.relations[:0], uint32(who))
	for _, c := range p.relations {
		dst = p.membersOf(dst, c)
	}
	return dst
}

// ownersFor appends the owners of the orders that the views of v count for.
func (p *People) ownersFor(dst []owner, v uint32) []owner {
	p.friends = append(p.friends[:0], v)
	p.relations = p.contactsOf(p.relations[:0], v)
	for _, c := range p.relations {
		dst = append(dst, contactOwner(c))
		p.friends = p.membersOf(p.friends, c)
	}
	for _, m := range p.friends {
		dst = append(dst, visitorOwner(m))
	}
	return dst
}
