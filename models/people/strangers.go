package people

import (
	"io"

	"orrery/models/intern"
	"orrery/models/slab"
)

// Strangers is the visitors of whom nobody but the public key has spoken: anybody can make any number of them. Of each shop
// they stand in two queues by their newest session, those who have put something into a cart in the second. Who makes
// room is the one at the head of the first that is not empty, of the shop that has more than its share. A visitor leaves the
// queues for good by a login, an order, or an event that the shop's own servers vouch for.
//
// Those of one network (a /24, a /48: the one that the first event of the visitor came from) stand in two queues of their own as
// well, in the same order: so one that has made too many makes room among its own, however many others there are. A network is known as
// long as it has a stranger in the shop.
//
// Three words a visitor, none where no event comes from the public key, four a shop, and four and a slot of a table a network of a shop.
type Strangers struct {
	links    slab.Words // linkWords a visitor
	shops    slab.Words // queueWords a shop; those of shop 0, which there is not, are the totals
	networks slab.Words // networkWords a network of a shop; those of number 0, which there is not, are totals as well
	byKey    *intern.Hashes
	seed     intern.Seed
}

// The words of a visitor.
const (
	inShop    = iota // the one before<<32 | the one behind; of a number that is nobody's: the next such one
	inNetwork        // likewise
	ofNetwork        // shop<<32 | number of the network, 0 where that is not known
	linkWords
)

// The words of a shop.
const (
	qPlain  = iota // first<<32 | last
	qCarted        // likewise
	qCount         // visitors in both
	_
	queueWords
)

// The totals.
const (
	totalFree   = iota // numbers that are nobody's: first<<32 | last
	totalUnused        // how many
	totalCount         // visitors in all queues
	totalShops         // shops that have some
)

// quarantine is how many numbers must be nobody's before the one that has been so for longest is given away: a reader that
// has found a visitor finds nothing of another one there for as long as an answer may take.
const quarantine = 1 << 12

func newStrangers() *Strangers {
	s := new(Strangers)
	s.byKey = intern.NewHashes(&s.networks, networkWords)
	s.shops.Grow(queueWords)
	s.networks.Grow(networkWords)
	return s
}

// Seed sets what decides where networks lie: see intern.Seed.
func (s *Strangers) Seed(seed intern.Seed) {
	s.seed = seed
	s.byKey.Seed(seed)
}

func (s *Strangers) bump(word uint64, by int64) { s.shops.Set(word, s.shops.Load(word)+uint64(by)) }

// Bytes returns the memory held.
func (s *Strangers) Bytes() uint64 {
	return s.links.Bytes() + s.shops.Bytes() + s.networks.Bytes() + s.byKey.Bytes()
}

// Freeze returns the queues of this moment for a snapshot.
func (s *Strangers) Freeze() *slab.Parts {
	return slab.Join(s.links.Freeze(), s.shops.Freeze(), s.networks.Freeze())
}

// ReadVersion replaces the queues by what Freeze wrote; up to version 12 a visitor's shop was not with it.
func (s *Strangers) ReadVersion(r io.Reader, version uint16) error {
	_, err := slab.ReadAll(r, &s.links, &s.shops, &s.networks)
	s.shops.Grow(queueWords)
	s.networks.Grow(networkWords)
	s.byKey.Rebuild()
	if err != nil || version > 12 {
		return err
	}
	for shop := uint32(1); uint64(shop) < s.shops.Len()/queueWords; shop++ {
		for which := uint64(qPlain); which <= qCarted; which++ {
			q := s.ofShop(shop, which)
			for v := uint32(q.words.Load(q.ends) >> 32); v != 0; v = uint32(s.load(q, v)) {
				at := uint64(v)*linkWords + ofNetwork
				s.links.Set(at, s.links.Load(at)&0xffffffff|uint64(shop)<<32)
			}
		}
	}
	return nil
}

