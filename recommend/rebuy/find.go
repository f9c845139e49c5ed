package rebuy

import (
	"cmp"
	"math"
	"slices"

	"orrery/models"
	"orrery/recommend/neighbours"
	"orrery/recommend/top"
)

const (
	maxRanked  = 256
	maxSources = 24 // products of the owner whose neighbours are candidates
	maxFound   = 2048
	tableBits  = 13
	tableSize  = 1 << tableBits
)

// Places of the features.
const (
	bought = iota // has been bought by the owner
	slowShare
	slowLog
	fastShare
	fastLog
	countLog
	countShare // of the owner's orders
	lately     // in the owner's newest order
	sinceInverse
	sinceLog // orders since
	due      // closeness of the time since to the personal rhythm
	overdue
	early
	ownRate  // the owner's share of repeats, if bought
	itemRate // the product's
	bothRate
	popular
	popularNew // if not bought
	cosineRatio
	cosineLog
	confidenceRatio
	confidenceLog
	strongest
	nearBought
	inverseRank
	rank
	features
)

// start ranks by the slow count, then by neighbours and popularity.
var start = map[int]float32{slowShare: 3, slowLog: 2, fastShare: 1, popular: 2, cosineLog: 1, inverseRank: 1}

// Item is a product that the owner is likely to buy next.
type Item struct {
	Item   uint32
	Score  float32 // the ranker's, comparable within one answer only
	Bought uint32  // times that the owner bought it, 0 for a new one
	From   uint32  // for a new one: product of the owner that led to it, or 0
	Count  float32 // times bought; for a new one orders that hold it, with From if there is one, older ones weighing less
	Since  uint32  // seconds since bought last
	Rhythm uint32  // mean gap between purchases in seconds, 0 before the second
}

// Query asks what an owner buys next.
type Query struct {
	Shop   uint32
	Owners []uint32    // the owner, or several that are the same person
	Fill   []uint32    // bestsellers: candidates, too
	Now    models.Time // moment of asking
	Again  bool        // only what has been bought before
	Allow  func(item uint32) bool
}

// candidate is a product that may be bought next.
type candidate struct {
	entry
	own        bool
	right      float32 // orders that hold it
	cosine     float32
	confidence float32
	strongest  float32
	from       uint32
	pairs      float32 // orders that hold it and from
	base       float32
}

// Scratch is the memory of one goroutine, about 400 KiB.
type Scratch struct {
	near    []neighbours.Neighbour
	own     []entry
	found   []candidate // of the query: once chosen, best first
	ranked  []candidate
	table   [tableSize]uint16
	rows    [maxRanked * features]float32
	order   []top.Place
	repeats float32 // share of repeats among the owner's purchases
	orders  float32
	total   float32
}

// NewScratch returns a Scratch.
func NewScratch() *Scratch {
	return &Scratch{found: make([]candidate, 0, maxFound), ranked: make([]candidate, 0, maxFound)}
}

// Recommend appends the n products that the owner is most likely to buy next to dst, best first: none for who has not
// bought yet.
func (h *History) Recommend(s *Scratch, dst []Item, lists *neighbours.Lists, q Query, n int) []Item {
	s.find(h, lists, q)
	if len(s.own) == 0 {
		return dst
	}
	w := h.Ranker.Weights(q.Shop)
	s.order = s.order[:0]
	for i := range s.found {
		if s.found[i].own || !q.Again {
			s.order = append(s.order, top.Place{At: uint32(i), Score: w.Score(s.rows[i*features : (i+1)*features])})
		}
	}
	for _, o := range top.Of(s.order, n) {
		c := &s.found[o.At]
		it := Item{Item: c.item, Score: o.Score, From: c.from, Count: c.pairs}
		switch {
		case c.own:
			it.Bought, it.Rhythm, it.From, it.Count = uint32(c.count), uint32(c.gap), 0, float32(c.count)
			it.Since = q.Now.Seconds() - min(c.last, q.Now.Seconds())
		case c.from == 0:
			it.Count = c.right
		}
		dst = append(dst, it)
	}
	return dst
}

// Learn takes a step from the owner having bought product. It must be called before the order is counted.
func (h *History) Learn(s *Scratch, lists *neighbours.Lists, q Query, products []uint32) {
	q.Again, q.Allow = false, nil
	s.find(h, lists, q)
	if len(s.found) < 2 {
		return
	}
	for i := range s.found {
		if slices.Contains(products, s.found[i].item) {
			h.Ranker.Learn(q.Shop, s.rows[:len(s.found)*features], i)
		}
	}
}

// find fills found and rows with the candidates.
func (s *Scratch) find(h *History, lists *neighbours.Lists, q Query) {
	clear(s.table[:])
	s.found, s.own = s.found[:0], s.own[:0]
	s.remember(h, q)
	s.spread(lists, q) // with Again too: products rank by the features that the ranker has learned from
	if !q.Again {
		for _, item := range q.Fill {
			s.candidate(item, lists.Count(item, q.Now))
		}
	}
	s.choose(q)
	s.fill(h, q)
}

// remember makes candidates of what the owner bought.
func (s *Scratch) remember(h *History, q Query) {
	s.orders, s.total = 0, 0
	sum, repeated := float32(0), float32(0)
	for _, owner := range q.Owners {
		from := len(s.own)
		var orders uint16
		s.own, orders = h.read(s.own, owner)
		s.orders += float32(orders)
		for i := from; i < len(s.own); i++ {
			e := &s.own[i]
			e.order = orders - e.order // from here on: orders since
			e.slow *= power(slowDecay, e.order)
			e.fast *= power(fastDecay, e.order)
			sum, repeated = sum+float32(e.count), repeated+float32(e.count-1)
		}
	}
	s.repeats = (repeated + 0.5) / (sum + 5)
	slices.SortFunc(s.own, func(a, b entry) int {
		return cmp.Or(cmp.Compare(b.slow+b.fast, a.slow+a.fast), cmp.Compare(a.item, b.item))
	})
	for _, e := range s.own {
		c := s.candidate(e.item, 0)
		if c == nil {
			break
		}
		if !c.own || e.last > c.last {
			c.entry, c.own = e, true
		}
	}
}

