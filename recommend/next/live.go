package next

import (
	"slices"

	"orrery/models/pershop"
	"orrery/models/slab"
	"orrery/recommend/embedding"
	"orrery/recommend/ranker"
	"orrery/recommend/session"
)

// Live is a recommender a shop, and knows which session every visitor is in: what a stream drives. Shops share memory, and nothing
// that an answer follows from: sessions, weights and vectors are the shop's own. A shop takes 3 KiB from its first session on, and 70 KB
// and 20 KB an example, of the newest 256, from the first click on that its ranker learns from.
type Live struct {
	links    *session.Links
	shared   *ranker.Shared
	shops    pershop.Table[Recommender]
	vectors  pershop.Table[embedding.Vectors]
	ordinals *pershop.Ordinals // of items
	empty    *Recommender      // of a shop without sessions
	rows     slab.Words        // visitor: session.Row, in the index of the visitor's shop
	every    uint64
	scratch  *Scratch
	clicks   []uint32
	stirred  []uint32
	recent   *Recent
	old      *Recommender // of a restored version that had one for all shops: see Adopt
}

// By default the ranker learns from one click in learnEvery until sessions have had learnOften clicks, and from one in
// learnRarely from then on. An example costs a few hundred microseconds, a click without one a few: at first learning costs
// as much as everything else together, later a tenth.
const (
	learnEvery  = 128
	learnOften  = 1 << 20
	learnRarely = 1024
)

// learnBytes is what the rankers of all shops may take: 90 shops with all of their examples, or some thousands that have a few. It is as
// much as the sessions take at most. Which shops get it the stream decides: who has something to learn from first.
const learnBytes = 512 << 20

// NewLive returns empty recommenders whose rankers learn from one click in so many (0: by default).
func NewLive(c session.Config, every int) *Live {
	l := &Live{
		links: session.NewLinks(c), shared: ranker.NewShared(learnBytes), every: uint64(max(every, 0)), scratch: NewScratch(), recent: newRecent(),
	}
	l.Number(nil)
	return l
}

// Number sets the ordinals of items within their shops, which vectors know them by; without, there is one shop. It is called before
// anything else.
func (l *Live) Number(o *pershop.Ordinals) {
	l.ordinals = o
	l.empty = l.fresh(0)
}

// fresh returns the recommender of a shop of which nothing is known.
func (l *Live) fresh(shop uint32) *Recommender {
	r := &Recommender{index: session.NewOf(l.links), live: l, shop: shop, ordinals: l.ordinals}
	r.publish()
	return r
}

// Of returns the recommender of a shop. Any goroutine may call it.
func (l *Live) Of(shop uint32) *Recommender {
	if r := l.shops.Find(shop); r != nil {
		return r
	}
	return l.empty
}

// Make returns the recommender of a shop, for the writer: a new one where there is none yet.
func (l *Live) Make(shop uint32) *Recommender {
	if r := l.shops.Find(shop); r != nil {
		return r
	}
	r := l.fresh(shop)
	l.shops.Put(shop, r)
	return r
}

// Count returns in how many sessions an item ever occurred. Any goroutine may call it.
func (l *Live) Count(item uint32) uint32 { return l.links.Count(item) }

// Dropped returns how many blocks of sessions were overwritten early, examples nothing was learned from, and examples learned from
// once, because all shops together had no more room.
func (l *Live) Dropped() (blocks, unlearnt, unkept uint64) {
	unlearnt, unkept = l.shared.Dropped()
	return l.links.Lost(), unlearnt, unkept
}

// End forgets the running session of a visitor: the next click opens another.
func (l *Live) End(visitor uint32) {
	if uint64(visitor) < l.rows.Len() && l.rows.Load(uint64(visitor)) != 0 {
		l.rows.Set(uint64(visitor), 0)
	}
}

// Prefetch asks for which session a visitor is in and for what is known of an item, and PrefetchSession, when that has come, for
// the rest of what Visit will look at. See intern.Hashes.Prefetch.
func (l *Live) Prefetch(visitor, item uint32) {
	if uint64(visitor) < l.rows.Len() {
		l.rows.Prefetch(uint64(visitor))
	}
	l.links.Prefetch(item)
}

// PrefetchSession asks for the session of a visitor of a shop, others its items, and for where it will be linked with an item.
func (l *Live) PrefetchSession(shop, visitor, item uint32, others []uint32) {
	x := l.Of(shop).index
	x.PrefetchRow(l.Row(visitor))
	x.PrefetchPostings(item)
	slab.Prefetch(l.recent.counterOf(item))
	for _, other := range others {
		slab.Prefetch(l.recent.counterOf(other))
	}
}

// Visit takes a click of a visitor of a shop on item. dice is a hash of the event: it chooses the clicks that the ranker learns
// from, so that a replay chooses the same.
func (l *Live) Visit(shop, visitor, item uint32, dice uint64) (s Sample) {
	r := l.Make(shop)
	l.rows.Grow(uint64(visitor) + 1)
	row := session.Row(l.rows.Load(uint64(visitor)))
	if row != 0 && dice%l.share(r.index) == 0 {
		l.clicks = r.index.Items(l.clicks[:0], row)
		s = Sample{Rank: r.LearnBeside(l.scratch, row, l.clicks, item), Clicks: l.clicks}
	}
	row = r.Click(row, item)
	l.rows.Set(uint64(visitor), uint64(row))
	l.stirred = r.index.Items(l.stirred[:0], row)
	l.recent.invalidate(l.stirred)
	return s
}

// Void takes the newest clicks of a visitor of a shop back, which were a burst on these products: see session.Index.Void.
func (l *Live) Void(shop, visitor uint32, products []uint32) {
	l.stirred = append(l.stirred[:0], products...)
	slices.Sort(l.stirred)
	had := l.Row(visitor)
	if row := l.Make(shop).index.Void(had, l.stirred); row != had {
		l.rows.Set(uint64(visitor), uint64(row))
	}
	l.recent.invalidate(l.stirred)
}

// share returns which share of clicks a shop's ranker learns from now, one in so many.
func (l *Live) share(x *session.Index) uint64 {
	switch {
	case l.every > 0:
		return l.every
	case x.Clicks() < learnOften:
		return learnEvery
	}
	return learnRarely
}

// Sample is a click that the ranker has learned from.
type Sample struct {
	Rank   int      // that the clicked item had before, from 1 on; 0 if it was not among the candidates
	Clicks []uint32 // of the session before it, oldest first; empty where the click was not sampled. It lives until the next Visit
}

// Shown appends the n items that the newest sample would have shown to dst, best first; for the writer.
func (l *Live) Shown(dst []uint32, n int) []uint32 { return l.scratch.Shown(dst, n) }

// Row returns the row of a visitor's newest session, for Options.Own. Any goroutine may call it.
func (l *Live) Row(visitor uint32) session.Row {
	if uint64(visitor) >= l.rows.Len() {
		return 0
	}
	return session.Row(l.rows.Load(uint64(visitor)))
}

// Recent returns the answers of the last moments.
func (l *Live) Recent() *Recent { return l.recent }

// Session appends the clicks of the newest session of a visitor of a shop to dst, oldest first. Any goroutine may call it.
func (l *Live) Session(dst []uint32, shop, visitor uint32) []uint32 {
	return l.Of(shop).index.Items(dst, l.Row(visitor))
}
