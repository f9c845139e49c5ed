package people

import (
	"slices"
	"sort"

	"orrery/models"
)

// trails finds the place of an order in a long chain: whoever sends orders with falling times would otherwise have every one
// of them walk past all that came before it. It is made when a walk gets long, of what the chain says, and is no part of
// snapshots. 16 B an order of an owner who has needed it.
type trails map[owner]*trail

// trail is the orders of one owner, from the newest to the oldest, in blocks that are split when they are full.
type trail struct{ blocks [][]mark }

type mark struct {
	time  models.Time
	order uint32
}

const (
	// shortWalk is how many orders of a chain are walked past before a trail is made of it.
	shortWalk = 32
	// trailBlock is the most orders of a block: to move half of them costs less than to look for one in memory.
	trailBlock = 256
)

// chainBehind returns the order of an owner that an order at t comes behind, 0 where it is the newest, and the one that it
// comes before, 0 where it is the oldest. Of two at the same moment the later one in the log comes first.
func (p *People) chainBehind(who owner, number uint32, t models.Time) (after, next uint32) {
	o := &p.orders
	if tr := p.trails[who]; tr != nil {
		after = tr.insert(mark{t, number}, &p.steps)
		if after == 0 {
			return 0, p.newestOrder(who)
		}
		return after, o.older(after)
	}
	next = p.newestOrder(who)
	for n := 0; next != 0 && o.time(next) > t; n++ {
		if n == shortWalk {
			p.lay(who)
			return p.chainBehind(who, number, t)
		}
		p.steps++
		after, next = next, o.older(next)
	}
	return after, next
}

// lay makes the trail of an owner, once.
func (p *People) lay(who owner) {
	var marks []mark
	for order := p.newestOrder(who); order != 0; order = p.orders.older(order) {
		marks = append(marks, mark{p.orders.time(order), order})
	}
	tr := &trail{}
	for part := range slices.Chunk(marks, trailBlock/2) {
		tr.blocks = append(tr.blocks, slices.Clone(part))
	}
	if p.trails == nil {
		p.trails = trails{}
	}
	p.trails[who] = tr
}

// insert puts an order in its place and returns the one before it, 0 where it is the newest.
func (tr *trail) insert(m mark, steps *int) (after uint32) {
	look := func(n int, older func(int) bool) int {
		return sort.Search(n, func(i int) bool { *steps++; return older(i) })
	}
	b := look(len(tr.blocks), func(i int) bool { block := tr.blocks[i]; return block[len(block)-1].time <= m.time })
	if b == len(tr.blocks) { // the oldest of all
		b--
	}
	block := tr.blocks[b]
	at := look(len(block), func(i int) bool { return block[i].time <= m.time })
	switch {
	case at > 0:
		after = block[at-1].order
	case b > 0:
		before := tr.blocks[b-1]
		after = before[len(before)-1].order
	}
	block = slices.Insert(block, at, m)
	tr.blocks[b] = block
	if len(block) == trailBlock {
		half := slices.Clone(block[trailBlock/2:])
		tr.blocks[b] = block[:trailBlock/2]
		tr.blocks = slices.Insert(tr.blocks, b+1, half)
	}
	return after
}