// shopOf returns the shop of a stranger.
func (s *Strangers) shopOf(v uint32) uint32 {
	return uint32(s.links.Load(uint64(v)*linkWords+ofNetwork) >> 32)
}

// queue is a place among others: ends is the word of its first<<32 | last, link the word of each visitor.
type queue struct {
	words      *slab.Words
	ends, link uint64
}

func (s *Strangers) load(q queue, v uint32) uint64   { return s.links.Load(uint64(v)*linkWords + q.link) }
func (s *Strangers) set(q queue, v uint32, w uint64) { s.links.Set(uint64(v)*linkWords+q.link, w) }

// put puts v behind the last of a queue.
func (s *Strangers) put(q queue, v uint32) {
	word := q.words.Load(q.ends)
	first, last := uint32(word>>32), uint32(word)
	if last == 0 {
		first = v
	} else {
		s.set(q, last, s.load(q, last)&^0xffffffff|uint64(v))
	}
	s.set(q, v, uint64(last)<<32)
	q.words.Set(q.ends, uint64(first)<<32|uint64(v))
}

// take takes v out of a queue.
func (s *Strangers) take(q queue, v uint32) {
	link, word := s.load(q, v), q.words.Load(q.ends)
	before, behind := uint32(link>>32), uint32(link)
	first, last := uint32(word>>32), uint32(word)
	if before == 0 {
		first = behind
	} else {
		s.set(q, before, s.load(q, before)&^0xffffffff|uint64(behind))
	}
	if behind == 0 {
		last = before
	} else {
		s.set(q, behind, uint64(before)<<32|s.load(q, behind)&0xffffffff)
	}
	q.words.Set(q.ends, uint64(first)<<32|uint64(last))
}

// ofShop and ofNetwork return the queues of a shop and of a network: which is qPlain or qCarted.
func (s *Strangers) ofShop(shop uint32, which uint64) queue {
	return queue{&s.shops, uint64(shop)*queueWords + which, inShop}
}

func (s *Strangers) ofNetwork(network, which uint64) queue {
	return queue{&s.networks, network*networkWords + nPlain + which, inNetwork}
}

// enter puts v behind all others, leave takes it out.
func (s *Strangers) enter(shop, v uint32, which uint64) {
	s.put(s.ofShop(shop, which), v)
	if network := s.networkOf(v); network != 0 {
		s.put(s.ofNetwork(network, which), v)
	}
}

func (s *Strangers) leave(shop, v uint32, which uint64) {
	s.take(s.ofShop(shop, which), v)
	if network := s.networkOf(v); network != 0 {
		s.take(s.ofNetwork(network, which), v)
	}
}

// free notes that a number is nobody's.
func (s *Strangers) free(v uint32) {
	s.links.Grow((uint64(v) + 1) * linkWords)
	s.put(s.ofShop(0, totalFree), v)
	s.bump(totalUnused, 1)
}

// unused returns a number that has been nobody's for long enough, or 0.
func (s *Strangers) unused() (v uint32) {
	if s.shops.Load(totalUnused) <= quarantine {
		return 0
	}
	v = uint32(s.shops.Load(totalFree) >> 32)
	s.take(s.ofShop(0, totalFree), v)
	s.bump(totalUnused, -1)
	return v
}

// Strangers returns the queues, as a section of snapshots.
func (p *People) Strangers() *Strangers { return p.strangers }

// which returns which of the two queues a stranger stands in.
func (p *People) which(v uint32) uint64 {
	if p.visitors.Load(p.word(v, vCart)) != 0 {
		return qCarted
	}
	return qPlain
}

// IsStranger tells whether nobody but the public key has spoken of a visitor. Any goroutine may call it.
func (p *People) IsStranger(v uint32) bool {
	return p.visitors.Load(p.word(v, vCount))&flagStranger != 0
}

