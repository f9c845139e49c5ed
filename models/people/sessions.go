package people

import "orrery/models"

// Fields of vCount.
const (
	oneEvent    = 1 << 32
	oneSession  = 1 << 16
	paceShift   = 8
	paceMask    = 0xff << paceShift
	minuteShift = 4
	minuteMask  = 0xf << minuteShift
)

// Seen counts an event of any kind at moment t.
func (p *People) Seen(v uint32, t models.Time) {
	s := t.Seconds()
	record := p.visitors.Edit(p.word(v, 0), visitorWords)
	first, last := uint32(record[vSeen]>>32), uint32(record[vSeen])
	if first == 0 || s < first {
		first = s
	}
	set(record, vSeen, uint64(first)<<32|uint64(max(last, s)))
	set(record, vCount, record[vCount]+oneEvent)
}

// Behave notes a behaviour event and reports whether it began a session. Orders are not behaviour: they come on
// another topic, and sessions must not depend on how the two interleave. A late event that lies before the running
// session by less than a session's gap belongs to it; an older one begins none.
func (p *People) Behave(v uint32, t models.Time) (began bool) {
	s := t.Seconds()
	record := p.visitors.Edit(p.word(v, 0), visitorWords)
	start, last := uint32(record[vActive]>>32), uint32(record[vActive])
	count := record[vCount]
	switch {
	case last == 0 || s > last && s-last > p.gap:
		start, began = s, true
		if count&(0xffff<<16) != 0xffff<<16 {
			count += oneSession
		}
		p.bump(cntSessions, 1)
	case s < start && start-s <= p.gap:
		start = s
	}
	if last == 0 || s > last && s-last > 60 {
		if bursting(count) && count&flagBot == 0 {
			p.bump(cntBots, -1)
		}
		count &^= paceMask // a quiet minute has passed
	}
	if count != record[vCount] {
		set(record, vCount, count)
	}
	if count&flagShared != 0 {
		p.logins.session(v, s, began, 0)
	}
	if active := uint64(start)<<32 | uint64(max(last, s)); active != record[vActive] {
		set(record, vActive, active)
	}
	return began
}

// Paces counts a page or product view, after Behave has noted it, and reports whether it begins a burst: more than a person
// looks at in a minute. Burst begins it: what the minute has viewed is forgotten, and until a minute is quiet the visitor is taken for a
// crawler; who it was before and is afterwards stays a person.
func (p *People) Paces(v uint32, t models.Time) (caught bool) {
	at := p.word(v, vCount)
	word := p.visitors.Load(at)
	// Four bits tell a minute from those before it, since Behave has dealt with the silences.
	minute := uint64(t.Seconds()/60) << minuteShift & minuteMask
	n := uint64(1)
	switch {
	case bursting(word):
		return false
	case word&minuteMask == minute:
		n = min(word&paceMask>>paceShift+1, 0xfe)
	}
	p.visitors.Set(at, word&^(paceMask|minuteMask)|n<<paceShift|minute)
	return int(n) > p.cfg.BotPace
}

// Burst begins a burst of a visitor in the minute of t, see Paces, and returns the products that it has viewed, Aux when first. They
// live until the next call.
func (p *People) Burst(v uint32, t models.Time) []Entry {
	p.spans = p.spans[:0]
	from := t.Seconds() / 60 * 60
	word := p.visitors.Load(p.word(v, vCount))
	p.visitors.Set(p.word(v, vCount), word|paceMask)
	if word&flagBot == 0 {
		p.bump(cntBots, 1)
	}
	at := p.word(v, vViews)
	l := p.lists.open(p.visitors.Load(at))
	for i := l.n - 1; i >= 0; i-- {
		if e := l.at(i); e.Aux >= from {
			p.spans = append(p.spans, e)
			l.remove(i)
		}
	}
	p.store(&p.visitors, at, &l, 0)
	return p.spans
}

// MarkBot takes a visitor that an event declares to be a crawler for one, from now on and for good, and reports whether it was not taken for one before.
func (p *People) MarkBot(v uint32) (fresh bool) {
	word := p.visitors.Load(p.word(v, vCount))
	if word&flagBot != 0 {
		return false
	}
	p.visitors.Set(p.word(v, vCount), word|flagBot)
	if !bursting(word) {
		p.bump(cntBots, 1)
	}
	return true
}

// IsBot tells whether a visitor is taken for a crawler, for good or until its burst is over. Any goroutine may call it.
func (p *People) IsBot(v uint32) bool {
	return isBot(p.visitors.Load(p.word(v, vCount)))
}

func isBot(count uint64) bool { return count&flagBot != 0 || bursting(count) }

// bursting tells whether a burst is under way: a pace of all ones says so.
func bursting(count uint64) bool { return count&paceMask == paceMask }

// SessionStart returns when the running session of a visitor began, in seconds, or 0 where the visitor is unknown or
// silent for longer than a session lasts. Any goroutine may call it.
func (p *People) SessionStart(visitor uint32, now models.Time) uint32 {
	if visitor == 0 {
		return 0
	}
	active := p.visitors.Load(p.word(visitor, vActive))
	if uint64(now.Seconds()) > uint64(uint32(active))+uint64(p.gap) {
		return 0
	}
	return uint32(active >> 32)
}

// EachViewed calls f with the products that a visitor is remembered to have viewed, for the writer.
func (p *People) EachViewed(v uint32, f func(item uint32)) {
	l := p.lists.peek(p.visitors.Load(p.word(v, vViews)))
	for i := range l.n {
		f(l.at(i).ID)
	}
}