// spread makes candidates of the neighbours of what the owner buys.
func (s *Scratch) spread(lists *neighbours.Lists, q Query) {
	for _, e := range s.own[:min(len(s.own), maxSources)] {
		var p neighbours.Pairs
		s.near, p = lists.Read(s.near[:0], q.Shop, e.item, q.Now)
		s.total = p.Total
		weight := e.slow + e.fast
		for _, n := range s.near {
			c := s.candidate(n.Item, n.Right)
			if c == nil {
				continue
			}
			cosine := weight * neighbours.Cosine(n.Count, p.Left, n.Right)
			confidence := min(n.Count/(p.Left+5), 1)
			if cosine > c.strongest {
				c.from, c.pairs = e.item, n.Count
			}
			c.cosine += cosine
			c.confidence += weight * confidence
			c.strongest = max(c.strongest, cosine)
		}
	}
	for i := range s.found {
		if c := &s.found[i]; c.right == 0 {
			c.right = lists.Count(c.item, q.Now)
		}
	}
}

func (s *Scratch) candidate(item uint32, right float32) *candidate {
	at := item * 0x9e3779b1 >> (32 - tableBits)
	for s.table[at] != 0 {
		if c := &s.found[s.table[at]-1]; c.item == item {
			c.right = max(c.right, right)
			return c
		}
		at = (at + 1) % tableSize
	}
	if len(s.found) == maxFound {
		return nil
	}
	s.found = append(s.found, candidate{entry: entry{item: item}, right: right})
	s.table[at] = uint16(len(s.found))
	return &s.found[len(s.found)-1]
}

// choose keeps the best candidates by a fixed sum, best first.
func (s *Scratch) choose(q Query) {
	most, near, slow := float32(1e-30), float32(1e-30), float32(1e-30)
	for i := range s.found {
		c := &s.found[i]
		most, near, slow = max(most, c.right), max(near, c.cosine), max(slow, c.slow)
	}
	kept := s.found[:0]
	for _, c := range s.found {
		if (c.own || !q.Again) && q.Allow != nil && !q.Allow(c.item) {
			continue
		}
		c.base = c.slow/slow + 0.3*c.cosine/near + 0.3*c.right/most
		if c.own {
			c.base += 0.5
		}
		kept = append(kept, c)
	}
	s.order = s.order[:0]
	for i := range kept {
		s.order = append(s.order, top.Place{At: uint32(i), Score: kept[i].base})
	}
	s.ranked = s.ranked[:0]
	for _, p := range top.Of(s.order, maxRanked) {
		s.ranked = append(s.ranked, kept[p.At])
	}
	s.found, s.ranked = s.ranked, kept[:0]
}

func (s *Scratch) fill(h *History, q Query) {
	var slow, fast, near, confidence float32 = 1e-30, 1e-30, 1e-30, 1e-30
	for i := range s.found {
		c := &s.found[i]
		slow, fast = max(slow, c.slow), max(fast, c.fast)
		near, confidence = max(near, c.cosine), max(confidence, c.confidence)
	}
	now := q.Now.Seconds()
	for i := range s.found {
		c := &s.found[i]
		r := s.rows[i*features : (i+1)*features]
		clear(r)
		r[itemRate] = h.again(q.Shop, c.item)
		r[popular] = 1 + logOf((c.right+1)/(s.total+1))/12
		if c.cosine > 0 {
			r[cosineRatio], r[cosineLog] = c.cosine/near, 1+logOf(c.cosine/near+1e-4)/9.2
			r[confidenceRatio], r[confidenceLog] = c.confidence/confidence, 1+logOf(c.confidence/confidence+1e-4)/9.2
			r[strongest] = c.strongest / c.cosine
		}
		r[inverseRank], r[rank] = 1/float32(1+i), logOf(float32(1+i))/5
		if !c.own {
			r[popularNew] = r[popular]
			continue
		}
		r[bought] = 1
		r[slowShare], r[slowLog] = c.slow/slow, 1+logOf(c.slow/slow+1e-4)/9.2
		r[fastShare], r[fastLog] = c.fast/fast, 1+logOf(c.fast/fast+1e-4)/9.2
		r[countLog] = logOf(float32(c.count)) / 4
		r[countShare] = float32(c.count) / max(s.orders, 1)
		if c.order == 0 {
			r[lately] = 1
		}
		r[sinceInverse], r[sinceLog] = 1/float32(1+c.order), logOf(float32(1)+float32(c.order))/4
		rhythm(r, c, now)
		r[ownRate], r[bothRate] = s.repeats, s.repeats*r[itemRate]*4
		r[nearBought] = r[cosineRatio]
	}
}

// rhythm fills in where the moment lies in the personal rhythm of purchases.
func rhythm(r []float32, c *candidate, now uint32) {
	if c.gap <= 0 || now <= c.last {
		return
	}
	x := logOf((float32(now-c.last) + 3600) / (c.gap + 3600))
	r[due] = 1 / (1 + x*x*4)
	if x > 0 {
		r[overdue] = min(x, 3) / 3
	} else {
		r[early] = min(-x, 3) / 3
	}
}

func logOf(x float32) float32 { return float32(math.Log(float64(x))) }