// Met takes a new visitor of a shop for a stranger, from a network, 0 where that is not known.
func (p *People) Met(shop, v uint32, net uint64) {
	s := p.strangers
	s.links.Grow((uint64(v) + 1) * linkWords)
	s.shops.Grow((uint64(shop) + 1) * queueWords)
	p.visitors.Set(p.word(v, vCount), p.visitors.Load(p.word(v, vCount))|flagStranger)
	s.join(shop, v, net)
	s.enter(shop, v, p.which(v))
	s.count(shop, 1)
}

func (s *Strangers) count(shop uint32, by int64) {
	at := uint64(shop)*queueWords + qCount
	before := s.shops.Load(at)
	s.bump(at, by)
	s.bump(totalCount, by)
	if before == 0 || before == 1 && by < 0 {
		s.bump(totalShops, by)
	}
}

// Came notes that a visitor has begun a session.
func (p *People) Came(shop, v uint32) {
	if !p.IsStranger(v) {
		return
	}
	s, which := p.strangers, p.which(v)
	if last := uint32(s.shops.Load(s.ofShop(shop, which).ends)); last != v { // else it is its network's last as well
		s.leave(shop, v, which)
		s.enter(shop, v, which)
	}
}

// Carts notes that a visitor is about to put something into a cart or take it out.
func (p *People) Carts(shop, v uint32) {
	if p.IsStranger(v) && p.which(v) == qPlain {
		p.strangers.leave(shop, v, qPlain)
		p.strangers.enter(shop, v, qCarted)
	}
}

// Confirm takes a visitor for somebody who is not to be forgotten.
func (p *People) Confirm(shop, v uint32) {
	if p.IsStranger(v) {
		p.visitors.Set(p.word(v, vCount), p.visitors.Load(p.word(v, vCount))&^flagStranger)
		p.strangers.leave(shop, v, p.which(v))
		p.strangers.part(v)
		p.strangers.count(shop, -1)
	}
}

// Crowd returns how many strangers there are.
func (p *People) Crowd() uint64 { return p.strangers.shops.Load(totalCount) }

// Oldest returns the stranger, not v of a shop, who is to make room where there are more than most: of that shop if it has
// more than an equal share, else of the one that has most.
func (p *People) Oldest(shop, v uint32, most uint64) (oldest uint32) {
	s, its := p.strangers, shop
	if s.shops.Load(uint64(shop)*queueWords+qCount) <= most/s.shops.Load(totalShops) {
		for n, other := uint64(0), uint32(1); uint64(other) < s.shops.Len()/queueWords; other++ {
			if have := s.shops.Load(uint64(other)*queueWords + qCount); have > n {
				n, its = have, other
			}
		}
	}
	for which := uint64(qPlain); which <= qCarted; which++ {
		if oldest = uint32(s.shops.Load(s.ofShop(its, which).ends) >> 32); oldest != 0 && oldest != v {
			return oldest
		}
	}
	return 0
}

// Gone tells whether a number is nobody's.
func (p *People) Gone(v uint32) bool { return p.Key(v) == 0 }

// Forget forgets a visitor without order or login. Its number is nobody's until Free gives it away: when nothing elsewhere
// refers to it any more.
func (p *People) Forget(v uint32) {
	if p.IsStranger(v) {
		p.Confirm(p.strangers.shopOf(v), v) // leaves the queue
	}
	p.byHash.Delete(v)
	for _, w := range [2]uint64{vViews, vCart} {
		list := p.visitors.Load(p.word(v, w))
		p.visitors.Set(p.word(v, w), 0)
		p.lists.release(list)
	}
	for w := uint64(vSeen); w < visitorWords; w++ {
		p.visitors.Set(p.word(v, w), 0)
	}
	p.logins.forget(v)
}

// MadeRoom counts that a stranger is about to be forgotten for others.
func (p *People) MadeRoom() { p.bump(cntForgotten, 1) }

// Free lets the number of a forgotten visitor become another one's.
func (p *People) Free(v uint32) { p.strangers.free(v) }
