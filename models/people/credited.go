package people

// An order that names nobody is credited to the contact whose it is: see logins. What it is credited to is worked out when the
// order comes and whenever a login may have changed it, and everybody who asks for a contact's orders gets those that name it
// and those credited to it. The latter are chained, the newest first: two words an order, next to its head's number: contact<<32
// | the next older order credited to it, and the one before.

// attributionWalk is how many orders are looked at for the place of one that is credited: past it a chain is out of order, which
// only says which of hundreds are looked at first.
const attributionWalk = 128

// attributedTo returns the contact that an order is credited to, or 0, and the next older one of its chain.
func (p *People) attributedTo(order uint32) (contact, next uint32) {
	if 2*uint64(order) >= p.credited.Len() {
		return 0, 0
	}
	word := p.credited.Load(2 * uint64(order))
	return uint32(word >> 32), uint32(word)
}

// newestAttributed returns the newest order that is credited to a contact, or 0. Any goroutine may call it.
func (p *People) newestAttributed(c uint32) uint32 {
	if uint64(c) >= p.firsts.Len() {
		return 0
	}
	return uint32(p.firsts.Load(uint64(c)))
}

// eachAttributed calls f with the orders that are credited to a contact, n at most. Any goroutine may call it.
func (p *People) eachAttributed(c uint32, n int, f func(order uint32)) {
	for order := p.newestAttributed(c); order != 0 && n > 0; n-- {
		whose, next := p.attributedTo(order)
		if whose != c {
			return // it has become another's while we looked
		}
		f(order)
		order = next
	}
}

// OrderContact returns whose an order is: the contact's that it names, or that it is credited to; 0 where nobody is known. Any
// goroutine may call it.
func (p *People) OrderContact(order uint32) uint32 {
	if who := p.ownerOf(order); who&ofContact != 0 {
		return uint32(who)
	}
	c, _ := p.attributedTo(order)
	return c
}

// reassign works out anew whose an order of visitor v is that names nobody.
func (p *People) reassign(order uint32) {
	who := p.ownerOf(order)
	if who&ofContact != 0 {
		return
	}
	v, second := uint32(who), p.orders.time(order).Seconds()
	want := p.logins.owner(v, second)
	had, _ := p.attributedTo(order)
	if had == want {
		return
	}
	live := !p.orders.flag(order, orderCancelled|orderAwaited)
	if live {
		p.credit(order, -1)
	}
	if had != 0 {
		p.unchain(order)
	}
	if want != 0 {
		p.chainAttributed(order, want)
	}
	if live {
		p.credit(order, 1)
	}
}

func (p *People) chainAttributed(order, c uint32) {
	p.credited.Grow(2 * (uint64(order) + 1))
	p.firsts.Grow(uint64(c) + 1)
	t := p.orders.time(order)
	after, next := uint32(0), p.newestAttributed(c)
	for n := 0; next != 0 && n < attributionWalk && p.orders.time(next) > t; n++ {
		after = next
		_, next = p.attributedTo(next)
	}
	p.credited.Set(2*uint64(order)+1, uint64(after))
	p.credited.Set(2*uint64(order), uint64(c)<<32|uint64(next))
	if next != 0 {
		p.credited.Set(2*uint64(next)+1, uint64(order))
	}
	p.follow(c, after, order)
}

// follow makes order the next of another one in the chain of a contact, or its first.
func (p *People) follow(c, after, order uint32) {
	words, at := &p.firsts, uint64(c)
	if after != 0 {
		words, at = &p.credited, 2*uint64(after)
	}
	words.Set(at, words.Load(at)&^0xffffffff|uint64(order))
}

func (p *People) unchain(order uint32) {
	c, next := p.attributedTo(order)
	after := uint32(p.credited.Load(2*uint64(order) + 1))
	if next != 0 {
		p.credited.Set(2*uint64(next)+1, uint64(after))
	}
	p.follow(c, after, next)
	p.credited.Set(2*uint64(order), 0)
	p.credited.Set(2*uint64(order)+1, 0)
}

// credit counts an order of whoever has it, or with -1 takes it back.
func (p *People) credit(order uint32, by int64) {
	p.bump(cntOrders, by)
	if c := p.OrderContact(order); c != 0 {
		p.count(c, by)
		return
	}
	v := uint32(p.ownerOf(order))
	at := p.word(v, vOrders)
	p.visitors.Set(at, p.visitors.Load(at)+uint64(by))
	if n := p.live(v); by > 0 && n == 1 || by < 0 && n == 0 {
		p.bump(cntBuyers, by)
	}
}

// rebuild makes logins and credits of a state of version 10, which has none: of a contact's browsers with its first login on
// each, and of a browser's contacts with their newest ones.
func (p *People) rebuild() {
	note := func(v, c, s uint32) {
		p.logins.note(v, c, s, maxLogins, p.rank)
	}
	for c := uint32(1); c <= p.LastContact(); c++ {
		l := p.lists.peek(p.contacts.Load(p.cword(c, cMembers)))
		for i := range l.n {
			if v := l.at(i).ID; p.visitors.Load(p.word(v, vCount))&flagProxy == 0 {
				note(v, c, l.at(i).Last)
				p.seenOn(c)
			}
		}
	}
	for v := uint64(1); v < p.visitors.Len()/visitorWords; v++ {
		at := p.word(uint32(v), vOrders)
		p.visitors.Set(at, p.visitors.Load(at)&^0xffffffff)
		word := p.visitors.Load(p.word(uint32(v), vContact))
		if word == 0 || p.visitors.Load(p.word(uint32(v), vCount))&flagProxy != 0 {
			continue
		}
		note(uint32(v), uint32(word>>32), uint32(word))
		if p.shared(uint32(v)) {
			l := p.lists.peek(p.former.records.Load(p.formerOf(uint32(v))))
			for i := range l.n {
				note(uint32(v), l.at(i).ID, l.at(i).Last)
			}
			// Whose the sessions were is not known: they stay the newest one's.
			p.logins.session(uint32(v), 1<<32-1, false, p.visitors.Load(p.word(uint32(v), vCount))/oneSession&0xffff)
		}
	}
	for c := uint32(1); c <= p.LastContact(); c++ {
		at := p.cword(c, cOrders)
		p.contacts.Set(at, p.contacts.Load(at)&^0xffffffff)
	}
	p.counts.Set(cntOrders, 0)
	p.counts.Set(cntBuyers, 0)
	for order := uint32(1); order <= p.LastOrder(); order++ {
		if p.orders.flag(order, orderAwaited) {
			continue
		}
		p.assign(order)
		if !p.orders.flag(order, orderCancelled) {
			p.credit(order, 1)
		}
	}
}

// assign credits an order that has been credited to nobody.
func (p *People) assign(order uint32) {
	who := p.ownerOf(order)
	if who&ofContact != 0 {
		return
	}
	if c := p.logins.owner(uint32(who), p.orders.time(order).Seconds()); c != 0 {
		p.chainAttributed(order, c)
	}
}
